/*
 * One client: the answer, what is logged of it, and what its variables show.
 */

#include "ngx_ipgate.h"


/* Bytes of an entry's text: the longest prefix and the longest label. */
#define NGX_IPGATE_ENTRY_LEN  512


enum {
    NGX_IPGATE_PART_STATUS,
    NGX_IPGATE_PART_LABEL,
    NGX_IPGATE_PART_ENTRY,
    NGX_IPGATE_PART_REASON,
    NGX_IPGATE_PART_GENERATION
};


ngx_ipgate_variable_t  ngx_ipgate_variables[] = {
    { ngx_string("ipgate_status"), NGX_IPGATE_PART_STATUS },
    { ngx_string("ipgate_label"), NGX_IPGATE_PART_LABEL },
    { ngx_string("ipgate_entry"), NGX_IPGATE_PART_ENTRY },
    { ngx_string("ipgate_reason"), NGX_IPGATE_PART_REASON },
    { ngx_string("ipgate_generation"), NGX_IPGATE_PART_GENERATION },
    { ngx_null_string, 0 }
};


static ngx_str_t  ngx_ipgate_status_names[] = {
    ngx_string("OFF"),
    ngx_string("PASSED"),
    ngx_string("REJECTED"),
    ngx_string("REJECTED_DRY_RUN")
};


/* What becomes of a client that its list does not allow, and that has been counted so. */

ngx_ipgate_status_e
ngx_ipgate_denied(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client)
{
    /* the socket itself, never a text that says so */

    if (rules->unix_peers && client->text == NULL && client->sockaddr->sa_family == AF_UNIX) {
        rules->policy->allowed_unix++;
        return NGX_IPGATE_PASSED;
    }

    return rules->dry_run ? NGX_IPGATE_REJECTED_DRY_RUN : NGX_IPGATE_REJECTED;
}


void
ngx_ipgate_ask(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client, ngx_ipgate_answer_t *answer)
{
    int32_t          decision;
    ipgate_reader   *reader = rules->policy->reader;
    ipgate_verdict  *verdict = &answer->verdict;

    verdict->size = sizeof(ipgate_verdict);
    verdict->want = IPGATE_WANT_ENTRY;

    if (client->text) {
        decision = ipgate_admit_text(reader, (char *) client->text->data, client->text->len, verdict);

    } else {
        decision = ipgate_admit_verdict(reader, client->sockaddr, client->socklen, verdict);
    }

    if (decision == IPGATE_ALLOW) {
        answer->status = NGX_IPGATE_PASSED;
        return;
    }

    answer->status = ngx_ipgate_denied(rules, client);
}


/* The label belongs to the reader, which will be asked about others: copies it. */

ngx_int_t
ngx_ipgate_answer_keep(ngx_pool_t *pool, ngx_ipgate_answer_t *answer)
{
    u_char  *label;

    if (answer->verdict.label_len == 0) {
        answer->verdict.label = "";
        return NGX_OK;
    }

    label = ngx_pnalloc(pool, answer->verdict.label_len);
    if (label == NULL) {
        answer->verdict.label = "";
        answer->verdict.label_len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(label, answer->verdict.label, answer->verdict.label_len);
    answer->verdict.label = (char *) label;

    return NGX_OK;
}


/* Without a verdict it asks for one, about the socket address: it is not on the way of those who pass. */

void
ngx_ipgate_answer_log(ngx_log_t *log, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_ipgate_status_e status, ipgate_verdict *verdict)
{
    char                  entry[NGX_IPGATE_ENTRY_LEN];
    ngx_str_t             none = ngx_null_string, *list, *text;
    ipgate_verdict        own;
    ngx_ipgate_policy_t  *policy;

    if (rules->log_level > NGX_LOG_DEBUG || log->log_level < rules->log_level) {
        return;
    }

    if (verdict == NULL) {
        verdict = &own;
        verdict->size = sizeof(ipgate_verdict);
        verdict->want = IPGATE_WANT_ENTRY;

        (void) ipgate_check(rules->policy->reader, client->sockaddr, client->socklen, verdict);
    }

    policy = rules->policy;
    list = policy->app ? &policy->app->name : policy->fallback ? &policy->fallback->name : &none;

    if (verdict->origin == IPGATE_ORIGIN_DEFAULT && policy->fallback) {
        list = &policy->fallback->name;
    }

    text = client->text ? client->text : &none;
    entry[0] = '\0';
    (void) ipgate_verdict_entry(verdict, entry, sizeof(entry));

    ngx_log_error(rules->log_level, log, 0,
                  "ipgate: %V, %s, entry \"%s\", list \"%V\", generation %uL%s%V%s",
                  &ngx_ipgate_status_names[status], ipgate_reason_name(verdict->reason), entry,
                  list, verdict->generation,
                  client->text ? ", address \"" : "", text, client->text ? "\"" : "");
}


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
        text.len = ngx_sprintf(p, "%uL", answer->verdict.generation) - p;
    }

    value->valid = 1;
    value->no_cacheable = 1;               /* an internal redirect may ask anew */
    value->not_found = (text.len == 0);
    value->len = (unsigned) text.len;
    value->data = text.data;

    return NGX_OK;
}
