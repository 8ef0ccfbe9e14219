/* Readers check on their threads while others swap, poll, follow and ask: each verdict is whole. */
#ifdef __cplusplus
#include <atomic>
using std::atomic_fetch_add;
using std::atomic_int;
using std::atomic_load;
using std::atomic_store;
#else
#include <stdatomic.h>
#endif
#include "site.h"

#include <pthread.h>
#include <unistd.h>

/* Two lists that differ in every answer. */
static const char *const lists[2] = { "10.0.0.0/8:even,!192.0.2.0/24:even", "!10.0.0.0/8:odd,192.0.2.0/24:odd" };

static ipgate_gate *gate;
static ipgate_site *site;
static atomic_int stop;
static atomic_int swaps_heard;

static void *check(void *unused)
{
    ipgate_reader *reader = reader_of(gate);
    uint64_t last = 0;
    (void)unused;
    for (int i = 0; !atomic_load(&stop); i++) {
        ipgate_verdict verdict = IPGATE_VERDICT_INIT;
        const char *client = i % 2 ? "10.1.2.3" : "192.0.2.7";
        int is_even, decision = ipgate_check_text(reader, client, strlen(client), &verdict);
        CHECK(verdict.generation >= last); /* never back */
        last = verdict.generation;
        is_even = verdict.generation % 2 == 0;
        CHECK(verdict.label_len == (is_even ? 4u : 3u));
        CHECK(memcmp(verdict.label, is_even ? "even" : "odd", verdict.label_len) == 0);
        CHECK(decision == verdict.decision && decision == (i % 2 ? is_even : !is_even));
        if (i % 1000 == 0)
            ipgate_reader_pause(reader);
    }
    ipgate_reader_free(reader);
    return NULL;
}

static void *ask(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        ipgate_stats stats = IPGATE_STATS_INIT;
        ipgate_error *error = NULL, *warnings = NULL;
        char source[16];
        CHECK_OK(ipgate_gate_stats(gate, &stats));
        CHECK(stats.entries == 2 && stats.generation >= 2);
        CHECK_OK(ipgate_gate_last_error(gate, &error));
        CHECK_OK(ipgate_gate_warnings(gate, &warnings));
        ipgate_gate_source(gate, source, sizeof source);
        ipgate_gate_poll(gate, IPGATE_POLL_THREAD, NULL);
        ipgate_gate_replace_text(gate, "bad", 3, NULL, NULL); /* changes no table */
        ipgate_error_free(error);
        ipgate_error_free(warnings);
    }
    return NULL;
}

static void swaps_under_readers(void)
{
    pthread_t threads[4];
    gate = gate_of(lists[0]); /* generation 2: even */
    CHECK(pthread_create(&threads[0], NULL, ask, NULL) == 0);
    for (int i = 1; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, check, NULL) == 0);
    for (int i = 1; i <= rounds(20000, 300); i++)
        CHECK_OK(ipgate_gate_replace_text(gate, lists[i % 2], strlen(lists[i % 2]), NULL, NULL));
    atomic_store(&stop, 1);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ipgate_gate_free(gate);
}

/* Two threads share one list and make what they want of it. */
static void *use_list(void *list)
{
    for (int i = 0; i < rounds(500, 20); i++) {
        ipgate_gate *own = NULL;
        ipgate_error *warnings = NULL;
        CHECK_OK(ipgate_gate_new(NULL, &own, NULL));
        CHECK_OK(ipgate_gate_replace(own, (const ipgate_list *)list, NULL));
        CHECK_OK(ipgate_list_warnings((const ipgate_list *)list, &warnings));
        CHECK(ipgate_error_diagnostics(warnings) == 1);
        ipgate_error_free(warnings);
        ipgate_gate_free(own);
    }
    return NULL;
}

static void shared_lists(void)
{
    pthread_t thread;
    ipgate_list *list = list_of("10.0.0.5/8:corp");
    CHECK(pthread_create(&thread, NULL, use_list, list) == 0);
    use_list(list);
    CHECK(pthread_join(thread, NULL) == 0);
    ipgate_list_free(list);
}

static void heard(void *data, ipgate_poll outcome, const ipgate_error *report)
{
    CHECK(data == &swaps_heard);
    CHECK(ipgate_error_status(report) == (outcome == IPGATE_POLL_SWAPPED ? IPGATE_OK : IPGATE_ERROR_LIST));
    atomic_fetch_add(&swaps_heard, outcome == IPGATE_POLL_SWAPPED ? 1 : 100);
}

static void wait_for(int expected)
{
    for (int i = 0; i < 3000 && atomic_load(&swaps_heard) != expected; i++)
        usleep(10000);
    CHECK(atomic_load(&swaps_heard) == expected);
}

static void files_are_followed(void)
{
    ipgate_follower *follower = NULL;
    ipgate_reader *reader;
    ipgate_error *error = NULL;

    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK(ipgate_gate_follow(gate, "no such file", NULL, 10, heard, &swaps_heard, &follower, &error)
          == IPGATE_ERROR_IO);
    CHECK(follower == NULL);
    ipgate_error_free(error);
    CHECK(ipgate_gate_follow(NULL, "x", NULL, 10, heard, NULL, &follower, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_follow(gate, NULL, NULL, 10, heard, NULL, &follower, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_follow(gate, "x", NULL, 10, heard, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    write_file("follow.list", "10.0.0.0/8\n");
    CHECK_OK(ipgate_gate_follow(gate, "follow.list", NULL, 10, heard, &swaps_heard, &follower, NULL));
    reader = reader_of(gate);
    CHECK(allows(reader, "10.0.0.1"));
    write_file("follow.list", "192.0.2.0/24\n");
    wait_for(1);
    CHECK(allows(reader, "192.0.2.1") && !allows(reader, "10.0.0.1"));
    write_file("follow.list", "nonsense\n");
    wait_for(101);
    CHECK(allows(reader, "192.0.2.1"));
    ipgate_follower_free(follower);
    ipgate_follower_free(NULL);
    CHECK(ipgate_gate_follow(gate, "follow.list", NULL, 0, NULL, NULL, &follower, NULL) == IPGATE_ERROR_LIST);
    write_file("follow.list", "10.0.0.0/8\n");
    CHECK_OK(ipgate_gate_follow(gate, "follow.list", NULL, 0, NULL, NULL, &follower, NULL));
    ipgate_gate_free(gate); /* in any order */
    ipgate_follower_free(follower);
    CHECK(allows(reader, "10.0.0.1"));
    ipgate_reader_free(reader);
    CHECK(unlink("follow.list") == 0);
}

/* By name, by host, by an app that is looked up once: each verdict is of one list of the one app, and none is older than
 * the one before. */
static void *check_site(void *unused)
{
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_app *app = NULL;
    uint64_t last = 0;
    (void)unused;
    CHECK_OK(ipgate_app_new("shop", 4, &app, NULL));
    for (int i = 0; !atomic_load(&stop); i++) {
        static const uint8_t clients[2][4] = { { 192, 0, 2, 7 }, { 10, 1, 2, 3 } };
        const uint8_t *client = clients[i % 2];
        ipgate_verdict verdict = IPGATE_VERDICT_INIT;
        int is_even, decision;
        if (i % 3 == 0)
            decision = ipgate_site_check_name_bytes(reader, "shop", 4, client, 4, &verdict);
        else if (i % 3 == 1)
            decision = ipgate_site_check_host_bytes(reader, "eu.shop.example", 15, client, 4, &verdict);
        else
            decision = ipgate_site_check_app_bytes(reader, app, client, 4, &verdict);
        CHECK(verdict.site_generation >= last && verdict.site_generation >= verdict.generation);
        last = verdict.site_generation;
        is_even = verdict.label_len == 4;
        CHECK(is_text(verdict.label, verdict.label_len, is_even ? "even" : "odd"));
        CHECK(is_text(verdict.app, verdict.app_len, "shop") && verdict.origin == IPGATE_ORIGIN_APP);
        CHECK(decision == verdict.decision && decision == (i % 2 ? is_even : !is_even));
        if (i % 1000 == 0)
            ipgate_site_reader_pause(reader);
    }
    ipgate_app_free(app);
    ipgate_site_reader_free(reader);
    return NULL;
}

/* Another writer, whose app comes and goes, and whose default list decides nothing for the other's. */
static void *change_and_ask(void *unused)
{
    (void)unused;
    for (int i = 0; !atomic_load(&stop); i++) {
        ipgate_site_stats stats = IPGATE_SITE_STATS_INIT;
        ipgate_app_stats apps[2] = { IPGATE_APP_STATS_INIT };
        ipgate_site_page *page = NULL;
        ipgate_error *error = NULL;
        CHECK_OK(try_app(site, "blog", "203.0.113.0/24", "blog.example"));
        set_default(site, i % 2 ? "203.0.113.0/24:one" : "203.0.113.0/24:two");
        CHECK(try_app(site, "shop", "bad", NULL) == IPGATE_ERROR_LIST);
        CHECK_OK(ipgate_site_page_new(site, "", 0, &page, NULL));
        CHECK_OK(ipgate_site_get_stats(site, &stats));
        CHECK(stats.apps == 2 && stats.lists == 2 && stats.entries == 4);
        CHECK_OK(ipgate_site_last_error(site, &error));
        ipgate_error_free(error);
        remove_app(site, "blog");
        CHECK(ipgate_site_page_apps(page, 0, apps, 2) == 2);
        CHECK(is_text(apps[0].name, apps[0].name_len, "blog") && is_text(apps[1].name, apps[1].name_len, "shop"));
        ipgate_site_page_free(page);
    }
    return NULL;
}

static void apps_change_under_readers(void)
{
    pthread_t threads[4];
    atomic_store(&stop, 0);
    site = site_of_nothing();
    CHECK_OK(try_app(site, "shop", lists[0], "*.shop.example"));
    CHECK(pthread_create(&threads[0], NULL, change_and_ask, NULL) == 0);
    for (int i = 1; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, check_site, NULL) == 0);
    for (int i = 1; i <= rounds(20000, 300); i++)
        CHECK_OK(try_app(site, "shop", lists[i % 2], "*.shop.example"));
    atomic_store(&stop, 1);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ipgate_site_free(site);
}

int main(void)
{
    swaps_under_readers();
    apps_change_under_readers();
    shared_lists();
    files_are_followed();
    puts("ok");
    return 0;
}
