/*
 * What the http and the stream module share: named lists, the rules of a place in the configuration, and the
 * answer for one client. Lists are read, compiled, combined and looked up by libipgate; nothing here decides.
 *
 *   ngx_ipgate_module.c   the life of it all: configuration, processes
 *   ngx_ipgate_list.c     the directive ipgate_list
 *   ngx_ipgate_load.c     a list's file or text into its gate, and what there is to say about it
 *   ngx_ipgate_follow.c   a worker follows the files
 *   ngx_ipgate_turn.c     one worker at a time loads
 *   ngx_ipgate_rules.c    ipgate, ipgate_default, ...: inheritance, and the policy that results
 *   ngx_ipgate_others.c   what other modules have been told
 *   ngx_ipgate_answer.c   one client: the answer, its log line, its variables
 *   ngx_ipgate_tally.c    decisions by list and by label
 *   ngx_ipgate_report.c   all of it as JSON
 */

#ifndef NGX_IPGATE_H
#define NGX_IPGATE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ipgate.h>


/* How often a list that says nothing else is looked at. */
#define NGX_IPGATE_INTERVAL  1000

/* The largest file of a list that says nothing else. */
#define NGX_IPGATE_SIZE  (256 * 1024 * 1024)


/* A list by its name. It exists from its first mention on, and is defined by ipgate_list. */
typedef struct {
    ngx_str_t                 name;

    /* where it was first mentioned, for whoever never defines it, as messages show it */
    ngx_str_t                 conf_file;
    ngx_uint_t                conf_line;

    ngx_str_t                 path;        /* absolute; empty for an inline list */
    ngx_str_t                 source;      /* how messages name its text */
    ngx_str_t                 text;        /* of an inline list */
    ngx_msec_t                interval;
    ngx_str_t                 keep;        /* addresses that no swap may deny */
    ngx_uint_t                shrink;      /* percent; more than 100: no limit */
    uint64_t                  max_bytes;   /* of the file */
    uint64_t                  max_entries; /* 0: the library's limit */
    ngx_uint_t                max_bad;     /* percent that lenient leaves out; 0: the library's limit */
    unsigned                  defined:1;
    unsigned                  lenient:1;

    ipgate_gate              *gate;        /* NULL until loaded: denies */
    ipgate_reader            *reader;      /* for the report */

    /* of this process alone */
    unsigned                  has_turn:1;  /* no other process loads */
    ngx_msec_t                due;         /* when to look at the file again */
    uint64_t                  generation;  /* the last one seen */
} ngx_ipgate_list_t;


/* Lists combined, with the reader for it. Places with the same rules share one. */
typedef struct {
    ngx_ipgate_list_t        *app;         /* NULL is unset, in both */
    ngx_ipgate_list_t        *fallback;
    ngx_uint_t                mode;
    ngx_uint_t                enforce;
    ngx_flag_t                dry_run;     /* apart, because they are counted apart */
    ipgate_reader            *reader;      /* NULL denies; counts what it decides, in this process alone */
    uint64_t                  allowed_unix;  /* which the reader has denied */
} ngx_ipgate_policy_t;


/* Everything of one configuration. */
typedef struct {
    ngx_array_t               lists;       /* of ngx_ipgate_list_t * */
    ngx_array_t               policies;    /* of ngx_ipgate_policy_t * */
    ngx_shm_zone_t           *turn;        /* NULL where no list has a file */
} ngx_ipgate_conf_t;


/* What a place in the configuration says, the same in http and stream. */
typedef struct {
    ngx_ipgate_list_t        *app;
    ngx_ipgate_list_t        *fallback;
    ngx_uint_t                mode;
    ngx_flag_t                enforce;
    ngx_flag_t                dry_run;
    ngx_uint_t                log_level;
    ngx_uint_t                unix_peers;
    void                     *address;     /* a complex value of http or stream; NULL: that of the connection */
    ngx_ipgate_policy_t      *policy;      /* after merging; NULL: everyone passes */
} ngx_ipgate_rules_t;


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


/* Whom to ask about: a socket address, or where `text` is not NULL an address as text. */
typedef struct {
    struct sockaddr          *sockaddr;
    socklen_t                 socklen;
    ngx_str_t                *text;
} ngx_ipgate_client_t;


/* The peer of a connection, as realip has left it. */
static ngx_inline ngx_ipgate_client_t
ngx_ipgate_client(ngx_connection_t *c)
{
    ngx_ipgate_client_t  client = { c->sockaddr, c->socklen, NULL };

    return client;
}


extern ngx_module_t  ngx_ipgate_module;

#define ngx_ipgate_conf(cycle)                                                \
    ((ngx_ipgate_conf_t *) ngx_get_conf((cycle)->conf_ctx, ngx_ipgate_module))


/* ngx_ipgate_list.c */

char *ngx_ipgate_list_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_ipgate_list_t *ngx_ipgate_list_named(ngx_conf_t *cf, ngx_str_t *name);

/* The directive for command tables. `where` are the places that allow it. */
#define NGX_IPGATE_LIST_COMMAND(where)                                        \
    { ngx_string("ipgate_list"), (where)|NGX_CONF_2MORE,                      \
      ngx_ipgate_list_directive, 0, 0, NULL }


/* ngx_ipgate_shown.c */

ngx_str_t ngx_ipgate_shown(ngx_pool_t *pool, ngx_str_t *name);


/* ngx_ipgate_load.c */

ngx_int_t ngx_ipgate_load(ngx_conf_t *cf, ngx_ipgate_list_t *list);
ipgate_poll ngx_ipgate_poll_now(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ipgate_error **error);
void ngx_ipgate_warn_unreadable(ngx_cycle_t *cycle, ngx_ipgate_list_t *list);
void ngx_ipgate_log_warnings(ngx_log_t *log, ngx_ipgate_list_t *list);


/* ngx_ipgate_follow.c */

void ngx_ipgate_follow(ngx_cycle_t *cycle);


/* ngx_ipgate_turn.c */

ngx_int_t ngx_ipgate_turn_add(ngx_conf_t *cf);
ngx_uint_t ngx_ipgate_turn_take(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list);
void ngx_ipgate_turn_end(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list);


/* ngx_ipgate_rules.c */

void ngx_ipgate_rules_init(ngx_ipgate_rules_t *rules);
ngx_int_t ngx_ipgate_rules_merge(ngx_conf_t *cf, ngx_ipgate_rules_t *prev, ngx_ipgate_rules_t *rules);
ngx_int_t ngx_ipgate_policy_open(ngx_ipgate_policy_t *policy);

/* setters for the fields of ngx_ipgate_rules_t, for command tables */
char *ngx_ipgate_list_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_mode_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_ipgate_enforce_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

extern ngx_conf_enum_t  ngx_ipgate_log_levels[];
extern ngx_conf_enum_t  ngx_ipgate_unix_choices[];

/* The directives that http and stream have in common. `where` are the places that allow them, `slot` says in
 * which of the place's structures the rules are, `at` is the offset of a field of the rules there, and `set_value`
 * is the setter for a text with variables. */
#define NGX_IPGATE_RULES_COMMANDS(where, slot, at, set_value)                 \
    { ngx_string("ipgate"), (where)|NGX_CONF_TAKE1,                           \
      ngx_ipgate_list_slot, slot, at(app), NULL },                            \
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


/* ngx_ipgate_others.c */

void *ngx_ipgate_of_module(ngx_conf_t *cf, const char *name, void **level);
ngx_uint_t ngx_ipgate_realip_trusts_unix(ngx_conf_t *cf, const char *name, void **level);

/* With the place's file and line. */
#define NGX_IPGATE_UNIX_WARNING                                               \
    "ipgate: \"ipgate_unix allow\" and \"set_real_ip_from unix:\" let everybody in whom the proxy names without "  \
    "an address that realip can read: write \"ipgate_unix deny;\", in %V:%ui"


/* ngx_ipgate_answer.c */

ngx_ipgate_status_e ngx_ipgate_denied(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client);
void ngx_ipgate_ask(ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client, ngx_ipgate_answer_t *answer);
ngx_int_t ngx_ipgate_answer_keep(ngx_pool_t *pool, ngx_ipgate_answer_t *answer);
void ngx_ipgate_answer_log(ngx_log_t *log, ngx_ipgate_rules_t *rules, ngx_ipgate_client_t *client,
    ngx_ipgate_status_e status, ipgate_verdict *verdict);

/* A variable's name and which part of an answer (NULL: none) it shows. */
typedef struct {
    ngx_str_t                 name;
    uintptr_t                 part;
} ngx_ipgate_variable_t;

extern ngx_ipgate_variable_t  ngx_ipgate_variables[];   /* ends with an empty name */

ngx_int_t ngx_ipgate_answer_value(ngx_pool_t *pool, ngx_ipgate_answer_t *answer, uintptr_t part,
    ngx_variable_value_t *value);


/* ngx_ipgate_tally.c */

typedef struct {
    uint64_t                  allowed;
    uint64_t                  denied;
    uint64_t                  dry_run;     /* would have been denied */
} ngx_ipgate_counts_t;

typedef struct {
    ngx_str_t                 label;       /* empty: entries without one, and no entry */
    ngx_uint_t                others;      /* labels beyond those that are told apart */
    ngx_ipgate_counts_t       counts;
} ngx_ipgate_tally_t;

ngx_array_t *ngx_ipgate_tally(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ngx_pool_t *pool);


/* ngx_ipgate_report.c */

ngx_int_t ngx_ipgate_report(ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_chain_t **out, off_t *length);


#endif /* NGX_IPGATE_H */
