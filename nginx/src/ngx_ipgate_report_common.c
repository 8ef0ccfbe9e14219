/*
 * What the report says of lists and sites alike.
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
