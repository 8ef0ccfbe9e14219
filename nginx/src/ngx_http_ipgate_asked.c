/*
 * What a request has been asked already, kept over redirects within nginx.
 */

#include "ngx_http_ipgate.h"


static void ngx_http_ipgate_ctx_mark(void *data);


/* The answer that this request has had from the same rules about the same client; NULL without one. */

ngx_http_ipgate_asked_t *
ngx_http_ipgate_asked(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf, ngx_ipgate_client_t *client)
{
    ngx_uint_t                i;
    ngx_http_ipgate_ctx_t    *ctx;
    ngx_http_ipgate_asked_t  *asked;

    ctx = ngx_http_ipgate_ctx(r);

    if (ctx == NULL) {
        return NULL;
    }

    for (i = 0; i < ngx_min(ctx->nasked, NGX_HTTP_IPGATE_ASKED); i++) {
        asked = &ctx->asked[i];

        if (asked->policy == ilcf->rules.policy
            && asked->address == ilcf->rules.address
            && asked->unix_peers == ilcf->rules.unix_peers
            && asked->sockaddr == client->sockaddr
            && ngx_ipgate_same(&asked->app, &client->app))
        {
            return asked;
        }
    }

    return NULL;
}


/* Without memory for it (`ctx` is NULL and stays so) the next one asks anew. */

void
ngx_http_ipgate_remember(ngx_http_request_t *r, ngx_http_ipgate_ctx_t *ctx, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_client_t *client, ngx_ipgate_status_e status)
{
    ngx_http_ipgate_asked_t  *asked;

    if (ctx == NULL) {
        ctx = ngx_http_ipgate_new_ctx(r);
        if (ctx == NULL) {
            return;
        }
    }

    asked = &ctx->asked[ctx->nasked++ % NGX_HTTP_IPGATE_ASKED];

    asked->policy = ilcf->rules.policy;
    asked->address = ilcf->rules.address;
    asked->unix_peers = ilcf->rules.unix_peers;
    asked->sockaddr = client->sockaddr;
    asked->app = client->app;
    asked->status = status;
}


/* A redirect within nginx forgets the contexts of all modules, but no cleanup. */

ngx_http_ipgate_ctx_t *
ngx_http_ipgate_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_ipgate_ctx_t  *ctx;

    r = r->main;
    ctx = ngx_http_get_module_ctx(r, ngx_http_ipgate_module);

    if (ctx == NULL && (r->internal || r->filter_finalize)) {

        for (cln = r->pool->cleanup; cln; cln = cln->next) {
            if (cln->handler == ngx_http_ipgate_ctx_mark) {
                ctx = cln->data;
                ngx_http_set_ctx(r, ctx, ngx_http_ipgate_module);
                break;
            }
        }
    }

    return ctx;
}


ngx_http_ipgate_ctx_t *
ngx_http_ipgate_new_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_ipgate_ctx_t  *ctx;

    r = r->main;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_ipgate_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_ipgate_ctx_t));

    cln->handler = ngx_http_ipgate_ctx_mark;
    ngx_http_set_ctx(r, ctx, ngx_http_ipgate_module);

    return ctx;
}


/* Nothing to clean up: it marks the place of the context. */

static void
ngx_http_ipgate_ctx_mark(void *data)
{
}
