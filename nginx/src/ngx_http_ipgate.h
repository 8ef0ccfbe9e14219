/*
 *   ngx_http_ipgate_module.c     directives and their inheritance
 *   ngx_http_ipgate_phases.c     where a request is stopped, and how
 *   ngx_http_ipgate_client.c     whom a request is asked about, and for which app
 *   ngx_http_ipgate_asked.c      what a request has been asked already
 *   ngx_http_ipgate_report.c     ipgate_report: who may read it, and how it is sent
 *   ngx_http_ipgate_variables.c  $ipgate_status and the others
 *   ngx_http_ipgate_warnings.c   what is legal and probably not meant
 */

#ifndef NGX_HTTP_IPGATE_H
#define NGX_HTTP_IPGATE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_ipgate.h"


#define NGX_HTTP_IPGATE_ACCESS  0
#define NGX_HTTP_IPGATE_EARLY   1


typedef struct {
    ngx_array_t                places;         /* of ngx_http_ipgate_loc_conf_t *: all of the configuration */
    ngx_flag_t                 has_early;      /* some place has an early gate */
} ngx_http_ipgate_main_conf_t;


typedef struct ngx_http_ipgate_loc_conf_s  ngx_http_ipgate_loc_conf_t;

struct ngx_http_ipgate_loc_conf_s {
    ngx_ipgate_rules_t         rules;
    ngx_uint_t                 phase;
    ngx_uint_t                 deny_status;

    ngx_int_t                  passed;         /* what the access phase returns for those who pass */
    void                     **level;          /* all modules' structures of this place */
    unsigned                   plain:1;        /* all usual: phase, address, satisfy; no variables wanted */
    unsigned                   plain_lists:1;  /* the same, and lists, no site */
    unsigned                   names_list:1;   /* a list or a site is named here, not inherited */
    unsigned                   own:1;          /* what results is not just inherited */
    ipgate_report_format       report_format;
    unsigned                   report:1;
    unsigned                   report_open:1;  /* who may read it has been said */

    ngx_http_ipgate_loc_conf_t  *parent;       /* NULL before it is merged */
    ngx_str_t                  conf_file;      /* where it begins, as messages show it */
    ngx_uint_t                 conf_line;
};


/* A question that has been answered, with all that the answer depends on. */
typedef struct {
    ngx_ipgate_policy_t       *policy;
    void                      *address;        /* what ipgate_address says */
    ngx_uint_t                 unix_peers;
    struct sockaddr           *sockaddr;       /* another one where realip has found another client since */
    ngx_str_t                  app;            /* or its host, as variables have said it */
    ngx_ipgate_status_e        status;
} ngx_http_ipgate_asked_t;

/* How many are remembered; those before them are asked, logged and counted again. */
#define NGX_HTTP_IPGATE_ASKED  4


/* What is kept of a request, where anybody needs it. Belongs to the main request, and outlives redirects. */
typedef struct {
    ngx_ipgate_answer_t        answer;
    ngx_http_ipgate_asked_t    asked[NGX_HTTP_IPGATE_ASKED];
    ngx_uint_t                 nasked;         /* ever; the oldest gives way */
} ngx_http_ipgate_ctx_t;


extern ngx_module_t  ngx_http_ipgate_module;

ngx_int_t ngx_http_ipgate_early_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_ipgate_access_handler(ngx_http_request_t *r);


/* ngx_http_ipgate_client.c */

extern ngx_ipgate_script_t  ngx_http_ipgate_script;

ngx_int_t ngx_http_ipgate_client(ngx_http_request_t *r, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_str_t *address);
ngx_int_t ngx_http_ipgate_app(ngx_http_request_t *r, ngx_ipgate_rules_t *rules, ngx_str_t *app);


/* ngx_http_ipgate_asked.c */

ngx_http_ipgate_ctx_t *ngx_http_ipgate_ctx(ngx_http_request_t *r);
ngx_http_ipgate_ctx_t *ngx_http_ipgate_new_ctx(ngx_http_request_t *r);
ngx_http_ipgate_asked_t *ngx_http_ipgate_asked(ngx_http_request_t *r, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_client_t *client);
void ngx_http_ipgate_remember(ngx_http_request_t *r, ngx_http_ipgate_ctx_t *ctx, ngx_http_ipgate_loc_conf_t *ilcf,
    ngx_ipgate_client_t *client, ngx_ipgate_status_e status);


ngx_int_t ngx_http_ipgate_add_variables(ngx_conf_t *cf);
ngx_flag_t ngx_http_ipgate_variables_used(ngx_conf_t *cf);

void ngx_http_ipgate_warn(ngx_conf_t *cf, ngx_array_t *places);

char *ngx_http_ipgate_report_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_uint_t ngx_http_ipgate_report_is_open(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *prev,
    ngx_http_ipgate_loc_conf_t *conf);


#endif /* NGX_HTTP_IPGATE_H */
