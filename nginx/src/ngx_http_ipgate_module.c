/*
 * The directives for http, and their inheritance.
 *
 * Two modules, because of their order among nginx's own, which is that of their handlers within a phase (the
 * last one is asked first). The first stands before the realip module, so that it is asked after it; the second
 * stands last, so that it is asked before rewrite and the other access modules.
 */

#include "ngx_http_ipgate.h"


static void *ngx_http_ipgate_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_ipgate_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_ipgate_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
static ngx_int_t ngx_http_ipgate_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_ipgate_order_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_ipgate_add_handler(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler);
static char *ngx_http_ipgate_check_status(ngx_conf_t *cf, void *post, void *data);


static ngx_conf_enum_t  ngx_http_ipgate_phase_names[] = {
    { ngx_string("access"), NGX_HTTP_IPGATE_ACCESS },
    { ngx_string("early"), NGX_HTTP_IPGATE_EARLY },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_ipgate_status_post = { ngx_http_ipgate_check_status };


/* Where allow and deny may stand. */
#define NGX_HTTP_IPGATE_ANYWHERE                                              \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF)

#define ngx_http_ipgate_at(field)  offsetof(ngx_http_ipgate_loc_conf_t, rules.field)


static ngx_command_t  ngx_http_ipgate_commands[] = {

    NGX_IPGATE_LIST_COMMAND(NGX_HTTP_MAIN_CONF),

    NGX_IPGATE_RULES_COMMANDS(NGX_HTTP_IPGATE_ANYWHERE, NGX_HTTP_LOC_CONF_OFFSET, ngx_http_ipgate_at,
                              &ngx_http_ipgate_script, ngx_http_set_complex_value_slot),

    { ngx_string("ipgate_phase"),
      NGX_HTTP_IPGATE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_ipgate_loc_conf_t, phase),
      &ngx_http_ipgate_phase_names },

    { ngx_string("ipgate_deny_status"),
      NGX_HTTP_IPGATE_ANYWHERE|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_ipgate_loc_conf_t, deny_status),
      &ngx_http_ipgate_status_post },

    { ngx_string("ipgate_report"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_ipgate_report_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_ipgate_module_ctx = {
    ngx_http_ipgate_add_variables,         /* preconfiguration */
    ngx_http_ipgate_postconfiguration,     /* postconfiguration */

    ngx_http_ipgate_create_main_conf,      /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_ipgate_create_loc_conf,       /* create location configuration */
    ngx_http_ipgate_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_ipgate_module = {
    NGX_MODULE_V1,
    &ngx_http_ipgate_module_ctx,           /* module context */
    ngx_http_ipgate_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_module_t  ngx_http_ipgate_order_module_ctx = {
    NULL, ngx_http_ipgate_order_postconfiguration, NULL, NULL, NULL, NULL, NULL, NULL
};


ngx_module_t  ngx_http_ipgate_order_module = {
    NGX_MODULE_V1,
    &ngx_http_ipgate_order_module_ctx,     /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_ipgate_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_ipgate_main_conf_t  *imcf;

    imcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_ipgate_main_conf_t));

    if (imcf == NULL
        || ngx_array_init(&imcf->places, cf->temp_pool, 16, sizeof(ngx_http_ipgate_loc_conf_t *)) != NGX_OK)
    {
        return NULL;
    }

    return imcf;
}


static void *
ngx_http_ipgate_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_ipgate_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_ipgate_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    ngx_ipgate_rules_init(&conf->rules);
    conf->phase = NGX_CONF_UNSET_UINT;
    conf->deny_status = NGX_CONF_UNSET_UINT;
    conf->conf_file = ngx_ipgate_shown(cf->pool, &cf->conf_file->file.name);
    conf->conf_line = cf->conf_file->line;

    return conf;
}


static char *
ngx_http_ipgate_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_ipgate_loc_conf_t *prev = parent;
    ngx_http_ipgate_loc_conf_t *conf = child;

    ngx_ipgate_rules_t           *rules = &conf->rules;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_ipgate_loc_conf_t  **place;
    ngx_http_ipgate_main_conf_t  *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_ipgate_module);

    place = ngx_array_push(&imcf->places);
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    *place = conf;

    conf->level = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;
    conf->names_list = (rules->choice != NGX_CONF_UNSET_PTR && rules->choice != NULL)
                       || ngx_ipgate_has_site(rules)
                       || (rules->fallback != NGX_CONF_UNSET_PTR && rules->fallback != NULL);

    if (ngx_ipgate_rules_merge(cf, &prev->rules, rules) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->parent = prev;
    conf->own = conf->names_list || rules->policy != prev->rules.policy;

    ngx_conf_merge_uint_value(conf->phase, prev->phase, NGX_HTTP_IPGATE_ACCESS);
    if (conf->phase == NGX_HTTP_IPGATE_EARLY && rules->policy) {
        imcf->has_early = 1;
    }

    ngx_conf_merge_uint_value(conf->deny_status, prev->deny_status, NGX_HTTP_FORBIDDEN);

    /* where one of several has to be satisfied; but in a dry run an address must not stand in for a password */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    conf->passed = clcf->satisfy == NGX_HTTP_SATISFY_ANY && !rules->dry_run ? NGX_OK : NGX_DECLINED;

    if (conf->report) {
        conf->report_open = ngx_http_ipgate_report_is_open(cf, prev, conf);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_ipgate_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                    i, used;
    ngx_http_ipgate_loc_conf_t  **place;
    ngx_http_ipgate_main_conf_t  *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_ipgate_module);

    used = ngx_http_ipgate_variables_used(cf);
    place = imcf->places.elts;

    for (i = 0; i < imcf->places.nelts; i++) {
        place[i]->plain = place[i]->rules.policy != NULL && place[i]->phase == NGX_HTTP_IPGATE_ACCESS
                          && place[i]->rules.address == NULL && place[i]->passed == NGX_DECLINED && !used;
        place[i]->plain_lists = place[i]->plain && place[i]->rules.policy->site == NULL;
    }

    ngx_http_ipgate_warn(cf, &imcf->places);

    if (!imcf->has_early) {
        return NGX_OK;
    }

    return ngx_http_ipgate_add_handler(cf, NGX_HTTP_POST_READ_PHASE, ngx_http_ipgate_early_handler);
}


static ngx_int_t
ngx_http_ipgate_order_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_ipgate_main_conf_t  *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_ipgate_module);

    if (imcf->has_early
        && (ngx_http_ipgate_add_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE, ngx_http_ipgate_early_handler) != NGX_OK
            || ngx_http_ipgate_add_handler(cf, NGX_HTTP_REWRITE_PHASE, ngx_http_ipgate_early_handler) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_ipgate_add_handler(cf, NGX_HTTP_ACCESS_PHASE, ngx_http_ipgate_access_handler);
}


static ngx_int_t
ngx_http_ipgate_add_handler(ngx_conf_t *cf, ngx_http_phases phase, ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


static char *
ngx_http_ipgate_check_status(ngx_conf_t *cf, void *post, void *data)
{
    ngx_uint_t  *status = data;

    if (*status < 400 || *status > 599) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid status \"%ui\": a denial has one from 400 to 599; 444 closes the connection",
                           *status);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
