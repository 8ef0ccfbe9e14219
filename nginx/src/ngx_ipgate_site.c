/*
 * ipgate_site NAME path=PATH [OPTION ...];
 *
 * And what the library has for sites.
 */

#include "ngx_ipgate_source.h"


static ipgate_status ngx_ipgate_site_make(ngx_ipgate_source_t *site, ipgate_error **error);
static ipgate_status ngx_ipgate_site_guard(ngx_ipgate_source_t *site, const ipgate_guard *guard,
    ipgate_error **error);
static ipgate_status ngx_ipgate_site_load(ngx_ipgate_source_t *site, const ipgate_options *options,
    ipgate_error **error);
static ipgate_status ngx_ipgate_site_share(ngx_ipgate_source_t *site, ngx_ipgate_source_t *former);
static ipgate_status ngx_ipgate_site_open(ngx_ipgate_source_t *site, ipgate_error **error);
static ipgate_poll ngx_ipgate_site_poll(ngx_ipgate_source_t *site, uint32_t flags, ipgate_error **error);
static uint64_t ngx_ipgate_site_generation(ngx_ipgate_source_t *site);
static ipgate_status ngx_ipgate_site_state(ngx_ipgate_source_t *site, ngx_ipgate_state_t *state);
static ipgate_status ngx_ipgate_site_warnings(ngx_ipgate_source_t *site, ipgate_error **warnings);
static ipgate_status ngx_ipgate_site_last_error(ngx_ipgate_source_t *site, ipgate_error **error);


const ngx_ipgate_kind_t  ngx_ipgate_site_kind = {
    "ipgate_site",
    "what was good of it",
    "apps",
    "interval=TIME, size=SIZE, entries=N, lenient, bad=N%, shrink=N%, keep=ADDRESS,..., "
    "max_removed=N% and keep_enforced",
    1,
    ngx_ipgate_site_make,
    ngx_ipgate_site_guard,
    ngx_ipgate_site_load,
    ngx_ipgate_site_share,
    ngx_ipgate_site_open,
    ngx_ipgate_site_poll,
    ngx_ipgate_site_generation,
    ngx_ipgate_site_state,
    ngx_ipgate_site_warnings,
    ngx_ipgate_site_last_error
};


char *
ngx_ipgate_site_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                 *rv;
    ngx_str_t            *value, path;
    ngx_ipgate_source_t  *site;

    value = cf->args->elts;

    site = ngx_ipgate_source_defined(cf, &ngx_ipgate_site_kind);
    if (site == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_ipgate_starts(&value[2], "path=", &path) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unexpected \"%V\" in ipgate_site \"%V\": write path=PATH, of a folder or an image, "
                           "and options", &value[2], &site->name);
        return NGX_CONF_ERROR;
    }

    rv = ngx_ipgate_path_and_options(cf, site, "path=");
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_ipgate_load(cf, site) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ipgate_status
ngx_ipgate_site_make(ngx_ipgate_source_t *site, ipgate_error **error)
{
    return ipgate_site_new(&site->site, error);
}


static ipgate_status
ngx_ipgate_site_guard(ngx_ipgate_source_t *site, const ipgate_guard *guard, ipgate_error **error)
{
    ipgate_guard       of_apps = *guard;
    ipgate_site_guard  of_site = IPGATE_SITE_GUARD_INIT;

    of_apps.must_allow = NULL;             /* no app is everyone's */

    if (site->removed <= 100) {
        of_site.max_removed_percent = (double) site->removed;
    }

    of_site.keep_enforced = site->keep_enforced;
    of_site.default_guard = guard;
    of_site.app_guard = &of_apps;

    return ipgate_site_set_guard(site->site, &of_site, error);
}


static ipgate_status
ngx_ipgate_site_load(ngx_ipgate_source_t *site, const ipgate_options *options, ipgate_error **error)
{
    return ipgate_site_replace_file(site->site, (char *) site->path.data, options, error);
}


static ipgate_status
ngx_ipgate_site_share(ngx_ipgate_source_t *site, ngx_ipgate_source_t *former)
{
    return ipgate_site_share(former->site, &site->site);
}


static ipgate_status
ngx_ipgate_site_open(ngx_ipgate_source_t *site, ipgate_error **error)
{
    ipgate_status  status;

    status = ipgate_site_reader_new(site->site, &site->site_reader, error);

    return status == IPGATE_OK ? ipgate_site_reader_new(site->site, &site->dry_run_reader, error) : status;
}


static ipgate_poll
ngx_ipgate_site_poll(ngx_ipgate_source_t *site, uint32_t flags, ipgate_error **error)
{
    return ipgate_site_poll(site->site, flags, error);
}


static uint64_t
ngx_ipgate_site_generation(ngx_ipgate_source_t *site)
{
    return ipgate_site_generation(site->site);
}


static ipgate_status
ngx_ipgate_site_state(ngx_ipgate_source_t *site, ngx_ipgate_state_t *state)
{
    ipgate_status      status;
    ipgate_site_stats  stats = IPGATE_SITE_STATS_INIT;

    status = ipgate_site_get_stats(site->site, &stats);

    state->generation = stats.generation;
    state->parts = stats.apps;
    state->failures = stats.failures;

    return status;
}


static ipgate_status
ngx_ipgate_site_warnings(ngx_ipgate_source_t *site, ipgate_error **warnings)
{
    return ipgate_site_warnings(site->site, warnings);
}


static ipgate_status
ngx_ipgate_site_last_error(ngx_ipgate_source_t *site, ipgate_error **error)
{
    return ipgate_site_last_error(site->site, error);
}
