/*
 * The directive ipgate_report: who may read it, and how it is sent.
 */

#include "ngx_http_ipgate.h"


static ngx_int_t ngx_http_ipgate_report_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_ipgate_report_send(ngx_http_request_t *r, ipgate_report_format format, ngx_str_t *text);
static ngx_int_t ngx_http_ipgate_report_page(ngx_http_request_t *r, ipgate_report_page *page);
static ngx_int_t ngx_http_ipgate_report_number(ngx_http_request_t *r, const char *name, size_t *number);
static ngx_uint_t ngx_http_ipgate_is_loopback(struct sockaddr *sockaddr);


char *
ngx_http_ipgate_report_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_ipgate_loc_conf_t *ilcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (ilcf->report) {
        return "is duplicate";
    }

    ilcf->report = 1;
    ilcf->report_format = IPGATE_REPORT_JSON;

    value = cf->args->elts;

    if (cf->args->nelts > 1) {

        if (ngx_strcmp(value[1].data, "format=prometheus") == 0) {
            ilcf->report_format = IPGATE_REPORT_PROMETHEUS;

        } else if (ngx_strcmp(value[1].data, "format=json") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unexpected \"%V\" in ipgate_report: write format=json or format=prometheus",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_ipgate_report_handler;

    return NGX_CONF_OK;
}


/* Whether this very location says who may read the report: by a list, or by allow and deny. */

ngx_uint_t
ngx_http_ipgate_report_is_open(ngx_conf_t *cf, ngx_http_ipgate_loc_conf_t *prev,
    ngx_http_ipgate_loc_conf_t *conf)
{
    void  **mine, **inherited;

    if (conf->names_list && !conf->rules.dry_run) {
        return 1;
    }

    /*
     * The access module keeps its rules to itself, but it begins with one array of them for each family. It may
     * have inherited its parent's by now, or be about to.
     */

    mine = ngx_ipgate_of_module(cf, "ngx_http_access_module", conf->level);
    inherited = ngx_ipgate_of_module(cf, "ngx_http_access_module", prev->level);

    if (mine == NULL) {
        return 0;
    }

#if (NGX_HAVE_INET6)
    if (mine[1] && (inherited == NULL || mine[1] != inherited[1])) {
        return 1;
    }
#endif

    return mine[0] && (inherited == NULL || mine[0] != inherited[0]);
}


/* Read-only, and for the machine itself unless the location says who else may read it. */

static ngx_int_t
ngx_http_ipgate_report_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ipgate_report_page           page = IPGATE_REPORT_PAGE_INIT;
    ngx_http_ipgate_loc_conf_t  *ilcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_ipgate_module);

    if (!ilcf->report_open && !ngx_http_ipgate_is_loopback(r->connection->sockaddr)) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_ipgate_report_page(r, &page);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_ipgate_report((ngx_cycle_t *) ngx_cycle, r->pool, r->connection->log, &page, ilcf->report_format,
                           &text);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_ipgate_report_send(r, ilcf->report_format, &text);
}


static ngx_int_t
ngx_http_ipgate_report_send(ngx_http_request_t *r, ipgate_report_format format, ngx_str_t *text)
{
    ngx_int_t     rc;
    ngx_buf_t    *buf;
    ngx_chain_t   out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;

    if (format == IPGATE_REPORT_PROMETHEUS) {
        ngx_str_set(&r->headers_out.content_type, "text/plain; version=0.0.4; charset=utf-8");
        r->keepalive = 0;                  /* Prometheus would keep to one worker for ever */
    } else {
        ngx_str_set(&r->headers_out.content_type, "application/json");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    buf = ngx_calloc_buf(r->pool);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    buf->pos = text->data;
    buf->last = text->data + text->len;
    buf->memory = 1;
    buf->last_buf = (r == r->main);
    buf->last_in_chain = 1;

    out.buf = buf;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* ?app=TEXT&from=N&count=N: which apps of a site it shows. */

static ngx_int_t
ngx_http_ipgate_report_page(ngx_http_request_t *r, ipgate_report_page *page)
{
    u_char     *to, *from;
    ngx_int_t   rc;
    ngx_str_t   app;

    if (ngx_http_arg(r, (u_char *) "app", 3, &app) == NGX_OK && app.len) {
        to = ngx_pnalloc(r->pool, app.len);
        if (to == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        page->text = (char *) to;
        from = app.data;
        ngx_unescape_uri(&to, &from, app.len, 0);
        page->text_len = to - (u_char *) page->text;
    }

    rc = ngx_http_ipgate_report_number(r, "from", &page->from);

    if (rc == NGX_OK) {
        rc = ngx_http_ipgate_report_number(r, "count", &page->count);
    }

    page->count = ngx_min(page->count, NGX_IPGATE_PAGE_MAX);

    return rc;
}


static ngx_int_t
ngx_http_ipgate_report_number(ngx_http_request_t *r, const char *name, size_t *number)
{
    ngx_int_t  n;
    ngx_str_t  text;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &text) != NGX_OK) {
        return NGX_OK;
    }

    n = ngx_atoi(text.data, text.len);

    if (n == NGX_ERROR) {
        return NGX_HTTP_BAD_REQUEST;
    }

    *number = (size_t) n;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_ipgate_is_loopback(struct sockaddr *sockaddr)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sockaddr;
        return sin->sin_addr.s_addr == htonl(INADDR_LOOPBACK);

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sockaddr;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
#endif

    default:
        return 0;
    }
}
