/*
 * What the report says of a list.
 */

#include "ngx_ipgate_report.h"


/* Entries that will cease to hold, soonest first, shown for a list; and how far ahead it looks. */
#define NGX_IPGATE_EXPIRING       20
#define NGX_IPGATE_EXPIRING_DAYS  30


static void ngx_ipgate_report_state(ngx_ipgate_json_t *out, ngx_ipgate_source_t *list);
static void ngx_ipgate_report_expiring(ngx_ipgate_json_t *out, ngx_ipgate_source_t *list);
static void ngx_ipgate_report_decisions(ngx_ipgate_json_t *out, ngx_array_t *tallies);


void
ngx_ipgate_report_list(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *list)
{
    ngx_array_t  *tallies;

    ngx_ipgate_report_source(out, list);
    ngx_ipgate_report_state(out, list);
    ngx_ipgate_report_expiring(out, list);

    tallies = ngx_ipgate_tally(icf, list, out->pool);

    ngx_ipgate_json_text(out, ",\"decisions\":");
    ngx_ipgate_report_decisions(out, tallies);
    ngx_ipgate_report_labels(out, tallies);
    ngx_ipgate_json_text(out, "}");
}


static void
ngx_ipgate_report_state(ngx_ipgate_json_t *out, ngx_ipgate_source_t *list)
{
    u_char         digest[64];
    ipgate_stats   stats = IPGATE_STATS_INIT;
    ipgate_error  *error;

    if (ipgate_gate_stats(list->gate, &stats) != IPGATE_OK) {
        ngx_ipgate_json_text(out, ",\"last_result\":\"failed\",\"last_error\":\"the list was never loaded\"");
        return;
    }

    (void) ngx_hex_dump(digest, stats.digest, sizeof(stats.digest));

    ngx_ipgate_json_text(out, ",\"entries\":%uL,\"bytes\":%uL,\"generation\":%uL,\"digest\":",
                         stats.entries, stats.bytes, stats.generation);
    ngx_ipgate_json_string(out, digest, sizeof(digest));

    ngx_ipgate_json_text(out, ",");
    ngx_ipgate_json_time(out, "last_swap", stats.last_swap_micros);
    ngx_ipgate_report_failures(out, list, stats.failures, stats.last_failure_micros);

    error = NULL;
    (void) ipgate_gate_warnings(list->gate, &error);
    ngx_ipgate_json_text(out, ",\"left_out\":%uz,\"warnings\":%uz,",
                         ipgate_error_count_errors(error), ipgate_error_count_warnings(error));
    ipgate_error_free(error);

    ngx_ipgate_json_time(out, "next_expiry", stats.next_expiry_micros);
}


static void
ngx_ipgate_report_expiring(ngx_ipgate_json_t *out, ngx_ipgate_source_t *list)
{
    char          prefix[64];
    size_t        i, count, shown, len;
    int64_t       until;
    ipgate_entry  entries[NGX_IPGATE_EXPIRING] = { IPGATE_ENTRY_INIT };

    until = ((int64_t) ngx_time() + NGX_IPGATE_EXPIRING_DAYS * 86400) * 1000000;
    count = ipgate_expiring(list->reader, until, entries, NGX_IPGATE_EXPIRING);
    shown = ngx_min(count, NGX_IPGATE_EXPIRING);

    ngx_ipgate_json_text(out, ",\"expiring_within_%d_days\":%uz,\"expiring\":[",
                         NGX_IPGATE_EXPIRING_DAYS, count);

    for (i = 0; i < shown; i++) {
        len = ipgate_prefix_text(&entries[i].prefix, prefix, sizeof(prefix));

        ngx_ipgate_json_text(out, "%s{\"prefix\":", i ? "," : "");
        ngx_ipgate_json_string(out, prefix, len);
        ngx_ipgate_json_text(out, ",\"action\":\"%s\",\"label\":",
                             entries[i].action == IPGATE_ALLOW ? "allow" : "deny");

        if (entries[i].label_len) {
            ngx_ipgate_json_string(out, entries[i].label, entries[i].label_len);
        } else {
            ngx_ipgate_json_text(out, "null");
        }

        ngx_ipgate_json_text(out, ",\"line\":%uD,", entries[i].line);
        ngx_ipgate_json_time(out, "until", entries[i].until_micros);
        ngx_ipgate_json_text(out, "}");
    }

    ngx_ipgate_json_text(out, "]");

    ipgate_reader_pause(list->reader);     /* it is asked rarely, and must not keep an old table */
}


/* The decisions that no list took part in. */

void
ngx_ipgate_report_unlisted(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf)
{
    ngx_ipgate_report_decisions(out, ngx_ipgate_tally(icf, NULL, out->pool));
}


/* All of them together. */

static void
ngx_ipgate_report_decisions(ngx_ipgate_json_t *out, ngx_array_t *tallies)
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
