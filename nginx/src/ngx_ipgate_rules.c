/*
 * What a place in the configuration says about its clients: values are inherited one by one, as everywhere in
 * nginx, and what results is a policy of the library. Places with the same policy share its reader.
 */

#include "ngx_ipgate.h"


/* Above every level: nothing is logged. */
#define NGX_IPGATE_LOG_OFF  (NGX_LOG_DEBUG + 1)


static ngx_ipgate_policy_t *ngx_ipgate_policy(ngx_conf_t *cf, ngx_ipgate_rules_t *rules);


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


void
ngx_ipgate_rules_init(ngx_ipgate_rules_t *rules)
{
    rules->app = NGX_CONF_UNSET_PTR;
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
    ngx_conf_merge_ptr_value(rules->app, prev->app, NULL);
    ngx_conf_merge_ptr_value(rules->fallback, prev->fallback, NULL);
    ngx_conf_merge_uint_value(rules->mode, prev->mode, IPGATE_EXTEND);
    ngx_conf_merge_value(rules->enforce, prev->enforce, 0);
    ngx_conf_merge_value(rules->dry_run, prev->dry_run, 0);
    ngx_conf_merge_uint_value(rules->log_level, prev->log_level, NGX_LOG_NOTICE);
    ngx_conf_merge_uint_value(rules->unix_peers, prev->unix_peers, 0);
    ngx_conf_merge_ptr_value(rules->address, prev->address, NULL);

    if (rules->app == NULL && rules->fallback == NULL && !rules->enforce) {
        rules->policy = NULL;
        return NGX_OK;
    }

    rules->policy = ngx_ipgate_policy(cf, rules);

    return rules->policy ? NGX_OK : NGX_ERROR;
}


static ngx_ipgate_policy_t *
ngx_ipgate_policy(ngx_conf_t *cf, ngx_ipgate_rules_t *rules)
{
    ngx_uint_t             i;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_policy_t  **policy, *new;

    icf = ngx_ipgate_conf(cf->cycle);
    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (policy[i]->app == rules->app
            && policy[i]->fallback == rules->fallback
            && policy[i]->mode == rules->mode
            && policy[i]->enforce == (ngx_uint_t) rules->enforce
            && policy[i]->dry_run == rules->dry_run)
        {
            return policy[i];
        }
    }

    new = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_ipgate_policy_t));
    if (new == NULL) {
        return NULL;
    }

    new->app = rules->app;
    new->fallback = rules->fallback;
    new->mode = rules->mode;
    new->enforce = (ngx_uint_t) rules->enforce;
    new->dry_run = rules->dry_run;

    policy = ngx_array_push(&icf->policies);
    if (policy == NULL) {
        return NULL;
    }

    *policy = new;

    return new;
}


ngx_int_t
ngx_ipgate_policy_open(ngx_ipgate_policy_t *policy)
{
    ngx_int_t       rc;
    ipgate_policy  *lists;

    if (ngx_process == NGX_PROCESS_SIGNALLER) {
        return NGX_OK;
    }

    if (ipgate_policy_new(&lists) != IPGATE_OK) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if ((policy->app == NULL || ipgate_policy_set_app_gate(lists, policy->app->gate) == IPGATE_OK)
        && (policy->fallback == NULL
            || ipgate_policy_set_default_gate(lists, policy->fallback->gate) == IPGATE_OK)
        && ipgate_policy_set_mode(lists, (int32_t) policy->mode) == IPGATE_OK
        && ipgate_policy_set_enforce(lists, (int32_t) policy->enforce) == IPGATE_OK
        && ipgate_reader_new_policy(lists, &policy->reader) == IPGATE_OK)
    {
        rc = NGX_OK;
    }

    ipgate_policy_free(lists);

    return rc;
}


/* A list by its name, or "off". */

char *
ngx_ipgate_list_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_ipgate_list_t  **field = (ngx_ipgate_list_t **) ((char *) conf + cmd->offset);

    ngx_str_t  *value;

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *field = NULL;
        return NGX_CONF_OK;
    }

    *field = ngx_ipgate_list_named(cf, &value[1]);

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
