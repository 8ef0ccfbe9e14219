/*
 * ipgate_list NAME file=PATH [OPTION ...];
 * ipgate_list NAME "10.0.1.0/24:office,...";
 *
 * And what the library has for lists: gates.
 */

#include "ngx_ipgate_source.h"


static ipgate_status ngx_ipgate_list_make(ngx_ipgate_source_t *list, ipgate_error **error);
static ipgate_status ngx_ipgate_list_guard(ngx_ipgate_source_t *list, const ipgate_guard *guard,
    ipgate_error **error);
static ipgate_status ngx_ipgate_list_load(ngx_ipgate_source_t *list, const ipgate_options *options,
    ipgate_error **error);
static ipgate_status ngx_ipgate_list_share(ngx_ipgate_source_t *list, ngx_ipgate_source_t *former);
static ipgate_status ngx_ipgate_list_open(ngx_ipgate_source_t *list, ipgate_error **error);
static ipgate_poll ngx_ipgate_list_poll(ngx_ipgate_source_t *list, uint32_t flags, ipgate_error **error);
static uint64_t ngx_ipgate_list_generation(ngx_ipgate_source_t *list);
static ipgate_status ngx_ipgate_list_state(ngx_ipgate_source_t *list, ngx_ipgate_state_t *state);
static ipgate_status ngx_ipgate_list_warnings(ngx_ipgate_source_t *list, ipgate_error **warnings);
static ipgate_status ngx_ipgate_list_last_error(ngx_ipgate_source_t *list, ipgate_error **error);


const ngx_ipgate_kind_t  ngx_ipgate_list_kind = {
    "ipgate_list",
    "the last good list",
    "entries",
    "interval=TIME, size=SIZE, entries=N, lenient, bad=N%, shrink=N% and keep=ADDRESS,...",
    0,
    ngx_ipgate_list_make,
    ngx_ipgate_list_guard,
    ngx_ipgate_list_load,
    ngx_ipgate_list_share,
    ngx_ipgate_list_open,
    ngx_ipgate_list_poll,
    ngx_ipgate_list_generation,
    ngx_ipgate_list_state,
    ngx_ipgate_list_warnings,
    ngx_ipgate_list_last_error
};


char *
ngx_ipgate_list_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                 *rv;
    ngx_str_t            *value, path;
    ngx_ipgate_source_t  *list;

    value = cf->args->elts;

    list = ngx_ipgate_source_defined(cf, &ngx_ipgate_list_kind);
    if (list == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_ipgate_starts(&value[2], "file=", &path) == NGX_OK) {
        rv = ngx_ipgate_path_and_options(cf, list, "file=");
        if (rv != NGX_CONF_OK) {
            return rv;
        }

    } else {

        if (cf->args->nelts > 3) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unexpected \"%V\" in ipgate_list \"%V\": write file=PATH and options, "
                               "or one inline list in quotes",
                               &value[3], &list->name);
            return NGX_CONF_ERROR;
        }

        list->text = value[2];
        ngx_str_set(&list->shown, "inline");
    }

    return ngx_ipgate_load(cf, list) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ipgate_status
ngx_ipgate_list_make(ngx_ipgate_source_t *list, ipgate_error **error)
{
    return ipgate_gate_new(NULL, &list->gate, error);
}


static ipgate_status
ngx_ipgate_list_guard(ngx_ipgate_source_t *list, const ipgate_guard *guard, ipgate_error **error)
{
    return ipgate_gate_set_guard(list->gate, guard, error);
}


static ipgate_status
ngx_ipgate_list_load(ngx_ipgate_source_t *list, const ipgate_options *options, ipgate_error **error)
{
    if (list->path.len) {
        return ipgate_gate_replace_file(list->gate, (char *) list->path.data, options, error);
    }

    return ipgate_gate_replace_text(list->gate, (char *) list->text.data, list->text.len, options, error);
}


static ipgate_status
ngx_ipgate_list_share(ngx_ipgate_source_t *list, ngx_ipgate_source_t *former)
{
    return ipgate_gate_share(former->gate, &list->gate);
}


static ipgate_status
ngx_ipgate_list_open(ngx_ipgate_source_t *list, ipgate_error **error)
{
    return ipgate_reader_new(list->gate, &list->reader);
}


static ipgate_poll
ngx_ipgate_list_poll(ngx_ipgate_source_t *list, uint32_t flags, ipgate_error **error)
{
    return ipgate_gate_poll(list->gate, flags, error);
}


static uint64_t
ngx_ipgate_list_generation(ngx_ipgate_source_t *list)
{
    return ipgate_gate_generation(list->gate);
}


static ipgate_status
ngx_ipgate_list_state(ngx_ipgate_source_t *list, ngx_ipgate_state_t *state)
{
    ipgate_stats   stats = IPGATE_STATS_INIT;
    ipgate_status  status;

    status = ipgate_gate_stats(list->gate, &stats);

    state->generation = stats.generation;
    state->parts = stats.entries;
    state->failures = stats.failures;

    return status;
}


static ipgate_status
ngx_ipgate_list_warnings(ngx_ipgate_source_t *list, ipgate_error **warnings)
{
    return ipgate_gate_warnings(list->gate, warnings);
}


static ipgate_status
ngx_ipgate_list_last_error(ngx_ipgate_source_t *list, ipgate_error **error)
{
    return ipgate_gate_last_error(list->gate, error);
}
