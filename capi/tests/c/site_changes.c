/* Changes of sites: what they do, how they fail, what is told of them. */
#include "site.h"

/* A change that changes nothing is no generation. */
static void apps_come_and_go(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    set_app(site, "shop", "192.0.2.7:partner");
    set_default(site, "10.0.0.0/8:corp");
    CHECK(ipgate_site_generation(site) == 3);
    set_app(site, "shop", "192.0.2.7:partner");
    set_default(site, "10.0.0.0/8:corp");
    remove_app(site, "blog");
    CHECK(ipgate_site_generation(site) == 3);

    set_app(site, "shop", ""); /* a list that is set, and nobody matches it */
    CHECK(asked(reader, "shop", "192.0.2.7").reason == IPGATE_REASON_NO_ENTRY);
    CHECK(asked(reader, "shop", "10.0.0.1").decision == IPGATE_ALLOW);
    CHECK_OK(ipgate_site_set_rules(site, IPGATE_OVERRIDE, 1, 0, NULL));
    CHECK(asked(reader, "shop", "10.0.0.1").decision == IPGATE_DENY);
    set_app(site, "shop", NULL); /* no list of its own */
    CHECK(asked(reader, "shop", "10.0.0.1").decision == IPGATE_ALLOW);
    set_default(site, NULL);
    CHECK(asked(reader, "shop", "10.0.0.1").reason == IPGATE_REASON_NO_LIST);
    CHECK_OK(ipgate_site_set_rules(site, IPGATE_OVERRIDE, 0, 0, NULL));
    CHECK(asked(reader, "shop", "10.0.0.1").reason == IPGATE_REASON_NO_GATE);
    set_default(site, "");
    CHECK(asked(reader, "shop", "10.0.0.1").reason == IPGATE_REASON_NO_ENTRY);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static void lists_to_come(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    settings.waiting = 1;
    set_default(site, "10.0.0.0/8:corp");
    CHECK_OK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL));
    CHECK(asked(reader, "shop", "10.0.0.1").reason == IPGATE_REASON_NO_LIST);
    CHECK(asked(reader, "blog", "10.0.0.1").decision == IPGATE_ALLOW);
    settings.text = "10.0.0.0/8";
    settings.text_len = 10;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    settings.waiting = 0;
    CHECK_OK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL));
    CHECK(asked(reader, "shop", "10.0.0.1").decision == IPGATE_ALLOW);
    CHECK_OK(ipgate_site_await_default(site, NULL));
    CHECK(asked(reader, "blog", "10.0.0.1").reason == IPGATE_REASON_NO_LIST);
    set_default(site, "10.0.0.0/8:corp");
    CHECK(asked(reader, "blog", "10.0.0.1").decision == IPGATE_ALLOW);
    CHECK(ipgate_site_await_default(NULL, NULL) == IPGATE_ERROR_NULL);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

/* Nothing of a wrong call is taken, and it is no failure of a change. */
static void arguments_are_checked(void)
{
    const char *const bad_hosts[] = { "shop.example", "a b" };
    ipgate_site *site = site_of_nothing();
    ipgate_site_stats stats = IPGATE_SITE_STATS_INIT;
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    ipgate_error *error = NULL;
    struct { ipgate_app_settings known; uint64_t unknown; } newer = { IPGATE_APP_SETTINGS_INIT, 0 };

    CHECK(ipgate_site_set_app(NULL, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_app(site, NULL, 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_app(site, "shop", 4, NULL, NULL, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_app(site, "/shop", 5, &settings, NULL, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 4, NULL) == IPGATE_ERROR_ARGUMENT);
    settings.mode = 3;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    settings.mode = IPGATE_MODE_OF_SITE;
    settings.text_len = 4;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_NULL);
    settings.text_len = 0;
    settings.host_count = 2;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_NULL);
    settings.hosts = bad_hosts;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, &error) == IPGATE_ERROR_ARGUMENT);
    CHECK(strstr(ipgate_error_message(error), "settings.hosts: `a b` is no host") != NULL);
    ipgate_error_free(error);
    settings.size = 8;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    newer.known.size = sizeof newer;
    newer.unknown = 1;
    CHECK(ipgate_site_set_app(site, "shop", 4, &newer.known, NULL, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_generation(site) == 1);
    newer.unknown = 0;
    CHECK_OK(ipgate_site_set_app(site, "shop", 4, &newer.known, NULL, 0, NULL));

    CHECK(ipgate_site_remove_app(NULL, "shop", 4, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_remove_app(site, NULL, 4, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_remove_app(site, "", 0, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_remove_app(site, "shop", 4, 8, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_set_default(NULL, "", 0, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_default(site, NULL, 4, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_rules(NULL, IPGATE_EXTEND, 1, 0, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_rules(site, IPGATE_MODE_OF_SITE, 1, 0, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_set_rules(site, IPGATE_EXTEND, 1, 4, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK_OK(ipgate_site_get_stats(site, &stats));
    CHECK(stats.generation == 2 && stats.apps == 1 && stats.failures == 0 && stats.last_failure_micros == 0);
    ipgate_site_free(site);
}

static void failures_are_told(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_stats stats = IPGATE_SITE_STATS_INIT;
    ipgate_options options = IPGATE_OPTIONS_INIT;
    ipgate_app_settings settings = IPGATE_APP_SETTINGS_INIT;
    ipgate_error *error = NULL, *last = NULL;

    set_app(site, "shop", "192.0.2.7:partner"); /* 2 */
    settings.text = "1.2.3.4/33";
    settings.text_len = 10;
    CHECK(ipgate_site_set_app(site, "shop", 4, &settings, NULL, 0, &error) == IPGATE_ERROR_LIST);
    CHECK(strncmp(ipgate_error_message(error), "app shop: list rejected, 1 error", 32) == 0);
    CHECK(ipgate_error_diagnostics(error) == 1);
    CHECK_OK(ipgate_site_last_error(site, &last));
    CHECK(ipgate_error_status(last) == IPGATE_ERROR_LIST && ipgate_error_diagnostics(last) == 1);
    CHECK_TEXT(ipgate_error_message(last), ipgate_error_message(error));
    ipgate_error_free(last);
    ipgate_error_free(error);
    CHECK(ipgate_site_set_default(site, "x", 1, NULL, &error) == IPGATE_ERROR_LIST);
    CHECK(strncmp(ipgate_error_message(error), "default list: list rejected", 27) == 0);
    ipgate_error_free(error);
    CHECK_OK(ipgate_site_get_stats(site, &stats));
    CHECK(stats.failures == 2 && stats.last_failure_micros >= stats.last_change_micros);
    CHECK(stats.generation == 2 && stats.entries == 1);

    options.flags = IPGATE_LENIENT; /* a half may be bad, and is told */
    settings.text = "10.0.0.5/8,x";
    settings.text_len = 12;
    CHECK_OK(ipgate_site_set_app(site, "shop", 4, &settings, &options, 0, NULL));
    CHECK_OK(ipgate_site_warnings(site, &error));
    CHECK(ipgate_error_count_errors(error) == 1 && ipgate_error_count_warnings(error) == 1);
    ipgate_error_free(error);
    CHECK_OK(ipgate_site_last_error(site, &last));
    CHECK(ipgate_error_status(last) == IPGATE_OK);
    ipgate_error_free(last);
    CHECK_OK(ipgate_site_get_stats(site, &stats));
    CHECK(stats.failures == 0 && stats.last_failure_micros > 0);
    stats.size = 4;
    CHECK(ipgate_site_get_stats(site, &stats) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_get_stats(NULL, &stats) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_get_stats(site, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_warnings(site, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_warnings(NULL, &error) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_last_error(NULL, &error) == IPGATE_ERROR_NULL);
    ipgate_site_free(site);
}

static void guards(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_guard guard = IPGATE_SITE_GUARD_INIT;
    ipgate_guard of_default = IPGATE_GUARD_INIT, of_apps = IPGATE_GUARD_INIT;
    ipgate_error *error = NULL;

    set_app(site, "a", "10.0.0.1");
    set_app(site, "b", "10.0.0.2");
    set_app(site, "c", "10.0.0.3");
    set_default(site, "192.0.2.7"); /* 5 */
    guard.max_removed_percent = 40;
    guard.keep_enforced = 1;
    of_default.must_allow = "192.0.2.7";
    of_apps.widest_v4 = 8;
    guard.default_guard = &of_default;
    guard.app_guard = &of_apps;
    CHECK_OK(ipgate_site_set_guard(site, &guard, NULL));

    CHECK(ipgate_site_set_rules(site, IPGATE_EXTEND, 0, 0, &error) == IPGATE_ERROR_REFUSED);
    CHECK(strstr(ipgate_error_message(error), "permit `enforce-off`") != NULL);
    ipgate_error_free(error);
    CHECK(ipgate_site_set_rules(site, IPGATE_EXTEND, 0, IPGATE_PERMIT_REMOVAL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_site_set_default(site, "10.0.0.0/8", 10, NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_site_set_default(site, NULL, 0, NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(try_app(site, "a", "10.0.0.0/7", NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_site_generation(site) == 5);
    CHECK_OK(try_app(site, "a", "10.0.0.0/8", NULL)); /* 6 */
    remove_app(site, "a");                            /* 7: a third of the three */
    CHECK(ipgate_site_remove_app(site, "b", 1, 0, NULL) == IPGATE_ERROR_REFUSED); /* a half of two */
    CHECK(try_app(site, "b", NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_site_remove_app(site, "b", 1, IPGATE_PERMIT_ENFORCE_OFF, NULL) == IPGATE_ERROR_REFUSED);
    CHECK_OK(ipgate_site_remove_app(site, "b", 1, IPGATE_PERMIT_REMOVAL, NULL)); /* 8 */
    CHECK_OK(ipgate_site_set_rules(site, IPGATE_EXTEND, 0, IPGATE_PERMIT_ENFORCE_OFF, NULL));
    CHECK(ipgate_site_generation(site) == 9);

    guard.max_removed_percent = 0.0 / guard.reserved; /* not a number */
    CHECK(ipgate_site_set_guard(site, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    guard.max_removed_percent = -1;
    of_apps.must_allow = "nobody";
    CHECK(ipgate_site_set_guard(site, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    of_apps.must_allow = NULL;
    of_apps.size = 3;
    CHECK(ipgate_site_set_guard(site, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_set_guard(site, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_set_guard(NULL, &guard, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_remove_app(site, "c", 1, 0, NULL) == IPGATE_ERROR_REFUSED); /* the guard is what it was */
    guard.app_guard = NULL;
    CHECK_OK(ipgate_site_set_guard(site, &guard, NULL));
    CHECK_OK(try_app(site, "c", "0.0.0.0/0", NULL));
    remove_app(site, "c");
    ipgate_site_free(site);
}

static void a_host_is_of_one_app(void)
{
    ipgate_site *site = site_of_nothing();
    CHECK_OK(try_app(site, "shop", NULL, "shop.example"));
    CHECK(try_app(site, "blog", NULL, "Shop.Example.") == IPGATE_ERROR_REFUSED);
    CHECK_OK(try_app(site, "shop", NULL, NULL));
    CHECK_OK(try_app(site, "blog", NULL, "Shop.Example."));
    ipgate_site_free(site);
}

static void handles_are_freed_in_any_order(void)
{
    ipgate_site *site = site_of_nothing(), *share = NULL;
    ipgate_site_reader *reader = NULL;
    CHECK_OK(ipgate_site_share(site, &share));
    ipgate_site_free(site);
    CHECK_OK(ipgate_site_reader_new(share, &reader, NULL));
    set_app(share, "shop", "192.0.2.7:partner");
    CHECK(asked(reader, "shop", "192.0.2.7").decision == IPGATE_ALLOW);
    ipgate_site_reader_pause(reader);
    ipgate_site_free(share);
    CHECK(asked(reader, "shop", "192.0.2.7").decision == IPGATE_ALLOW);
    ipgate_site_reader_pause(NULL);
    ipgate_site_reader_free(reader);
    ipgate_site_reader_free(NULL);
    ipgate_site_free(NULL);
    CHECK(ipgate_site_new(NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_share(NULL, &share) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_reader_new(NULL, &reader, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_generation(NULL) == 0);
}

int main(void)
{
    apps_come_and_go();
    lists_to_come();
    arguments_are_checked();
    failures_are_told();
    guards();
    a_host_is_of_one_app();
    handles_are_freed_in_any_order();
    puts("ok");
    return 0;
}
