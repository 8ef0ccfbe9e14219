/*
 * ipgate NAME; ipgate $app; ipgate_host $host; ipgate off;
 *
 * Two ways to say one thing: whose list, beside the default list. A name without variables is an app's where a site
 * is chosen, which is known when the block has been read, and that of a list elsewhere.
 */

#include "ngx_ipgate.h"


static char *ngx_ipgate_choose(ngx_conf_t *cf, ngx_command_t *cmd, ngx_ipgate_choice_t **field,
    ngx_uint_t by_host);
static ngx_uint_t ngx_ipgate_is_one_variable(ngx_str_t *text, ngx_str_t *name);


char *
ngx_ipgate_choice_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_ipgate_choose(cf, cmd, (ngx_ipgate_choice_t **) ((char *) conf + cmd->offset), 0);
}


char *
ngx_ipgate_host_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_ipgate_choose(cf, cmd, (ngx_ipgate_choice_t **) ((char *) conf + cmd->offset), 1);
}


static char *
ngx_ipgate_choose(ngx_conf_t *cf, ngx_command_t *cmd, ngx_ipgate_choice_t **field, ngx_uint_t by_host)
{
    ngx_ipgate_script_t *script = cmd->post;

    char                 *rv;
    ngx_str_t            *value, name;
    ngx_command_t         set_value;
    ngx_ipgate_choice_t  *choice;

    if (*field != NGX_CONF_UNSET_PTR) {
        return *field == NULL || (*field)->by_host == by_host
               ? "is duplicate" : "stands beside the other one of \"ipgate\" and \"ipgate_host\": both say the app";
    }

    value = cf->args->elts;

    if (ngx_ipgate_is_off(&value[1])) {
        *field = NULL;
        return NGX_CONF_OK;
    }

    choice = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_ipgate_choice_t));
    if (choice == NULL) {
        return NGX_CONF_ERROR;
    }

    choice->text = value[1];
    choice->place = ngx_ipgate_here(cf);
    choice->variable = NGX_ERROR;
    choice->by_host = by_host;

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        choice->value = NGX_CONF_UNSET_PTR;

        ngx_memzero(&set_value, sizeof(ngx_command_t));
        set_value.offset = offsetof(ngx_ipgate_choice_t, value);

        rv = script->set_value(cf, &set_value, choice);
        if (rv != NGX_CONF_OK) {
            return rv;
        }

        if (ngx_ipgate_is_one_variable(&choice->text, &name)) {
            choice->variable = script->variable(cf, &name);
            if (choice->variable == NGX_ERROR) {
                return NGX_CONF_ERROR;
            }
        }
    }

    *field = choice;

    return NGX_CONF_OK;
}


/* $name or ${name}, whose value needs no copy. A capture, such as $1, is no variable of nginx's. */

static ngx_uint_t
ngx_ipgate_is_one_variable(ngx_str_t *text, ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  i;

    name->data = text->data + 1;
    name->len = text->len - 1;

    if (name->len > 2 && name->data[0] == '{' && name->data[name->len - 1] == '}') {
        name->data++;
        name->len -= 2;
    }

    if (text->data[0] != '$' || name->len == 0 || (name->data[0] >= '1' && name->data[0] <= '9')) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (!((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_')) {
            return 0;
        }
    }

    return 1;
}


/* Finds out what a choice is, where it is written, and names its list. */

ngx_int_t
ngx_ipgate_choice_settle(ngx_conf_t *cf, ngx_ipgate_choice_t *choice, ngx_uint_t has_site)
{
    if (choice->settled) {
        return NGX_OK;
    }

    choice->settled = 1;
    choice->is_app = has_site || choice->value || choice->by_host;

    if (choice->is_app) {
        return NGX_OK;
    }

    choice->list = ngx_ipgate_source(cf, &ngx_ipgate_list_kind, &choice->text, &choice->place);

    return choice->list ? NGX_OK : NGX_ERROR;
}
