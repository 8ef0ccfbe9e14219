/*
 * What the parts of the report have in common.
 */

#ifndef NGX_IPGATE_REPORT_H
#define NGX_IPGATE_REPORT_H

#include "ngx_ipgate.h"
#include "ngx_ipgate_json.h"


/* ngx_ipgate_report_common.c */

void ngx_ipgate_report_source(ngx_ipgate_json_t *out, ngx_ipgate_source_t *source);
void ngx_ipgate_report_failures(ngx_ipgate_json_t *out, ngx_ipgate_source_t *source, uint64_t failures,
    int64_t last);
void ngx_ipgate_report_counts(ngx_ipgate_json_t *out, ngx_ipgate_counts_t *counts);
void ngx_ipgate_report_labels(ngx_ipgate_json_t *out, ngx_array_t *tallies);


/* ngx_ipgate_report_list.c */

void ngx_ipgate_report_list(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *list);
void ngx_ipgate_report_unlisted(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf);


/* ngx_ipgate_report_site.c */

void ngx_ipgate_report_site(ngx_ipgate_json_t *out, ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *site,
    ngx_ipgate_page_t *page);


#endif /* NGX_IPGATE_REPORT_H */
