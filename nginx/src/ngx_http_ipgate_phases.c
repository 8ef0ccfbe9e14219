/*
 * Where a request is stopped, and how.
 *
 * ipgate_phase access: the access phase alone, as allow and deny, so that `satisfy` is honoured.
 *
 * ipgate_phase early: the first phase in which the place's rules are known. Those of a server are known right
 * after realip has found the client's address; those of a location as soon as it has been chosen, before any
 * rewrite. What reaches the access phase without having passed (a named location, a request so broken that it
 * went to its error page at once) is stopped there, whatever `satisfy` says.
 *
 * A request that is sent on within nginx (error_page, try_files, index) comes by again. An early gate that it has
 * passed lets it pass, and whoever has rejected it does so again, without a second question, log line or count.
 */

#include "ngx_http_ipgate.h"


static ngx_ipgate_apart ngx_int_t ngx_http_ipgate_access(ngx_http_request_t *r,
    ngx_http_ipgate_loc_conf_t *ilcf);
static ngx_inline ngx_int_t ngx_http_ipgate_admit(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf);
static ngx_ipgate_apart ngx_int_t ngx_http_ipgate_admit_to_app(ngx_http_request_t *r,
    ngx_http_ipgate_loc_conf_t *ilcf);
static ngx_ipgate_apart ngx_int_t ngx_http_ipgate_access_denied(ngx_http_request_t *r);
static ngx_int_t ngx_http_ipgate_access_result(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_status_e status);
static ngx_int_t ngx_http_ipgate_ask(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_client_t *client, ngx_uint_t is_counted, ngx_ipgate_status_e *status);


ngx_int_t
ngx_http_ipgate_early_handler(ngx_http_request_t *r)
{
    ngx_str_t                    address;
    ngx_ipgate_client_t          client;
    ngx_ipgate_status_e          status;
    ngx_http_ipgate_asked_t     *asked;
    ngx_http_ipgate_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_ipgate_module);

    if (ilcf->rules.policy == NULL || ilcf->phase != NGX_HTTP_IPGATE_EARLY) {
        return NGX_DECLINED;
    }

    if (ngx_http_ipgate_client(r, &ilcf->rules, &client, &address) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    asked = ngx_http_ipgate_asked(r, ilcf, &client);

    if (asked) {
        status = asked->status;

    } else if (ngx_http_ipgate_ask(r, ilcf, &client, 0, &status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status == NGX_IPGATE_REJECTED ? (ngx_int_t) ilcf->deny_status : NGX_DECLINED;
}


/* Whom the list allows passes here, and costs little; everything else is a call. */

ngx_int_t
ngx_http_ipgate_access_handler(ngx_http_request_t *r)
{
    ngx_http_ipgate_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_ipgate_module);

    if (r->internal || !ilcf->plain) {
        return ngx_http_ipgate_access(r, ilcf);
    }

    return ilcf->plain_lists ? ngx_http_ipgate_admit(r, ilcf) : ngx_http_ipgate_admit_to_app(r, ilcf);
}


/* The access phase of a plain place with lists. */

static ngx_inline ngx_int_t
ngx_http_ipgate_admit(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf)
{
    ngx_connection_t  *c;

    c = r->connection;

    if (ipgate_admit(ilcf->rules.policy->reader, c->sockaddr, c->socklen) == IPGATE_ALLOW) {
        return NGX_DECLINED;
    }

    return ngx_http_ipgate_access_denied(r);
}


/* The same with a site. Whom that does not allow is asked about again, for the whole answer, and counted once. */

static ngx_int_t
ngx_http_ipgate_admit_to_app(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf)
{
    ngx_str_t            app;
    ngx_ipgate_client_t  client;
    ngx_ipgate_status_e  status;

    if (ngx_http_get_module_ctx(r->main, ngx_http_ipgate_module)) {
        return ngx_http_ipgate_access(r, ilcf); /* a variable may have asked */
    }

    if (ngx_http_ipgate_app(r, &ilcf->rules, &app) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_ipgate_app_admits(&ilcf->rules, r->connection, &app)) {
        return NGX_DECLINED;
    }

    client = ngx_ipgate_client(r->connection);
    client.app = app;

    if (ngx_http_ipgate_ask(r, ilcf, &client, 1, &status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_ipgate_access_result(r, ilcf, status);
}


/* The access phase of a place of any kind. */

static ngx_int_t
ngx_http_ipgate_access(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf)
{
    ngx_int_t                 rc;
    ngx_str_t                 address;
    ngx_ipgate_client_t       client;
    ngx_ipgate_status_e       status;
    ngx_http_ipgate_asked_t  *asked;

    if (ilcf->rules.policy == NULL) {
        return NGX_DECLINED;
    }

    if (ilcf->phase == NGX_HTTP_IPGATE_EARLY) {
        rc = ngx_http_ipgate_early_handler(r);

        if (rc == NGX_DECLINED) {
            return NGX_DECLINED;
        }

        /* not by return: `satisfy any` would let others overrule it */

        ngx_http_finalize_request(r, rc);
        return NGX_DONE;
    }

    if (ngx_http_ipgate_client(r, &ilcf->rules, &client, &address) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    asked = ngx_http_ipgate_asked(r, ilcf, &client);

    if (asked && asked->status != NGX_IPGATE_PASSED) {
        return ngx_http_ipgate_access_result(r, ilcf, asked->status);
    }

    if (ilcf->plain_lists) {
        return ngx_http_ipgate_admit(r, ilcf);
    }

    if (ngx_http_ipgate_ask(r, ilcf, &client, 0, &status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_ipgate_access_result(r, ilcf, status);
}


static ngx_int_t
ngx_http_ipgate_access_denied(ngx_http_request_t *r)
{
    ngx_ipgate_client_t          client;
    ngx_ipgate_status_e          status;
    ngx_http_ipgate_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_ipgate_module);

    client = ngx_ipgate_client(r->connection);
    status = ngx_ipgate_denied(&ilcf->rules, &client);

    if (status != NGX_IPGATE_PASSED) {
        ngx_ipgate_answer_log(r->connection->log, &ilcf->rules, &client, status, NULL);
        ngx_http_ipgate_remember(r, ngx_http_ipgate_ctx(r), ilcf, &client, status);
    }

    return ngx_http_ipgate_access_result(r, ilcf, status);
}


static ngx_int_t
ngx_http_ipgate_access_result(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_status_e status)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (status == NGX_IPGATE_PASSED) {
        return ilcf->passed;
    }

    if (status == NGX_IPGATE_REJECTED_DRY_RUN) {
        return NGX_DECLINED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {

        /* the answer, should nobody else be satisfied; a request for a password goes before it */

        if (r->access_code != NGX_HTTP_UNAUTHORIZED) {
            r->access_code = ilcf->deny_status;
        }

        return NGX_DECLINED;
    }

    return ilcf->deny_status;
}


/* The whole answer, kept for the variables, and remembered. */

static ngx_int_t
ngx_http_ipgate_ask(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf, ngx_ipgate_client_t *client,
    ngx_uint_t is_counted, ngx_ipgate_status_e *status)
{
    ngx_http_ipgate_ctx_t  *ctx;

    ctx = ngx_http_ipgate_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_ipgate_new_ctx(r);
        if (ctx == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_ipgate_ask(&ilcf->rules, client, is_counted, &ctx->answer);
    *status = ctx->answer.status;

    if (*status != NGX_IPGATE_PASSED) {
        ngx_ipgate_answer_log(r->connection->log, &ilcf->rules, client, *status, &ctx->answer.verdict);
    }

    if (ilcf->phase == NGX_HTTP_IPGATE_EARLY || *status != NGX_IPGATE_PASSED) {
        ngx_http_ipgate_remember(r, ctx, ilcf, client, *status);
    }

    return ngx_ipgate_answer_keep(r->pool, &ctx->answer);
}
