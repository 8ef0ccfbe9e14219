/*
 * Decisions of this process by list or app, and by label. The readers count them; here they are put together for
 * whoever asks.
 */

#include "ngx_ipgate.h"


static ngx_int_t ngx_ipgate_tally_policy(ngx_array_t *tallies, ngx_ipgate_policy_t *policy,
    ngx_ipgate_source_t *list);
static ngx_int_t ngx_ipgate_tally_reader(ngx_array_t *tallies, ipgate_site_reader *reader, const char *name,
    size_t len, ngx_uint_t dry_run);
static ipgate_count *ngx_ipgate_tally_room(ngx_pool_t *pool, size_t n);
static ngx_int_t ngx_ipgate_tally_add(ngx_array_t *tallies, ipgate_count *count, ngx_uint_t dry_run);
static ngx_array_t *ngx_ipgate_tally_merge(ngx_array_t *tallies);
static ngx_ipgate_source_t *ngx_ipgate_counted_for(ngx_ipgate_policy_t *policy, ipgate_count *count);
static int ngx_libc_cdecl ngx_ipgate_tally_order(const void *one, const void *two);


/*
 * An array of ngx_ipgate_tally_t sorted by label, first what has none; NULL where there is no memory. Where `list`
 * is NULL it is about the decisions that no list took part in.
 */

ngx_array_t *
ngx_ipgate_tally(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *list, ngx_pool_t *pool)
{
    ngx_uint_t             i;
    ngx_array_t           *tallies;
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

    return ngx_ipgate_tally_merge(tallies);
}


/* The same of an app of a site. */

ngx_array_t *
ngx_ipgate_tally_app(ngx_ipgate_source_t *site, const char *name, size_t len, ngx_pool_t *pool)
{
    ngx_array_t  *tallies;

    tallies = ngx_array_create(pool, 4, sizeof(ngx_ipgate_tally_t));

    if (tallies == NULL
        || ngx_ipgate_tally_reader(tallies, site->site_reader, name, len, 0) != NGX_OK
        || ngx_ipgate_tally_reader(tallies, site->dry_run_reader, name, len, 1) != NGX_OK)
    {
        return NULL;
    }

    return ngx_ipgate_tally_merge(tallies);
}


static ngx_int_t
ngx_ipgate_tally_policy(ngx_array_t *tallies, ngx_ipgate_policy_t *policy, ngx_ipgate_source_t *list)
{
    size_t         i, n;
    ipgate_count  *count;

    n = ipgate_reader_counts(policy->reader, NULL, 0);
    if (n == 0) {
        return NGX_OK;
    }

    count = ngx_ipgate_tally_room(tallies->pool, n);
    if (count == NULL) {
        return NGX_ERROR;
    }

    n = ngx_min(n, ipgate_reader_counts(policy->reader, count, n));

    for (i = 0; i < n; i++) {

        if (ngx_ipgate_counted_for(policy, &count[i]) != list) {
            continue;
        }

        if (count[i].label_len == 0 && !count[i].others) {
            count[i].allowed += policy->allowed_unix;
            count[i].denied -= policy->allowed_unix;
        }

        if (ngx_ipgate_tally_add(tallies, &count[i], policy->dry_run) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_ipgate_tally_reader(ngx_array_t *tallies, ipgate_site_reader *reader, const char *name, size_t len,
    ngx_uint_t dry_run)
{
    size_t         i, n;
    ipgate_count  *count;

    n = ipgate_site_reader_labels(reader, IPGATE_COUNTED_APP, name, len, NULL, 0);
    if (n == 0) {
        return NGX_OK;
    }

    count = ngx_ipgate_tally_room(tallies->pool, n);
    if (count == NULL) {
        return NGX_ERROR;
    }

    n = ngx_min(n, ipgate_site_reader_labels(reader, IPGATE_COUNTED_APP, name, len, count, n));

    for (i = 0; i < n; i++) {
        if (ngx_ipgate_tally_add(tallies, &count[i], dry_run) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ipgate_count *
ngx_ipgate_tally_room(ngx_pool_t *pool, size_t n)
{
    ipgate_count  *count;

    count = ngx_pcalloc(pool, n * sizeof(ipgate_count));

    if (count) {
        count[0].size = sizeof(ipgate_count);
    }

    return count;
}


/* The label belongs to the reader: copies it. */

static ngx_int_t
ngx_ipgate_tally_add(ngx_array_t *tallies, ipgate_count *count, ngx_uint_t dry_run)
{
    ngx_ipgate_tally_t  *tally;

    tally = ngx_array_push(tallies);
    if (tally == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(tally, sizeof(ngx_ipgate_tally_t));

    tally->label.len = count->label_len;
    tally->label.data = ngx_pnalloc(tallies->pool, count->label_len + 1);
    if (tally->label.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(tally->label.data, count->label, count->label_len);

    tally->others = count->others;
    tally->counts.allowed = count->allowed;
    *(dry_run ? &tally->counts.dry_run : &tally->counts.denied) = count->denied;

    return NGX_OK;
}


/* Several readers may have counted for one label. */

static ngx_array_t *
ngx_ipgate_tally_merge(ngx_array_t *tallies)
{
    ngx_uint_t           i, n;
    ngx_ipgate_tally_t  *tally;

    if (tallies->nelts == 0) {
        return tallies;
    }

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
