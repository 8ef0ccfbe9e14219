/* What a reader of a site counts, app by app. */
#include "site.h"

#include <netinet/in.h>
#include <stddef.h>

static ipgate_verdict admitted(ipgate_site_reader *reader, const char *app, const char *client)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    verdict.want = IPGATE_WANT_COUNT;
    ipgate_site_check_name_text(reader, app, strlen(app), client, strlen(client), &verdict);
    return verdict;
}

static ipgate_app_counts counts_of(ipgate_site_reader *reader, int whose, const char *app)
{
    ipgate_app_counts counts = IPGATE_APP_COUNTS_INIT;
    CHECK_OK(ipgate_site_reader_counts(reader, whose, app, app ? strlen(app) : 0, &counts));
    return counts;
}

static int has(ipgate_site_reader *reader, const char *app, uint64_t allowed, uint64_t denied)
{
    ipgate_app_counts counts = counts_of(reader, IPGATE_COUNTED_APP, app);
    return counts.allowed == allowed && counts.denied == denied;
}

/* Whether an app has these decisions under a label. */
static int labelled(ipgate_site_reader *reader, const char *app, const char *label, uint64_t allowed, uint64_t denied)
{
    ipgate_count counts[8] = { IPGATE_COUNT_INIT };
    size_t n = ipgate_site_reader_labels(reader, IPGATE_COUNTED_APP, app, strlen(app), counts, LENGTH(counts));
    CHECK(n <= LENGTH(counts));
    for (size_t i = 0; i < n; i++)
        if (is_text(counts[i].label, counts[i].label_len, label))
            return counts[i].allowed == allowed && counts[i].denied == denied && !counts[i].others
                   && counts[i].origin == IPGATE_ORIGIN_NONE;
    return allowed == 0 && denied == 0;
}

static ipgate_site *two_apps(void)
{
    ipgate_site *site = site_of_nothing();
    set_default(site, "10.0.0.0/8:corp");
    CHECK_OK(try_app(site, "shop", "192.0.2.0/24:partner,!10.9.0.0/16:lab", "shop.example"));
    set_app(site, "blog", "198.51.100.7:press");
    return site;
}

static void decisions_are_counted_by_app(void)
{
    ipgate_site *site = two_apps();
    ipgate_site_reader *reader = site_reader_of(site), *other = site_reader_of(site);
    ipgate_app *app = NULL;
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    ipgate_app_counts counts;
    struct sockaddr_in in;

    CHECK(admitted(reader, "shop", "192.0.2.7").decision == IPGATE_ALLOW);
    CHECK(admitted(reader, "shop", "10.1.1.1").decision == IPGATE_ALLOW);
    CHECK(admitted(reader, "shop", "10.9.1.1").reason == IPGATE_REASON_DENY_ENTRY);
    CHECK(admitted(reader, "shop", "8.8.8.8").reason == IPGATE_REASON_NO_ENTRY);
    CHECK(admitted(reader, "shop", "nobody").reason == IPGATE_REASON_NO_ADDRESS);
    CHECK(admitted(reader, "nowhere", "10.1.1.1").decision == IPGATE_ALLOW);
    asked(reader, "shop", "192.0.2.7"); /* which is not counted */

    /* By host and by app, and with all else that there is to want. */
    verdict.want |= IPGATE_WANT_COUNT;
    CHECK(ipgate_site_check_host_text(reader, "shop.example", 12, "192.0.2.7", 9, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.prefix.length == 24);
    CHECK_OK(ipgate_app_new("shop", 4, &app, NULL));
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(0xc0000209);
    CHECK(ipgate_site_check_app(reader, app, (struct sockaddr *)&in, sizeof in, &verdict) == IPGATE_ALLOW);
    verdict.size = offsetof(ipgate_verdict, app); /* that of an older header */
    CHECK(ipgate_site_check_app(reader, app, (struct sockaddr *)&in, sizeof in, &verdict) == IPGATE_ALLOW);

    counts = counts_of(reader, IPGATE_COUNTED_APP, "shop");
    CHECK(counts.allowed == 5 && counts.denied == 3);
    CHECK(counts.reasons[IPGATE_REASON_ALLOW_ENTRY] == 5 && counts.reasons[IPGATE_REASON_DENY_ENTRY] == 1);
    CHECK(counts.reasons[IPGATE_REASON_NO_ENTRY] == 1 && counts.reasons[IPGATE_REASON_NO_ADDRESS] == 1);
    CHECK(labelled(reader, "shop", "partner", 4, 0) && labelled(reader, "shop", "corp", 1, 0));
    CHECK(labelled(reader, "shop", "lab", 0, 1) && labelled(reader, "shop", "", 0, 2));
    CHECK(has(reader, "blog", 0, 0) && has(reader, "nowhere", 0, 0) && has(reader, "\xff", 0, 0));
    CHECK(counts_of(reader, IPGATE_COUNTED_UNNAMED, NULL).allowed == 1);
    CHECK(counts_of(reader, IPGATE_COUNTED_GONE, NULL).allowed == 0);
    CHECK(has(other, "shop", 0, 0)); /* each reader counts its own */
    ipgate_app_free(app);
    ipgate_site_reader_free(other);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

/* Its number is given to the next app that comes. */
static void an_app_that_is_gone_leaves_no_counts_behind(void)
{
    ipgate_site *site = two_apps();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_count counts[4] = { IPGATE_COUNT_INIT };

    admitted(reader, "shop", "192.0.2.7");
    admitted(reader, "blog", "198.51.100.7");
    ipgate_site_reader_pause(reader);
    remove_app(site, "shop");
    set_app(site, "wiki", "192.0.2.7:friend");
    CHECK(has(reader, "shop", 0, 0) && has(reader, "wiki", 0, 0) && has(reader, "blog", 1, 0));
    CHECK(admitted(reader, "wiki", "192.0.2.7").decision == IPGATE_ALLOW);
    CHECK(has(reader, "wiki", 1, 0) && labelled(reader, "wiki", "friend", 1, 0));
    CHECK(labelled(reader, "wiki", "partner", 0, 0));
    CHECK(counts_of(reader, IPGATE_COUNTED_GONE, NULL).allowed == 1);
    CHECK(ipgate_site_reader_labels(reader, IPGATE_COUNTED_GONE, NULL, 0, counts, LENGTH(counts)) == 1);
    CHECK(is_text(counts[0].label, counts[0].label_len, "partner"));
    /* Another list has other numbers for its labels. */
    set_app(site, "wiki", "192.0.2.9:stranger,192.0.2.7:friend");
    admitted(reader, "wiki", "192.0.2.7");
    CHECK(labelled(reader, "wiki", "friend", 2, 0) && labelled(reader, "wiki", "stranger", 0, 0));
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

static void what_cannot_be_given(void)
{
    ipgate_site *site = two_apps();
    ipgate_site_reader *reader = site_reader_of(site);
    ipgate_app_counts counts = IPGATE_APP_COUNTS_INIT;
    ipgate_count labels[2] = { IPGATE_COUNT_INIT };

    admitted(reader, "shop", "192.0.2.7");
    admitted(reader, "shop", "10.1.1.1");
    CHECK(ipgate_site_reader_counts(NULL, 0, "shop", 4, &counts) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_reader_counts(reader, 0, NULL, 4, &counts) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_reader_counts(reader, 0, "shop", 4, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_site_reader_counts(reader, 3, "shop", 4, &counts) == IPGATE_ERROR_ARGUMENT);
    counts.size = 3;
    CHECK(ipgate_site_reader_counts(reader, 0, "shop", 4, &counts) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_site_reader_labels(reader, 0, "shop", 4, NULL, 0) == 2);
    CHECK(ipgate_site_reader_labels(reader, 0, "shop", 4, labels, 1) == 2 && labels[0].allowed == 1);
    CHECK(ipgate_site_reader_labels(reader, 0, "shop", 4, NULL, 1) == 0);
    CHECK(ipgate_site_reader_labels(reader, -1, "shop", 4, labels, 2) == 0);
    CHECK(ipgate_site_reader_labels(NULL, 0, "shop", 4, labels, 2) == 0);
    ipgate_site_reader_free(reader);
    ipgate_site_free(site);
}

int main(void)
{
    decisions_are_counted_by_app();
    an_app_that_is_gone_leaves_no_counts_behind();
    what_cannot_be_given();
    puts("ok");
    return 0;
}
