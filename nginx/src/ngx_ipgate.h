/*
 * What the http and the stream module share: lists and sites by name (ngx_ipgate_source.h), the rules of a place in
 * the configuration, and the answer for one client. Lists and sites are read, compiled, combined and looked up by
 * libipgate; nothing here decides.
 *
 *   ngx_ipgate_module.c        the life of it all: configuration, processes
 *   ngx_ipgate_follow.c        a worker follows lists and sites
 *   ngx_ipgate_choice.c        ipgate, ipgate_host: a list, or an app of a site
 *   ngx_ipgate_rules.c         ipgate_site, ipgate_default, ...: inheritance
 *   ngx_ipgate_policy.c        what results, the same for all places with the same rules
 *   ngx_ipgate_others.c        what other modules have been told
 *   ngx_ipgate_app.c           one client of an app of a site
 *   ngx_ipgate_answer.c        one client: the answer, its log line
 *   ngx_ipgate_value.c         the variables of an answer
 *   ngx_ipgate_report.c        all of it for whoever asks
 */

#ifndef NGX_IPGATE_H
#define NGX_IPGATE_H

#include "ngx_ipgate_source.h"


/* What would cost the usual request registers and room on the stack, if the compiler made it part of the handler. */
#if (__GNUC__)
#define ngx_ipgate_apart  __attribute__((noinline))
#else
#define ngx_ipgate_apart
#endif


/*
 * What http and stream have each of their own: the setter of command tables for texts with variables, the index of a
 * variable, and the type of their outermost block.
 */
typedef struct {
    char                   *(*set_value)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
    ngx_int_t               (*variable)(ngx_conf_t *cf, ngx_str_t *name);
    ngx_uint_t                outermost;
} ngx_ipgate_script_t;


/* What ipgate or ipgate_host says: where a site is chosen an app of it, elsewhere a list. */
typedef struct {
    ngx_str_t                 text;        /* as it is written */
    ngx_ipgate_place_t        place;
    void                     *value;       /* a complex value of http or stream; NULL: there is no variable in it */
    ngx_int_t                 variable;    /* the index of the one that is all of it; NGX_ERROR: there is more */
    ngx_ipgate_source_t      *list;
    unsigned                  by_host:1;
    unsigned                  settled:1;   /* it is known which of the two it is */
    unsigned                  is_app:1;
} ngx_ipgate_choice_t;


/* Lists combined, with the reader for it; or a site. Places with the same rules share one. */
typedef struct {
    ngx_ipgate_source_t      *app;         /* NULL is unset, in both */
    ngx_ipgate_source_t      *fallback;
    ngx_uint_t                mode;
    ngx_uint_t                enforce;
    ngx_flag_t                dry_run;     /* apart, because they are counted apart */
    ipgate_reader            *reader;      /* NULL denies; counts what it decides, in this process alone */
    uint64_t                  allowed_unix;  /* which the reader has denied */

    ngx_ipgate_source_t      *site;        /* NULL: all of the above holds */
    ngx_str_t                 name;        /* of the app, where it is written out */
    ipgate_app               *named;       /* the same; NULL where each client says for which app it is */
    ngx_uint_t                by_host;     /* which it says by its host */
    ngx_uint_t                deny_unknown;
    uint64_t                  allowed;     /* of this process alone */
    uint64_t                  denied[IPGATE_REASONS];
} ngx_ipgate_policy_t;


/* What a place in the configuration says, the same in http and stream. */
typedef struct {
    ngx_ipgate_choice_t      *choice;      /* NULL: off, or nobody has said */
    ngx_ipgate_source_t      *site;        /* NULL: off; NGX_CONF_UNSET_PTR, also after merging: nobody has said */
    ngx_uint_t                deny_unknown;
    ngx_ipgate_source_t      *fallback;
    ngx_uint_t                mode;
    ngx_flag_t                enforce;
    ngx_flag_t                dry_run;
    ngx_uint_t                log_level;
    ngx_uint_t                unix_peers;
    void                     *address;     /* a complex value of http or stream; NULL: that of the connection */
    ngx_ipgate_policy_t      *policy;      /* after merging; NULL: everyone passes */
    unsigned                  merged:1;
} ngx_ipgate_rules_t;

#define ngx_ipgate_has_site(rules)                                            \
    ((rules)->site != NULL && (rules)->site != NGX_CONF_UNSET_PTR)

/* Whether each client says for which app it is, by variables that have to be known when it is asked. */
#define ngx_ipgate_is_variable(rules)                                         \
    ((rules)->choice != NULL && (rules)->choice->value != NULL)


typedef enum {
    NGX_IPGATE_OFF = 0,                    /* nobody has asked */
    NGX_IPGATE_PASSED,
    NGX_IPGATE_REJECTED,
    NGX_IPGATE_REJECTED_DRY_RUN
} ngx_ipgate_status_e;


typedef struct {
    ngx_ipgate_status_e       status;
    ipgate_verdict            verdict;
} ngx_ipgate_answer_t;


/*
 * Whom to ask about: a socket address, or where `text` is not NULL an address as text; and, where that is not written
 * out in the configuration, for which app of a site, by its name or by a host of it.
 */
typedef struct {
    struct sockaddr          *sockaddr;
    socklen_t                 socklen;
    ngx_str_t                *text;
    ngx_str_t                 app;
} ngx_ipgate_client_t;


/* Whether it is a peer behind a Unix socket that is to be let in: the socket itself, never a text that says so. */
#define ngx_ipgate_is_unix_peer(rules, client)                                \
    ((rules)->unix_peers && (client)->text == NULL && (client)->sockaddr->sa_family == AF_UNIX)


/* The peer of a connection, as realip has left it. */
static ngx_inline ngx_ipgate_client_t
ngx_ipgate_client(ngx_connection_t *c)
{
    ngx_ipgate_client_t  client = { c->sockaddr, c->socklen, NULL, ngx_null_string };

    return client;
}


/* ngx_ipgate_choice.c */

char *ngx_ipgate_choice_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_host_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_ipgate_choice_settle(ngx_conf_t *cf, ngx_ipgate_choice_t *choice, ngx_uint_t has_site);


/* ngx_ipgate_rules.c */

void ngx_ipgate_rules_init(ngx_ipgate_rules_t *rules);
ngx_int_t ngx_ipgate_rules_merge(ngx_conf_t *cf, ngx_ipgate_rules_t *prev, ngx_ipgate_rules_t *rules);

/* setters for the fields of ngx_ipgate_rules_t, for command tables */
char *ngx_ipgate_site_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_list_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_mode_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_enforce_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

extern ngx_conf_enum_t  ngx_ipgate_log_levels[];
extern ngx_conf_enum_t  ngx_ipgate_unix_choices[];
extern ngx_conf_enum_t  ngx_ipgate_unknown_apps[];

/* The directives that http and stream have in common. `where` are the places that allow them, `slot` says in
 * which of the place's structures the rules are, `at` is the offset of a field of the rules there, and `script` is
 * an ngx_ipgate_script_t, with its `set_value`. ipgate_site is a choice where it has one argument, and a definition
 * with more. */
#define NGX_IPGATE_RULES_COMMANDS(where, slot, at, script, set_value)         \
    { ngx_string("ipgate"), (where)|NGX_CONF_TAKE1,                           \
      ngx_ipgate_choice_slot, slot, at(choice), (void *) (script) },          \
    { ngx_string("ipgate_host"), (where)|NGX_CONF_TAKE1,                      \
      ngx_ipgate_host_slot, slot, at(choice), (void *) (script) },            \
    { ngx_string("ipgate_site"), (where)|NGX_CONF_1MORE,                      \
      ngx_ipgate_site_slot, slot, at(site), (void *) (script) },              \
    { ngx_string("ipgate_unknown_app"), (where)|NGX_CONF_TAKE1,               \
      ngx_conf_set_enum_slot, slot, at(deny_unknown), ngx_ipgate_unknown_apps },\
    { ngx_string("ipgate_default"), (where)|NGX_CONF_TAKE1,                   \
      ngx_ipgate_list_slot, slot, at(fallback), NULL },                       \
    { ngx_string("ipgate_mode"), (where)|NGX_CONF_TAKE1,                      \
      ngx_ipgate_mode_slot, slot, at(mode), NULL },                           \
    { ngx_string("ipgate_enforce"), (where)|NGX_CONF_TAKE1,                   \
      ngx_ipgate_enforce_slot, slot, at(enforce), NULL },                     \
    { ngx_string("ipgate_dry_run"), (where)|NGX_CONF_FLAG,                    \
      ngx_conf_set_flag_slot, slot, at(dry_run), NULL },                      \
    { ngx_string("ipgate_log_level"), (where)|NGX_CONF_TAKE1,                 \
      ngx_conf_set_enum_slot, slot, at(log_level), ngx_ipgate_log_levels },   \
    { ngx_string("ipgate_unix"), (where)|NGX_CONF_TAKE1,                      \
      ngx_conf_set_enum_slot, slot, at(unix_peers), ngx_ipgate_unix_choices },\
    { ngx_string("ipgate_address"), (where)|NGX_CONF_TAKE1,                   \
      set_value, slot, at(address), NULL }


/* ngx_ipgate_policy.c */

ngx_ipgate_policy_t *ngx_ipgate_policy(ngx_conf_t *cf, ngx_ipgate_rules_t *rules);
ngx_int_t ngx_ipgate_policy_open(ngx_ipgate_policy_t *policy);


/* ngx_ipgate_follow.c */

void ngx_ipgate_follow(ngx_cycle_t *cycle);


/* ngx_ipgate_others.c */

void *ngx_ipgate_of_module(ngx_conf_t *cf, const char *name, void **level);
ngx_uint_t ngx_ipgate_realip_trusts_unix(ngx_conf_t *cf, const char *name, void **level);

/* With the place's file and line. */
#define NGX_IPGATE_UNIX_WARNING                                               \
    "ipgate: \"ipgate_unix allow\" and \"set_real_ip_from unix:\" let everybody in whom the proxy names without "  \
    "an address that realip can read: write \"ipgate_unix deny;\", in %V:%ui"


/* ngx_ipgate_app.c */

ngx_uint_t ngx_ipgate_app_admits(ngx_ipgate_rules_t *rules, ngx_connection_t *c, ngx_str_t *app);
uint32_t ngx_ipgate_app_want(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client);
int32_t ngx_ipgate_app_check(ngx_ipgate_policy_t *policy, ngx_ipgate_client_t *client, ipgate_verdict *verdict);


/* ngx_ipgate_answer.c */

/* Bytes of an entry's text: the longest prefix and the longest label. */
#define NGX_IPGATE_ENTRY_LEN  512

extern ngx_str_t  ngx_ipgate_status_names[];   /* by ngx_ipgate_status_e */

ngx_ipgate_status_e ngx_ipgate_denied(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client);
void ngx_ipgate_ask(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client, ngx_uint_t is_counted,
    ngx_ipgate_answer_t *answer);
ngx_int_t ngx_ipgate_answer_keep(ngx_pool_t *pool, ngx_ipgate_answer_t *answer);
void ngx_ipgate_answer_log(ngx_log_t *log, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_ipgate_status_e status, ipgate_verdict *verdict);


/* ngx_ipgate_value.c */

/* A variable's name and which part of an answer (NULL: none) it shows. */
typedef struct {
    ngx_str_t                 name;
    uintptr_t                 part;
} ngx_ipgate_variable_t;

extern ngx_ipgate_variable_t  ngx_ipgate_variables[];   /* ends with an empty name */

ngx_int_t ngx_ipgate_answer_value(ngx_pool_t *pool, ngx_ipgate_answer_t *answer, uintptr_t part,
    ngx_variable_value_t *value);


/* ngx_ipgate_report.c */

#define NGX_IPGATE_PAGE_MAX  1000          /* apps of a site, however many are wanted */

ngx_int_t ngx_ipgate_report(ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_log_t *log, ipgate_report_page *page,
    ipgate_report_format format, ngx_str_t *text);


#endif /* NGX_IPGATE_H */
