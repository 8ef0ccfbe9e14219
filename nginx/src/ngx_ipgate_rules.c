/*
 * What a place in the configuration says about its clients: values are inherited one by one, as everywhere in
 * nginx, and what results is a policy of the library. Places with the same policy share its reader.
 */

#include "ngx_ipgate.h"


/* Above every level: nothing is logged. */
#define NGX_IPGATE_LOG_OFF  (NGX_LOG_DEBUG + 1)


static ngx_int_t ngx_ipgate_rules_settle(ngx_conf_t *cf, ngx_ipgate_rules_t *rules, ngx_ipgate_source_t *site);
static ngx_int_t ngx_ipgate_rules_fit(ngx_conf_t *cf, ngx_ipgate_rules_t *rules, ngx_uint_t own);


ngx_conf_enum_t  ngx_ipgate_log_levels[] = {
    { ngx_string("off"), NGX_IPGATE_LOG_OFF },
    { ngx_string("debug"), NGX_LOG_DEBUG },
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_ipgate_unix_choices[] = {
    { ngx_string("deny"), 0 },
    { ngx_string("allow"), 1 },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_ipgate_unknown_apps[] = {
    { ngx_string("site"), 0 },
    { ngx_string("deny"), 1 },
    { ngx_null_string, 0 }
};


void
ngx_ipgate_rules_init(ngx_ipgate_rules_t *rules)
{
    rules->choice = NGX_CONF_UNSET_PTR;
    rules->site = NGX_CONF_UNSET_PTR;
    rules->deny_unknown = NGX_CONF_UNSET_UINT;
    rules->fallback = NGX_CONF_UNSET_PTR;
    rules->mode = NGX_CONF_UNSET_UINT;
    rules->enforce = NGX_CONF_UNSET;
    rules->dry_run = NGX_CONF_UNSET;
    rules->log_level = NGX_CONF_UNSET_UINT;
    rules->unix_peers = NGX_CONF_UNSET_UINT;
    rules->address = NGX_CONF_UNSET_PTR;
}


ngx_int_t
ngx_ipgate_rules_merge(ngx_conf_t *cf, ngx_ipgate_rules_t *prev, ngx_ipgate_rules_t *rules)
{
    ngx_uint_t  own;

    /* of the outermost block, which is merged with none itself */

    if (!prev->merged && ngx_ipgate_rules_settle(cf, prev, prev->site) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_ipgate_rules_settle(cf, rules, rules->site == NGX_CONF_UNSET_PTR ? prev->site : rules->site) != NGX_OK) {
        return NGX_ERROR;
    }

    rules->merged = 1;
    own = rules->choice != NGX_CONF_UNSET_PTR;

    ngx_conf_merge_ptr_value(rules->choice, prev->choice, NULL);
    ngx_conf_merge_ptr_value(rules->site, prev->site, NGX_CONF_UNSET_PTR);
    ngx_conf_merge_uint_value(rules->deny_unknown, prev->deny_unknown, 0);
    ngx_conf_merge_ptr_value(rules->fallback, prev->fallback, NULL);
    ngx_conf_merge_uint_value(rules->mode, prev->mode, IPGATE_EXTEND);
    ngx_conf_merge_value(rules->enforce, prev->enforce, 0);
    ngx_conf_merge_value(rules->dry_run, prev->dry_run, 0);
    ngx_conf_merge_uint_value(rules->log_level, prev->log_level, NGX_LOG_NOTICE);
    ngx_conf_merge_uint_value(rules->unix_peers, prev->unix_peers, 0);
    ngx_conf_merge_ptr_value(rules->address, prev->address, NULL);

    if (ngx_ipgate_rules_fit(cf, rules, own) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_ipgate_has_site(rules) && rules->choice == NULL && rules->fallback == NULL && !rules->enforce) {
        rules->policy = NULL;
        return NGX_OK;
    }

    rules->policy = ngx_ipgate_policy(cf, rules);

    return rules->policy ? NGX_OK : NGX_ERROR;
}


/* Before anything is inherited: what is said in a block itself, where that site is in force. */

static ngx_int_t
ngx_ipgate_rules_settle(ngx_conf_t *cf, ngx_ipgate_rules_t *rules, ngx_ipgate_source_t *site)
{
    const char           *said;
    ngx_uint_t            has_site;
    ngx_ipgate_choice_t  *choice;

    has_site = site != NULL && site != NGX_CONF_UNSET_PTR;
    choice = rules->choice;

    if (choice != NULL && choice != NGX_CONF_UNSET_PTR
        && ngx_ipgate_choice_settle(cf, choice, has_site) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!has_site) {
        return NGX_OK;
    }

    said = (rules->fallback != NULL && rules->fallback != NGX_CONF_UNSET_PTR) ? "ipgate_default"
           : rules->mode != NGX_CONF_UNSET_UINT ? "ipgate_mode"
           : (rules->enforce != NGX_CONF_UNSET && rules->enforce) ? "ipgate_enforce"
           : NULL;

    if (said == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%s\" stands where ipgate_site \"%V\" is chosen, which has a default list, a mode and "
                       "enforce of its own: remove it, in the block that ends", said, &site->name);
    return NGX_ERROR;
}


/* Whether what results makes sense: an app is of a site, and a site has apps. */

static ngx_int_t
ngx_ipgate_rules_fit(ngx_conf_t *cf, ngx_ipgate_rules_t *rules, ngx_uint_t own)
{
    const char           *directive;
    ngx_ipgate_choice_t  *choice;

    choice = rules->choice;

    if (choice == NULL || choice->is_app == ngx_ipgate_has_site(rules)) {
        return NGX_OK;
    }

    directive = choice->by_host ? "ipgate_host" : "ipgate";

    if (!choice->is_app) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%s %V\" names a list in %V:%ui, and is inherited where ipgate_site \"%V\" is chosen: "
                      "write there which app it is, or \"ipgate off;\"",
                      directive, &choice->text, &choice->place.file, choice->place.line, &rules->site->name);
        return NGX_ERROR;
    }

    if (rules->site == NULL && !own) {
        /* with ipgate_site off its apps are off, too */

        rules->choice = NULL;
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"%s %V\" names an app, and no site is chosen for it: write \"ipgate_site NAME;\", in %V:%ui",
                  directive, &choice->text, &choice->place.file, choice->place.line);
    return NGX_ERROR;
}


/* A site by its name, or "off"; with more than that, in the outermost block, what it is. */

char *
ngx_ipgate_site_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_ipgate_source_t  **field = (ngx_ipgate_source_t **) ((char *) conf + cmd->offset);

    ngx_ipgate_script_t *script = cmd->post;

    ngx_str_t           *value;
    ngx_ipgate_place_t   here;

    if (cf->args->nelts > 2) {
        return (cf->cmd_type & script->outermost)
               ? ngx_ipgate_site_directive(cf, cmd, conf)
               : "has one argument here, the name of a site: what it is stands in \"http\" or \"stream\", or outside";
    }

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_ipgate_is_off(&value[1])) {
        *field = NULL;
        return NGX_CONF_OK;
    }

    here = ngx_ipgate_here(cf);
    *field = ngx_ipgate_source(cf, &ngx_ipgate_site_kind, &value[1], &here);

    return *field ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* A list by its name, or "off". */

char *
ngx_ipgate_list_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_ipgate_source_t  **field = (ngx_ipgate_source_t **) ((char *) conf + cmd->offset);

    ngx_str_t           *value;
    ngx_ipgate_place_t   here;

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_ipgate_is_off(&value[1])) {
        *field = NULL;
        return NGX_CONF_OK;
    }

    here = ngx_ipgate_here(cf);
    *field = ngx_ipgate_source(cf, &ngx_ipgate_list_kind, &value[1], &here);

    return *field ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* The library's names, which are exact. */

char *
ngx_ipgate_mode_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_uint_t  *field = (ngx_uint_t *) ((char *) conf + cmd->offset);

    ngx_str_t  *value;

    if (*field != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "extend") == 0) {
        *field = IPGATE_EXTEND;

    } else if (ngx_strcmp(value[1].data, "override") == 0) {
        *field = IPGATE_OVERRIDE;

    } else if (ngx_strcmp(value[1].data, "precede") == 0) {
        *field = IPGATE_PRECEDE;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\": write \"extend\", \"override\" or \"precede\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* nginx's on and off; true and false are what other systems pass through. */

char *
ngx_ipgate_enforce_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_flag_t  *field = (ngx_flag_t *) ((char *) conf + cmd->offset);

    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_strcasecmp(value[1].data, (u_char *) "true") == 0) {
        value[1].data = (u_char *) "on";

    } else if (ngx_strcasecmp(value[1].data, (u_char *) "false") == 0) {
        value[1].data = (u_char *) "off";
    }

    value[1].len = ngx_strlen(value[1].data);

    if (*field == NGX_CONF_UNSET && ngx_strcasecmp(value[1].data, (u_char *) "on") != 0
        && ngx_strcasecmp(value[1].data, (u_char *) "off") != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\": write \"on\" or \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_conf_set_flag_slot(cf, cmd, conf);
}
