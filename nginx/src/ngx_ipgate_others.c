/*
 * What other modules of nginx have been told, and keep to themselves: by the name of the module, and by what its
 * structures begin with.
 */

#include "ngx_ipgate.h"


/* What a module keeps of a place, whose structures of all modules are in `level`; NULL where nginx has no such one. */

void *
ngx_ipgate_of_module(ngx_conf_t *cf, const char *name, void **level)
{
    ngx_uint_t     i;
    ngx_module_t  *module;

    for (i = 0; level != NULL && cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, name) == 0) {
            return level[module->ctx_index];
        }
    }

    return NULL;
}


/* `set_real_ip_from unix:`, in the realip module of that name. It keeps an array of networks before anything else. */

ngx_uint_t
ngx_ipgate_realip_trusts_unix(ngx_conf_t *cf, const char *name, void **level)
{
    ngx_uint_t     i;
    ngx_cidr_t    *cidr;
    ngx_array_t  **from;

    from = ngx_ipgate_of_module(cf, name, level);

    if (from == NULL || *from == NULL) {
        return 0;
    }

    cidr = (*from)->elts;

    for (i = 0; i < (*from)->nelts; i++) {
        if (cidr[i].family == AF_UNIX) {
            return 1;
        }
    }

    return 0;
}
