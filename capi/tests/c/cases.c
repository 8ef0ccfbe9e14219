/* The shared acceptance vectors (tests/cases/README.md has the format) through the C interface. */
#include "test.h"

#include <dirent.h>

#define MAX_EXPECTED 64
#define MAX_LINE 4096

/* What the interface does not offer; cases and lines that need it are named and counted. */
static const char *const unsupported_given[] = { "now", NULL };
static const char *const unsupported_expected[] = { "canonical", "format", "mode-setting", "enforce-setting", NULL };
/* The interface has no sites yet: a case that begins with this line is skipped whole. */
static const char of_sites[] = "site";

/* A text of the format: escapes are undone, so it may hold any byte. */
struct text {
    char bytes[MAX_LINE];
    size_t len;
    int is_set;
};

struct place {
    unsigned line, column;
    char code[64];
    int severity, met;
    struct text token, suggest;
};

struct expected_check {
    struct text address, label;
    int allow;
    char prefix[64], reason[32];
};

struct test_case {
    char name[256];
    struct text list, fallback;
    int mode, enforce, rejected;
    ipgate_options options;
    struct place places[MAX_EXPECTED];
    struct expected_check checks[MAX_EXPECTED];
    int place_count, check_count;
    const char *skip;
};

static int ran, skipped, lines_skipped;
static char file_name[512];
static int line_number;

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file_name, line_number, what, detail);
    exit(1);
}

static int hex(int digit)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, digit | 32);
    if (digit == 0 || at == NULL)
        fail("not a hexadecimal digit", "\\x takes two");
    return (int)(at - digits);
}

static void unescape(struct text *text, const char *from)
{
    text->len = 0;
    text->is_set = 1;
    for (; *from; from++) {
        char byte = *from;
        if (byte == '\\') {
            static const char names[] = "nrt0s\\", bytes[] = "\n\r\t\0 \\";
            const char *at;
            byte = *++from;
            at = byte ? strchr(names, byte) : NULL;
            if (at != NULL) {
                byte = bytes[at - names];
            } else if (byte == 'x') {
                byte = (char)(hex(from[1]) * 16 + hex(from[2]));
                from += 2;
            } else {
                fail("unknown escape", from);
            }
        }
        text->bytes[text->len++] = byte;
    }
}

static int is_in(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return 1;
    return 0;
}

static void read_options(struct test_case *test, char *value)
{
    for (char *word = strtok(value, " "); word; word = strtok(NULL, " ")) {
        if (strcmp(word, "lenient") == 0)
            test->options.flags |= IPGATE_LENIENT;
        else if (strcmp(word, "lint") == 0)
            test->options.flags |= IPGATE_LINT;
        else if (strcmp(word, "deny-warnings") == 0)
            test->options.flags |= IPGATE_DENY_WARNINGS;
        else if (strncmp(word, "max-entries=", 12) == 0)
            test->options.max_entries = strtoull(word + 12, NULL, 10);
        else if (strncmp(word, "max-bytes=", 10) == 0)
            test->options.max_bytes = strtoull(word + 10, NULL, 10);
        else
            fail("unknown option", word);
    }
}

static int mode_of(const char *value)
{
    const char *const modes[] = { "extend", "override", "precede" }; /* by number */
    for (int mode = IPGATE_EXTEND; mode <= IPGATE_PRECEDE; mode++)
        if (strcmp(value, modes[mode]) == 0)
            return mode;
    fail("no mode", value);
    return IPGATE_EXTEND;
}

static void read_check(struct test_case *test, const char *value)
{
    struct expected_check *check = &test->checks[test->check_count++];
    char address[512], decision[16], label[MAX_LINE];
    if (test->check_count > MAX_EXPECTED)
        fail("more checks than a case may have here", value);
    if (sscanf(value, "%511s %15s %63s %4095[^\n]", address, decision, check->prefix, label) != 4)
        fail("not ADDRESS DECISION PREFIX LABEL", value);
    unescape(&check->address, address);
    check->allow = strcmp(decision, "allow") == 0;
    if (!check->allow && strcmp(decision, "deny") != 0)
        fail("neither allow nor deny", decision);
    unescape(&check->label, strcmp(label, "-") == 0 ? "" : label);
}

static void read_place(struct test_case *test, const char *value, int severity)
{
    struct place *place = &test->places[test->place_count++];
    if (test->place_count > MAX_EXPECTED)
        fail("more errors and warnings than a case may have here", value);
    place->severity = severity;
    if (sscanf(value, "%u %u %63s", &place->line, &place->column, place->code) != 3)
        fail("not LINE COLUMN CODE", value);
}

static void read_line(struct test_case *test, const char *key, char *value)
{
    struct place *last = test->place_count ? &test->places[test->place_count - 1] : NULL;
    if (test->skip == of_sites || strcmp(key, of_sites) == 0)
        test->skip = of_sites;
    else if (is_in(key, unsupported_given))
        test->skip = "now";
    else if (is_in(key, unsupported_expected))
        lines_skipped++;
    else if (strcmp(key, "list") == 0)
        unescape(&test->list, value);
    else if (strcmp(key, "default") == 0)
        unescape(&test->fallback, value);
    else if (strcmp(key, "mode") == 0)
        test->mode = mode_of(value);
    else if (strcmp(key, "enforce") == 0)
        test->enforce = strcmp(value, "true") == 0;
    else if (strcmp(key, "options") == 0)
        read_options(test, value);
    else if (strcmp(key, "error") == 0)
        read_place(test, value, IPGATE_ERROR);
    else if (strcmp(key, "warning") == 0)
        read_place(test, value, IPGATE_WARNING);
    else if (strcmp(key, "token") == 0 && last != NULL)
        unescape(&last->token, value);
    else if (strcmp(key, "suggest") == 0 && last != NULL)
        unescape(&last->suggest, value);
    else if (strcmp(key, "rejected") == 0)
        test->rejected = 1;
    else if (strcmp(key, "check") == 0)
        read_check(test, value);
    else if (strcmp(key, "reason") == 0 && test->check_count > 0)
        snprintf(test->checks[test->check_count - 1].reason, 32, "%s", value);
    else
        fail("unknown key", key);
}

/* C reads texts up to a NUL, for which the library writes U+FFFD; so does this. */
static void compare_token(const struct test_case *test, const struct text *expected, const char *actual)
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
        fail(test->name, actual);
}

static void compare_places(struct test_case *test, const ipgate_error *report)
{
    for (size_t i = 0; i < ipgate_error_diagnostics(report); i++) {
        ipgate_diagnostic diagnostic = IPGATE_DIAGNOSTIC_INIT;
        struct place *found = NULL;
        CHECK_OK(ipgate_error_diagnostic(report, i, &diagnostic));
        for (int j = 0; j < test->place_count && found == NULL; j++) {
            struct place *place = &test->places[j];
            if (!place->met && place->severity == diagnostic.severity && place->line == diagnostic.line
                && place->column == diagnostic.column && strcmp(place->code, diagnostic.code) == 0)
                found = place;
        }
        if (found == NULL) {
            fprintf(stderr, "%u:%u %s: %s\n", diagnostic.line, diagnostic.column, diagnostic.code, diagnostic.message);
            fail("not expected", test->name);
        }
        found->met = 1;
        if (found->token.is_set)
            compare_token(test, &found->token, diagnostic.token);
        if (found->suggest.is_set) {
            char quoted[MAX_LINE + 3];
            int none = found->suggest.len == 0; /* no entry is told to be written */
            snprintf(quoted, sizeof quoted, none ? "write `" : "`%.*s`", (int)found->suggest.len, found->suggest.bytes);
            if (diagnostic.suggestion == NULL || (strstr(diagnostic.suggestion, quoted) == NULL) != none)
                fail(test->name, diagnostic.suggestion ? diagnostic.suggestion : "no suggestion");
        }
    }
    for (int j = 0; j < test->place_count; j++)
        if (!test->places[j].met)
            fail(test->name, test->places[j].code);
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

static void run_check(const struct test_case *test, const struct expected_check *check, const struct asked *asked)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    char prefix[64];
    int decision = ask(asked, &check->address, &verdict);
    if (decision != check->allow || verdict.decision != decision)
        fail(test->name, check->address.bytes);
    if (ipgate_prefix_text(&verdict.prefix, prefix, sizeof prefix) == 0)
        strcpy(prefix, "-");
    if (strcmp(prefix, check->prefix) != 0)
        fail(test->name, prefix);
    if (verdict.label_len != check->label.len || memcmp(verdict.label, check->label.bytes, verdict.label_len) != 0)
        fail("another label", test->name);
    if (check->reason[0] && strcmp(ipgate_reason_name(verdict.reason), check->reason) != 0)
        fail("another reason", test->name);
    if (ask(asked, &check->address, NULL) != decision)
        fail("another decision without a verdict", test->name);
}

/* As a policy of lists, or as one of gates: the answers are the same. */
static ipgate_reader *reader_for(const struct test_case *test, const ipgate_list *list, int as_gates)
{
    ipgate_policy *policy = NULL;
    ipgate_reader *reader = NULL;
    ipgate_list *fallback = NULL;
    ipgate_gate *gate = NULL;
    CHECK_OK(ipgate_policy_new(&policy));
    CHECK_OK(ipgate_policy_set_mode(policy, test->mode));
    CHECK_OK(ipgate_policy_set_enforce(policy, test->enforce));
    if (list != NULL) {
        CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
        CHECK_OK(ipgate_gate_replace(gate, list, NULL));
        CHECK_OK(as_gates ? ipgate_policy_set_app_gate(policy, gate) : ipgate_policy_set_app(policy, list));
        ipgate_gate_free(gate);
    }
    if (test->fallback.is_set) {
        CHECK_OK(ipgate_list_parse(test->fallback.bytes, test->fallback.len, NULL, &fallback, NULL));
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
static ipgate_site_reader *site_for(const struct test_case *test)
{
    ipgate_site *site = NULL;
    ipgate_site_reader *reader = NULL;
    ipgate_app_settings app = IPGATE_APP_SETTINGS_INIT;
    app.text = test->list.is_set ? test->list.bytes : NULL;
    app.text_len = test->list.len;
    CHECK_OK(ipgate_site_new(&site, NULL));
    CHECK_OK(ipgate_site_set_rules(site, test->mode, test->enforce, 0, NULL));
    CHECK_OK(ipgate_site_set_app(site, "app", 3, &app, &test->options, 0, NULL));
    if (test->fallback.is_set)
        CHECK_OK(ipgate_site_set_default(site, test->fallback.bytes, test->fallback.len, NULL, NULL));
    CHECK_OK(ipgate_site_reader_new(site, &reader, NULL));
    ipgate_site_free(site);
    return reader;
}

static void run(struct test_case *test)
{
    ipgate_list *list = NULL;
    ipgate_error *report = NULL;
    int errors = 0, rejects;
    if (test->name[0] == 0)
        return;
    if (test->skip != NULL) {
        printf("skipped for \"%s\": %s: %s\n", test->skip, file_name, test->name);
        skipped++;
        return;
    }
    for (int i = 0; i < test->place_count; i++)
        errors += test->places[i].severity == IPGATE_ERROR;
    rejects = test->rejected || (errors > 0 && !(test->options.flags & IPGATE_LENIENT));
    if (test->list.is_set) {
        ipgate_status status =
                ipgate_list_parse(test->list.bytes, test->list.len, &test->options, &list, &report);
        if (status != (rejects ? IPGATE_ERROR_LIST : IPGATE_OK))
            fail(test->name, ipgate_error_message(report));
        if (!rejects)
            CHECK_OK(ipgate_list_warnings(list, &report));
        compare_places(test, report);
        ipgate_error_free(report);
    }
    for (int way = 0; way < 3 && test->check_count > 0; way++) {
        struct asked asked = { NULL, NULL };
        if (way < 2)
            asked.reader = reader_for(test, list, way);
        else
            asked.site = site_for(test);
        for (int i = 0; i < test->check_count; i++)
            run_check(test, &test->checks[i], &asked);
        ipgate_reader_free(asked.reader);
        ipgate_site_reader_free(asked.site);
    }
    ipgate_list_free(list);
    ran++;
}

static void begin(struct test_case *test, const char *name)
{
    const ipgate_options options = IPGATE_OPTIONS_INIT;
    memset(test, 0, sizeof *test);
    snprintf(test->name, sizeof test->name, "%s", name);
    test->options = options;
}

static void run_file(void)
{
    static struct test_case test;
    char line[MAX_LINE];
    int before = ran + skipped;
    FILE *file = fopen(file_name, "r");
    CHECK(file != NULL);
    begin(&test, "");
    for (line_number = 1; fgets(line, sizeof line, file); line_number++) {
        char *value = strchr(line, ':');
        size_t len = strcspn(line, "\n");
        line[len] = 0;
        if (len == 0 || line[0] == '#')
            continue;
        if (value == NULL || value >= line + len)
            fail("not KEY: VALUE", line);
        *value++ = 0;
        value += *value == ' ';
        if (strcmp(line, "case") == 0) {
            run(&test);
            begin(&test, value);
        } else {
            read_line(&test, line, value);
        }
    }
    run(&test);
    fclose(file);
    if (ran + skipped == before)
        fail("a file without cases", file_name);
}

int main(void)
{
    const char *directory = getenv("IPGATE_CASES");
    struct dirent *entry;
    DIR *dir;
    CHECK(directory != NULL);
    dir = opendir(directory);
    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len < 5 || strcmp(entry->d_name + len - 5, ".case") != 0)
            continue;
        snprintf(file_name, sizeof file_name, "%s/%s", directory, entry->d_name);
        run_file();
    }
    closedir(dir);
    printf("lines skipped, for keys that the C interface does not have: %d (canonical, format, mode-setting, "
           "enforce-setting)\n", lines_skipped);
    printf("ran %d cases, skipped %d\n", ran, skipped);
    CHECK(ran > 0);
    return 0;
}
