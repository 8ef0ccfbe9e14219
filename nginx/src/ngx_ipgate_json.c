/*
 * JSON, piece by piece, in buffers of a pool.
 */

#include "ngx_ipgate_json.h"


#define NGX_IPGATE_JSON_BUFFER  4096


static u_char *ngx_ipgate_json_room(ngx_ipgate_json_t *out, size_t len);


/* RFC 3339 in UTC; null for never. */

void
ngx_ipgate_json_time(ngx_ipgate_json_t *out, const char *name, int64_t micros)
{
    ngx_tm_t  tm;

    if (micros == 0) {
        ngx_ipgate_json_text(out, "\"%s\":null", name);
        return;
    }

    ngx_gmtime((time_t) (micros / 1000000), &tm);

    ngx_ipgate_json_text(out, "\"%s\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"", name,
                         tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                         tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec, (int) (micros % 1000000));
}


void
ngx_ipgate_json_string(ngx_ipgate_json_t *out, const void *data, size_t len)
{
    u_char  *p;
    size_t   escaped;

    escaped = len + (size_t) ngx_escape_json(NULL, (u_char *) data, len);

    p = ngx_ipgate_json_room(out, escaped + 2);
    if (p == NULL) {
        return;
    }

    *p++ = '"';
    p = (u_char *) ngx_escape_json(p, (u_char *) data, len);
    *p++ = '"';

    out->length += p - out->buf->last;
    out->buf->last = p;
}


/* For what fits into 256 bytes. */

void
ngx_ipgate_json_text(ngx_ipgate_json_t *out, const char *format, ...)
{
    u_char   *p;
    va_list   args;

    p = ngx_ipgate_json_room(out, 256);
    if (p == NULL) {
        return;
    }

    va_start(args, format);
    p = ngx_vslprintf(p, p + 256, format, args);
    va_end(args);

    out->length += p - out->buf->last;
    out->buf->last = p;
}


static u_char *
ngx_ipgate_json_room(ngx_ipgate_json_t *out, size_t len)
{
    ngx_chain_t  *link;

    if (out->buf && (size_t) (out->buf->end - out->buf->last) >= len) {
        return out->buf->last;
    }

    out->buf = ngx_create_temp_buf(out->pool, ngx_max(len, NGX_IPGATE_JSON_BUFFER));
    link = ngx_alloc_chain_link(out->pool);

    if (out->buf == NULL || link == NULL) {
        out->buf = NULL;
        out->failed = 1;
        return NULL;
    }

    link->buf = out->buf;
    link->next = NULL;
    *out->last = link;
    out->last = &link->next;

    return out->buf->last;
}
