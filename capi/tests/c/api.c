/* Every function: what it does, what it does with NULL, and how it fails. */
#include "test.h"

#include <netinet/in.h>
#include <sys/un.h>

static void versions(void)
{
    char expected[64];
    CHECK_TEXT(ipgate_version(), IPGATE_VERSION);
    snprintf(expected, sizeof expected, "%d.%d.%d", IPGATE_VERSION_MAJOR, IPGATE_VERSION_MINOR, IPGATE_VERSION_PATCH);
    CHECK_TEXT(expected, IPGATE_VERSION);
    CHECK(ipgate_abi_version() == IPGATE_ABI_VERSION);
    for (int status = -2; status < 12; status++)
        CHECK(strlen(ipgate_strerror(status)) > 0);
    CHECK_TEXT(ipgate_strerror(IPGATE_OK), "success");
    CHECK_TEXT(ipgate_strerror(99), "unknown status");
    CHECK_TEXT(ipgate_reason_name(IPGATE_REASON_NO_ENTRY), "no-entry");
    CHECK_TEXT(ipgate_reason_name(IPGATE_REASON_ALLOW_ENTRY), "allow-entry");
    CHECK_TEXT(ipgate_reason_name(-1), "failed");
    CHECK(IPGATE_DENY == 0 && IPGATE_OK == 0 && IPGATE_REASON_FAILED == 0);
}

static void errors_are_walked(void)
{
    const char *text = "10.0.0.0/8:corp\n1.2.3.4/33, 010.0.0.1\n10.0.0.5/8\n";
    ipgate_options options = IPGATE_OPTIONS_INIT;
    ipgate_list *list = NULL;
    ipgate_error *error = NULL;
    ipgate_diagnostic diagnostic = IPGATE_DIAGNOSTIC_INIT;

    CHECK(ipgate_list_parse(text, strlen(text), NULL, &list, &error) == IPGATE_ERROR_LIST);
    CHECK(list == NULL && error != NULL);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_LIST);
    CHECK(strstr(ipgate_error_message(error), "2 errors") != NULL);
    CHECK(strstr(ipgate_error_message(error), "line 2, column ") != NULL);
    CHECK(strchr(ipgate_error_message(error), '\n') == NULL);
    CHECK(ipgate_error_count_errors(error) == 2 && ipgate_error_count_warnings(error) == 1);
    CHECK(ipgate_error_diagnostics(error) == 3);
    CHECK_OK(ipgate_error_diagnostic(error, 0, &diagnostic));
    CHECK(diagnostic.severity == IPGATE_ERROR && diagnostic.line == 2);
    CHECK_TEXT(diagnostic.code, "prefix-length");
    CHECK_OK(ipgate_error_diagnostic(error, 1, &diagnostic));
    CHECK(diagnostic.line == 2 && diagnostic.column == 13);
    CHECK_TEXT(diagnostic.code, "leading-zero");
    CHECK(strstr(diagnostic.suggestion, "10.0.0.1") != NULL);
    CHECK(strlen(diagnostic.message) > 0 && strlen(diagnostic.token) > 0);
    CHECK_OK(ipgate_error_diagnostic(error, 2, &diagnostic));
    CHECK(diagnostic.severity == IPGATE_WARNING && diagnostic.line == 3);
    CHECK_TEXT(diagnostic.code, "host-bits");
    CHECK(ipgate_error_diagnostic(error, 3, &diagnostic) == IPGATE_ERROR_ARGUMENT);
    CHECK_TEXT(diagnostic.code, "host-bits"); /* written only on success */
    CHECK(ipgate_error_diagnostic(NULL, 0, &diagnostic) == IPGATE_ERROR_NULL);
    CHECK(ipgate_error_diagnostic(error, 0, NULL) == IPGATE_ERROR_NULL);
    diagnostic.size = 8;
    CHECK(ipgate_error_diagnostic(error, 0, &diagnostic) == IPGATE_ERROR_ARGUMENT);
    ipgate_error_free(error);

    CHECK(ipgate_error_status(NULL) == IPGATE_OK);
    CHECK_TEXT(ipgate_error_message(NULL), "no error");
    CHECK(ipgate_error_count_errors(NULL) == 0 && ipgate_error_count_warnings(NULL) == 0);
    CHECK(ipgate_error_diagnostics(NULL) == 0);
    ipgate_error_free(NULL);

    /* Lenient: the same errors are told as warnings of a list that was taken. */
    options.flags = IPGATE_LENIENT;
    CHECK_OK(ipgate_list_parse(text, strlen(text), &options, &list, &error));
    CHECK(ipgate_list_len(list) == 2);
    error = NULL;
    CHECK_OK(ipgate_list_warnings(list, &error));
    CHECK(ipgate_error_status(error) == IPGATE_OK);
    CHECK(ipgate_error_count_errors(error) == 2 && ipgate_error_diagnostics(error) == 3);
    ipgate_error_free(error);
    CHECK(ipgate_list_warnings(list, NULL) == IPGATE_ERROR_NULL);
    error = NULL;
    CHECK(ipgate_list_warnings(NULL, &error) == IPGATE_ERROR_NULL && error == NULL);
    ipgate_list_free(list);
}

static void options_are_checked(void)
{
    ipgate_options options = IPGATE_OPTIONS_INIT;
    ipgate_list *list = NULL;
    ipgate_error *error = NULL;
    struct { ipgate_options known; uint64_t unknown; } newer = { IPGATE_OPTIONS_INIT, 0 };

    CHECK(ipgate_list_parse(NULL, 3, NULL, &list, &error) == IPGATE_ERROR_NULL && list == NULL);
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_NULL);
    ipgate_error_free(error);
    CHECK(ipgate_list_parse("10.0.0.1", 8, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_list_parse("10.0.0.1", SIZE_MAX, NULL, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK_OK(ipgate_list_parse(NULL, 0, NULL, &list, NULL)); /* empty, and set */
    CHECK(ipgate_list_len(list) == 0);
    ipgate_list_free(list);
    list = NULL;

    options.flags = 64;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &options, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    options.flags = IPGATE_DENY_WARNINGS;
    CHECK(ipgate_list_parse("10.0.0.5/8", 10, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.flags = IPGATE_LINT;
    CHECK_OK(ipgate_list_parse("10.0.0.0/8,10.0.0.1", 19, &options, &list, NULL));
    CHECK_OK(ipgate_list_warnings(list, &error));
    CHECK(ipgate_error_count_warnings(error) > 0);
    ipgate_error_free(error);
    ipgate_list_free(list);
    list = NULL;
    /* two bad pieces of three are 66.7 % */
    options.flags = IPGATE_LENIENT;
    CHECK(ipgate_list_parse("10.0.0.1,x,y", 12, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.max_bad_percent = 66;
    CHECK(ipgate_list_parse("10.0.0.1,x,y", 12, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.max_bad_percent = 67;
    CHECK_OK(ipgate_list_parse("10.0.0.1,x,y", 12, &options, &list, NULL));
    CHECK(ipgate_list_len(list) == 1);
    ipgate_list_free(list);
    list = NULL;
    /* a caller who does not know the field */
    options.size = offsetof(ipgate_options, max_bad_percent);
    CHECK(ipgate_list_parse("10.0.0.1,x,y", 12, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.size = sizeof options;
    options.max_bad_percent = 101;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &options, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    options.max_bad_percent = 256 + 67;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &options, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    options.max_bad_percent = 0;
    options.reserved = 1;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &options, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    options.reserved = 0;
    options.flags = 0;
    options.max_entries = 1;
    CHECK(ipgate_list_parse("10.0.0.1,10.0.0.2", 17, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.max_entries = 0;
    options.max_bytes = 8;
    CHECK(ipgate_list_parse("10.0.0.1,10.0.0.2", 17, &options, &list, NULL) == IPGATE_ERROR_LIST);
    options.max_bytes = 0;
    options.max_diagnostics = 1;
    CHECK(ipgate_list_parse("x,y,z", 5, &options, &list, &error) == IPGATE_ERROR_LIST);
    CHECK(ipgate_error_diagnostics(error) == 1 && ipgate_error_count_errors(error) == 3);
    ipgate_error_free(error);
    options.size = 4;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &options, &list, NULL) == IPGATE_ERROR_ARGUMENT);

    /* A newer program's struct is longer: fine, as long as it sets nothing that is unknown. */
    newer.known.size = sizeof newer;
    CHECK_OK(ipgate_list_parse("10.0.0.1", 8, &newer.known, &list, NULL));
    ipgate_list_free(list);
    newer.unknown = 1;
    list = NULL;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &newer.known, &list, NULL) == IPGATE_ERROR_ARGUMENT && list == NULL);
    newer.known.size = SIZE_MAX;
    CHECK(ipgate_list_parse("10.0.0.1", 8, &newer.known, &list, NULL) == IPGATE_ERROR_ARGUMENT);

    CHECK(ipgate_list_len(NULL) == 0);
    ipgate_list_free(NULL);
}

static void lists_are_read(void)
{
    ipgate_list *list = NULL;
    ipgate_error *error = NULL;
    write_file("api.list", "10.0.0.0/8:corp\n");
    CHECK_OK(ipgate_list_read("api.list", NULL, &list, &error));
    CHECK(ipgate_list_len(list) == 1 && error == NULL);
    ipgate_list_free(list);
    list = NULL;
    CHECK(ipgate_list_read("no such file", NULL, &list, &error) == IPGATE_ERROR_IO && list == NULL);
    CHECK(strstr(ipgate_error_message(error), "no such file") != NULL);
    ipgate_error_free(error);
    write_file("api.list", "foobar\n");
    CHECK(ipgate_list_read("api.list", NULL, &list, &error) == IPGATE_ERROR_LIST);
    CHECK(strstr(ipgate_error_message(error), "api.list") != NULL && ipgate_error_diagnostics(error) == 1);
    ipgate_error_free(error);
    CHECK(ipgate_list_read(NULL, NULL, &list, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_list_read("", NULL, &list, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_list_read("api.list", NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_list_read("/", NULL, &list, NULL) == IPGATE_ERROR_IO && list == NULL);
}

/* One row of the policy's table: D is 10.0.0.0/8, A is 192.0.2.7. */
static void row(int has_default, int has_app, int mode, int enforce, int as_gates, const char *expected)
{
    const char *clients[] = { "10.0.0.1", "192.0.2.7", "203.0.113.9" };
    ipgate_policy *policy = NULL;
    ipgate_gate *gate = NULL;
    ipgate_reader *of_policy = NULL, *of_gate = NULL;
    ipgate_list *d = list_of("10.0.0.0/8:corp"), *a = list_of("192.0.2.7:partner");
    ipgate_gate *gate_d = gate_of("10.0.0.0/8:corp"), *gate_a = gate_of("192.0.2.7:partner");

    CHECK_OK(ipgate_policy_new(&policy));
    if (has_default)
        CHECK_OK(as_gates ? ipgate_policy_set_default_gate(policy, gate_d) : ipgate_policy_set_default(policy, d));
    if (has_app)
        CHECK_OK(as_gates ? ipgate_policy_set_app_gate(policy, gate_a) : ipgate_policy_set_app(policy, a));
    CHECK_OK(ipgate_policy_set_mode(policy, mode));
    CHECK_OK(ipgate_policy_set_enforce(policy, enforce));
    ipgate_list_free(d);
    ipgate_list_free(a);
    ipgate_gate_free(gate_d);
    ipgate_gate_free(gate_a);
    CHECK_OK(ipgate_reader_new_policy(policy, &of_policy));
    if (as_gates && (has_default || has_app)) {
        CHECK(ipgate_gate_new(policy, &gate, NULL) == IPGATE_ERROR_ARGUMENT && gate == NULL);
        CHECK_OK(ipgate_reader_new_policy(policy, &of_gate));
    } else {
        CHECK_OK(ipgate_gate_new(policy, &gate, NULL));
        of_gate = reader_of(gate);
    }
    ipgate_policy_free(policy);
    ipgate_gate_free(gate);
    for (int i = 0; i < 3; i++) {
        CHECK(allows(of_policy, clients[i]) == (expected[i] == '1'));
        CHECK(allows(of_gate, clients[i]) == (expected[i] == '1'));
    }
    ipgate_reader_free(of_gate);
    ipgate_reader_free(of_policy);
}

static void policies(void)
{
    ipgate_policy *policy = NULL;
    ipgate_list *list = list_of("10.0.0.0/8");
    CHECK(IPGATE_EXTEND == 0 && IPGATE_OVERRIDE == 1 && IPGATE_PRECEDE == 2);
    for (int bits = 0; bits < 12; bits++) {
        int enforce = bits & 1, as_gates = bits & 2, mode = bits >> 2;
        row(0, 0, mode, enforce, as_gates, enforce ? "000" : "111");
        row(1, 0, mode, enforce, as_gates, "100");
        row(0, 1, mode, enforce, as_gates, "010");
        row(1, 1, mode, enforce, as_gates, mode == IPGATE_OVERRIDE ? "010" : "110");
    }
    CHECK(ipgate_policy_new(NULL) == IPGATE_ERROR_NULL);
    CHECK_OK(ipgate_policy_new(&policy));
    CHECK(ipgate_policy_set_default(policy, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_default(NULL, list) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_app(policy, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_app(NULL, list) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_default_gate(policy, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_app_gate(policy, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_default_gate(NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_app_gate(NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_mode(policy, 3) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_policy_set_mode(NULL, IPGATE_EXTEND) == IPGATE_ERROR_NULL);
    CHECK(ipgate_policy_set_enforce(NULL, 1) == IPGATE_ERROR_NULL);
    ipgate_policy_free(policy);
    ipgate_policy_free(NULL);
    ipgate_list_free(list);
}

/* Two gates in one policy: longest prefix over both, the app list on equal prefixes, each swapped by itself. */
static void policies_of_gates(void)
{
    ipgate_gate *d = gate_of("10.0.0.0/8:corp,!192.0.2.0/24:out,203.0.113.7:one");
    ipgate_gate *a = NULL;
    ipgate_policy *policy = NULL;
    ipgate_reader *reader = NULL;
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    ipgate_entry entries[4] = { IPGATE_ENTRY_INIT, IPGATE_ENTRY_INIT, IPGATE_ENTRY_INIT, IPGATE_ENTRY_INIT };
    const uint8_t ten[4] = { 10, 9, 1, 1 };
    char text[64];

    CHECK_OK(ipgate_gate_new(NULL, &a, NULL));
    CHECK_OK(ipgate_policy_new(&policy));
    CHECK_OK(ipgate_policy_set_default_gate(policy, d));
    CHECK_OK(ipgate_policy_set_app_gate(policy, a));
    CHECK_OK(ipgate_reader_new_policy(policy, &reader));
    CHECK(ipgate_check_text(reader, "10.9.1.1", 8, &verdict) == IPGATE_DENY); /* the app list never came */
    CHECK(verdict.reason == IPGATE_REASON_NO_LIST && verdict.generation == 2); /* of 2 and 1 */
    CHECK_OK(ipgate_gate_replace_text(a, "!10.9.0.0/16:lab,192.0.2.0/24:in", 32, NULL, NULL));
    CHECK(ipgate_check_text(reader, "10.9.1.1", 8, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_DENY_ENTRY && verdict.origin == IPGATE_ORIGIN_APP);
    CHECK(verdict.generation == 3);
    CHECK(ipgate_verdict_entry(&verdict, text, sizeof text) == strlen("!10.9.0.0/16:lab"));
    CHECK_TEXT(text, "!10.9.0.0/16:lab");
    CHECK(ipgate_check_text(reader, "10.8.1.1", 8, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.origin == IPGATE_ORIGIN_DEFAULT);
    CHECK(ipgate_check_text(reader, "192.0.2.7", 9, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.origin == IPGATE_ORIGIN_APP);
    CHECK(ipgate_check_text(reader, "198.51.100.1", 12, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ENTRY && verdict.origin == IPGATE_ORIGIN_NONE);
    CHECK(ipgate_check_text(reader, "nonsense", 8, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);
    CHECK(allows(reader, "203.0.113.7") && !allows(reader, "203.0.113.8"));
    CHECK(ipgate_explain(reader, ten, 4, entries, 4) == 2);
    CHECK(entries[0].origin == IPGATE_ORIGIN_APP && entries[0].prefix.length == 16 && entries[0].action == 0);
    CHECK(entries[1].origin == IPGATE_ORIGIN_DEFAULT && entries[1].prefix.length == 8 && entries[1].action == 1);
    CHECK_OK(ipgate_gate_replace_text(d, "203.0.113.0/24", 14, NULL, NULL));
    CHECK(allows(reader, "203.0.113.8") && !allows(reader, "10.8.1.1"));
    CHECK(ipgate_check_text(reader, "203.0.113.8", 11, &verdict) && verdict.generation == 4);
    ipgate_reader_pause(reader);
    CHECK(allows(reader, "203.0.113.8"));
    ipgate_gate_free(a);
    ipgate_gate_free(d);
    ipgate_policy_free(policy);
    CHECK(allows(reader, "203.0.113.8"));
    ipgate_reader_free(reader);
}

static void gates(void)
{
    ipgate_gate *gate = NULL, *share = NULL;
    ipgate_reader *reader;
    ipgate_list *list = list_of("10.0.1.0/24:office_ABC");
    ipgate_policy *policy = NULL;
    ipgate_error *error = NULL;
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;

    CHECK(ipgate_gate_new(NULL, NULL, &error) == IPGATE_ERROR_NULL);
    ipgate_error_free(error);
    error = NULL;
    CHECK_OK(ipgate_gate_new(NULL, &gate, &error));
    reader = reader_of(gate);
    CHECK(ipgate_check_text(reader, "10.0.1.7", 8, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_LIST && ipgate_gate_generation(gate) == 1);

    CHECK_OK(ipgate_gate_replace(gate, list, &error));
    CHECK(allows(reader, "10.0.1.7") && ipgate_gate_generation(gate) == 2);
    CHECK_OK(ipgate_gate_replace(gate, list, &error)); /* twice is twice */
    CHECK(allows(reader, "10.0.1.7") && ipgate_gate_generation(gate) == 3);
    CHECK(ipgate_gate_replace_text(gate, "1.2.3.4/33", 10, NULL, &error) == IPGATE_ERROR_LIST);
    CHECK(allows(reader, "10.0.1.7") && ipgate_gate_generation(gate) == 3);
    ipgate_error_free(error);
    CHECK_OK(ipgate_policy_new(&policy));
    CHECK_OK(ipgate_policy_set_app(policy, list));
    CHECK_OK(ipgate_gate_replace_policy(gate, policy, NULL));
    CHECK(allows(reader, "10.0.1.7") && ipgate_gate_generation(gate) == 4);

    CHECK(ipgate_gate_replace(NULL, list, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace(gate, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_policy(NULL, policy, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_policy(gate, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_text(NULL, "10.0.0.1", 8, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_text(gate, NULL, 8, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_image(NULL, (const uint8_t *)"x", 1, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_image(gate, NULL, 1, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_image(gate, NULL, 0, &error) == IPGATE_ERROR_IMAGE);
    ipgate_error_free(error);
    CHECK(ipgate_gate_replace_file(NULL, "x", NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_file(gate, NULL, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_replace_file(gate, "", NULL, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_gate_generation(NULL) == 0);
    CHECK(ipgate_reader_new(NULL, &reader) == IPGATE_ERROR_NULL);
    CHECK(ipgate_reader_new(gate, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_reader_new_policy(NULL, &reader) == IPGATE_ERROR_NULL);
    CHECK(ipgate_reader_new_policy(policy, NULL) == IPGATE_ERROR_NULL);

    CHECK(ipgate_gate_share(NULL, &share) == IPGATE_ERROR_NULL && share == NULL);
    CHECK(ipgate_gate_share(gate, NULL) == IPGATE_ERROR_NULL);
    CHECK_OK(ipgate_gate_share(gate, &share));
    ipgate_gate_free(gate);
    CHECK_OK(ipgate_gate_replace_text(share, "192.0.2.7", 9, NULL, NULL));
    CHECK(allows(reader, "192.0.2.7") && !allows(reader, "10.0.1.7"));
    ipgate_gate_free(share);
    CHECK(allows(reader, "192.0.2.7")); /* the last table stays */
    ipgate_reader_free(reader);
    ipgate_gate_free(NULL);
    ipgate_reader_free(NULL);
    ipgate_reader_pause(NULL);
    ipgate_policy_free(policy);
    ipgate_list_free(list);
}

static void guards(void)
{
    ipgate_gate *gate = gate_of("10.0.0.0/8:corp");
    ipgate_guard guard = IPGATE_GUARD_INIT;
    ipgate_error *error = NULL;
    ipgate_stats stats = IPGATE_STATS_INIT;

    guard.max_shrink_percent = 50;
    guard.must_allow = "10.0.0.1, 10.0.0.2,";
    guard.refuse_empty = 1;
    guard.widest_v4 = 8;
    guard.widest_v6 = 16;
    CHECK_OK(ipgate_gate_set_guard(gate, &guard, NULL));
    CHECK(ipgate_gate_replace_text(gate, "10.0.0.0/16", 11, NULL, &error) == IPGATE_ERROR_REFUSED);
    CHECK(strstr(ipgate_error_message(error), "IPv4 address space") != NULL);
    ipgate_error_free(error);
    CHECK(ipgate_gate_replace_text(gate, "", 0, NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_gate_replace_text(gate, "0.0.0.0/0", 9, NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK(ipgate_gate_replace_text(gate, "10.0.0.0/8,!10.0.0.1", 20, NULL, NULL) == IPGATE_ERROR_REFUSED);
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.failures == 4 && stats.last_failure_micros > stats.last_swap_micros && stats.generation == 2);
    CHECK_OK(ipgate_gate_last_error(gate, &error));
    CHECK(ipgate_error_status(error) == IPGATE_ERROR_REFUSED);
    CHECK(strstr(ipgate_error_message(error), "10.0.0.1") != NULL);
    ipgate_error_free(error);
    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.0/8,192.0.2.7", 20, NULL, NULL));
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.failures == 0);
    CHECK_OK(ipgate_gate_last_error(gate, &error));
    CHECK(ipgate_error_status(error) == IPGATE_OK);
    ipgate_error_free(error);

    guard.must_allow = "10.0.0.1, somewhere";
    CHECK(ipgate_gate_set_guard(gate, &guard, &error) == IPGATE_ERROR_ARGUMENT);
    CHECK(strstr(ipgate_error_message(error), "somewhere") != NULL);
    ipgate_error_free(error);
    guard.must_allow = "\xff";
    CHECK(ipgate_gate_set_guard(gate, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    guard.must_allow = NULL;
    guard.max_shrink_percent = 0.0 / 0.0;
    CHECK(ipgate_gate_set_guard(gate, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    guard.max_shrink_percent = -1;
    guard.widest_v4 = 33;
    CHECK(ipgate_gate_set_guard(gate, &guard, NULL) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_gate_replace_text(gate, "", 0, NULL, NULL) == IPGATE_ERROR_REFUSED); /* the old guard holds */
    guard.widest_v4 = 0;
    guard.widest_v6 = 0;
    guard.refuse_empty = 0;
    CHECK(ipgate_gate_set_guard(NULL, &guard, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_set_guard(gate, NULL, NULL) == IPGATE_ERROR_NULL);
    CHECK_OK(ipgate_gate_set_guard(gate, &guard, NULL));
    CHECK_OK(ipgate_gate_replace_text(gate, "", 0, NULL, NULL));
    ipgate_gate_free(gate);
}

static void checks(void)
{
    ipgate_gate *gate = gate_of("10.0.1.0/24:office_ABC;until=2099-12-31\n!10.0.1.9\n[2001:db8::1]:v6\n10.0.0.0/8");
    ipgate_reader *reader = reader_of(gate);
    ipgate_verdict verdict = IPGATE_VERDICT_INIT, small = IPGATE_VERDICT_INIT;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    const uint8_t mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 1, 7 };
    const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    char text[64];

    memset(&in, 0, sizeof in);
    memset(&in6, 0, sizeof in6);
    memset(&un, 0, sizeof un);
    in.sin_family = AF_INET;
    memcpy(&in.sin_addr, mapped + 12, 4);
    in6.sin6_family = AF_INET6;
    un.sun_family = AF_UNIX;

    CHECK(ipgate_check(reader, (struct sockaddr *)&in, sizeof in, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.decision == IPGATE_ALLOW && verdict.reason == IPGATE_REASON_ALLOW_ENTRY);
    CHECK(verdict.generation == 2 && verdict.origin == IPGATE_ORIGIN_APP);
    CHECK(verdict.prefix.family == 4 && verdict.prefix.length == 24 && verdict.prefix.address[2] == 1);
    CHECK(verdict.label_len == 10 && memcmp(verdict.label, "office_ABC", 10) == 0);
    CHECK(verdict.until_micros == 4102444800000000); /* 2100-01-01T00:00:00Z */
    CHECK(ipgate_verdict_label(&verdict, text, sizeof text) == 10);
    CHECK_TEXT(text, "office_ABC");
    CHECK(ipgate_verdict_label(&verdict, text, 4) == 10);
    CHECK_TEXT(text, "off");
    CHECK(ipgate_verdict_label(&verdict, NULL, 0) == 10);
    CHECK(ipgate_verdict_label(NULL, text, sizeof text) == 0);
    CHECK_TEXT(text, "");
    CHECK(ipgate_verdict_label(&verdict, NULL, 5) == 0);
    CHECK(ipgate_verdict_entry(&verdict, text, sizeof text) == strlen("10.0.1.0/24:office_ABC;until=2099-12-31"));
    CHECK_TEXT(text, "10.0.1.0/24:office_ABC;until=2099-12-31");
    CHECK(ipgate_verdict_entry(NULL, text, sizeof text) == 0);
    CHECK(ipgate_prefix_text(&verdict.prefix, text, sizeof text) == 11);
    CHECK_TEXT(text, "10.0.1.0/24");
    CHECK(ipgate_prefix_text(NULL, text, sizeof text) == 0);
    CHECK(ipgate_shown("a\033[31m\xe2\x80\xae.list\n", 15, text, sizeof text) == 26);
    CHECK_TEXT(text, "a\\u{1b}[31m\\u{202e}.list\\n");
    CHECK(ipgate_shown("\xc3\xbc \"\\'\377", 7, text, sizeof text) == 9);
    CHECK_TEXT(text, "\xc3\xbc \"\\'\xef\xbf\xbd");
    CHECK(ipgate_shown("a.list", 6, NULL, 0) == 6);
    CHECK(ipgate_shown("a\nb", 3, text, 3) == 4);
    CHECK_TEXT(text, "a\\");
    CHECK(ipgate_shown(NULL, 0, text, sizeof text) == 0);
    CHECK(ipgate_shown(NULL, 3, text, sizeof text) == 0);
    CHECK_TEXT(text, "");
    CHECK(ipgate_shown("a", 1, NULL, 3) == 0);
    verdict.prefix.family = 9;
    CHECK(ipgate_prefix_text(&verdict.prefix, text, sizeof text) == 0);
    verdict.prefix.family = 4;
    verdict.prefix.length = 33;
    CHECK(ipgate_prefix_text(&verdict.prefix, text, sizeof text) == 0);

    CHECK(ipgate_check(reader, (struct sockaddr *)&in6, sizeof in6, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ENTRY && verdict.label_len == 0 && verdict.prefix.family == 0);
    memcpy(&in6.sin6_addr, mapped, 16);
    CHECK(ipgate_check(reader, (struct sockaddr *)&in6, sizeof in6, &verdict) == IPGATE_ALLOW);
    CHECK(verdict.prefix.family == 4);
    memcpy(&in6.sin6_addr, v6, 16);
    CHECK(ipgate_check(reader, (struct sockaddr *)&in6, sizeof in6, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_check(reader, (struct sockaddr *)&un, sizeof un, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);
    for (socklen_t len = 0; len < sizeof in; len++) {
        verdict.decision = IPGATE_ALLOW; /* an old answer */
        CHECK(ipgate_check(reader, (struct sockaddr *)&in, len, &verdict) == IPGATE_DENY);
        CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_NO_ADDRESS);
    }
    for (socklen_t len = 0; len < sizeof in6; len++)
        CHECK(ipgate_check(reader, (struct sockaddr *)&in6, len, NULL) == IPGATE_DENY);
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_check(reader, NULL, sizeof in, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    verdict.decision = IPGATE_ALLOW;
    CHECK(ipgate_check(NULL, (struct sockaddr *)&in, sizeof in, &verdict) == IPGATE_DENY);
    CHECK(verdict.decision == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);

    CHECK(ipgate_check_bytes(reader, mapped + 12, 4, &verdict) == IPGATE_ALLOW);
    CHECK(ipgate_check_bytes(reader, mapped, 16, &verdict) == IPGATE_ALLOW);
    CHECK(ipgate_check_bytes(reader, v6, 16, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_check_bytes(reader, mapped, 5, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);
    CHECK(ipgate_check_bytes(reader, NULL, 0, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);
    CHECK(ipgate_check_bytes(reader, NULL, 4, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_FAILED);
    CHECK(ipgate_check_bytes(NULL, mapped, 16, NULL) == IPGATE_DENY);

    CHECK(ipgate_check_text(reader, "10.0.1.9", 8, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_DENY_ENTRY && verdict.prefix.length == 32);
    CHECK(ipgate_verdict_entry(&verdict, text, sizeof text) == 9);
    CHECK_TEXT(text, "!10.0.1.9");
    CHECK(ipgate_check_text(reader, "10.0.1.7 trailing", 8, NULL) == IPGATE_ALLOW);
    CHECK(ipgate_check_text(reader, "010.0.1.7", 9, &verdict) == IPGATE_DENY);
    CHECK(verdict.reason == IPGATE_REASON_NO_ADDRESS);
    CHECK(ipgate_check_text(reader, "\xff\0", 2, NULL) == IPGATE_DENY);
    CHECK(ipgate_check_text(reader, NULL, 3, &verdict) == IPGATE_DENY && verdict.reason == IPGATE_REASON_FAILED);
    CHECK(ipgate_check_text(NULL, "10.0.1.7", 8, NULL) == IPGATE_DENY);

    /* Without the entry where that is not wanted. */
    verdict.want = 0;
    CHECK(ipgate_check_text(reader, "10.0.1.7", 8, &verdict) == IPGATE_ALLOW && verdict.want == 0);
    CHECK(verdict.label_len == 10 && verdict.reason == IPGATE_REASON_ALLOW_ENTRY && verdict.generation == 2);
    CHECK(verdict.prefix.family == 0 && verdict.until_micros == 0 && verdict.origin == IPGATE_ORIGIN_APP);
    CHECK(ipgate_verdict_entry(&verdict, text, sizeof text) == 0);

    /* A verdict of a size that no version has cannot be written: that denies. */
    small.size = 16;
    CHECK(ipgate_check_text(reader, "10.0.1.7", 8, &small) == IPGATE_DENY && small.decision == IPGATE_DENY);
    memset(&small, 0, sizeof small);
    CHECK(ipgate_check_text(reader, "10.0.1.7", 8, &small) == IPGATE_DENY && small.decision == IPGATE_DENY);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void batches(void)
{
    ipgate_gate *gate = gate_of("10.0.0.0/8,2001:db8::/32");
    ipgate_reader *reader = reader_of(gate);
    const uint8_t addresses[3][16] = {
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 1, 7 },
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 1, 7 },
        { 0x20, 0x01, 0x0d, 0xb8 },
    };
    uint8_t decisions[4] = { 7, 7, 7, 7 };

    CHECK(ipgate_check_batch(reader, addresses[0], 3, decisions) == 2);
    CHECK(decisions[0] == 1 && decisions[1] == 0 && decisions[2] == 1 && decisions[3] == 7);
    decisions[0] = 7;
    CHECK(ipgate_check_batch(NULL, addresses[0], 3, decisions) == 0 && decisions[0] == 0);
    decisions[0] = 7;
    CHECK(ipgate_check_batch(reader, NULL, 3, decisions) == 0 && decisions[0] == 0);
    CHECK(ipgate_check_batch(reader, addresses[0], 3, NULL) == 0);
    CHECK(ipgate_check_batch(reader, addresses[0], 0, NULL) == 0);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void explanations(void)
{
    ipgate_gate *gate = NULL;
    ipgate_reader *reader;
    ipgate_entry entries[3] = { IPGATE_ENTRY_INIT, IPGATE_ENTRY_INIT, IPGATE_ENTRY_INIT };
    struct { ipgate_entry known; char unknown[40]; } newer[2];
    const uint8_t address[4] = { 10, 9, 1, 1 };
    const char *list = "10.0.0.0/8:corp,!10.9.0.0/16:lab\n10.9.1.0/24:ci;until=2099-12-31,192.0.2.7;until=2098-12-31";

    write_file("explain.list", list);
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK_OK(ipgate_gate_replace_file(gate, "explain.list", NULL, NULL));
    reader = reader_of(gate);
    CHECK(ipgate_explain(reader, address, 4, entries, 3) == 3);
    CHECK(entries[0].prefix.length == 24 && entries[0].action == IPGATE_ALLOW && entries[0].line == 2);
    CHECK(entries[0].until_micros == 4102444800000000);
    CHECK(entries[1].prefix.length == 16 && entries[1].action == IPGATE_DENY && entries[1].line == 1);
    CHECK(entries[1].label_len == 3 && memcmp(entries[1].label, "lab", 3) == 0);
    CHECK(entries[2].source_len == 12 && memcmp(entries[2].source, "explain.list", 12) == 0);
    entries[1].line = 77;
    CHECK(ipgate_explain(reader, address, 4, entries, 1) == 3 && entries[1].line == 77);
    CHECK(ipgate_explain(reader, address, 4, NULL, 0) == 3);
    CHECK(ipgate_explain(reader, address, 4, NULL, 1) == 0);
    CHECK(ipgate_explain(reader, NULL, 4, entries, 3) == 0);
    CHECK(ipgate_explain(NULL, address, 4, entries, 3) == 0);
    CHECK(ipgate_explain(reader, address, 3, entries, 3) == 0);
    entries[0].size = 3;
    CHECK(ipgate_explain(reader, address, 4, entries, 3) == 0);

    /* Elements are as long as the first one says. */
    memset(newer, 0, sizeof newer);
    newer[0].known.size = sizeof newer[0];
    CHECK(ipgate_explain(reader, address, 4, &newer[0].known, 2) == 3);
    CHECK(newer[0].known.prefix.length == 24 && newer[1].known.prefix.length == 16);
    CHECK(newer[1].known.size == sizeof newer[1]);

    entries[0].size = sizeof entries[0];
    CHECK(ipgate_expiring(reader, 4102444800000000, entries, 3) == 2);
    CHECK(entries[0].prefix.address[0] == 192 && entries[1].prefix.address[0] == 10);
    CHECK(ipgate_expiring(reader, 4102444800000000 - 1, entries, 3) == 1);
    CHECK(ipgate_expiring(reader, 0, NULL, 0) == 0);
    CHECK(ipgate_expiring(NULL, 0, NULL, 0) == 0);
    ipgate_reader_free(reader);
    ipgate_gate_free(gate);
}

static void statistics(void)
{
    ipgate_gate *gate = gate_of("10.0.0.5/8,192.0.2.7;until=2099-12-31");
    ipgate_options options = IPGATE_OPTIONS_INIT;
    ipgate_stats stats = IPGATE_STATS_INIT;
    ipgate_error *error = NULL;
    char text[32];
    /* printf '10.0.0.1' | sha256sum */
    const uint8_t digest[4] = { 0xf5, 0x04, 0x73, 0x44 };

    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.entries == 2 && stats.bytes > 0 && stats.generation == 2 && stats.failures == 0);
    CHECK(stats.last_swap_micros > 1700000000000000 && stats.last_failure_micros == 0);
    CHECK(stats.next_expiry_micros == 4102444800000000);
    CHECK(ipgate_gate_source(gate, text, sizeof text) == 0);
    CHECK_OK(ipgate_gate_warnings(gate, &error));
    CHECK(ipgate_error_count_warnings(error) == 1);
    ipgate_error_free(error);
    options.source = "inline list";
    options.flags = IPGATE_LENIENT;
    CHECK(ipgate_gate_replace_text(gate, "abc", 3, &options, NULL) == IPGATE_ERROR_LIST);
    CHECK_OK(ipgate_gate_replace_text(gate, "10.0.0.1", 8, &options, NULL));
    CHECK(ipgate_gate_source(gate, text, sizeof text) == 11);
    CHECK_TEXT(text, "inline list");
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(memcmp(stats.digest, digest, 4) == 0);
    CHECK_OK(ipgate_gate_replace_text(gate, "# abc\n", 6, NULL, NULL));
    CHECK_OK(ipgate_gate_stats(gate, &stats));
    CHECK(stats.entries == 0 && memcmp(stats.digest, digest, 4) != 0 && stats.next_expiry_micros == 0);
    CHECK_OK(ipgate_gate_warnings(gate, &error));
    CHECK(ipgate_error_diagnostics(error) == 0);
    ipgate_error_free(error);

    CHECK(ipgate_gate_stats(NULL, &stats) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_stats(gate, NULL) == IPGATE_ERROR_NULL);
    stats.size = 1;
    CHECK(ipgate_gate_stats(gate, &stats) == IPGATE_ERROR_ARGUMENT);
    CHECK(ipgate_gate_source(NULL, text, sizeof text) == 0);
    CHECK(ipgate_gate_warnings(NULL, &error) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_warnings(gate, NULL) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_last_error(NULL, &error) == IPGATE_ERROR_NULL);
    CHECK(ipgate_gate_last_error(gate, NULL) == IPGATE_ERROR_NULL);
    ipgate_gate_free(gate);
}

int main(void)
{
    versions();
    errors_are_walked();
    options_are_checked();
    lists_are_read();
    policies();
    policies_of_gates();
    gates();
    guards();
    checks();
    batches();
    explanations();
    statistics();
    puts("ok");
    return 0;
}
