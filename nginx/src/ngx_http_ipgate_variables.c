/*
 * $ipgate_status, $ipgate_label, $ipgate_entry, $ipgate_reason, $ipgate_generation, $ipgate_app, $ipgate_list: the
 * last answer about a request. Before anybody has asked the status is OFF and there are no others.
 */

#include "ngx_http_ipgate.h"


static ngx_int_t ngx_http_ipgate_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);


ngx_int_t
ngx_http_ipgate_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t    *var;
    ngx_ipgate_variable_t  *v;

    for (v = ngx_ipgate_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_ipgate_variable;
        var->data = v->part;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_ipgate_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_ipgate_ctx_t  *ctx;

    ctx = ngx_http_ipgate_ctx(r);

    return ngx_ipgate_answer_value(r->pool, ctx ? &ctx->answer : NULL, data, v);
}


/*
 * Whether the configuration mentions one, or a module is there whose programs may ask for one by name. (SSI may,
 * too, and is always there: it finds those that the configuration mentions.)
 */

ngx_flag_t
ngx_http_ipgate_variables_used(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *var;
    ngx_ipgate_variable_t      *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    var = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        for (v = ngx_ipgate_variables; v->name.len; v++) {
            if (var[i].name.len == v->name.len
                && ngx_strncmp(var[i].name.data, v->name.data, v->name.len) == 0)
            {
                return 1;
            }
        }
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_lua_module") == 0
            || ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_js_module") == 0
            || ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_perl_module") == 0)
        {
            return 1;
        }
    }

    return 0;
}
