/*
 * What ipgate_list and ipgate_site say of what they name:
 *
 *     [interval=1s] [size=256m] [entries=N] [lenient] [bad=N%] [shrink=N%] [keep=ADDR,...]
 *     and of a site [max_removed=N%] [keep_enforced]
 */

#include "ngx_ipgate_source.h"


static char *ngx_ipgate_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option);
static char *ngx_ipgate_site_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option);
static char *ngx_ipgate_no_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option);
static ngx_int_t ngx_ipgate_percent(ngx_str_t *word);


/* The path behind `key`, which the second argument has, and the options in those that follow. */

char *
ngx_ipgate_path_and_options(ngx_conf_t *cf, ngx_ipgate_source_t *source, const char *key)
{
    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (ngx_ipgate_starts(&value[2], key, &source->path) != NGX_OK || source->path.len == 0) {
        return "has an empty file name";
    }

    if (ngx_ipgate_turn_add(cf) != NGX_OK || ngx_conf_full_name(cf->cycle, &source->path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    source->shown = ngx_ipgate_shown(cf->cycle->pool, &source->path);

    for (i = 3; i < cf->args->nelts; i++) {
        rv = ngx_ipgate_option(cf, source, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (source->max_bad && !source->lenient) {
        return "has \"bad=\" without \"lenient\", which alone leaves anything out";
    }

    return NGX_CONF_OK;
}


static char *
ngx_ipgate_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option)
{
    off_t      size;
    ngx_int_t  n;
    ngx_str_t  rest;

    if (option->len == 7 && ngx_strncmp(option->data, "lenient", 7) == 0) {
        source->lenient = 1;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "interval=", &rest) == NGX_OK) {
        n = ngx_parse_time(&rest, 0);
        if (n == NGX_ERROR || n < 10) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write a time of at least 10ms, such as interval=1s", option);
            return NGX_CONF_ERROR;
        }
        source->interval = (ngx_msec_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "size=", &rest) == NGX_OK) {
        size = ngx_parse_offset(&rest);
        if (size == NGX_ERROR || size == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write the most bytes that the file may have, such as size=256m",
                               option);
            return NGX_CONF_ERROR;
        }
        source->max_bytes = (uint64_t) size;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "entries=", &rest) == NGX_OK) {
        n = ngx_atoi(rest.data, rest.len);
        if (n == NGX_ERROR || n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write the most entries that the list may have, such as entries=100000",
                               option);
            return NGX_CONF_ERROR;
        }
        source->max_entries = (uint64_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "bad=", &rest) == NGX_OK) {
        n = ngx_ipgate_percent(&rest);
        if (n == NGX_ERROR || n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write the most that lenient leaves out, from 1%% to 100%%, "
                               "such as bad=60%%", option);
            return NGX_CONF_ERROR;
        }
        source->max_bad = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "shrink=", &rest) == NGX_OK) {
        n = ngx_ipgate_percent(&rest);
        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write a percentage, such as shrink=20%%", option);
            return NGX_CONF_ERROR;
        }
        source->shrink = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "keep=", &rest) == NGX_OK && rest.len) {
        source->keep = rest;
        return NGX_CONF_OK;
    }

    if (source->kind->has_apps) {
        return ngx_ipgate_site_option(cf, source, option);
    }

    return ngx_ipgate_no_option(cf, source, option);
}


/* What sites have beside. */

static char *
ngx_ipgate_site_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option)
{
    ngx_int_t  n;
    ngx_str_t  rest;

    if (option->len == 13 && ngx_strncmp(option->data, "keep_enforced", 13) == 0) {
        source->keep_enforced = 1;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "max_removed=", &rest) == NGX_OK) {
        n = ngx_ipgate_percent(&rest);
        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write the percentage of apps that may lose their lists at once, "
                               "such as max_removed=20%%", option);
            return NGX_CONF_ERROR;
        }
        source->removed = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    return ngx_ipgate_no_option(cf, source, option);
}


static char *
ngx_ipgate_no_option(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_str_t *option)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unexpected \"%V\" in %s \"%V\": there are %s",
                       option, source->kind->directive, &source->name, source->kind->options);
    return NGX_CONF_ERROR;
}


/* A percentage, from 0% to 100%. */

static ngx_int_t
ngx_ipgate_percent(ngx_str_t *word)
{
    ngx_int_t  n;

    if (word->len == 0 || word->data[word->len - 1] != '%') {
        return NGX_ERROR;
    }

    n = ngx_atoi(word->data, word->len - 1);

    return n > 100 ? NGX_ERROR : n;
}


ngx_int_t
ngx_ipgate_starts(ngx_str_t *word, const char *with, ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(with);

    if (word->len < len || ngx_strncmp(word->data, with, len) != 0) {
        return NGX_DECLINED;
    }

    rest->data = word->data + len;
    rest->len = word->len - len;

    return NGX_OK;
}
