/*
 * What this process knows about its lists and sites, as JSON.
 */

#include "ngx_ipgate_report.h"


ngx_int_t
ngx_ipgate_report(ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_ipgate_page_t *page, ngx_chain_t **chain,
    off_t *length)
{
    ngx_uint_t             i, n;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_json_t      out;
    ngx_ipgate_source_t  **source;

    ngx_memzero(&out, sizeof(ngx_ipgate_json_t));
    out.pool = pool;
    out.last = &out.first;

    icf = ngx_ipgate_conf(cycle);
    source = icf->sources.elts;

    ngx_ipgate_json_text(&out, "{\"version\":\"%s\",\"nginx\":\"%s\",\"pid\":%P,\"worker\":%ui,\"exiting\":%s,",
                         ipgate_version(), NGINX_VERSION, ngx_pid, ngx_worker,
                         ngx_exiting ? "true" : "false");
    ngx_ipgate_json_time(&out, "time", (int64_t) ngx_time() * 1000000);
    ngx_ipgate_json_text(&out, ",\"unlisted\":");
    ngx_ipgate_report_unlisted(&out, icf);
    ngx_ipgate_json_text(&out, ",\"lists\":[");

    for (i = 0, n = 0; i < icf->sources.nelts; i++) {
        if (!source[i]->kind->has_apps) {
            ngx_ipgate_json_text(&out, n++ ? "," : "");
            ngx_ipgate_report_list(&out, icf, source[i]);
        }
    }

    ngx_ipgate_json_text(&out, "],\"sites\":[");

    for (i = 0, n = 0; i < icf->sources.nelts; i++) {
        if (source[i]->kind->has_apps) {
            ngx_ipgate_json_text(&out, n++ ? "," : "");
            ngx_ipgate_report_site(&out, icf, source[i], page);
        }
    }

    ngx_ipgate_json_text(&out, "]}\n");

    if (out.failed) {
        return NGX_ERROR;
    }

    *chain = out.first;
    *length = out.length;

    return NGX_OK;
}
