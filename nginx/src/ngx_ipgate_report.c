/*
 * What this process knows about its lists and sites: handed to the library, which writes it.
 */

#include "ngx_ipgate.h"


static ipgate_status ngx_ipgate_report_fill(ngx_ipgate_conf_t *icf, ipgate_report *report,
    ipgate_report_page *page, ipgate_error **error);
static ipgate_status ngx_ipgate_report_source(ipgate_report *report, ngx_ipgate_source_t *source,
    ipgate_report_page *page, ipgate_error **error);
static ipgate_status ngx_ipgate_report_policy(ipgate_report *report, ngx_ipgate_policy_t *policy,
    ipgate_error **error);
static void ngx_ipgate_report_free(void *report);


/* The text lives as long as the pool. */

ngx_int_t
ngx_ipgate_report(ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_log_t *log, ipgate_report_page *page,
    ipgate_report_format format, ngx_str_t *text)
{
    const char             *data;
    ipgate_error           *error;
    ipgate_report          *report;
    ipgate_status           status;
    ngx_pool_cleanup_t     *cln;
    ipgate_report_program   program = IPGATE_REPORT_PROGRAM_INIT;

    program.name = "nginx";
    program.version = NGINX_VERSION;
    program.pid = ngx_pid;
    program.worker = ngx_worker;
    program.exiting = ngx_exiting;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    error = NULL;

    status = ipgate_report_new(&program, &report, &error);

    if (status == IPGATE_OK) {
        cln->handler = ngx_ipgate_report_free;
        cln->data = report;

        status = ngx_ipgate_report_fill(ngx_ipgate_conf(cycle), report, page, &error);
    }

    if (status == IPGATE_OK) {
        status = ipgate_report_text(report, format, &data, &text->len, &error);
    }

    if (status != IPGATE_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "ipgate: there is no report: %s; nothing else is concerned",
                      ipgate_error_message(error));
        ipgate_error_free(error);
        return NGX_ERROR;
    }

    text->data = (u_char *) data;

    return NGX_OK;
}


static ipgate_status
ngx_ipgate_report_fill(ngx_ipgate_conf_t *icf, ipgate_report *report, ipgate_report_page *page,
    ipgate_error **error)
{
    ngx_uint_t             i;
    ipgate_status          status;
    ngx_ipgate_source_t  **source;
    ngx_ipgate_policy_t  **policy;

    source = icf->sources.elts;
    policy = icf->policies.elts;
    status = IPGATE_OK;

    for (i = 0; i < icf->sources.nelts && status == IPGATE_OK; i++) {
        status = ngx_ipgate_report_source(report, source[i], page, error);
    }

    for (i = 0; i < icf->policies.nelts && status == IPGATE_OK; i++) {
        status = ngx_ipgate_report_policy(report, policy[i], error);
    }

    return status;
}


static ipgate_status
ngx_ipgate_report_source(ipgate_report *report, ngx_ipgate_source_t *source, ipgate_report_page *page,
    ipgate_error **error)
{
    ipgate_report_source  given = IPGATE_REPORT_SOURCE_INIT;

    given.name = (char *) source->name.data;
    given.name_len = source->name.len;
    given.path = (char *) source->path.data;
    given.path_len = source->path.len;
    given.interval_millis = source->interval;

    if (source->kind->has_apps) {
        return ipgate_report_add_site(report, &given, source->site, source->site_reader, source->dry_run_reader,
                                      page, error);
    }

    return ipgate_report_add_list(report, &given, source->gate, source->reader, error);
}


/* What has been decided with a policy, in this process. */

static ipgate_status
ngx_ipgate_report_policy(ipgate_report *report, ngx_ipgate_policy_t *policy, ipgate_error **error)
{
    ngx_uint_t           i;
    ipgate_app_counts    counts = IPGATE_APP_COUNTS_INIT;
    ipgate_report_lists  lists = IPGATE_REPORT_LISTS_INIT;

    if (policy->site) {
        counts.allowed = policy->allowed;

        for (i = 0; i < IPGATE_REASONS; i++) {
            counts.reasons[i] = policy->denied[i];
            counts.denied += policy->denied[i];
        }

        return ipgate_report_add_site_decisions(report, (char *) policy->site->name.data, policy->site->name.len,
                                                (int32_t) policy->dry_run, &counts, error);
    }

    if (policy->reader == NULL) {
        return IPGATE_OK;
    }

    if (policy->app) {
        lists.app = (char *) policy->app->name.data;
        lists.app_len = policy->app->name.len;
    }

    if (policy->fallback) {
        lists.fallback = (char *) policy->fallback->name.data;
        lists.fallback_len = policy->fallback->name.len;
    }

    lists.dry_run = (int32_t) policy->dry_run;
    lists.let_in = policy->allowed_unix;

    return ipgate_report_add_decisions(report, &lists, policy->reader, error);
}


static void
ngx_ipgate_report_free(void *report)
{
    ipgate_report_free(report);
}
