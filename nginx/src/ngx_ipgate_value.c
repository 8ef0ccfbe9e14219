/*
 * What the variables of an answer show.
 */

#include "ngx_ipgate.h"


enum {
    NGX_IPGATE_PART_STATUS,
    NGX_IPGATE_PART_LABEL,
    NGX_IPGATE_PART_ENTRY,
    NGX_IPGATE_PART_REASON,
    NGX_IPGATE_PART_GENERATION,
    NGX_IPGATE_PART_APP,
    NGX_IPGATE_PART_LIST
};


ngx_ipgate_variable_t  ngx_ipgate_variables[] = {
    { ngx_string("ipgate_status"), NGX_IPGATE_PART_STATUS },
    { ngx_string("ipgate_label"), NGX_IPGATE_PART_LABEL },
    { ngx_string("ipgate_entry"), NGX_IPGATE_PART_ENTRY },
    { ngx_string("ipgate_reason"), NGX_IPGATE_PART_REASON },
    { ngx_string("ipgate_generation"), NGX_IPGATE_PART_GENERATION },
    { ngx_string("ipgate_app"), NGX_IPGATE_PART_APP },
    { ngx_string("ipgate_list"), NGX_IPGATE_PART_LIST },
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_ipgate_answer_value(ngx_pool_t *pool, ngx_ipgate_answer_t *answer, uintptr_t part,
    ngx_variable_value_t *value)
{
    char        entry[NGX_IPGATE_ENTRY_LEN];
    u_char     *p;
    ngx_str_t   text;

    ngx_str_null(&text);
    p = NULL;

    if (part == NGX_IPGATE_PART_STATUS) {
        text = ngx_ipgate_status_names[answer ? answer->status : NGX_IPGATE_OFF];

    } else if (answer == NULL) {
        /* none of the others */

    } else if (part == NGX_IPGATE_PART_LABEL) {
        text.data = (u_char *) answer->verdict.label;
        text.len = answer->verdict.label_len;

    } else if (part == NGX_IPGATE_PART_REASON) {
        text.data = (u_char *) ipgate_reason_name(answer->verdict.reason);
        text.len = ngx_strlen(text.data);

    } else if (part == NGX_IPGATE_PART_APP) {
        text.data = (u_char *) answer->verdict.app;
        text.len = answer->verdict.app_len;

    } else if (part == NGX_IPGATE_PART_LIST) {

        if (answer->verdict.origin == IPGATE_ORIGIN_APP) {
            ngx_str_set(&text, "app");

        } else if (answer->verdict.origin == IPGATE_ORIGIN_DEFAULT) {
            ngx_str_set(&text, "default");
        }

    } else if (part == NGX_IPGATE_PART_ENTRY) {
        text.len = ngx_min(ipgate_verdict_entry(&answer->verdict, entry, sizeof(entry)), sizeof(entry) - 1);

        if (text.len) {
            p = ngx_pnalloc(pool, text.len);
            if (p == NULL) {
                return NGX_ERROR;
            }

            ngx_memcpy(p, entry, text.len);
            text.data = p;
        }

    } else {
        p = ngx_pnalloc(pool, NGX_INT64_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        text.data = p;
        text.len = ngx_sprintf(p, "%uL", answer->verdict.site_generation
                                          ? answer->verdict.site_generation : answer->verdict.generation) - p;
    }

    value->valid = 1;
    value->no_cacheable = 1;               /* an internal redirect may ask anew */
    value->not_found = (text.len == 0);
    value->len = (unsigned) text.len;
    value->data = text.data;

    return NGX_OK;
}
