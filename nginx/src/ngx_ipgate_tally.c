/*
 * Decisions of this process by list and label. The readers of the policies count them; here they are put together
 * for whoever asks.
 */

#include "ngx_ipgate.h"


static ngx_int_t ngx_ipgate_tally_policy(ngx_array_t *tallies, ngx_ipgate_policy_t *policy,
    ngx_ipgate_source_t *list);
static ngx_ipgate_source_t *ngx_ipgate_counted_for(ngx_ipgate_policy_t *policy, ipgate_count *count);
static int ngx_libc_cdecl ngx_ipgate_tally_order(const void *one, const void *two);


/*
 * An array of ngx_ipgate_tally_t sorted by label, first what has none; NULL where there is no memory. Where `list`
 * is NULL it is about the decisions that no list took part in.
 */

ngx_array_t *
ngx_ipgate_tally(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *list, ngx_pool_t *pool)
{
    ngx_uint_t             i, n;
    ngx_array_t           *tallies;
    ngx_ipgate_tally_t    *tally;
    ngx_ipgate_policy_t  **policy;

    tallies = ngx_array_create(pool, 16, sizeof(ngx_ipgate_tally_t));
    if (tallies == NULL) {
        return NULL;
    }

    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (ngx_ipgate_tally_policy(tallies, policy[i], list) != NGX_OK) {
            return NULL;
        }
    }

    if (tallies->nelts == 0) {
        return tallies;
    }

    /* several policies may have counted for one label */

    tally = tallies->elts;
    ngx_qsort(tally, tallies->nelts, sizeof(ngx_ipgate_tally_t), ngx_ipgate_tally_order);

    for (i = 1, n = 0; i < tallies->nelts; i++) {

        if (ngx_ipgate_tally_order(&tally[i], &tally[n]) != 0) {
            tally[++n] = tally[i];
            continue;
        }

        tally[n].counts.allowed += tally[i].counts.allowed;
        tally[n].counts.denied += tally[i].counts.denied;
        tally[n].counts.dry_run += tally[i].counts.dry_run;
    }

    tallies->nelts = n + 1;

    return tallies;
}


static ngx_int_t
ngx_ipgate_tally_policy(ngx_array_t *tallies, ngx_ipgate_policy_t *policy, ngx_ipgate_source_t *list)
{
    size_t               i, n;
    ipgate_count        *count;
    ngx_ipgate_tally_t  *tally;

    n = ipgate_reader_counts(policy->reader, NULL, 0);
    if (n == 0) {
        return NGX_OK;
    }

    count = ngx_pcalloc(tallies->pool, n * sizeof(ipgate_count));
    if (count == NULL) {
        return NGX_ERROR;
    }

    count[0].size = sizeof(ipgate_count);
    n = ngx_min(n, ipgate_reader_counts(policy->reader, count, n));

    for (i = 0; i < n; i++) {

        if (ngx_ipgate_counted_for(policy, &count[i]) != list) {
            continue;
        }

        tally = ngx_array_push(tallies);
        if (tally == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(tally, sizeof(ngx_ipgate_tally_t));

        tally->label.len = count[i].label_len;
        tally->label.data = ngx_pnalloc(tallies->pool, count[i].label_len + 1);
        if (tally->label.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(tally->label.data, count[i].label, count[i].label_len);

        tally->others = count[i].others;
        tally->counts.allowed = count[i].allowed;

        if (count[i].label_len == 0 && !count[i].others) {
            tally->counts.allowed += policy->allowed_unix;
            count[i].denied -= policy->allowed_unix;
        }

        if (policy->dry_run) {
            tally->counts.dry_run = count[i].denied;

        } else {
            tally->counts.denied = count[i].denied;
        }
    }

    return NGX_OK;
}


/* What no entry decided counts for the app list, or where there is none for the default list. */

static ngx_ipgate_source_t *
ngx_ipgate_counted_for(ngx_ipgate_policy_t *policy, ipgate_count *count)
{
    if (policy->app == NULL || (policy->fallback && count->origin == IPGATE_ORIGIN_DEFAULT)) {
        return policy->fallback;
    }

    return policy->app;
}


static int ngx_libc_cdecl
ngx_ipgate_tally_order(const void *one, const void *two)
{
    const ngx_ipgate_tally_t *a = one;
    const ngx_ipgate_tally_t *b = two;

    if (a->others != b->others) {
        return a->others ? 1 : -1;
    }

    return (int) ngx_memn2cmp(a->label.data, b->label.data, a->label.len, b->label.len);
}
