/*
 * What this process knows about its lists, as JSON.
 */

#include "ngx_ipgate.h"


/* Entries that will cease to hold, soonest first, shown for a list; and how far ahead it looks. */
#define NGX_IPGATE_EXPIRING       20
#define NGX_IPGATE_EXPIRING_DAYS  30

#define NGX_IPGATE_REPORT_BUFFER  4096


typedef struct {
    ngx_pool_t               *pool;
    ngx_chain_t              *first;
    ngx_chain_t             **last;
    ngx_buf_t                *buf;
    off_t                     length;
    ngx_uint_t                failed;      /* no memory: nothing of it counts */
} ngx_ipgate_out_t;


static void ngx_ipgate_report_list(ngx_ipgate_out_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list);
static void ngx_ipgate_report_state(ngx_ipgate_out_t *out, ngx_ipgate_list_t *list);
static void ngx_ipgate_report_expiring(ngx_ipgate_out_t *out, ngx_ipgate_list_t *list);
static void ngx_ipgate_report_decisions(ngx_ipgate_out_t *out, ngx_array_t *tallies);
static void ngx_ipgate_report_labels(ngx_ipgate_out_t *out, ngx_array_t *tallies);
static void ngx_ipgate_report_counts(ngx_ipgate_out_t *out, ngx_ipgate_counts_t *counts);
static void ngx_ipgate_report_time(ngx_ipgate_out_t *out, const char *name, int64_t micros);
static void ngx_ipgate_report_string(ngx_ipgate_out_t *out, const void *data, size_t len);
static void ngx_ipgate_report_text(ngx_ipgate_out_t *out, const char *format, ...);
static u_char *ngx_ipgate_report_room(ngx_ipgate_out_t *out, size_t len);


ngx_int_t
ngx_ipgate_report(ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_chain_t **chain, off_t *length)
{
    ngx_uint_t           i;
    ngx_ipgate_out_t     out;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_list_t  **list;

    ngx_memzero(&out, sizeof(ngx_ipgate_out_t));
    out.pool = pool;
    out.last = &out.first;

    icf = ngx_ipgate_conf(cycle);
    list = icf->lists.elts;

    ngx_ipgate_report_text(&out, "{\"version\":\"%s\",\"nginx\":\"%s\",\"pid\":%P,\"worker\":%ui,\"exiting\":%s,",
                           ipgate_version(), NGINX_VERSION, ngx_pid, ngx_worker,
                           ngx_exiting ? "true" : "false");
    ngx_ipgate_report_time(&out, "time", (int64_t) ngx_time() * 1000000);
    ngx_ipgate_report_text(&out, ",\"unlisted\":");
    ngx_ipgate_report_decisions(&out, ngx_ipgate_tally(icf, NULL, pool));
    ngx_ipgate_report_text(&out, ",\"lists\":[");

    for (i = 0; i < icf->lists.nelts; i++) {
        ngx_ipgate_report_text(&out, i ? "," : "");
        ngx_ipgate_report_list(&out, icf, list[i]);
    }

    ngx_ipgate_report_text(&out, "]}\n");

    if (out.failed) {
        return NGX_ERROR;
    }

    *chain = out.first;
    *length = out.length;

    return NGX_OK;
}


static void
ngx_ipgate_report_list(ngx_ipgate_out_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list)
{
    ngx_array_t  *tallies;

    ngx_ipgate_report_text(out, "{\"name\":");
    ngx_ipgate_report_string(out, list->name.data, list->name.len);
    ngx_ipgate_report_text(out, ",\"source\":");

    if (list->path.len) {
        ngx_ipgate_report_string(out, list->path.data, list->path.len);
        ngx_ipgate_report_text(out, ",\"interval_ms\":%M", list->interval);

    } else {
        ngx_ipgate_report_text(out, "\"inline\",\"interval_ms\":null");
    }

    ngx_ipgate_report_state(out, list);
    ngx_ipgate_report_expiring(out, list);

    tallies = ngx_ipgate_tally(icf, list, out->pool);

    ngx_ipgate_report_text(out, ",\"decisions\":");
    ngx_ipgate_report_decisions(out, tallies);
    ngx_ipgate_report_labels(out, tallies);
    ngx_ipgate_report_text(out, "}");
}


static void
ngx_ipgate_report_state(ngx_ipgate_out_t *out, ngx_ipgate_list_t *list)
{
    u_char         digest[64];
    ipgate_stats   stats = IPGATE_STATS_INIT;
    ipgate_error  *error;

    if (ipgate_gate_stats(list->gate, &stats) != IPGATE_OK) {
        ngx_ipgate_report_text(out, ",\"last_result\":\"failed\",\"last_error\":\"the list was never loaded\"");
        return;
    }

    (void) ngx_hex_dump(digest, stats.digest, sizeof(stats.digest));

    ngx_ipgate_report_text(out, ",\"entries\":%uL,\"bytes\":%uL,\"generation\":%uL,\"digest\":",
                           stats.entries, stats.bytes, stats.generation);
    ngx_ipgate_report_string(out, digest, sizeof(digest));

    ngx_ipgate_report_text(out, ",");
    ngx_ipgate_report_time(out, "last_swap", stats.last_swap_micros);
    ngx_ipgate_report_text(out, ",\"last_result\":\"%s\",\"failures\":%uL,",
                           stats.failures ? "failed" : "ok", stats.failures);
    ngx_ipgate_report_time(out, "last_failure", stats.last_failure_micros);
    ngx_ipgate_report_text(out, ",\"last_error\":");

    error = NULL;

    if (ipgate_gate_last_error(list->gate, &error) == IPGATE_OK && ipgate_error_status(error) != IPGATE_OK) {
        ngx_ipgate_report_string(out, ipgate_error_message(error), ngx_strlen(ipgate_error_message(error)));
    } else {
        ngx_ipgate_report_text(out, "null");
    }

    ipgate_error_free(error);

    error = NULL;
    (void) ipgate_gate_warnings(list->gate, &error);
    ngx_ipgate_report_text(out, ",\"left_out\":%uz,\"warnings\":%uz,",
                           ipgate_error_count_errors(error), ipgate_error_count_warnings(error));
    ipgate_error_free(error);

    ngx_ipgate_report_time(out, "next_expiry", stats.next_expiry_micros);
}


static void
ngx_ipgate_report_expiring(ngx_ipgate_out_t *out, ngx_ipgate_list_t *list)
{
    char          prefix[64];
    size_t        i, count, shown, len;
    int64_t       until;
    ipgate_entry  entries[NGX_IPGATE_EXPIRING] = { IPGATE_ENTRY_INIT };

    until = ((int64_t) ngx_time() + NGX_IPGATE_EXPIRING_DAYS * 86400) * 1000000;
    count = ipgate_expiring(list->reader, until, entries, NGX_IPGATE_EXPIRING);
    shown = ngx_min(count, NGX_IPGATE_EXPIRING);

    ngx_ipgate_report_text(out, ",\"expiring_within_%d_days\":%uz,\"expiring\":[",
                           NGX_IPGATE_EXPIRING_DAYS, count);

    for (i = 0; i < shown; i++) {
        len = ipgate_prefix_text(&entries[i].prefix, prefix, sizeof(prefix));

        ngx_ipgate_report_text(out, "%s{\"prefix\":", i ? "," : "");
        ngx_ipgate_report_string(out, prefix, len);
        ngx_ipgate_report_text(out, ",\"action\":\"%s\",\"label\":",
                               entries[i].action == IPGATE_ALLOW ? "allow" : "deny");

        if (entries[i].label_len) {
            ngx_ipgate_report_string(out, entries[i].label, entries[i].label_len);
        } else {
            ngx_ipgate_report_text(out, "null");
        }

        ngx_ipgate_report_text(out, ",\"line\":%uD,", entries[i].line);
        ngx_ipgate_report_time(out, "until", entries[i].until_micros);
        ngx_ipgate_report_text(out, "}");
    }

    ngx_ipgate_report_text(out, "]");

    ipgate_reader_pause(list->reader);     /* it is asked rarely, and must not keep an old table */
}


/* All of them together. */

static void
ngx_ipgate_report_decisions(ngx_ipgate_out_t *out, ngx_array_t *tallies)
{
    ngx_uint_t            i;
    ngx_ipgate_tally_t   *tally;
    ngx_ipgate_counts_t   sum;

    if (tallies == NULL) {
        out->failed = 1;
        return;
    }

    ngx_memzero(&sum, sizeof(ngx_ipgate_counts_t));
    tally = tallies->elts;

    for (i = 0; i < tallies->nelts; i++) {
        sum.allowed += tally[i].counts.allowed;
        sum.denied += tally[i].counts.denied;
        sum.dry_run += tally[i].counts.dry_run;
    }

    ngx_ipgate_report_counts(out, &sum);
}


static void
ngx_ipgate_report_labels(ngx_ipgate_out_t *out, ngx_array_t *tallies)
{
    ngx_uint_t           i, n;
    ngx_ipgate_tally_t  *tally;

    if (tallies == NULL) {
        return;
    }

    ngx_ipgate_report_text(out, ",\"labels\":{");
    tally = tallies->elts;

    for (i = 0, n = 0; i < tallies->nelts && !tally[i].others; i++) {

        if (tally[i].label.len == 0) {
            continue;
        }

        ngx_ipgate_report_text(out, n++ ? "," : "");
        ngx_ipgate_report_string(out, tally[i].label.data, tally[i].label.len);
        ngx_ipgate_report_text(out, ":");
        ngx_ipgate_report_counts(out, &tally[i].counts);
    }

    ngx_ipgate_report_text(out, "}");

    /* they stand at the end */

    if (i < tallies->nelts) {
        ngx_ipgate_report_text(out, ",\"other_labels\":");
        ngx_ipgate_report_counts(out, &tally[i].counts);
    }
}


static void
ngx_ipgate_report_counts(ngx_ipgate_out_t *out, ngx_ipgate_counts_t *counts)
{
    ngx_ipgate_report_text(out, "{\"allowed\":%uL,\"denied\":%uL,\"dry_run\":%uL}",
                           counts->allowed, counts->denied, counts->dry_run);
}


/* RFC 3339 in UTC; null for never. */

static void
ngx_ipgate_report_time(ngx_ipgate_out_t *out, const char *name, int64_t micros)
{
    ngx_tm_t  tm;

    if (micros == 0) {
        ngx_ipgate_report_text(out, "\"%s\":null", name);
        return;
    }

    ngx_gmtime((time_t) (micros / 1000000), &tm);

    ngx_ipgate_report_text(out, "\"%s\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"", name,
                           tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                           tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec, (int) (micros % 1000000));
}


static void
ngx_ipgate_report_string(ngx_ipgate_out_t *out, const void *data, size_t len)
{
    u_char  *p;
    size_t   escaped;

    escaped = len + (size_t) ngx_escape_json(NULL, (u_char *) data, len);

    p = ngx_ipgate_report_room(out, escaped + 2);
    if (p == NULL) {
        return;
    }

    *p++ = '"';
    p = (u_char *) ngx_escape_json(p, (u_char *) data, len);
    *p++ = '"';

    out->length += p - out->buf->last;
    out->buf->last = p;
}


/* For what fits into 256 bytes. */

static void
ngx_ipgate_report_text(ngx_ipgate_out_t *out, const char *format, ...)
{
    u_char   *p;
    va_list   args;

    p = ngx_ipgate_report_room(out, 256);
    if (p == NULL) {
        return;
    }

    va_start(args, format);
    p = ngx_vslprintf(p, p + 256, format, args);
    va_end(args);

    out->length += p - out->buf->last;
    out->buf->last = p;
}


static u_char *
ngx_ipgate_report_room(ngx_ipgate_out_t *out, size_t len)
{
    ngx_chain_t  *link;

    if (out->buf && (size_t) (out->buf->end - out->buf->last) >= len) {
        return out->buf->last;
    }

    out->buf = ngx_create_temp_buf(out->pool, ngx_max(len, NGX_IPGATE_REPORT_BUFFER));
    link = ngx_alloc_chain_link(out->pool);

    if (out->buf == NULL || link == NULL) {
        out->buf = NULL;
        out->failed = 1;
        return NULL;
    }

    link->buf = out->buf;
    link->next = NULL;
    *out->last = link;
    out->last = &link->next;

    return out->buf->last;
}
