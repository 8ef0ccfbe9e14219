/* The shared acceptance vectors of sites through the C interface: by an app's name, by host, and by a handle of the app. */
#include "case_file.h"
#include "site.h"

#define MAX_APPS 16
#define MAX_HOSTS 8

/* What the interface does not offer: a default list that is to come. Cases that need it are named and counted. */
static const char default_rejected[] = "default-rejected";

struct app_case {
    struct text name, list, hosts[MAX_HOSTS];
    int mode, rejected, host_count;
};

/* An expected verdict, and by what the app is asked for: its name, or a host, with the app that is found for it. */
struct site_check {
    struct text app, host;
    int origin;
    struct expected_verdict verdict;
};

static struct site_case {
    char name[256];
    struct text fallback;
    int is_site, mode, enforce, fallback_rejected, app_count, check_count;
    struct app_case apps[MAX_APPS];
    struct site_check checks[MAX_EXPECTED];
} test;

static int ran, checked, skipped, others;

static void begin(const char *name)
{
    memset(&test, 0, sizeof test);
    snprintf(test.name, sizeof test.name, "%s", name);
}

static struct app_case *named(const struct text *name)
{
    for (int i = 0; i < test.app_count; i++) {
        struct app_case *app = &test.apps[i];
        if (app->name.len == name->len && memcmp(app->name.bytes, name->bytes, name->len) == 0)
            return app;
    }
    return NULL;
}

static void read_app(const char *value)
{
    struct text name;
    unescape(&name, value);
    if (named(&name) != NULL)
        fail("a second app of that name", value);
    if (test.app_count == MAX_APPS)
        fail("more apps than a case may have here", value);
    test.apps[test.app_count].name = name;
    test.apps[test.app_count++].mode = IPGATE_MODE_OF_SITE;
}

static void read_host(struct app_case *app, const char *value)
{
    if (app->host_count == MAX_HOSTS)
        fail("more hosts than an app may have here", value);
    unescape(&app->hosts[app->host_count++], value);
}

static int origin_of(const char *list)
{
    const char *const lists[] = { "-", "default", "app" }; /* by number */
    for (int origin = IPGATE_ORIGIN_NONE; origin <= IPGATE_ORIGIN_APP; origin++)
        if (strcmp(list, lists[origin]) == 0)
            return origin;
    fail("none of app, default and -", list);
    return IPGATE_ORIGIN_NONE;
}

/* ASKED ADDRESS [APP] DECISION LIST PREFIX LABEL, with APP where a host is asked for. */
static void read_check(const char *value, int by_host)
{
    struct site_check *check = &test.checks[test.check_count];
    char asked[1024], address[512], app[1024] = "-", decision[16], list[16], label[MAX_LINE];
    int fields;
    if (test.check_count++ == MAX_EXPECTED)
        fail("more checks than a case may have here", value);
    if (by_host)
        fields = sscanf(value, "%1023s %511s %1023s %15s %15s %63s %4095[^\n]", asked, address, app, decision, list,
                        check->verdict.prefix, label);
    else
        fields = sscanf(value, "%1023s %511s %15s %15s %63s %4095[^\n]", asked, address, decision, list,
                        check->verdict.prefix, label);
    if (fields != (by_host ? 7 : 6))
        fail("too few fields", value);
    unescape(by_host ? &check->host : &check->app, asked);
    if (by_host && strcmp(app, "-") != 0) {
        unescape(&check->app, app);
        if (named(&check->app) == NULL)
            fail("an app that the site does not name", app);
    }
    unescape(&check->verdict.address, address);
    read_decision(&check->verdict, decision);
    check->origin = origin_of(list);
    read_label(&check->verdict, label);
}

static void read_line(const char *key, char *value)
{
    struct app_case *app = test.app_count ? &test.apps[test.app_count - 1] : NULL;
    if (strcmp(key, of_sites) == 0)
        test.is_site = 1;
    else if (!test.is_site)
        return; /* cases.c reads it */
    else if (strcmp(key, "default") == 0)
        unescape(&test.fallback, value);
    else if (strcmp(key, default_rejected) == 0)
        test.fallback_rejected = 1;
    else if (strcmp(key, "mode") == 0)
        test.mode = mode_of(value);
    else if (strcmp(key, "enforce") == 0)
        test.enforce = enforce_of(value);
    else if (strcmp(key, "app") == 0)
        read_app(value);
    else if (strcmp(key, "app-list") == 0 && app != NULL)
        unescape(&app->list, value);
    else if (strcmp(key, "app-rejected") == 0 && app != NULL)
        app->rejected = 1;
    else if (strcmp(key, "app-mode") == 0 && app != NULL)
        app->mode = mode_of(value);
    else if (strcmp(key, "app-host") == 0 && app != NULL)
        read_host(app, value);
    else if (strcmp(key, "check-app") == 0)
        read_check(value, 0);
    else if (strcmp(key, "check-host") == 0)
        read_check(value, 1);
    else if (strcmp(key, "reason") == 0 && test.check_count > 0)
        snprintf(test.checks[test.check_count - 1].verdict.reason, 32, "%s", value);
    else
        fail("unknown key", key);
}

/* Sets an app; one whose list is rejected is as before then, and waits for a good one. */
static void set(ipgate_site *site, const struct app_case *app)
{
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    const char *hosts[MAX_HOSTS];
    for (int i = 0; i < app->host_count; i++)
        hosts[i] = app->hosts[i].bytes;
    settings.mode = app->mode;
    settings.hosts = hosts;
    settings.host_count = (size_t)app->host_count;
    settings.text = app->list.is_set ? app->list.bytes : NULL;
    settings.text_len = app->list.len;
    if (app->rejected) {
        uint64_t before = ipgate_site_generation(site);
        CHECK(ipgate_site_set_app(site, app->name.bytes, app->name.len, &settings, NULL, 0, NULL)
              == IPGATE_ERROR_LIST);
        CHECK(ipgate_site_generation(site) == before);
        settings.text = NULL;
        settings.text_len = 0;
        settings.waiting = 1;
    }
    CHECK_OK(ipgate_site_set_app(site, app->name.bytes, app->name.len, &settings, NULL, 0, NULL));
}

static void compare(const struct site_check *check, int decision, const ipgate_verdict *verdict)
{
    const struct app_case *app = check->app.is_set ? named(&check->app) : NULL;
    compare_verdict(test.name, &check->verdict, decision, verdict);
    if (verdict->origin != check->origin)
        fail("another list decided", test.name);
    if (app == NULL ? verdict->app != NULL : !is_text(verdict->app, verdict->app_len, app->name.bytes))
        fail("another app", test.name);
}

static void run_by_host(const struct site_check *check, ipgate_site_reader *reader)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    const struct text *host = &check->host, *address = &check->verdict.address;
    int decision =
            ipgate_site_check_host_text(reader, host->bytes, host->len, address->bytes, address->len, &verdict);
    compare(check, decision, &verdict);
    decision = ipgate_site_check_host_text(reader, host->bytes, host->len, address->bytes, address->len, NULL);
    if (decision != check->verdict.allow)
        fail("another decision without a verdict", test.name);
}

static void run_by_name(const struct site_check *check, ipgate_site_reader *reader)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    const struct text *name = &check->app, *address = &check->verdict.address;
    int decision =
            ipgate_site_check_name_text(reader, name->bytes, name->len, address->bytes, address->len, &verdict);
    compare(check, decision, &verdict);
    decision = ipgate_site_check_name_text(reader, name->bytes, name->len, address->bytes, address->len, NULL);
    if (decision != check->verdict.allow)
        fail("another decision without a verdict", test.name);
}

/* The first time the app is looked up, from then on it is known. */
static void run_by_handle(const struct site_check *check, ipgate_site_reader *reader, ipgate_app *app)
{
    const struct text *address = &check->verdict.address;
    for (int time = 0; time < 2; time++) {
        ipgate_verdict verdict = IPGATE_VERDICT_INIT;
        compare(check, ipgate_site_check_app_text(reader, app, address->bytes, address->len, &verdict), &verdict);
        if (ipgate_site_check_app_text(reader, app, address->bytes, address->len, NULL) != check->verdict.allow)
            fail("another decision without a verdict", test.name);
    }
}

static void run_check(const struct site_check *check, ipgate_site_reader *reader, ipgate_app *app)
{
    checked++;
    if (check->host.is_set)
        run_by_host(check, reader);
    if (check->app.is_set) {
        run_by_name(check, reader);
        run_by_handle(check, reader, app);
    }
}

static void run(void)
{
    ipgate_site *site;
    ipgate_site_reader *reader;
    ipgate_app *apps[MAX_EXPECTED] = { NULL };
    if (!test.is_site) {
        others++;
        return;
    }
    if (test.check_count == 0)
        fail("expects nothing", test.name);
    site = site_of_nothing();
    if (test.fallback_rejected) {
        CHECK(ipgate_site_set_default(site, test.fallback.bytes, test.fallback.len, NULL, NULL) == IPGATE_ERROR_LIST);
        ipgate_site_free(site);
        printf("skipped for \"%s\": %s: %s\n", default_rejected, file_name, test.name);
        skipped++;
        return;
    }
    /* Reader and handles are older than the apps, and the site says the opposite at first. */
    CHECK_OK(ipgate_site_set_rules(site, test.mode, !test.enforce, 0, NULL));
    reader = site_reader_of(site);
    for (int i = 0; i < test.check_count; i++) {
        const struct text *name = &test.checks[i].app;
        if (!name->is_set)
            continue;
        CHECK_OK(ipgate_app_new(name->bytes, name->len, &apps[i], NULL));
        CHECK(ipgate_site_check_app_text(reader, apps[i], "192.0.2.7", 9, NULL) == test.enforce);
    }
    for (int i = 0; i < test.app_count; i++)
        set(site, &test.apps[i]);
    if (test.fallback.is_set)
        CHECK_OK(ipgate_site_set_default(site, test.fallback.bytes, test.fallback.len, NULL, NULL));
    CHECK_OK(ipgate_site_set_rules(site, test.mode, test.enforce, 0, NULL));
    for (int i = 0; i < test.check_count; i++) {
        run_check(&test.checks[i], reader, apps[i]);
        ipgate_app_free(apps[i]);
    }
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
    ran++;
}

int main(void)
{
    const struct case_runner runner = { begin, read_line, run };
    run_all(&runner);
    printf("ran %d cases of sites with %d checks, skipped %d; left %d of lists to cases\n", ran, checked, skipped, others);
    CHECK(ran > 0 && checked > 0);
    return 0;
}
