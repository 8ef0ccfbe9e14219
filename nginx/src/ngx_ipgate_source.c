/*
 * Lists and sites by their names, of which each kind has its own.
 */

#include "ngx_ipgate_source.h"


/* The one of that name, which may be defined later, in this block or another. */

ngx_ipgate_source_t *
ngx_ipgate_source(ngx_conf_t *cf, const ngx_ipgate_kind_t *kind, ngx_str_t *name, ngx_ipgate_place_t *mentioned)
{
    ngx_uint_t             i;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_source_t  **source, *new;

    icf = ngx_ipgate_conf(cf->cycle);
    source = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {
        if (source[i]->kind == kind && ngx_ipgate_same(&source[i]->name, name)) {
            return source[i];
        }
    }

    new = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_ipgate_source_t));
    if (new == NULL) {
        return NULL;
    }

    new->kind = kind;
    new->name = *name;
    new->mentioned = *mentioned;
    new->interval = NGX_IPGATE_INTERVAL;
    new->shrink = NGX_CONF_UNSET_UINT;
    new->removed = NGX_CONF_UNSET_UINT;
    new->max_bytes = NGX_IPGATE_SIZE;

    source = ngx_array_push(&icf->sources);
    if (source == NULL) {
        return NULL;
    }

    *source = new;

    return new;
}


/* The one that a directive defines, by its first argument; NULL where that is not possible, and has been said. */

ngx_ipgate_source_t *
ngx_ipgate_source_defined(ngx_conf_t *cf, const ngx_ipgate_kind_t *kind)
{
    ngx_str_t            *value;
    ngx_ipgate_place_t    here;
    ngx_ipgate_source_t  *source;

    value = cf->args->elts;
    here = ngx_ipgate_here(cf);

    if (value[1].len == 0 || ngx_ipgate_is_off(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" directive needs another name: \"off\" and the empty one mean none",
                           kind->directive);
        return NULL;
    }

    source = ngx_ipgate_source(cf, kind, &value[1], &here);

    if (source && source->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate %s \"%V\"", kind->directive, &source->name);
        return NULL;
    }

    if (source) {
        source->defined = 1;
    }

    return source;
}


/* Where the configuration is being read. */

ngx_ipgate_place_t
ngx_ipgate_here(ngx_conf_t *cf)
{
    ngx_ipgate_place_t  here;

    here.file = ngx_ipgate_shown(cf->cycle->pool, &cf->conf_file->file.name);
    here.line = cf->conf_file->line;

    return here;
}


ngx_uint_t
ngx_ipgate_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


/* What cancels that which is inherited. */

ngx_uint_t
ngx_ipgate_is_off(ngx_str_t *word)
{
    return word->len == 3 && ngx_strncmp(word->data, "off", 3) == 0;
}
