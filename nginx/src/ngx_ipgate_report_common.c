/*
 * What the report says of lists, sites and apps alike.
 */

#include "ngx_ipgate_report.h"


/* What begins the report of a list or a site. */

void
ngx_ipgate_report_source(ngx_ipgate_json_t *out, ngx_ipgate_source_t *source)
{
    ngx_ipgate_json_text(out, "{\"name\":");
    ngx_ipgate_json_string(out, source->name.data, source->name.len);
    ngx_ipgate_json_text(out, ",\"source\":");

    if (source->path.len) {
        ngx_ipgate_json_string(out, source->path.data, source->path.len);
        ngx_ipgate_json_text(out, ",\"interval_ms\":%M", source->interval);

    } else {
        ngx_ipgate_json_text(out, "\"inline\",\"interval_ms\":null");
    }
}


void
ngx_ipgate_report_failures(ngx_ipgate_json_t *out, ngx_ipgate_source_t *source, uint64_t failures, int64_t last)
{
    ipgate_error  *error;

    ngx_ipgate_json_text(out, ",\"last_result\":\"%s\",\"failures\":%uL,", failures ? "failed" : "ok", failures);
    ngx_ipgate_json_time(out, "last_failure", last);
    ngx_ipgate_json_text(out, ",\"last_error\":");

    error = NULL;

    if (source->kind->last_error(source, &error) == IPGATE_OK && ipgate_error_status(error) != IPGATE_OK) {
        ngx_ipgate_json_string(out, ipgate_error_message(error), ngx_strlen(ipgate_error_message(error)));
    } else {
        ngx_ipgate_json_text(out, "null");
    }

    ipgate_error_free(error);
}


void
ngx_ipgate_report_counts(ngx_ipgate_json_t *out, ngx_ipgate_counts_t *counts)
{
    ngx_ipgate_json_text(out, "{\"allowed\":%uL,\"denied\":%uL,\"dry_run\":%uL}",
                         counts->allowed, counts->denied, counts->dry_run);
}


/* What an array of ngx_ipgate_tally_t has, by label; NULL where there was no memory for it. */

void
ngx_ipgate_report_labels(ngx_ipgate_json_t *out, ngx_array_t *tallies)
{
    ngx_uint_t           i, n;
    ngx_ipgate_tally_t  *tally;

    if (tallies == NULL) {
        out->failed = 1;
        return;
    }

    ngx_ipgate_json_text(out, ",\"labels\":{");
    tally = tallies->elts;

    for (i = 0, n = 0; i < tallies->nelts && !tally[i].others; i++) {

        if (tally[i].label.len == 0) {
            continue;
        }

        ngx_ipgate_json_text(out, n++ ? "," : "");
        ngx_ipgate_json_string(out, tally[i].label.data, tally[i].label.len);
        ngx_ipgate_json_text(out, ":");
        ngx_ipgate_report_counts(out, &tally[i].counts);
    }

    ngx_ipgate_json_text(out, "}");

    /* they stand at the end */

    if (i < tallies->nelts) {
        ngx_ipgate_json_text(out, ",\"other_labels\":");
        ngx_ipgate_report_counts(out, &tally[i].counts);
    }
}
