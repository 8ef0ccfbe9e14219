/*
 * ipgate_list NAME file=PATH [interval=1s] [size=256m] [entries=N] [lenient] [bad=N%] [shrink=N%]
 *     [keep=ADDR,...];
 * ipgate_list NAME "10.0.1.0/24:office,...";
 */

#include "ngx_ipgate.h"


static char *ngx_ipgate_list_option(ngx_conf_t *cf, ngx_ipgate_list_t *list, ngx_str_t *option);
static ngx_int_t ngx_ipgate_percent(ngx_str_t *word);
static ngx_int_t ngx_ipgate_starts(ngx_str_t *word, const char *with, ngx_str_t *rest);


/* The list of that name, which may be defined later, in this block or another. */

ngx_ipgate_list_t *
ngx_ipgate_list_named(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t           i;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_list_t  **list, *new;

    icf = ngx_ipgate_conf(cf->cycle);
    list = icf->lists.elts;

    for (i = 0; i < icf->lists.nelts; i++) {
        if (list[i]->name.len == name->len
            && ngx_strncmp(list[i]->name.data, name->data, name->len) == 0)
        {
            return list[i];
        }
    }

    new = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_ipgate_list_t));
    if (new == NULL) {
        return NULL;
    }

    new->name = *name;
    new->conf_file = ngx_ipgate_shown(cf->cycle->pool, &cf->conf_file->file.name);
    new->conf_line = cf->conf_file->line;
    new->interval = NGX_IPGATE_INTERVAL;
    new->shrink = NGX_CONF_UNSET_UINT;
    new->max_bytes = NGX_IPGATE_SIZE;

    list = ngx_array_push(&icf->lists);
    if (list == NULL) {
        return NULL;
    }

    *list = new;

    return new;
}


char *
ngx_ipgate_list_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char               *rv;
    ngx_str_t          *value, path;
    ngx_uint_t          i;
    ngx_ipgate_list_t  *list;

    value = cf->args->elts;

    if (value[1].len == 0 || (value[1].len == 3 && ngx_strncmp(value[1].data, "off", 3) == 0)) {
        return "needs another name: \"off\" and the empty one mean no list";
    }

    list = ngx_ipgate_list_named(cf, &value[1]);
    if (list == NULL) {
        return NGX_CONF_ERROR;
    }

    if (list->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate ipgate_list \"%V\"", &list->name);
        return NGX_CONF_ERROR;
    }

    list->defined = 1;

    if (ngx_ipgate_starts(&value[2], "file=", &path) == NGX_OK) {

        if (path.len == 0) {
            return "has an empty file name";
        }

        if (ngx_ipgate_turn_add(cf) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        list->path = path;

        if (ngx_conf_full_name(cf->cycle, &list->path, 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        list->source = ngx_ipgate_shown(cf->cycle->pool, &list->path);

        for (i = 3; i < cf->args->nelts; i++) {
            rv = ngx_ipgate_list_option(cf, list, &value[i]);
            if (rv != NGX_CONF_OK) {
                return rv;
            }
        }

        if (list->max_bad && !list->lenient) {
            return "has \"bad=\" without \"lenient\", which alone leaves anything out";
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
        ngx_str_set(&list->source, "inline");
    }

    return ngx_ipgate_load(cf, list) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_ipgate_list_option(ngx_conf_t *cf, ngx_ipgate_list_t *list, ngx_str_t *option)
{
    off_t      size;
    ngx_int_t  n;
    ngx_str_t  rest;

    if (option->len == 7 && ngx_strncmp(option->data, "lenient", 7) == 0) {
        list->lenient = 1;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "interval=", &rest) == NGX_OK) {
        n = ngx_parse_time(&rest, 0);
        if (n == NGX_ERROR || n < 10) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write a time of at least 10ms, such as interval=1s", option);
            return NGX_CONF_ERROR;
        }
        list->interval = (ngx_msec_t) n;
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
        list->max_bytes = (uint64_t) size;
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
        list->max_entries = (uint64_t) n;
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
        list->max_bad = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "shrink=", &rest) == NGX_OK) {
        n = ngx_ipgate_percent(&rest);
        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"%V\": write a percentage, such as shrink=20%%", option);
            return NGX_CONF_ERROR;
        }
        list->shrink = (ngx_uint_t) n;
        return NGX_CONF_OK;
    }

    if (ngx_ipgate_starts(option, "keep=", &rest) == NGX_OK && rest.len) {
        list->keep = rest;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unexpected \"%V\" in ipgate_list \"%V\": there are interval=TIME, size=SIZE, entries=N, "
                       "lenient, bad=N%%, shrink=N%% and keep=ADDRESS,...",
                       option, &list->name);
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


static ngx_int_t
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
