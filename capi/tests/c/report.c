/* Reports: a list, a site, what their readers have decided, in both formats, and what a program may do wrong. */
#include "site.h"

static const char *const CLIENTS[] = { "10.0.1.7", "10.0.2.7", "192.0.2.1" };

static ipgate_report *report_of_nothing(void)
{
    ipgate_report *report = NULL;
    ipgate_report_program program = IPGATE_REPORT_PROGRAM_INIT;
    program.name = "test";
    program.version = "1.2.3";
    program.pid = 7;
    program.worker = 2;
    CHECK_OK(ipgate_report_new(&program, &report, NULL));
    return report;
}

static ipgate_report_source named(const char *name, const char *path)
{
    ipgate_report_source source = IPGATE_REPORT_SOURCE_INIT;
    source.name = name;
    source.name_len = strlen(name);
    source.path = path;
    source.path_len = path ? strlen(path) : 0;
    source.interval_millis = 40;
    return source;
}

/* The text of a report, with all of its bytes looked at. */
static const char *text_of(ipgate_report *report, int32_t format)
{
    const char *text = NULL;
    size_t len = 0;
    CHECK_OK(ipgate_report_text(report, format, &text, &len, NULL));
    CHECK(len > 0 && strlen(text) == len && text[len - 1] == '\n');
    return text;
}

#define CHECK_SAYS(text, part)                                                            \
    do {                                                                                  \
        if (strstr((text), (part)) == NULL) {                                             \
            fprintf(stderr, "%s:%d: no %s in: %s\n", __FILE__, __LINE__, (part), (text)); \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

static void lists(void)
{
    ipgate_gate *gate = gate_of("10.0.1.0/24:office \"A\\B\"\n!10.0.2.0/24:lab\n192.0.2.7:guest;until=2100-01-01\n");
    ipgate_reader *reader = reader_of(gate), *expiring = reader_of(gate);
    ipgate_report *report = report_of_nothing();
    ipgate_report_source office = named("office", "/lists/office"), never = named("never", NULL);
    ipgate_report_lists both = IPGATE_REPORT_LISTS_INIT, none = IPGATE_REPORT_LISTS_INIT;
    ipgate_error *error = NULL;
    const char *text;

    for (size_t i = 0; i < LENGTH(CLIENTS); i++)
        ipgate_admit_text(reader, CLIENTS[i], strlen(CLIENTS[i]), NULL);
    both.app = "office";
    both.app_len = 6;
    /* There has to be such a list first, and only once. */
    CHECK(ipgate_report_add_decisions(report, &both, reader, &error) == IPGATE_ERROR_ARGUMENT);
    CHECK_TEXT(ipgate_error_message(error), "office: there is no list of that name");
    ipgate_error_free(error);
    CHECK_OK(ipgate_report_add_list(report, &office, gate, expiring, NULL));
    CHECK(ipgate_report_add_list(report, &office, gate, expiring, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK_OK(ipgate_report_add_list(report, &never, NULL, NULL, NULL));
    CHECK_OK(ipgate_report_add_decisions(report, &both, reader, NULL));
    both.dry_run = 1;
    CHECK_OK(ipgate_report_add_decisions(report, &both, reader, NULL));
    CHECK_OK(ipgate_report_add_decisions(report, &none, reader, NULL));
    /* Of the two clients that no list knows, one was let in; it cannot be more than there are. */
    none.let_in = 99;
    CHECK_OK(ipgate_report_add_decisions(report, &none, reader, NULL));

    text = text_of(report, IPGATE_REPORT_JSON);
    CHECK_SAYS(text, "\"test\":\"1.2.3\",\"pid\":7,\"worker\":2,\"exiting\":false,");
    CHECK_SAYS(text, "\"unlisted\":{\"allowed\":3,\"denied\":3,\"dry_run\":0}");
    CHECK_SAYS(text, "{\"name\":\"office\",\"source\":\"/lists/office\",\"interval_ms\":40,\"entries\":3,");
    CHECK_SAYS(text, "\"next_expiry\":\"2100-01-02T00:00:00.000000Z\",\"expiring_within_30_days\":0,\"expiring\":[],");
    CHECK_SAYS(text, "\"decisions\":{\"allowed\":2,\"denied\":2,\"dry_run\":2}");
    CHECK_SAYS(text, "\"office \\\"A\\\\B\\\"\":{\"allowed\":2,\"denied\":0,\"dry_run\":0}");
    CHECK_SAYS(text, "\"last_error\":\"the list was never loaded\"");

    text = text_of(report, IPGATE_REPORT_PROMETHEUS);
    CHECK_SAYS(text, "ipgate_list_entries{worker=\"2\",list=\"office\"} 3\n");
    CHECK_SAYS(text, "label=\"office \\\"A\\\\B\\\"\",result=\"allowed\"} 2\n");
    CHECK_SAYS(text, "ipgate_list_ready{worker=\"2\",list=\"never\"} 0\n");
    /* What was said stays said, whatever becomes of the rest. */
    ipgate_gate_free(gate);
    ipgate_reader_free(reader);
    ipgate_reader_free(expiring);
    CHECK_SAYS(text_of(report, IPGATE_REPORT_JSON), "\"entries\":3,");
    ipgate_report_free(report);
}

static void sites(void)
{
    ipgate_site *site = site_of_nothing();
    ipgate_site_reader *reader = site_reader_of(site), *dry_run = site_reader_of(site);
    ipgate_report *report = report_of_nothing();
    ipgate_report_source fleet = named("fleet", "/fleet"), never = named("never", "/never");
    ipgate_report_page page = IPGATE_REPORT_PAGE_INIT;
    ipgate_app_counts counts = IPGATE_APP_COUNTS_INIT;
    const char *text;

    set_default(site, "10.0.1.0/24:corp");
    set_app(site, "blog", "192.0.2.1:guest");
    set_app(site, "shop", NULL);
    for (size_t i = 0; i < LENGTH(CLIENTS); i++) {
        ipgate_verdict verdict = IPGATE_VERDICT_INIT;
        verdict.want = IPGATE_WANT_COUNT;
        ipgate_site_check_name_text(reader, "blog", 4, CLIENTS[i], strlen(CLIENTS[i]), &verdict);
        ipgate_site_check_name_text(dry_run, "blog", 4, CLIENTS[i], strlen(CLIENTS[i]), &verdict);
        ipgate_site_check_name_text(reader, "shop", 4, CLIENTS[i], strlen(CLIENTS[i]), &verdict);
    }
    page.count = 1;
    counts.allowed = 5;
    counts.denied = 2;
    counts.reasons[IPGATE_REASON_UNKNOWN_APP] = 2;
    CHECK(ipgate_report_add_site_decisions(report, "fleet", 5, 0, &counts, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK_OK(ipgate_report_add_site(report, &fleet, site, reader, dry_run, &page, NULL));
    CHECK(ipgate_report_add_site(report, &fleet, site, reader, dry_run, &page, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK_OK(ipgate_report_add_site_decisions(report, "fleet", 5, 0, &counts, NULL));
    CHECK_OK(ipgate_report_add_site(report, &never, NULL, NULL, NULL, &page, NULL));
    CHECK_OK(ipgate_report_add_site_decisions(report, "never", 5, 1, &counts, NULL));

    text = text_of(report, IPGATE_REPORT_JSON);
    CHECK_SAYS(text, "\"decisions\":{\"allowed\":5,\"denied\":2,\"dry_run\":0},\"denials\":{\"unknown-app\":2}");
    CHECK_SAYS(text, "\"found\":2,\"from\":0,\"page\":[{\"name\":\"blog\",\"list\":\"set\",\"mode\":\"extend\",");
    CHECK_SAYS(text, "\"decisions\":{\"allowed\":4,\"denied\":1,\"dry_run\":1},\"denials\":{\"no-entry\":2}");
    CHECK_SAYS(text, "\"labels\":{\"corp\":{\"allowed\":2,");
    CHECK_SAYS(text, "\"last_error\":\"the site was never loaded\"}]}\n");

    text = text_of(report, IPGATE_REPORT_PROMETHEUS);
    CHECK_SAYS(text, "ipgate_app_decisions_total{worker=\"2\",site=\"fleet\",app=\"blog\",result=\"denied\"} 1\n");
    CHECK_SAYS(text, "ipgate_app_decisions_total{worker=\"2\",site=\"fleet\",app=\"other\",result=\"denied\"} 2\n");
    CHECK_SAYS(text, "ipgate_site_denials_total{worker=\"2\",site=\"fleet\",reason=\"unknown-app\"} 2\n");
    ipgate_report_free(report);

    /* What is no UTF-8 is part of no name. */
    report = report_of_nothing();
    page.text = "\xff";
    page.text_len = 1;
    CHECK_OK(ipgate_report_add_site(report, &fleet, site, NULL, NULL, &page, NULL));
    CHECK_SAYS(text_of(report, IPGATE_REPORT_JSON), "\"found\":0,\"from\":0,\"page\":[]");
    ipgate_report_free(report);
    ipgate_site_reader_free(reader);
    ipgate_site_reader_free(dry_run);
    ipgate_site_free(site);
}

static void what_is_missing(void)
{
    ipgate_report *report = NULL, *good = report_of_nothing();
    ipgate_report_program program = IPGATE_REPORT_PROGRAM_INIT;
    ipgate_report_source source = named("a", NULL), nameless = IPGATE_REPORT_SOURCE_INIT;
    ipgate_report_lists lists = IPGATE_REPORT_LISTS_INIT;
    ipgate_report_page page = IPGATE_REPORT_PAGE_INIT;
    ipgate_app_counts counts = IPGATE_APP_COUNTS_INIT;
    ipgate_error *error = NULL;
    const char *text = NULL;
    size_t len = 3;

    CHECK(ipgate_report_new(NULL, &report, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_new(&program, &report, &error) == IPGATE_ERROR_NULL);
    CHECK_TEXT(ipgate_error_message(error), "program.name is NULL");
    ipgate_error_free(error);
    program.name = "";
    program.version = "1";
    CHECK(ipgate_report_new(&program, &report, NULL) == IPGATE_ERROR_ARGUMENT && report == NULL);
    program.name = "test";
    CHECK(ipgate_report_new(&program, NULL, NULL) == IPGATE_ERROR_NULL);
    program.size = 3;
    CHECK(ipgate_report_new(&program, &report, NULL) == IPGATE_ERROR_ARGUMENT && report == NULL);

    CHECK(ipgate_report_add_list(NULL, &source, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_list(good, NULL, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    nameless.name_len = 1;
    CHECK(ipgate_report_add_list(good, &nameless, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_decisions(NULL, &lists, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_decisions(good, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_decisions(good, &lists, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site(NULL, &source, NULL, NULL, NULL, &page, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site(good, NULL, NULL, NULL, NULL, &page, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site(good, &source, NULL, NULL, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site_decisions(NULL, "a", 1, 0, &counts, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site_decisions(good, NULL, 1, 0, &counts, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_add_site_decisions(good, "a", 1, 0, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_text(NULL, IPGATE_REPORT_JSON, &text, &len, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_text(good, IPGATE_REPORT_JSON, NULL, &len, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_text(good, IPGATE_REPORT_JSON, &text, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_report_text(good, 2, &text, &len, &error) == IPGATE_ERROR_ARGUMENT);
    CHECK_TEXT(ipgate_error_message(error), "format is 2, which is no ipgate_report_format");
    ipgate_error_free(error);
    CHECK(text == NULL && len == 3);
    CHECK_SAYS(text_of(good, IPGATE_REPORT_JSON), "\"lists\":[],\"sites\":[]}\n");
    CHECK_TEXT(ipgate_reason_name(IPGATE_REASON_UNKNOWN_APP), "unknown-app");
    ipgate_report_free(good);
    ipgate_report_free(NULL);
}

int main(void)
{
    lists();
    sites();
    what_is_missing();
    puts("ok");
    return 0;
}
