/*
 * Names of files in log lines: what cannot be seen, or changes how the rest is seen, is written out, as in the
 * library's messages.
 */

#include "ngx_ipgate_source.h"


/* With a NUL behind it; empty where there is no memory. */

ngx_str_t
ngx_ipgate_shown(ngx_pool_t *pool, ngx_str_t *name)
{
    ngx_str_t  shown = ngx_string("");
    size_t     len;
    u_char    *data;

    len = ipgate_shown((char *) name->data, name->len, NULL, 0);

    data = ngx_pnalloc(pool, len + 1);
    if (data == NULL) {
        return shown;
    }

    shown.data = data;
    shown.len = ipgate_shown((char *) name->data, name->len, (char *) data, len + 1);

    return shown;
}
