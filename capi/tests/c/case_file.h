/* What all acceptance vectors share (tests/cases/README.md has the format): files of lines, escapes, expected verdicts. */
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include "test.h"

#include <dirent.h>

#define MAX_EXPECTED 64
#define MAX_LINE 4096

/* The line that begins a case of a site. */
static const char of_sites[] = "site";

/* A text of the format: escapes are undone, so it may hold any byte. */
struct text {
    char bytes[MAX_LINE];
    size_t len;
    int is_set;
};

/* A verdict, and the client whose it is. */
struct expected_verdict {
    struct text address, label;
    int allow;
    char prefix[64], reason[32];
};

/* What a runner does with each case. */
struct case_runner {
    void (*begin)(const char *name);
    void (*line)(const char *key, char *value);
    void (*end)(void);
};

static char file_name[512];
static int line_number;

static inline void fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file_name, line_number, what, detail);
    exit(1);
}

static inline int hex(int digit)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, digit | 32);
    if (digit == 0 || at == NULL)
        fail("not a hexadecimal digit", "\\x takes two");
    return (int)(at - digits);
}

static inline void unescape(struct text *text, const char *from)
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
    text->bytes[text->len] = 0;
}

static inline int is_in(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return 1;
    return 0;
}

static inline int mode_of(const char *value)
{
    const char *const modes[] = { "extend", "override", "precede" }; /* by number */
    for (int mode = IPGATE_EXTEND; mode <= IPGATE_PRECEDE; mode++)
        if (strcmp(value, modes[mode]) == 0)
            return mode;
    fail("no mode", value);
    return IPGATE_EXTEND;
}

static inline int enforce_of(const char *value)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        fail("neither true nor false", value);
    return strcmp(value, "true") == 0;
}

static inline void read_decision(struct expected_verdict *expected, const char *decision)
{
    expected->allow = strcmp(decision, "allow") == 0;
    if (!expected->allow && strcmp(decision, "deny") != 0)
        fail("neither allow nor deny", decision);
}

static inline void read_label(struct expected_verdict *expected, const char *label)
{
    unescape(&expected->label, strcmp(label, "-") == 0 ? "" : label);
}

static inline void compare_verdict(const char *name, const struct expected_verdict *expected, int decision,
                                   const ipgate_verdict *verdict)
{
    char prefix[64];
    if (decision != expected->allow || verdict->decision != decision)
        fail(name, expected->address.bytes);
    if (ipgate_prefix_text(&verdict->prefix, prefix, sizeof prefix) == 0)
        strcpy(prefix, "-");
    if (strcmp(prefix, expected->prefix) != 0)
        fail(name, prefix);
    if (verdict->label_len != expected->label.len
        || memcmp(verdict->label, expected->label.bytes, verdict->label_len) != 0)
        fail("another label", name);
    if (expected->reason[0] && strcmp(ipgate_reason_name(verdict->reason), expected->reason) != 0)
        fail("another reason", name);
}

/* Hands a runner the cases of the file `file_name`. */
static inline void run_file(const struct case_runner *runner)
{
    char line[MAX_LINE];
    int cases = 0;
    FILE *file = fopen(file_name, "r");
    CHECK(file != NULL);
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
            if (cases++ > 0)
                runner->end();
            runner->begin(value);
        } else if (cases > 0) {
            runner->line(line, value);
        } else {
            fail("a line of no case", line);
        }
    }
    fclose(file);
    if (cases == 0)
        fail("a file without cases", file_name);
    runner->end();
}

/* Hands a runner all cases of the folder IPGATE_CASES. */
static inline void run_all(const struct case_runner *runner)
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
        run_file(runner);
    }
    closedir(dir);
}

#endif
