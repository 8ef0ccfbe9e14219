/* The shared acceptance vectors of lists and policies through the C interface; site_cases.c has those of sites. */
#include "case_file.h"

/* What the interface does not offer; cases and lines that need it are named and counted. */
static const char *const unsupported_given[] = { "now", NULL };
static const char *const unsupported_expected[] = { "canonical", "format", "mode-setting", "enforce-setting", NULL };
struct place {
    unsigned line, column;
    char code[64];
    int severity, met;
    struct text token, suggest;
};

struct test_case {
    char name[256];
    struct text list, fallback;
    int mode, enforce, rejected;
    ipgate_options options;
    struct place places[MAX_EXPECTED];
    struct expected_verdict checks[MAX_EXPECTED];
    int place_count, check_count;
    const char *skip;
};

static struct test_case test;
static int ran, skipped, lines_skipped, sites;
static void read_options(char *value)
{
    for (char *word = strtok(value, " "); word; word = strtok(NULL, " ")) {
        if (strcmp(word, "lenient") == 0)
            test.options.flags |= IPGATE_LENIENT;
        else if (strcmp(word, "lint") == 0)
            test.options.flags |= IPGATE_LINT;
        else if (strcmp(word, "deny-warnings") == 0)
            test.options.flags |= IPGATE_DENY_WARNINGS;
        else if (strncmp(word, "max-entries=", 12) == 0)
            test.options.max_entries = strtoull(word + 12, NULL, 10);
        else if (strncmp(word, "max-bytes=", 10) == 0)
            test.options.max_bytes = strtoull(word + 10, NULL, 10);
        else
            fail("unknown option", word);
    }
}

static void read_check(const char *value)
{
    struct expected_verdict *check = &test.checks[test.check_count++];
    char address[512], decision[16], label[MAX_LINE];
    if (test.check_count > MAX_EXPECTED)
        fail("more checks than a case may have here", value);
    if (sscanf(value, "%511s %15s %63s %4095[^\n]", address, decision, check->prefix, label) != 4)
        fail("not ADDRESS DECISION PREFIX LABEL", value);
    unescape(&check->address, address);
    read_decision(check, decision);
    read_label(check, label);
}

static void read_place(const char *value, int severity)
{
    struct place *place = &test.places[test.place_count++];
    if (test.place_count > MAX_EXPECTED)
        fail("more errors and warnings than a case may have here", value);
    place->severity = severity;
    if (sscanf(value, "%u %u %63s", &place->line, &place->column, place->code) != 3)
        fail("not LINE COLUMN CODE", value);
}

static void read_line(const char *key, char *value)
{
    struct place *last = test.place_count ? &test.places[test.place_count - 1] : NULL;
    if (test.skip == of_sites || strcmp(key, of_sites) == 0)
        test.skip = of_sites;
    else if (is_in(key, unsupported_given))
        test.skip = "now";
    else if (is_in(key, unsupported_expected))
        lines_skipped++;
    else if (strcmp(key, "list") == 0)
        unescape(&test.list, value);
    else if (strcmp(key, "default") == 0)
        unescape(&test.fallback, value);
    else if (strcmp(key, "mode") == 0)
        test.mode = mode_of(value);
    else if (strcmp(key, "enforce") == 0)
        test.enforce = enforce_of(value);
    else if (strcmp(key, "options") == 0)
        read_options(value);
    else if (strcmp(key, "error") == 0)
        read_place(value, IPGATE_ERROR);
    else if (strcmp(key, "warning") == 0)
        read_place(value, IPGATE_WARNING);
    else if (strcmp(key, "token") == 0 && last != NULL)
        unescape(&last->token, value);
    else if (strcmp(key, "suggest") == 0 && last != NULL)
        unescape(&last->suggest, value);
    else if (strcmp(key, "rejected") == 0)
        test.rejected = 1;
    else if (strcmp(key, "check") == 0)
        read_check(value);
    else if (strcmp(key, "reason") == 0 && test.check_count > 0)
        snprintf(test.checks[test.check_count - 1].reason, 32, "%s", value);
    else
        fail("unknown key", key);
}

/* C reads texts up to a NUL, for which the library writes U+FFFD; so does this. */
static void compare_token(const struct text *expected, const char *actual)
{
    char shown[3 * MAX_LINE];
    size_t len = 0;
    for (size_t i = 0; i < expected->len; i++) {
        if (expected->bytes[i] == 0) {
            memcpy(shown + len, "\xef\xbf\xbd", 3);
            len += 3;
        } else {
            shown[len++] = expected->bytes[i];
        }
    }
    shown[len] = 0;
    if (strstr(shown, "\xff") == NULL && strcmp(shown, actual) != 0)
        fail(test.name, actual);
}

static void compare_places(const ipgate_error *report)
{
    for (size_t i = 0; i < ipgate_error_diagnostics(report); i++) {
        ipgate_diagnostic diagnostic = IPGATE_DIAGNOSTIC_INIT;
        struct place *found = NULL;
        CHECK_OK(ipgate_error_diagnostic(report, i, &diagnostic));
        for (int j = 0; j < test.place_count && found == NULL; j++) {
            struct place *place = &test.places[j];
            if (!place->met && place->severity == diagnostic.severity && place->line == diagnostic.line
                && place->column == diagnostic.column && strcmp(place->code, diagnostic.code) == 0)
                found = place;
        }
        if (found == NULL) {
            fprintf(stderr, "%u:%u %s: %s\n", diagnostic.line, diagnostic.column, diagnostic.code, diagnostic.message);
            fail("not expected", test.name);
        }
        found->met = 1;
        if (found->token.is_set)
            compare_token(&found->token, diagnostic.token);
        if (found->suggest.is_set) {
            char quoted[MAX_LINE + 3];
            int none = found->suggest.len == 0; /* no entry is told to be written */
            snprintf(quoted, sizeof quoted, none ? "write `" : "`%.*s`", (int)found->suggest.len, found->suggest.bytes);
            if (diagnostic.suggestion == NULL || (strstr(diagnostic.suggestion, quoted) == NULL) != none)
                fail(test.name, diagnostic.suggestion ? diagnostic.suggestion : "no suggestion");
        }
    }
    for (int j = 0; j < test.place_count; j++)
        if (!test.places[j].met)
            fail(test.name, test.places[j].code);
}

/* What a case is asked of: a reader of a policy, or one of a site. */
struct asked {
    ipgate_reader *reader;
    ipgate_site_reader *site;
};

static int ask(const struct asked *asked, const struct text *address, ipgate_verdict *verdict)
{
    if (asked->site != NULL)
        return ipgate_site_check_name_text(asked->site, "app", 3, address->bytes, address->len, verdict);
    return ipgate_check_text(asked->reader, address->bytes, address->len, verdict);
}

static void run_check(const struct expected_verdict *check, const struct asked *asked)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    int decision = ask(asked, &check->address, &verdict);
    compare_verdict(test.name, check, decision, &verdict);
    if (ask(asked, &check->address, NULL) != decision)
        fail("another decision without a verdict", test.name);
}

/* As a policy of lists, or as one of gates: the answers are the same. */
static ipgate_reader *reader_for(const ipgate_list *list, int as_gates)
{
    ipgate_policy *policy = NULL;
    ipgate_reader *reader = NULL;
    ipgate_list *fallback = NULL;
    ipgate_gate *gate = NULL;
    CHECK_OK(ipgate_policy_new(&policy));
    CHECK_OK(ipgate_policy_set_mode(policy, test.mode));
    CHECK_OK(ipgate_policy_set_enforce(policy, test.enforce));
    if (list != NULL) {
        CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
        CHECK_OK(ipgate_gate_replace(gate, list, NULL));
        CHECK_OK(as_gates ? ipgate_policy_set_app_gate(policy, gate) : ipgate_policy_set_app(policy, list));
        ipgate_gate_free(gate);
    }
    if (test.fallback.is_set) {
        CHECK_OK(ipgate_list_parse(test.fallback.bytes, test.fallback.len, NULL, &fallback, NULL));
        CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
        CHECK_OK(ipgate_gate_replace(gate, fallback, NULL));
        CHECK_OK(as_gates ? ipgate_policy_set_default_gate(policy, gate)
                          : ipgate_policy_set_default(policy, fallback));
        ipgate_gate_free(gate);
    }
    CHECK_OK(ipgate_reader_new_policy(policy, &reader));
    ipgate_list_free(fallback);
    ipgate_policy_free(policy);
    return reader;
}

/* As a site, whose app has the case's list. */
static ipgate_site_reader *site_for(void)
{
    ipgate_site *site = NULL;
    ipgate_site_reader *reader = NULL;
    ipgate_app_settings app = IPGATE_APP_SETTINGS_INIT;
    app.text = test.list.is_set ? test.list.bytes : NULL;
    app.text_len = test.list.len;
    CHECK_OK(ipgate_site_new(&site, NULL));
    CHECK_OK(ipgate_site_set_rules(site, test.mode, test.enforce, 0, NULL));
    CHECK_OK(ipgate_site_set_app(site, "app", 3, &app, &test.options, 0, NULL));
    if (test.fallback.is_set)
        CHECK_OK(ipgate_site_set_default(site, test.fallback.bytes, test.fallback.len, NULL, NULL));
    CHECK_OK(ipgate_site_reader_new(site, &reader, NULL));
    ipgate_site_free(site);
    return reader;
}

static void run(void)
{
    ipgate_list *list = NULL;
    ipgate_error *report = NULL;
    int errors = 0, rejects;
    if (test.skip == of_sites) {
        sites++;
        return;
    }
    if (test.skip != NULL) {
        printf("skipped for \"%s\": %s: %s\n", test.skip, file_name, test.name);
        skipped++;
        return;
    }
    for (int i = 0; i < test.place_count; i++)
        errors += test.places[i].severity == IPGATE_ERROR;
    rejects = test.rejected || (errors > 0 && !(test.options.flags & IPGATE_LENIENT));
    if (test.list.is_set) {
        ipgate_status status =
                ipgate_list_parse(test.list.bytes, test.list.len, &test.options, &list, &report);
        if (status != (rejects ? IPGATE_ERROR_LIST : IPGATE_OK))
            fail(test.name, ipgate_error_message(report));
        if (!rejects)
            CHECK_OK(ipgate_list_warnings(list, &report));
        compare_places(report);
        ipgate_error_free(report);
    }
    for (int way = 0; way < 3 && test.check_count > 0; way++) {
        struct asked asked = { NULL, NULL };
        if (way < 2)
            asked.reader = reader_for(list, way);
        else
            asked.site = site_for();
        for (int i = 0; i < test.check_count; i++)
            run_check(&test.checks[i], &asked);
        ipgate_reader_free(asked.reader);
        ipgate_site_reader_free(asked.site);
    }
    ipgate_list_free(list);
    ran++;
}

static void begin(const char *name)
{
    const ipgate_options options = IPGATE_OPTIONS_INIT;
    memset(&test, 0, sizeof test);
    snprintf(test.name, sizeof test.name, "%s", name);
    test.options = options;
}

int main(void)
{
    const struct case_runner runner = { begin, read_line, run };
    run_all(&runner);
    printf("lines skipped, for keys that the C interface does not have: %d (canonical, format, mode-setting, "
           "enforce-setting)\n", lines_skipped);
    printf("ran %d cases, skipped %d, left %d of sites to site_cases\n", ran, skipped, sites);
    CHECK(ran > 0);
    return 0;
}
