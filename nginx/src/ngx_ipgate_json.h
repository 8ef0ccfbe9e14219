#ifndef NGX_IPGATE_JSON_H
#define NGX_IPGATE_JSON_H

#include <ngx_config.h>
#include <ngx_core.h>


/* What has been written; begins as zeros, with `pool`, and with `last` pointing to `first`. */
typedef struct {
    ngx_pool_t               *pool;
    ngx_chain_t              *first;
    ngx_chain_t             **last;
    ngx_buf_t                *buf;
    off_t                     length;
    ngx_uint_t                failed;      /* no memory: nothing of it counts */
} ngx_ipgate_json_t;


void ngx_ipgate_json_time(ngx_ipgate_json_t *out, const char *name, int64_t micros);
void ngx_ipgate_json_string(ngx_ipgate_json_t *out, const void *data, size_t len);
void ngx_ipgate_json_text(ngx_ipgate_json_t *out, const char *format, ...);


#endif /* NGX_IPGATE_JSON_H */
