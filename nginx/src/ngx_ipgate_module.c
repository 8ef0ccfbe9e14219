/*
 * The life of lists and sites: made while a configuration is read, followed in the processes that serve, freed with the
 * configuration. Nothing that needs a thread happens before a worker has been forked.
 */

#include "ngx_ipgate.h"


static void *ngx_ipgate_create_conf(ngx_cycle_t *cycle);
static char *ngx_ipgate_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_ipgate_init_process(ngx_cycle_t *cycle);
static void ngx_ipgate_free(void *data);


static ngx_command_t  ngx_ipgate_commands[] = {

    NGX_IPGATE_LIST_COMMAND(NGX_MAIN_CONF|NGX_DIRECT_CONF),
    NGX_IPGATE_SITE_COMMAND(NGX_MAIN_CONF|NGX_DIRECT_CONF),

      ngx_null_command
};


static ngx_core_module_t  ngx_ipgate_module_ctx = {
    ngx_string("ipgate"),
    ngx_ipgate_create_conf,
    ngx_ipgate_init_conf
};


ngx_module_t  ngx_ipgate_module = {
    NGX_MODULE_V1,
    &ngx_ipgate_module_ctx,                /* module context */
    ngx_ipgate_commands,                   /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_ipgate_init_process,               /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_ipgate_create_conf(ngx_cycle_t *cycle)
{
    ngx_ipgate_conf_t   *icf;
    ngx_pool_cleanup_t  *cln;

    icf = ngx_pcalloc(cycle->pool, sizeof(ngx_ipgate_conf_t));
    if (icf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&icf->sources, cycle->pool, 4, sizeof(ngx_ipgate_source_t *)) != NGX_OK
        || ngx_array_init(&icf->policies, cycle->pool, 4, sizeof(ngx_ipgate_policy_t *)) != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_ipgate_free;
    cln->data = icf;

    return icf;
}


/* The whole configuration has been read: every list and site that was mentioned must be there. */

static char *
ngx_ipgate_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_ipgate_conf_t *icf = conf;

    ngx_uint_t             i;
    ngx_ipgate_source_t    **source;
    ngx_ipgate_policy_t  **policy;

    source = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {

        if (!source[i]->defined) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "no %s defines \"%V\", which is used in %V:%ui",
                          source[i]->kind->directive, &source[i]->name, &source[i]->mentioned.file,
                          source[i]->mentioned.line);
            return NGX_CONF_ERROR;
        }

        ngx_ipgate_warn_unreadable(cycle, source[i]);
    }

    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (ngx_ipgate_policy_open(policy[i]) != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "ipgate: no memory for a reader");
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_ipgate_init_process(ngx_cycle_t *cycle)
{
    /* cache manager and loader serve nobody */

    if (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE) {
        ngx_ipgate_follow(cycle);
    }

    return NGX_OK;
}


static void
ngx_ipgate_free(void *data)
{
    ngx_ipgate_conf_t *icf = data;

    ngx_uint_t             i;
    ngx_ipgate_source_t    **source;
    ngx_ipgate_policy_t  **policy;

    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        ipgate_reader_free(policy[i]->reader);
        ipgate_app_free(policy[i]->named);
    }

    source = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {
        ipgate_reader_free(source[i]->reader);
        ipgate_gate_free(source[i]->gate);
        ipgate_site_reader_free(source[i]->site_reader);
        ipgate_site_reader_free(source[i]->dry_run_reader);
        ipgate_site_free(source[i]->site);
    }
}
