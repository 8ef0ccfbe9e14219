/*
 * The same lists and rules for stream: a client that is denied is gone before anything of an upstream, a TLS
 * handshake or a single byte of its own is looked at.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_ipgate.h"


static void *ngx_stream_ipgate_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_ipgate_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child);
static ngx_int_t ngx_stream_ipgate_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_stream_ipgate_postconfiguration(ngx_conf_t *cf);
static void ngx_stream_ipgate_warn(ngx_conf_t *cf, ngx_stream_core_main_conf_t *cmcf);
static ngx_int_t ngx_stream_ipgate_access_handler(ngx_stream_session_t *s);
static ngx_int_t ngx_stream_ipgate_variable(ngx_stream_session_t *s, ngx_stream_variable_value_t *v,
    uintptr_t data);


#define NGX_STREAM_IPGATE_ANYWHERE  (NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF)

#define ngx_stream_ipgate_at(field)  offsetof(ngx_ipgate_rules_t, field)


static ngx_command_t  ngx_stream_ipgate_commands[] = {

    NGX_IPGATE_LIST_COMMAND(NGX_STREAM_MAIN_CONF),

    NGX_IPGATE_RULES_COMMANDS(NGX_STREAM_IPGATE_ANYWHERE, NGX_STREAM_SRV_CONF_OFFSET, ngx_stream_ipgate_at,
                              ngx_stream_set_complex_value_slot),

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_ipgate_module_ctx = {
    ngx_stream_ipgate_add_variables,       /* preconfiguration */
    ngx_stream_ipgate_postconfiguration,   /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_ipgate_create_srv_conf,     /* create server configuration */
    ngx_stream_ipgate_merge_srv_conf       /* merge server configuration */
};


ngx_module_t  ngx_stream_ipgate_module = {
    NGX_MODULE_V1,
    &ngx_stream_ipgate_module_ctx,         /* module context */
    ngx_stream_ipgate_commands,            /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_stream_ipgate_create_srv_conf(ngx_conf_t *cf)
{
    ngx_ipgate_rules_t  *rules;

    rules = ngx_pcalloc(cf->pool, sizeof(ngx_ipgate_rules_t));
    if (rules == NULL) {
        return NULL;
    }

    ngx_ipgate_rules_init(rules);

    return rules;
}


static char *
ngx_stream_ipgate_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    return ngx_ipgate_rules_merge(cf, parent, child) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_stream_ipgate_postconfiguration(ngx_conf_t *cf)
{
    ngx_stream_handler_pt        *h;
    ngx_stream_core_main_conf_t  *cmcf;

    cmcf = ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_STREAM_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_stream_ipgate_access_handler;

    ngx_stream_ipgate_warn(cf, cmcf);

    return NGX_OK;
}


/* What is legal and probably not meant. All servers are merged by now, in all modules. */

static void
ngx_stream_ipgate_warn(ngx_conf_t *cf, ngx_stream_core_main_conf_t *cmcf)
{
    void                        **level;
    ngx_str_t                     file;
    ngx_uint_t                    i;
    ngx_ipgate_rules_t           *rules;
    ngx_stream_core_srv_conf_t  **server;

    server = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        level = server[i]->ctx->srv_conf;
        rules = level[ngx_stream_ipgate_module.ctx_index];

        if (rules->policy && rules->unix_peers && rules->address == NULL
            && ngx_ipgate_realip_trusts_unix(cf, "ngx_stream_realip_module", level))
        {
            file.data = server[i]->file_name;
            file.len = ngx_strlen(file.data);
            file = ngx_ipgate_shown(cf->pool, &file);

            ngx_log_error(NGX_LOG_WARN, cf->log, 0, NGX_IPGATE_UNIX_WARNING, &file, server[i]->line);
        }
    }
}


static ngx_int_t
ngx_stream_ipgate_access_handler(ngx_stream_session_t *s)
{
    ngx_str_t             text;
    ngx_ipgate_rules_t   *rules;
    ngx_ipgate_answer_t  *answer;
    ngx_ipgate_client_t   client;

    rules = ngx_stream_get_module_srv_conf(s, ngx_stream_ipgate_module);

    if (rules->policy == NULL) {
        return NGX_DECLINED;
    }

    client = ngx_ipgate_client(s->connection);

    if (rules->address) {
        if (ngx_stream_complex_value(s, rules->address, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        client.text = &text;
    }

    /* a connection is asked about once, so there is no need to know whether somebody wants the variables */

    answer = ngx_pcalloc(s->connection->pool, sizeof(ngx_ipgate_answer_t));
    if (answer == NULL) {
        return NGX_ERROR;
    }

    ngx_ipgate_ask(rules, &client, answer);

    if (answer->status != NGX_IPGATE_PASSED) {
        ngx_ipgate_answer_log(s->connection->log, rules, &client, answer->status, &answer->verdict);
    }

    if (ngx_ipgate_answer_keep(s->connection->pool, answer) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_stream_set_ctx(s, answer, ngx_stream_ipgate_module);

    return answer->status == NGX_IPGATE_REJECTED ? NGX_STREAM_FORBIDDEN : NGX_DECLINED;
}


static ngx_int_t
ngx_stream_ipgate_add_variables(ngx_conf_t *cf)
{
    ngx_stream_variable_t  *var;
    ngx_ipgate_variable_t  *v;

    for (v = ngx_ipgate_variables; v->name.len; v++) {
        var = ngx_stream_add_variable(cf, &v->name, NGX_STREAM_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_stream_ipgate_variable;
        var->data = v->part;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_ipgate_variable(ngx_stream_session_t *s, ngx_stream_variable_value_t *v, uintptr_t data)
{
    return ngx_ipgate_answer_value(s->connection->pool,
                                   ngx_stream_get_module_ctx(s, ngx_stream_ipgate_module), data, v);
}
