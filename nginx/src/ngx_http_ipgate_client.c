/*
 * Whom a request is asked about, and for which app, where variables say so.
 */

#include "ngx_http_ipgate.h"


ngx_ipgate_script_t  ngx_http_ipgate_script = {
    ngx_http_set_complex_value_slot,
    ngx_http_get_variable_index,
    NGX_HTTP_MAIN_CONF
};


/* `address` is where the text of the client's address is kept. */

ngx_int_t
ngx_http_ipgate_client(ngx_http_request_t *r, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_str_t *address)
{
    *client = ngx_ipgate_client(r->connection);

    if (rules->address) {
        if (ngx_http_complex_value(r, rules->address, address) != NGX_OK) {
            return NGX_ERROR;
        }

        client->text = address;
    }

    return ngx_http_ipgate_app(r, rules, &client->app);
}


/* For which app variables say that a request is. Empty, so that no site names it, where they are not set, or do not say. */

ngx_int_t
ngx_http_ipgate_app(ngx_http_request_t *r, ngx_ipgate_rules_t *rules, ngx_str_t *app)
{
    ngx_ipgate_choice_t        *choice;
    ngx_http_variable_value_t  *value;

    ngx_str_null(app);

    if (!ngx_ipgate_is_variable(rules)) {
        return NGX_OK;
    }

    choice = rules->choice;

    if (choice->variable == NGX_ERROR) {
        return ngx_http_complex_value(r, choice->value, app);
    }

    value = ngx_http_get_flushed_variable(r, (ngx_uint_t) choice->variable);

    if (value == NULL) {
        return NGX_ERROR;
    }

    if (!value->not_found) {
        app->data = value->data;
        app->len = value->len;
    }

    return NGX_OK;
}
