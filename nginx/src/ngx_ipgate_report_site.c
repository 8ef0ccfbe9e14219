/*
 * What the report says of a site, and of a page of its apps.
 */

#include "ngx_ipgate_report.h"


static void ngx_ipgate_report_site_decisions(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf,
    ngx_ipgate_source_t *site);
static void ngx_ipgate_report_denials(ngx_ipgate_json_t *out, uint64_t *denied);
static void ngx_ipgate_report_apps(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site, ngx_ipgate_page_t *page);
static void ngx_ipgate_report_app(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site, ipgate_app_stats *app);
static void ngx_ipgate_report_app_decisions(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site,
    ipgate_counted whose, ipgate_app_stats *app);


void
ngx_ipgate_report_site(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *site,
    ngx_ipgate_page_t *page)
{
    ipgate_error       *warnings;
    ipgate_site_stats   stats = IPGATE_SITE_STATS_INIT;

    ngx_ipgate_report_source(out, site);

    if (ipgate_site_get_stats(site->site, &stats) != IPGATE_OK) {
        ngx_ipgate_json_text(out, ",\"last_result\":\"failed\",\"last_error\":\"the site was never loaded\"}");
        return;
    }

    ngx_ipgate_json_text(out, ",\"apps\":%uL,\"lists\":%uL,\"entries\":%uL,\"bytes\":%uL,\"generation\":%uL,",
                         stats.apps, stats.lists, stats.entries, stats.bytes, stats.generation);
    ngx_ipgate_json_time(out, "last_change", stats.last_change_micros);
    ngx_ipgate_report_failures(out, site, stats.failures, stats.last_failure_micros);

    warnings = NULL;
    (void) ipgate_site_warnings(site->site, &warnings);
    ngx_ipgate_json_text(out, ",\"left_out\":%uz,\"warnings\":%uz",
                         ipgate_error_count_errors(warnings), ipgate_error_count_warnings(warnings));
    ipgate_error_free(warnings);

    ngx_ipgate_report_site_decisions(out, icf, site);
    ngx_ipgate_json_text(out, ",\"gone\":{");
    ngx_ipgate_report_app_decisions(out, site, IPGATE_COUNTED_GONE, NULL);
    ngx_ipgate_json_text(out, "}");
    ngx_ipgate_report_apps(out, site, page);
    ngx_ipgate_json_text(out, "}");
}


/* Of this process. Denials by reason, those of a dry run among them. */

static void
ngx_ipgate_report_site_decisions(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *site)
{
    uint64_t               denied[NGX_IPGATE_REASONS];
    ngx_uint_t             i, reason;
    ngx_ipgate_counts_t    sum;
    ngx_ipgate_policy_t  **policy;

    ngx_memzero(denied, sizeof(denied));
    ngx_memzero(&sum, sizeof(ngx_ipgate_counts_t));

    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {

        if (policy[i]->site != site) {
            continue;
        }

        sum.allowed += policy[i]->allowed;

        for (reason = 0; reason < NGX_IPGATE_REASONS; reason++) {
            denied[reason] += policy[i]->denied[reason];
            *(policy[i]->dry_run ? &sum.dry_run : &sum.denied) += policy[i]->denied[reason];
        }
    }

    ngx_ipgate_json_text(out, ",\"decisions\":");
    ngx_ipgate_report_counts(out, &sum);
    ngx_ipgate_report_denials(out, denied);
}


static void
ngx_ipgate_report_denials(ngx_ipgate_json_t *out, uint64_t *denied)
{
    ngx_uint_t  reason, n;

    ngx_ipgate_json_text(out, ",\"denials\":{");

    for (reason = 0, n = 0; reason < NGX_IPGATE_REASONS; reason++) {
        if (denied[reason]) {
            ngx_ipgate_json_text(out, "%s\"%s\":%uL", n++ ? "," : "", ngx_ipgate_reason((int32_t) reason),
                                 denied[reason]);
        }
    }

    ngx_ipgate_json_text(out, "}");
}


/* As many as are wanted of those that were found, sorted by name. */

static void
ngx_ipgate_report_apps(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site, ngx_ipgate_page_t *page)
{
    size_t             i, found, room;
    ipgate_app_stats  *apps, first = IPGATE_APP_STATS_INIT;
    ipgate_site_page  *walk;

    if (ipgate_site_page_new(site->site, (char *) page->app.data, page->app.len, &walk, NULL) != IPGATE_OK) {
        ngx_ipgate_json_text(out, ",\"found\":0,\"from\":%uz,\"page\":[]", page->from);
        return;
    }

    found = ipgate_site_page_apps(walk, 0, NULL, 0);
    room = page->from < found ? ngx_min(found - page->from, page->count) : 0;

    ngx_ipgate_json_text(out, ",\"found\":%uz,\"from\":%uz,\"page\":[", found, page->from);

    if (room) {
        apps = ngx_pcalloc(out->pool, room * sizeof(ipgate_app_stats));

        if (apps == NULL) {
            out->failed = 1;

        } else {
            apps[0] = first;
            (void) ipgate_site_page_apps(walk, page->from, apps, room);

            for (i = 0; i < room; i++) {
                ngx_ipgate_json_text(out, i ? "," : "");
                ngx_ipgate_report_app(out, site, &apps[i]);
            }
        }
    }

    ngx_ipgate_json_text(out, "]");
    ipgate_site_page_free(walk);
}


static void
ngx_ipgate_report_app(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site, ipgate_app_stats *app)
{
    const char  *list, *mode;

    mode = app->mode == IPGATE_OVERRIDE ? "override" : app->mode == IPGATE_PRECEDE ? "precede" : "extend";
    list = app->list == IPGATE_LIST_SET ? "set" : app->list == IPGATE_LIST_WAITING ? "waiting" : "unset";

    ngx_ipgate_json_text(out, "{\"name\":");
    ngx_ipgate_json_string(out, app->name, app->name_len);
    ngx_ipgate_json_text(out, ",\"list\":\"%s\",\"mode\":\"%s\",\"entries\":%uL,\"hosts\":%uL,\"generation\":%uL,",
                         list, mode, app->entries, app->hosts, app->list_generation);
    ngx_ipgate_report_app_decisions(out, site, IPGATE_COUNTED_APP, app);

    ngx_ipgate_report_labels(out, ngx_ipgate_tally_app(site, app->name, app->name_len, out->pool));
    ngx_ipgate_json_text(out, "}");
}


/* The same figures as of the whole site, of one app or of all that are gone. */

static void
ngx_ipgate_report_app_decisions(ngx_ipgate_json_t *out, ngx_ipgate_source_t *site, ipgate_counted whose,
    ipgate_app_stats *app)
{
    size_t                len;
    uint64_t              denied[NGX_IPGATE_REASONS];
    ngx_uint_t            reason;
    const char           *name;
    ipgate_app_counts     counts = IPGATE_APP_COUNTS_INIT, dry_run = IPGATE_APP_COUNTS_INIT;
    ngx_ipgate_counts_t   sum;

    name = app ? app->name : NULL;
    len = app ? app->name_len : 0;

    (void) ipgate_site_reader_counts(site->site_reader, whose, name, len, &counts);
    (void) ipgate_site_reader_counts(site->dry_run_reader, whose, name, len, &dry_run);

    sum.allowed = counts.allowed + dry_run.allowed;
    sum.denied = counts.denied;
    sum.dry_run = dry_run.denied;

    ngx_memzero(denied, sizeof(denied));

    for (reason = IPGATE_REASON_NO_ADDRESS; reason <= IPGATE_REASON_DENY_ENTRY; reason++) {
        denied[reason] = counts.reasons[reason] + dry_run.reasons[reason];
    }

    ngx_ipgate_json_text(out, "\"decisions\":");
    ngx_ipgate_report_counts(out, &sum);
    ngx_ipgate_report_denials(out, denied);
}
