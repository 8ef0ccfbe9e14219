/*
 * Decisions of this process, by list and by label.
 *
 * Labels are counted in a hash table of bounded size; what does not fit is counted together. In front of it is
 * a small cache by the label's place in memory, which holds until the list is swapped: the usual request costs
 * a comparison.
 */

#include "ngx_ipgate.h"


#define NGX_IPGATE_LABELS  1024            /* the most labels that are told apart, for one list */
#define NGX_IPGATE_SLOTS   2048            /* of the hash table: a power of two, twice the labels */
#define NGX_IPGATE_CACHED  256             /* a power of two */


typedef struct {
    u_char                   *name;        /* NULL: free */
    size_t                    len;
    uint32_t                  hash;
    ngx_ipgate_counts_t       counts;
} ngx_ipgate_label_t;


typedef struct {
    const char               *label;       /* NULL: free */
    size_t                    len;
    ngx_ipgate_counts_t      *counts;
} ngx_ipgate_cached_t;


struct ngx_ipgate_tally_s {
    ngx_ipgate_counts_t       total;
    ngx_ipgate_counts_t       beyond;      /* labels that found no place */
    ngx_uint_t                labels;
    ngx_ipgate_cached_t       cache[NGX_IPGATE_CACHED];
    ngx_ipgate_label_t        slots[NGX_IPGATE_SLOTS];
};


static ngx_ipgate_counts_t *ngx_ipgate_label(ngx_ipgate_tally_t *tally, const char *label, size_t len);


static ngx_inline void
ngx_ipgate_add(ngx_ipgate_counts_t *counts, ngx_ipgate_status_e status)
{
    if (status == NGX_IPGATE_PASSED) {
        counts->allowed++;

    } else if (status == NGX_IPGATE_REJECTED) {
        counts->denied++;

    } else {
        counts->dry_run++;
    }
}


/* What no entry decided counts for the app list, or where there is none for the default list. */

void
ngx_ipgate_count(ngx_ipgate_policy_t *policy, ngx_ipgate_answer_t *answer)
{
    const char           *label;
    uintptr_t             key;
    ngx_ipgate_list_t    *list;
    ngx_ipgate_tally_t   *tally;
    ngx_ipgate_cached_t  *cached;

    list = policy->app;

    if (list == NULL || (policy->fallback && answer->verdict.origin == IPGATE_ORIGIN_DEFAULT)) {
        list = policy->fallback;
    }

    if (list == NULL) {
        ngx_ipgate_add(&ngx_ipgate_conf(ngx_cycle)->unlisted, answer->status);
        return;
    }

    tally = list->tally;

    if (tally == NULL) {
        tally = list->tally = ngx_calloc(sizeof(ngx_ipgate_tally_t), ngx_cycle->log);
        if (tally == NULL) {
            return;
        }
    }

    ngx_ipgate_add(&tally->total, answer->status);

    if (answer->verdict.label_len == 0) {
        return;
    }

    label = answer->verdict.label;

    key = (uintptr_t) label;
    cached = &tally->cache[(key ^ (key >> 8)) & (NGX_IPGATE_CACHED - 1)];

    if (cached->label != label || cached->len != answer->verdict.label_len) {
        cached->label = label;
        cached->len = answer->verdict.label_len;
        cached->counts = ngx_ipgate_label(tally, label, cached->len);
    }

    ngx_ipgate_add(cached->counts, answer->status);
}


static ngx_ipgate_counts_t *
ngx_ipgate_label(ngx_ipgate_tally_t *tally, const char *label, size_t len)
{
    uint32_t             hash;
    ngx_uint_t           at;
    ngx_ipgate_label_t  *slot;

    hash = ngx_murmur_hash2((u_char *) label, len);

    for (at = hash & (NGX_IPGATE_SLOTS - 1); /* void */ ; at = (at + 1) & (NGX_IPGATE_SLOTS - 1)) {
        slot = &tally->slots[at];

        if (slot->name == NULL) {
            break;
        }

        if (slot->hash == hash && slot->len == len && ngx_memcmp(slot->name, label, len) == 0) {
            return &slot->counts;
        }
    }

    if (tally->labels == NGX_IPGATE_LABELS) {
        return &tally->beyond;
    }

    slot->name = ngx_alloc(len, ngx_cycle->log);
    if (slot->name == NULL) {
        return &tally->beyond;
    }

    ngx_memcpy(slot->name, label, len);
    slot->len = len;
    slot->hash = hash;
    tally->labels++;

    return &slot->counts;
}


/* A list was swapped: its labels are elsewhere, and other texts where they were. */

void
ngx_ipgate_tally_forget_labels(ngx_ipgate_tally_t *tally)
{
    if (tally) {
        ngx_memzero(tally->cache, sizeof(tally->cache));
    }
}


void
ngx_ipgate_tally_free(ngx_ipgate_tally_t *tally)
{
    ngx_uint_t  at;

    if (tally == NULL) {
        return;
    }

    for (at = 0; at < NGX_IPGATE_SLOTS; at++) {
        if (tally->slots[at].name) {
            ngx_free(tally->slots[at].name);
        }
    }

    ngx_free(tally);
}


ngx_ipgate_counts_t *
ngx_ipgate_tally_total(ngx_ipgate_tally_t *tally)
{
    return &tally->total;
}


ngx_ipgate_counts_t *
ngx_ipgate_tally_beyond(ngx_ipgate_tally_t *tally)
{
    return &tally->beyond;
}


/* Walks the labels: `at` begins with 0; NULL after the last. */

ngx_ipgate_counts_t *
ngx_ipgate_tally_next(ngx_ipgate_tally_t *tally, ngx_uint_t *at, ngx_str_t *label)
{
    ngx_ipgate_label_t  *slot;

    while (*at < NGX_IPGATE_SLOTS) {
        slot = &tally->slots[(*at)++];

        if (slot->name) {
            label->data = slot->name;
            label->len = slot->len;
            return &slot->counts;
        }
    }

    return NULL;
}
