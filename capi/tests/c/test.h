/* What the C tests share. A test that fails says where and ends the program. */
#ifndef TEST_H
#define TEST_H

#include <ipgate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

#define CHECK_OK(call) CHECK((call) == IPGATE_OK)

#define CHECK_TEXT(actual, expected)                                                      \
    do {                                                                                  \
        const char *check_actual = (actual);                                              \
        if (strcmp(check_actual, (expected)) != 0) {                                      \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual, check_actual, \
                    (expected));                                                          \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* A gate whose list is `text`. */
static inline ipgate_gate *gate_of(const char *text)
{
    ipgate_gate *gate = NULL;
    CHECK_OK(ipgate_gate_new(NULL, &gate, NULL));
    CHECK_OK(ipgate_gate_replace_text(gate, text, strlen(text), NULL, NULL));
    return gate;
}

static inline ipgate_list *list_of(const char *text)
{
    ipgate_list *list = NULL;
    CHECK_OK(ipgate_list_parse(text, strlen(text), NULL, &list, NULL));
    return list;
}

static inline ipgate_reader *reader_of(const ipgate_gate *gate)
{
    ipgate_reader *reader = NULL;
    CHECK_OK(ipgate_reader_new(gate, &reader));
    return reader;
}

static inline int allows(ipgate_reader *reader, const char *address)
{
    return ipgate_check_text(reader, address, strlen(address), NULL);
}

/* How often a test repeats what it repeats: fewer times under valgrind. */
static inline int rounds(int fast, int slow)
{
    return getenv("IPGATE_SLOW") ? slow : fast;
}

/* Writes a file whole: beside, then renamed over. */
static inline void write_file(const char *path, const char *text)
{
    char beside[512];
    FILE *file;
    CHECK(snprintf(beside, sizeof beside, "%s.new", path) < (int)sizeof beside);
    file = fopen(beside, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
    CHECK(rename(beside, path) == 0);
}

#endif
