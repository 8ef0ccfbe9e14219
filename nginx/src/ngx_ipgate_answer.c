/*
 * One client: the answer, and what is logged of it.
 */

#include "ngx_ipgate.h"


/* Bytes of an app's name, or of a host, as messages show it; what is longer is cut. */
#define NGX_IPGATE_APP_LEN  512


static ngx_ipgate_status_e ngx_ipgate_rejected(ngx_ipgate_rules_t *rules);
static void ngx_ipgate_count(ngx_ipgate_policy_t *policy, ngx_ipgate_answer_t *answer);
static u_char *ngx_ipgate_place_of(u_char *p, u_char *last, ngx_ipgate_policy_t *policy,
    ngx_ipgate_client_t *client, ipgate_verdict *verdict);


ngx_str_t  ngx_ipgate_status_names[] = {
    ngx_string("OFF"),
    ngx_string("PASSED"),
    ngx_string("REJECTED"),
    ngx_string("REJECTED_DRY_RUN")
};


static ngx_ipgate_status_e
ngx_ipgate_rejected(ngx_ipgate_rules_t *rules)
{
    return rules->dry_run ? NGX_IPGATE_REJECTED_DRY_RUN : NGX_IPGATE_REJECTED;
}


/* What becomes of a client that its list does not allow, and that has been counted so. */

ngx_ipgate_status_e
ngx_ipgate_denied(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client)
{
    if (ngx_ipgate_is_unix_peer(rules, client)) {
        rules->policy->allowed_unix++;     /* a site counts what comes of it */
        return NGX_IPGATE_PASSED;
    }

    return ngx_ipgate_rejected(rules);
}


/* Counts the decision; `is_counted` says that a site has done so for the app already. */

void
ngx_ipgate_ask(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client, ngx_uint_t is_counted,
    ngx_ipgate_answer_t *answer)
{
    int32_t          decision;
    ipgate_reader   *reader = rules->policy->reader;
    ipgate_verdict  *verdict = &answer->verdict;

    verdict->size = sizeof(ipgate_verdict);
    verdict->want = IPGATE_WANT_ENTRY;

    if (rules->policy->site) {
        verdict->want |= is_counted ? 0 : ngx_ipgate_app_want(rules, client);
        decision = ngx_ipgate_app_check(rules->policy, client, verdict);

    } else if (client->text) {
        decision = ipgate_admit_text(reader, (char *) client->text->data, client->text->len, verdict);

    } else {
        decision = ipgate_admit_verdict(reader, client->sockaddr, client->socklen, verdict);
    }

    if (decision == IPGATE_ALLOW) {
        answer->status = NGX_IPGATE_PASSED;

    } else if (verdict->reason == IPGATE_REASON_UNKNOWN_APP) {
        answer->status = ngx_ipgate_rejected(rules);   /* with or without an address */

    } else {
        answer->status = ngx_ipgate_denied(rules, client);
    }

    if (rules->policy->site) {
        ngx_ipgate_count(rules->policy, answer);
    }
}


/* Lists count by themselves. */

static void
ngx_ipgate_count(ngx_ipgate_policy_t *policy, ngx_ipgate_answer_t *answer)
{
    int32_t  reason;

    if (answer->status == NGX_IPGATE_PASSED) {
        policy->allowed++;
        return;
    }

    reason = answer->verdict.reason;

    policy->denied[reason > 0 && reason < IPGATE_REASONS ? reason : IPGATE_REASON_FAILED]++;
}


/* Label and name belong to the reader, which will be asked about others: copies them. */

ngx_int_t
ngx_ipgate_answer_keep(ngx_pool_t *pool, ngx_ipgate_answer_t *answer)
{
    size_t           label, app;
    u_char          *p;
    ipgate_verdict  *verdict = &answer->verdict;

    label = verdict->label_len;
    app = verdict->app_len;

    if (label + app == 0) {
        verdict->label = "";
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, label + app);
    if (p == NULL) {
        verdict->label = "";
        verdict->label_len = 0;
        verdict->app = NULL;
        verdict->app_len = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(p, verdict->label, label);
    verdict->label = (char *) p;

    if (app) {
        ngx_memcpy(p + label, verdict->app, app);
        verdict->app = (char *) p + label;
    }

    return NGX_OK;
}


/* Without a verdict it asks for one, about the socket address: it is not on the way of those who pass. */

void
ngx_ipgate_answer_log(ngx_log_t *log, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_ipgate_status_e status, ipgate_verdict *verdict)
{
    char             entry[NGX_IPGATE_ENTRY_LEN];
    u_char           place[NGX_IPGATE_APP_LEN * 2], *end;
    ngx_str_t        none = ngx_null_string, *text;
    ipgate_verdict   own;

    if (rules->log_level > NGX_LOG_DEBUG || log->log_level < rules->log_level) {
        return;
    }

    if (verdict == NULL) {
        verdict = &own;
        verdict->size = sizeof(ipgate_verdict);
        verdict->want = IPGATE_WANT_ENTRY;

        (void) ipgate_check(rules->policy->reader, client->sockaddr, client->socklen, verdict);
    }

    text = client->text ? client->text : &none;
    entry[0] = '\0';
    (void) ipgate_verdict_entry(verdict, entry, sizeof(entry));
    end = ngx_ipgate_place_of(place, place + sizeof(place), rules->policy, client, verdict);

    ngx_log_error(rules->log_level, log, 0,
                  "ipgate: %V, %s, entry \"%s\", %*s, generation %uL%s%V%s",
                  &ngx_ipgate_status_names[status], ipgate_reason_name(verdict->reason), entry,
                  (size_t) (end - place), place,
                  rules->policy->site ? verdict->site_generation : verdict->generation,
                  client->text ? ", address \"" : "", text, client->text ? "\"" : "");
}


/* The list that was asked, or the site and the app as it was asked for. */

static u_char *
ngx_ipgate_place_of(u_char *p, u_char *last, ngx_ipgate_policy_t *policy, ngx_ipgate_client_t *client,
    ipgate_verdict *verdict)
{
    char        shown[NGX_IPGATE_APP_LEN];
    ngx_str_t   none = ngx_null_string, *list, *app;

    if (policy->site) {
        app = policy->name.len ? &policy->name : &client->app;
        shown[0] = '\0';
        (void) ipgate_shown((char *) app->data, app->len, shown, sizeof(shown));

        return ngx_slprintf(p, last, "site \"%V\", %s \"%s\"", &policy->site->name,
                            policy->by_host ? "host" : "app", shown);
    }

    list = policy->app ? &policy->app->name : policy->fallback ? &policy->fallback->name : &none;

    if (verdict->origin == IPGATE_ORIGIN_DEFAULT && policy->fallback) {
        list = &policy->fallback->name;
    }

    return ngx_slprintf(p, last, "list \"%V\"", list);
}
