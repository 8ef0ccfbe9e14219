/*
 * What the rules of a place result in: lists that are combined, or a site and an app. Places with the same rules share
 * one, its reader and its counts.
 */

#include "ngx_ipgate.h"


static ngx_uint_t ngx_ipgate_policy_is_same(ngx_ipgate_policy_t *a, ngx_ipgate_policy_t *b);
static ngx_int_t ngx_ipgate_policy_name(ngx_conf_t *cf, ngx_ipgate_policy_t *policy, ngx_ipgate_choice_t *choice);


ngx_ipgate_policy_t *
ngx_ipgate_policy(ngx_conf_t *cf, ngx_ipgate_rules_t *rules)
{
    ngx_uint_t             i;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_policy_t  **policy, *new;

    icf = ngx_ipgate_conf(cf->cycle);

    new = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_ipgate_policy_t));
    if (new == NULL) {
        return NULL;
    }

    new->dry_run = rules->dry_run;

    if (ngx_ipgate_has_site(rules)) {
        new->site = rules->site;
        new->deny_unknown = rules->deny_unknown;

        if (rules->choice) {
            new->by_host = rules->choice->by_host;

            if (rules->choice->value == NULL) {
                new->name = rules->choice->text;
            }
        }

    } else {
        new->app = rules->choice ? rules->choice->list : NULL;
        new->fallback = rules->fallback;
        new->mode = rules->mode;
        new->enforce = (ngx_uint_t) rules->enforce;
    }

    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (ngx_ipgate_policy_is_same(policy[i], new)) {
            return policy[i];
        }
    }

    if (new->site && rules->choice && rules->choice->value == NULL && !new->by_host
        && ngx_ipgate_policy_name(cf, new, rules->choice) != NGX_OK)
    {
        return NULL;
    }

    policy = ngx_array_push(&icf->policies);
    if (policy == NULL) {
        ipgate_app_free(new->named);
        return NULL;
    }

    *policy = new;

    return new;
}


static ngx_uint_t
ngx_ipgate_policy_is_same(ngx_ipgate_policy_t *a, ngx_ipgate_policy_t *b)
{
    return a->app == b->app
           && a->fallback == b->fallback
           && a->mode == b->mode
           && a->enforce == b->enforce
           && a->dry_run == b->dry_run
           && a->site == b->site
           && ngx_ipgate_same(&a->name, &b->name)
           && a->by_host == b->by_host
           && a->deny_unknown == b->deny_unknown;
}


/* An app that is written out is looked up once, and again only when names of the site have changed. */

static ngx_int_t
ngx_ipgate_policy_name(ngx_conf_t *cf, ngx_ipgate_policy_t *policy, ngx_ipgate_choice_t *choice)
{
    ipgate_error  *error;

    error = NULL;

    if (ipgate_app_new((char *) policy->name.data, policy->name.len, &policy->named, &error) == IPGATE_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"ipgate %V\" names no app: %s, in %V:%ui",
                  &policy->name, ipgate_error_message(error), &choice->place.file, choice->place.line);
    ipgate_error_free(error);

    return NGX_ERROR;
}


/* The reader of lists that are combined; that of a site is the same for all places. */

ngx_int_t
ngx_ipgate_policy_open(ngx_ipgate_policy_t *policy)
{
    ngx_int_t       rc;
    ipgate_policy  *lists;

    if (policy->site || ngx_process == NGX_PROCESS_SIGNALLER) {
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
