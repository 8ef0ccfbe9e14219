/*
 * What a configuration says of its clients that is legal and probably not meant. Told by `nginx -t`.
 */

#include "ngx_http_ipgate.h"


static void ngx_http_ipgate_warn_internal(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place);
static void ngx_http_ipgate_warn_unix(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place);
static ngx_uint_t ngx_http_ipgate_lets_proxied_in(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place);


/* All places are merged by now, in all modules. */

void
ngx_http_ipgate_warn(ngx_conf_t *cf, ngx_array_t *places)
{
    ngx_uint_t                    i;
    ngx_http_ipgate_loc_conf_t  **place;

    place = places->elts;

    for (i = 0; i < places->nelts; i++) {
        ngx_http_ipgate_warn_internal(cf, place[i]);
        ngx_http_ipgate_warn_unix(cf, place[i]);
    }
}


/* Only a gate of its own: one that it inherits has been passed, or taken away with intent, by who sent it there. */

static void
ngx_http_ipgate_warn_internal(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = place->level[ngx_http_core_module.ctx_index];

    if (!clcf->internal || !place->own || place->rules.policy == NULL || place->rules.dry_run
        || place->phase != NGX_HTTP_IPGATE_ACCESS)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "ipgate: the gate of the internal location \"%V\" is not asked about subrequests (auth_request, SSI, "
                  "add_after_body, mirror), as allow and deny are not: write \"ipgate_phase early;\" there, in %V:%ui",
                  &clcf->name, &place->conf_file, place->conf_line);
}


static void
ngx_http_ipgate_warn_unix(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place)
{
    if (!ngx_http_ipgate_lets_proxied_in(cf, place) || ngx_http_ipgate_lets_proxied_in(cf, place->parent)) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0, NGX_IPGATE_UNIX_WARNING, &place->conf_file, place->conf_line);
}


/* Whether a client of whom a proxy behind a Unix socket says nothing that realip can read passes as that proxy. */

static ngx_uint_t
ngx_http_ipgate_lets_proxied_in(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *place)
{
    return place->rules.policy != NULL && place->rules.unix_peers && place->rules.address == NULL
           && ngx_ipgate_realip_trusts_unix(cf, "ngx_http_realip_module", place->level);
}
