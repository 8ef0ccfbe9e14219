/* The C half of benches/check.rs: the same checks, as a C program makes them. */
#include <ipgate.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static ipgate_gate *gate;
static ipgate_reader *reader;

int bench_open(const char *list, size_t len);
size_t bench_decisions(const uint8_t *addresses, size_t count, uint64_t *nanoseconds);
size_t bench_verdicts(const uint8_t *addresses, size_t count, uint64_t *nanoseconds);
size_t bench_entries(const uint8_t *addresses, size_t count, uint64_t *nanoseconds);

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int bench_open(const char *list, size_t len)
{
    return ipgate_gate_new(NULL, &gate, NULL) == IPGATE_OK
        && ipgate_gate_replace_text(gate, list, len, NULL, NULL) == IPGATE_OK
        && ipgate_reader_new(gate, &reader) == IPGATE_OK;
}

size_t bench_decisions(const uint8_t *addresses, size_t count, uint64_t *nanoseconds)
{
    size_t allowed = 0;
    uint64_t start = now();
    for (size_t i = 0; i < count; i++)
        allowed += ipgate_check_bytes(reader, addresses + 4 * i, 4, NULL) == IPGATE_ALLOW;
    *nanoseconds = now() - start;
    return allowed;
}

static size_t verdicts(const uint8_t *addresses, size_t count, uint64_t *nanoseconds, uint32_t want)
{
    ipgate_verdict verdict = IPGATE_VERDICT_INIT;
    size_t seen = 0;
    uint64_t start = now();
    verdict.want = want;
    for (size_t i = 0; i < count; i++)
        if (ipgate_check_bytes(reader, addresses + 4 * i, 4, &verdict) == IPGATE_ALLOW)
            seen += verdict.label_len + verdict.prefix.length + verdict.generation;
    *nanoseconds = now() - start;
    return seen;
}

size_t bench_verdicts(const uint8_t *addresses, size_t count, uint64_t *nanoseconds)
{
    return verdicts(addresses, count, nanoseconds, 0);
}

size_t bench_entries(const uint8_t *addresses, size_t count, uint64_t *nanoseconds)
{
    return verdicts(addresses, count, nanoseconds, IPGATE_WANT_ENTRY);
}
