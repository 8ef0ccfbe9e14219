/* DPDK's tables behind calls that a loop in Rust can make. One table of each kind at a time. */
#include <stdint.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_lpm.h>

#define NO_MATCH UINT32_MAX
#define NO_HOP 0x7ffe /* what fits the two-byte tables, below their marker bit */
#define BULK 256

int shim_init(void)
{
	char *arguments[] = {"bench", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "4096",
			     "--log-level", "error", "-l", "0"};
	return rte_eal_init(sizeof(arguments) / sizeof(*arguments), arguments) < 0;
}

struct rte_fib *shim_fib_new(uint32_t count, const uint32_t *keys, const uint8_t *lengths, const uint32_t *values)
{
	struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8, .default_nh = NO_HOP, .max_routes = count + 16};
	conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
	conf.dir24_8.num_tbl8 = 32767;
	struct rte_fib *fib = rte_fib_create("fib", 0, &conf);
	for (uint32_t i = 0; fib != NULL && i < count; i++)
		if (rte_fib_add(fib, keys[i], lengths[i], values[i]) != 0)
			return NULL;
	if (fib != NULL)
		rte_fib_select_lookup(fib, RTE_FIB_LOOKUP_DEFAULT); /* the widest vectors the CPU has */
	return fib;
}

void shim_fib_bulk(struct rte_fib *fib, const uint32_t *keys, uint32_t *out, uint32_t count)
{
	uint64_t hops[BULK];
	rte_fib_lookup_bulk(fib, (uint32_t *)keys, hops, (int)count);
	for (uint32_t i = 0; i < count; i++)
		out[i] = hops[i] == NO_HOP ? NO_MATCH : (uint32_t)hops[i];
}

/* The bulk call alone, with the answers where DPDK puts them. */
void shim_fib_raw(struct rte_fib *fib, const uint32_t *keys, uint64_t *hops, uint32_t count)
{
	rte_fib_lookup_bulk(fib, (uint32_t *)keys, hops, (int)count);
}

void shim_fib_free(struct rte_fib *fib)
{
	rte_fib_free(fib);
}

struct rte_fib6 *shim_fib6_new(uint32_t count, const uint8_t *keys, const uint8_t *lengths, const uint32_t *values)
{
	struct rte_fib6_conf conf = {.type = RTE_FIB6_TRIE, .default_nh = NO_HOP, .max_routes = count + 16};
	conf.trie.nh_sz = RTE_FIB6_TRIE_4B;
	conf.trie.num_tbl8 = 300000;
	struct rte_fib6 *fib = rte_fib6_create("fib6", 0, &conf);
	for (uint32_t i = 0; fib != NULL && i < count; i++)
		if (rte_fib6_add(fib, keys + 16 * (size_t)i, lengths[i], values[i]) != 0)
			return NULL;
	if (fib != NULL)
		rte_fib6_select_lookup(fib, RTE_FIB6_LOOKUP_DEFAULT);
	return fib;
}

void shim_fib6_bulk(struct rte_fib6 *fib, const uint8_t *keys, uint32_t *out, uint32_t count)
{
	uint64_t hops[BULK];
	rte_fib6_lookup_bulk(fib, (uint8_t(*)[16])(uintptr_t)keys, hops, (int)count);
	for (uint32_t i = 0; i < count; i++)
		out[i] = hops[i] == NO_HOP ? NO_MATCH : (uint32_t)hops[i];
}

void shim_fib6_raw(struct rte_fib6 *fib, const uint8_t *keys, uint64_t *hops, uint32_t count)
{
	rte_fib6_lookup_bulk(fib, (uint8_t(*)[16])(uintptr_t)keys, hops, (int)count);
}

void shim_fib6_free(struct rte_fib6 *fib)
{
	rte_fib6_free(fib);
}

struct rte_lpm *shim_lpm_new(uint32_t count, const uint32_t *keys, const uint8_t *lengths, const uint32_t *values)
{
	struct rte_lpm_config conf = {.max_rules = count + 16, .number_tbl8s = 32768};
	struct rte_lpm *lpm = rte_lpm_create("lpm", 0, &conf);
	for (uint32_t i = 0; lpm != NULL && i < count; i++)
		if (rte_lpm_add(lpm, keys[i], lengths[i], values[i]) != 0)
			return NULL;
	return lpm;
}

uint32_t shim_lpm_one(struct rte_lpm *lpm, uint32_t key)
{
	uint32_t hop;
	return rte_lpm_lookup(lpm, key, &hop) == 0 ? hop : NO_MATCH;
}

void shim_lpm_raw(struct rte_lpm *lpm, const uint32_t *keys, uint32_t *hops, uint32_t count)
{
	rte_lpm_lookup_bulk(lpm, keys, hops, count);
}

void shim_lpm_free(struct rte_lpm *lpm)
{
	rte_lpm_free(lpm);
}
