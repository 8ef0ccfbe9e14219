/* The apps of a site in figures, page by page. */
#include "site.h"

static ipgate_site_page *page_of(const ipgate_site *site, const char *text)
{
    ipgate_site_page *page = NULL;
    CHECK_OK(ipgate_site_page_new(site, text, strlen(text), &page, NULL));
    return page;
}

/* Five apps, of which the fourth has no list and the fifth waits for one. */
static ipgate_site *five_apps(void)
{
    const char *const hosts[] = { "a.example", "b.example", "*.c.example" };
    ipgate_site *site = site_of_nothing();
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    set_default(site, "10.0.0.0/8:corp");                      /* 2 */
    set_app(site, "shop", "192.0.2.7,192.0.2.9");              /* 3 */
    CHECK_OK(try_app(site, "blog", "", "words.example"));      /* 4 */
    CHECK_OK(try_app(site, "Shop/eu", "192.0.2.1", NULL));     /* 5 */
    settings.hosts = hosts;
    settings.host_count = LENGTH(hosts);
    CHECK_OK(ipgate_site_set_app(site, "none", 4, &settings, NULL, 0, NULL)); /* 6 */
    settings.host_count = 0;
    settings.waiting = 1;
    settings.mode = IPGATE_PRECEDE;
    CHECK_OK(ipgate_site_set_app(site, "wait", 4, &settings, NULL, 0, NULL)); /* 7 */
    CHECK_OK(ipgate_site_set_rules(site, IPGATE_OVERRIDE, 1, 0, NULL));       /* 8 */
    return site;
}

static void figures(void)
{
    static const struct {
        const char *name;
        uint64_t generation, entries, hosts;
        int32_t mode, list;
    } expected[] = {
        { "Shop/eu", 5, 1, 0, IPGATE_OVERRIDE, IPGATE_LIST_SET },
        { "blog", 4, 0, 1, IPGATE_OVERRIDE, IPGATE_LIST_SET },
        { "none", 0, 0, 3, IPGATE_OVERRIDE, IPGATE_LIST_UNSET },
        { "shop", 3, 2, 0, IPGATE_OVERRIDE, IPGATE_LIST_SET },
        { "wait", 7, 0, 0, IPGATE_PRECEDE, IPGATE_LIST_WAITING },
    };
    ipgate_site *site = five_apps();
    ipgate_site_page *page = page_of(site, "");
    ipgate_app_stats apps[8] = { IPGATE_APP_STATS_INIT };
    ipgate_site_stats stats = IPGATE_SITE_STATS_INIT;

    CHECK_OK(ipgate_site_get_stats(site, &stats));
    CHECK(stats.generation == 8 && stats.apps == 5 && stats.lists == 4 && stats.entries == 4);
    CHECK(stats.bytes > 0 && stats.last_change_micros > 1600000000000000);
    /* What was found stays, whatever becomes of the site. */
    remove_app(site, "shop");
    ipgate_site_free(site);
    CHECK(ipgate_site_page_generation(page) == 8);
    CHECK(ipgate_site_page_apps(page, 0, apps, LENGTH(apps)) == LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++) {
        CHECK(apps[i].size == sizeof apps[i] && is_text(apps[i].name, apps[i].name_len, expected[i].name));
        CHECK(apps[i].list_generation == expected[i].generation && apps[i].entries == expected[i].entries);
        CHECK(apps[i].hosts == expected[i].hosts && apps[i].mode == expected[i].mode);
        CHECK(apps[i].list == expected[i].list);
    }
    CHECK(apps[5].size == 0); /* there is no sixth */
    ipgate_site_page_free(page);
}

static void pages(void)
{
    ipgate_site *site = five_apps();
    ipgate_site_page *page = page_of(site, "");
    ipgate_app_stats apps[2] = { IPGATE_APP_STATS_INIT };

    CHECK(ipgate_site_page_apps(page, 2, apps, 2) == 5);
    CHECK(is_text(apps[0].name, apps[0].name_len, "none") && is_text(apps[1].name, apps[1].name_len, "shop"));
    CHECK(ipgate_site_page_apps(page, 4, apps, 2) == 5);
    CHECK(is_text(apps[0].name, apps[0].name_len, "wait"));
    CHECK(is_text(apps[1].name, apps[1].name_len, "shop")); /* of the page before */
    CHECK(ipgate_site_page_apps(page, 5, apps, 2) == 5);
    CHECK(ipgate_site_page_apps(page, SIZE_MAX, apps, 2) == 5);
    CHECK(ipgate_site_page_apps(page, 0, NULL, 0) == 5);
    CHECK(ipgate_site_page_apps(page, 0, NULL, 1) == 0);
    CHECK(ipgate_site_page_apps(NULL, 0, apps, 2) == 0);
    apps[0].size = 3;
    CHECK(ipgate_site_page_apps(page, 0, apps, 2) == 0);
    ipgate_site_page_free(page);
    ipgate_site_page_free(NULL);
    ipgate_site_free(site);
}

static void expect(const ipgate_site *site, const char *text, size_t total, const char *first)
{
    ipgate_app_stats app = IPGATE_APP_STATS_INIT;
    ipgate_site_page *page = page_of(site, text);
    CHECK(ipgate_site_page_apps(page, 0, &app, 1) == total);
    CHECK(is_text(app.name, app.name_len, first));
    ipgate_site_page_free(page);
}

static void texts_are_found(void)
{
    ipgate_site *site = five_apps();
    ipgate_site_page *page = NULL;
    expect(site, "shop", 2, "Shop/eu");
    expect(site, "SHOP", 2, "Shop/eu");
    expect(site, "b.example", 1, "none");
    expect(site, "Words.", 1, "blog");
    expect(site, "o", 4, "Shop/eu"); /* all but wait */
    expect(site, "nothing", 0, NULL);
    CHECK(ipgate_site_page_new(NULL, "", 0, &page, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_page_new(site, NULL, 1, &page, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_page_new(site, "\xff", 1, &page, NULL) == IPGATE_ERROR_ARGUMENT && page == NULL);
    CHECK(ipgate_site_page_new(site, "", 0, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_page_generation(NULL) == 0);
    CHECK_OK(ipgate_site_page_new(site, NULL, 0, &page, NULL));
    CHECK(ipgate_site_page_apps(page, 0, NULL, 0) == 5);
    ipgate_site_page_free(page);
    ipgate_site_free(site);
}

int main(void)
{
    figures();
    pages();
    texts_are_found();
    puts("ok");
    return 0;
}
