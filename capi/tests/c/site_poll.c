/* Sites of folders and images: loaded, polled with and without a thread, and followed. */
#include "site.h"

#include <sys/stat.h>
#include <unistd.h>

/* Polls until something other than "pending" or "unchanged" comes of it; never longer than a minute. */
static int changed(ipgate_site *site, uint32_t flags, ipgate_error **error)
{
    for (int i = 0; i < 6000; i++) {
        int outcome = ipgate_site_poll(site, flags, error);
        if (outcome != IPGATE_POLL_PENDING && outcome != IPGATE_POLL_UNCHANGED)
            return outcome;
        usleep(10000);
    }
    CHECK(!"nothing comes of it");
    return -1;
}

/* Writes a file beside, and renames it into its place. */
static void replace(const char *path, const char *text)
{
    write_file("beside", text);
    CHECK(rename("beside", path) == 0);
}

static void make_fleet(void)
{
    mkdir("fleet", 0777);
    mkdir("fleet/apps", 0777);
    unlink("fleet/apps/blog.list");
    replace("fleet/site.toml", "enforce = true\n");
    replace("fleet/default.list", "10.0.0.0/8:corp\n");
    replace("fleet/apps/shop.list", "192.0.2.7:partner\n");
    replace("fleet/hosts", "shop.example shop\n");
}

static int allows_app(ipgate_site_reader *reader, const char *app, const char *client)
{
    return asked(reader, app, client).decision == IPGATE_ALLOW;
}

static void polled(uint32_t flags)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_error *error = NULL;
    ipgate_site_stats stats = IPGATE_SITE_STATS_INIT;
    make_fleet();
    CHECK(ipgate_site_poll(site, flags, NULL) == IPGATE_POLL_UNCHANGED); /* nothing to look at */
    CHECK_OK(ipgate_site_replace_file(site, "fleet", NULL, NULL));
    CHECK(allows_app(reader, "shop", "192.0.2.7") && allows_app(reader, "shop", "10.1.1.1"));
    CHECK(!allows_app(reader, "shop", "203.0.113.1"));

    /* An app appears, and another one changes. */
    replace("fleet/apps/blog.list", "203.0.113.0/24:readers\n");
    replace("fleet/apps/shop.list", "192.0.2.8:other\n");
    while (!allows_app(reader, "blog", "203.0.113.9") || !allows_app(reader, "shop", "192.0.2.8"))
        CHECK(changed(site, flags, NULL) == IPGATE_POLL_SWAPPED);
    CHECK(!allows_app(reader, "shop", "192.0.2.7"));

    /* A bad list touches its app alone, and is reported once. */
    replace("fleet/apps/shop.list", "10.0.0.0/33\n");
    CHECK(changed(site, flags, &error) == IPGATE_POLL_FAILED);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_LIST);
    CHECK(strstr(ipgate_error_message(error), "fleet/apps/shop.list: list rejected, 1 error: line 1, ") != NULL);
    CHECK(strchr(ipgate_error_message(error), '\n') == NULL);
    ipgate_error_free(error);
    error = NULL;
    CHECK(allows_app(reader, "shop", "192.0.2.8") && allows_app(reader, "blog", "203.0.113.9"));
    CHECK_OK(ipgate_site_get_stats(site, &stats));
    CHECK(stats.failures == 1 && stats.apps == 2);

    /* A new app whose list is bad is closed, while the rest comes into force: both are told. */
    replace("fleet/apps/late.list", "nonsense\n");
    replace("fleet/apps/shop.list", "192.0.2.9\n");
    int swapped = 0, failed = 0;
    while (!swapped || !failed) {
        int outcome = changed(site, flags, NULL);
        CHECK(outcome == IPGATE_POLL_SWAPPED || outcome == IPGATE_POLL_FAILED);
        swapped |= outcome == IPGATE_POLL_SWAPPED && allows_app(reader, "shop", "192.0.2.9");
        failed |= outcome == IPGATE_POLL_FAILED;
    }
    CHECK(!allows_app(reader, "late", "10.1.1.1"));

    /* A list that is gone is unset. */
    CHECK(unlink("fleet/apps/late.list") == 0 && unlink("fleet/apps/blog.list") == 0);
    while (allows_app(reader, "blog", "203.0.113.9"))
        CHECK(changed(site, flags, NULL) == IPGATE_POLL_SWAPPED);
    CHECK(allows_app(reader, "blog", "10.1.1.1"));

    /* Whatever else brings a site ends the polling. */
    set_app(site, "shop", "198.51.100.7");
    replace("fleet/apps/shop.list", "192.0.2.10\n");
    for (int i = 0; i < 5; i++)
        CHECK(ipgate_site_poll(site, flags, NULL) == IPGATE_POLL_UNCHANGED);
    CHECK(allows_app(reader, "shop", "198.51.100.7"));
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static void a_look_loads_nothing(void)
{
    ipgate_site *site = site_of_nothing();
    make_fleet();
    CHECK_OK(ipgate_site_replace_file(site, "fleet", NULL, NULL));
    CHECK(ipgate_site_poll(site, IPGATE_POLL_THREAD | IPGATE_POLL_LOOK, NULL) == IPGATE_POLL_READY);
    CHECK(ipgate_site_generation(site) == 2);
    ipgate_site_free(site);
}

static void what_cannot_be_loaded(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_error *error = NULL;
    CHECK(ipgate_site_replace_file(site, "nowhere", NULL, &error) == IPGATE_ERROR_IO);
    CHECK(strstr(ipgate_error_message(error), "nowhere") != NULL);
    ipgate_error_free(error);
    make_fleet();
    replace("fleet/default.list", "10.0.0.0/33\n");
    CHECK(ipgate_site_replace_file(site, "fleet", NULL, &error) == IPGATE_ERROR_LIST);
    CHECK(strstr(ipgate_error_message(error), "fleet/default.list: list rejected, 1 error: line 1, ") != NULL);
    CHECK(strstr(ipgate_error_message(error), "; there has been no good default list") != NULL);
    CHECK(strchr(ipgate_error_message(error), '\n') == NULL);
    ipgate_error_free(error);
    make_fleet();
    replace("fleet/site.toml", "enforced = true\n");
    CHECK(ipgate_site_replace_file(site, "fleet", NULL, &error) == IPGATE_ERROR_IO);
    CHECK(strstr(ipgate_error_message(error), "there is no setting `enforced`") != NULL);
    ipgate_error_free(error);
    write_file("site.image", "no image");
    CHECK(ipgate_site_replace_file(site, "site.image", NULL, NULL) == IPGATE_ERROR_IMAGE);
    CHECK(ipgate_site_replace_image(site, (const uint8_t *)"no image", 8, NULL) == IPGATE_ERROR_IMAGE);
    CHECK(ipgate_site_generation(site) == 1 && !allows_app(reader, "shop", "192.0.2.7"));
    CHECK(ipgate_site_replace_file(NULL, "fleet", NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_replace_file(site, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_poll(NULL, 0, NULL) == IPGATE_POLL_FAILED);
    CHECK(ipgate_site_poll(site, 1u << 7, NULL) == IPGATE_POLL_FAILED);
    /* What failed at first is loaded when it is put right. */
    make_fleet();
    CHECK(ipgate_site_replace_file(site, "fleet", NULL, NULL) == IPGATE_OK && allows_app(reader, "shop", "192.0.2.7"));
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

/* An image that the command compiled is taken, and followed. */
static void images(void)
{
    const char *path = getenv("IPGATE_SITE_IMAGE");
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    CHECK(path != NULL);
    CHECK_OK(ipgate_site_replace_file(site, path, NULL, NULL));
    CHECK(allows_app(reader, "shop", "192.0.2.7") && allows_app(reader, "shop", "10.1.1.1"));
    CHECK(ipgate_site_poll(site, IPGATE_POLL_THREAD, NULL) == IPGATE_POLL_UNCHANGED);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static void told(void *data, ipgate_poll outcome, const ipgate_error *report)
{
    (void)report;
    int *swaps = (int *)data;
    if (outcome == IPGATE_POLL_SWAPPED)
        __atomic_add_fetch(swaps, 1, __ATOMIC_SEQ_CST);
}

static void followed(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_follower *follower = NULL;
    int swaps = 0;
    make_fleet();
    CHECK_OK(ipgate_site_follow(site, "fleet", NULL, 10, told, &swaps, &follower, NULL));
    CHECK(allows_app(reader, "shop", "192.0.2.7"));
    replace("fleet/apps/shop.list", "192.0.2.8\n");
    for (int i = 0; i < 6000 && __atomic_load_n(&swaps, __ATOMIC_SEQ_CST) == 0; i++)
        usleep(10000);
    CHECK(allows_app(reader, "shop", "192.0.2.8"));
    ipgate_follower_free(follower);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

int main(void)
{
    polled(0);
    polled(IPGATE_POLL_THREAD);
    a_look_loads_nothing();
    what_cannot_be_loaded();
    images();
    followed();
    puts("ok");
    return 0;
}
