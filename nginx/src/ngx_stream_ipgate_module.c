/*
 * The same lists, sites and rules for stream: a client that is denied is gone before anything of an upstream, a TLS
 * handshake or a single byte of its own is looked at.
 *
 * But where variables say the app, they have to be known, as $ssl_preread_server_name is after a first look into what
 * the client sends: such a server asks right before its content (proxy_pass, return). So does one to which a name in
 * the handshake has led, since another server has accepted the connection.
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
static void ngx_stream_ipgate_content_handler(ngx_stream_session_t *s);
static ngx_int_t ngx_stream_ipgate_ask(ngx_stream_session_t *s, ngx_ipgate_rules_t *rules);
static ngx_int_t ngx_stream_ipgate_app(ngx_stream_session_t *s, ngx_ipgate_choice_t *choice, ngx_str_t *app);
static ngx_int_t ngx_stream_ipgate_variable(ngx_stream_session_t *s, ngx_stream_variable_value_t *v,
    uintptr_t data);


#define NGX_STREAM_IPGATE_ANYWHERE  (NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF)

#define ngx_stream_ipgate_at(field)  offsetof(ngx_stream_ipgate_srv_conf_t, rules.field)


typedef struct {
    ngx_ipgate_rules_t             rules;
    ngx_stream_content_handler_pt  content;    /* of another module, which gets whoever passes */
} ngx_stream_ipgate_srv_conf_t;


typedef struct {
    ngx_ipgate_answer_t            answer;
    ngx_ipgate_rules_t            *rules;      /* whose answer it is */
} ngx_stream_ipgate_ctx_t;


static ngx_ipgate_script_t  ngx_stream_ipgate_script = {
    ngx_stream_set_complex_value_slot,
    ngx_stream_get_variable_index,
    NGX_STREAM_MAIN_CONF
};


static ngx_command_t  ngx_stream_ipgate_commands[] = {

    NGX_IPGATE_LIST_COMMAND(NGX_STREAM_MAIN_CONF),

    NGX_IPGATE_RULES_COMMANDS(NGX_STREAM_IPGATE_ANYWHERE, NGX_STREAM_SRV_CONF_OFFSET, ngx_stream_ipgate_at,
                              &ngx_stream_ipgate_script, ngx_stream_set_complex_value_slot),

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
    ngx_stream_ipgate_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_ipgate_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    ngx_ipgate_rules_init(&conf->rules);

    return conf;
}


static char *
ngx_stream_ipgate_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_stream_ipgate_srv_conf_t *prev = parent;
    ngx_stream_ipgate_srv_conf_t *conf = child;

    return ngx_ipgate_rules_merge(cf, &prev->rules, &conf->rules) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_stream_ipgate_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_stream_handler_pt         *h;
    ngx_stream_core_srv_conf_t   **server;
    ngx_stream_core_main_conf_t   *cmcf;
    ngx_stream_ipgate_srv_conf_t  *conf;

    cmcf = ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_STREAM_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_stream_ipgate_access_handler;

    server = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        conf = server[i]->ctx->srv_conf[ngx_stream_ipgate_module.ctx_index];

        if (conf->rules.policy) {
            conf->content = server[i]->handler;
            server[i]->handler = ngx_stream_ipgate_content_handler;
        }
    }

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
        rules = &((ngx_stream_ipgate_srv_conf_t *) level[ngx_stream_ipgate_module.ctx_index])->rules;

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
    ngx_stream_ipgate_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(s, ngx_stream_ipgate_module);

    if (conf->rules.policy == NULL || ngx_ipgate_is_variable(&conf->rules)) {
        return NGX_DECLINED;
    }

    return ngx_stream_ipgate_ask(s, &conf->rules);
}


/* Of the server that the connection has come to, with whatever was found out about it. */

static void
ngx_stream_ipgate_content_handler(ngx_stream_session_t *s)
{
    ngx_int_t                      rc;
    ngx_stream_ipgate_ctx_t       *ctx;
    ngx_stream_ipgate_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(s, ngx_stream_ipgate_module);
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_ipgate_module);

    if (ctx == NULL || ctx->rules != &conf->rules) {
        rc = ngx_stream_ipgate_ask(s, &conf->rules);

        if (rc != NGX_DECLINED) {
            ngx_stream_finalize_session(s, rc == NGX_ERROR ? NGX_STREAM_INTERNAL_SERVER_ERROR : (ngx_uint_t) rc);
            return;
        }
    }

    conf->content(s);
}


static ngx_int_t
ngx_stream_ipgate_ask(ngx_stream_session_t *s, ngx_ipgate_rules_t *rules)
{
    ngx_str_t                 text;
    ngx_ipgate_answer_t      *answer;
    ngx_ipgate_client_t       client;
    ngx_stream_ipgate_ctx_t  *ctx;

    client = ngx_ipgate_client(s->connection);

    if (rules->address) {
        if (ngx_stream_complex_value(s, rules->address, &text) != NGX_OK) {
            return NGX_ERROR;
        }

        client.text = &text;
    }

    if (ngx_ipgate_is_variable(rules) && ngx_stream_ipgate_app(s, rules->choice, &client.app) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a connection is asked about once, so there is no need to know whether somebody wants the variables */

    ctx = ngx_pcalloc(s->connection->pool, sizeof(ngx_stream_ipgate_ctx_t));
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    ctx->rules = rules;
    answer = &ctx->answer;

    ngx_ipgate_ask(rules, &client, 0, answer);

    if (answer->status != NGX_IPGATE_PASSED) {
        ngx_ipgate_answer_log(s->connection->log, rules, &client, answer->status, &answer->verdict);
    }

    if (ngx_ipgate_answer_keep(s->connection->pool, answer) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_stream_set_ctx(s, ctx, ngx_stream_ipgate_module);

    return answer->status == NGX_IPGATE_REJECTED ? NGX_STREAM_FORBIDDEN : NGX_DECLINED;
}


/* Empty, so that no site names it, where the variable is not set. */

static ngx_int_t
ngx_stream_ipgate_app(ngx_stream_session_t *s, ngx_ipgate_choice_t *choice, ngx_str_t *app)
{
    ngx_stream_variable_value_t  *value;

    if (choice->variable == NGX_ERROR) {
        return ngx_stream_complex_value(s, choice->value, app);
    }

    value = ngx_stream_get_flushed_variable(s, (ngx_uint_t) choice->variable);

    if (value == NULL) {
        return NGX_ERROR;
    }

    if (!value->not_found) {
        app->data = value->data;
        app->len = value->len;
    }

    return NGX_OK;
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
    ngx_stream_ipgate_ctx_t  *ctx;

    ctx = ngx_stream_get_module_ctx(s, ngx_stream_ipgate_module);

    return ngx_ipgate_answer_value(s->connection->pool, ctx ? &ctx->answer : NULL, data, v);
}
