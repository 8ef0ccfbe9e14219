/*
 * One client of an app of a site: the app that is written out in the configuration, or the one that the client's
 * variables say, by its name or by a host.
 */

#include "ngx_ipgate.h"


/* A dry run counts by itself. */
#define ngx_ipgate_app_reader(policy)                                         \
    ((policy)->dry_run ? (policy)->site->dry_run_reader : (policy)->site->site_reader)


static int32_t ngx_ipgate_app_ask(ngx_ipgate_policy_t *policy, ngx_ipgate_client_t *client,
    ipgate_verdict *verdict);


/*
 * Whether a client, by its socket address, passes, for those who need to know no more. It is counted; where it does
 * not pass, for the app alone. `app` is what the client's variables say.
 */

ngx_uint_t
ngx_ipgate_app_admits(ngx_ipgate_rules_t *rules, ngx_connection_t *c, ngx_str_t *app)
{
    int32_t               decision;
    ipgate_verdict        verdict;
    ipgate_site_reader   *reader;
    ngx_ipgate_policy_t  *policy;

    policy = rules->policy;
    reader = ngx_ipgate_app_reader(policy);

    verdict.size = sizeof(ipgate_verdict);
    verdict.want = rules->unix_peers && c->sockaddr->sa_family == AF_UNIX ? 0 : IPGATE_WANT_COUNT;

    if (policy->named) {
        decision = ipgate_site_check_app(reader, policy->named, c->sockaddr, c->socklen, &verdict);

    } else {
        app = policy->name.len ? &policy->name : app;
        decision = policy->by_host
                   ? ipgate_site_check_host(reader, (char *) app->data, app->len, c->sockaddr, c->socklen, &verdict)
                   : ipgate_site_check_name(reader, (char *) app->data, app->len, c->sockaddr, c->socklen, &verdict);
    }

    if (decision != IPGATE_ALLOW || (policy->deny_unknown && verdict.app == NULL)) {
        return 0;
    }

    policy->allowed++;

    return 1;
}


/* What is let in although the site denies it is no decision of the app's. */

uint32_t
ngx_ipgate_app_want(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client)
{
    return ngx_ipgate_is_unix_peer(rules, client) ? 0 : IPGATE_WANT_COUNT;
}


/* The verdict of the site, or where that does not name the app, and is not to say what becomes of it, a denial. */

int32_t
ngx_ipgate_app_check(ngx_ipgate_policy_t *policy, ngx_ipgate_client_t *client, ipgate_verdict *verdict)
{
    int32_t  decision;

    decision = ngx_ipgate_app_ask(policy, client, verdict);

    if (!policy->deny_unknown || verdict->app != NULL) {
        return decision;
    }

    verdict->decision = IPGATE_DENY;
    verdict->reason = IPGATE_REASON_UNKNOWN_APP;
    verdict->origin = IPGATE_ORIGIN_NONE;
    verdict->label = "";
    verdict->label_len = 0;
    verdict->until_micros = 0;
    verdict->prefix.family = 0;

    return IPGATE_DENY;
}


static int32_t
ngx_ipgate_app_ask(ngx_ipgate_policy_t *policy, ngx_ipgate_client_t *client, ipgate_verdict *verdict)
{
    ngx_str_t           *app;
    const char          *name, *text;
    ipgate_site_reader  *reader;

    reader = ngx_ipgate_app_reader(policy);
    app = policy->name.len ? &policy->name : &client->app;
    name = (char *) app->data;

    if (client->text == NULL) {

        if (policy->named) {
            return ipgate_site_check_app(reader, policy->named, client->sockaddr, client->socklen, verdict);
        }

        return policy->by_host
               ? ipgate_site_check_host(reader, name, app->len, client->sockaddr, client->socklen, verdict)
               : ipgate_site_check_name(reader, name, app->len, client->sockaddr, client->socklen, verdict);
    }

    text = (char *) client->text->data;

    if (policy->named) {
        return ipgate_site_check_app_text(reader, policy->named, text, client->text->len, verdict);
    }

    return policy->by_host
           ? ipgate_site_check_host_text(reader, name, app->len, text, client->text->len, verdict)
           : ipgate_site_check_name_text(reader, name, app->len, text, client->text->len, verdict);
}
