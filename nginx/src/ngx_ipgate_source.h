/*
 * Lists and sites by their names: what is read from a path, or from the configuration itself, and followed there.
 *
 *   ngx_ipgate_source.c      by name
 *   ngx_ipgate_options.c     what ipgate_list and ipgate_site say of it
 *   ngx_ipgate_list.c        ipgate_list, and what the library has for lists
 *   ngx_ipgate_site.c        ipgate_site NAME path=..., and what the library has for sites
 *   ngx_ipgate_load.c        a file or text into its gate, and what there is to say about it
 *   ngx_ipgate_unreadable.c  what the workers may not read
 *   ngx_ipgate_turn.c        one worker at a time loads
 */

#ifndef NGX_IPGATE_SOURCE_H
#define NGX_IPGATE_SOURCE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ipgate.h>


/* How often one that says nothing else is looked at. */
#define NGX_IPGATE_INTERVAL  1000

/* The largest file of one that says nothing else. */
#define NGX_IPGATE_SIZE  (256 * 1024 * 1024)


typedef struct ngx_ipgate_kind_s  ngx_ipgate_kind_t;


/* Where something stands in the configuration, as messages show it. */
typedef struct {
    ngx_str_t                 file;
    ngx_uint_t                line;
} ngx_ipgate_place_t;


/* A list or a site. It exists from its first mention on, and is defined by ipgate_list or ipgate_site. */
typedef struct {
    const ngx_ipgate_kind_t  *kind;
    ngx_str_t                 name;
    ngx_ipgate_place_t        mentioned;   /* first, for whoever never defines it */

    ngx_str_t                 path;        /* absolute; empty for an inline list */
    ngx_str_t                 shown;       /* how messages name its text */
    ngx_str_t                 text;        /* of an inline list */
    ngx_msec_t                interval;
    ngx_str_t                 keep;        /* addresses that no swap may deny */
    ngx_uint_t                shrink;      /* percent; more than 100: no limit */
    ngx_uint_t                removed;     /* percent of a site's apps with lists; more than 100: no limit */
    uint64_t                  max_bytes;   /* of the file */
    uint64_t                  max_entries; /* 0: the library's limit */
    ngx_uint_t                max_bad;     /* percent that lenient leaves out; 0: the library's limit */
    unsigned                  defined:1;
    unsigned                  lenient:1;
    unsigned                  keep_enforced:1;

    /* NULL until loaded, or because it is of the other kind: denies */
    ipgate_gate              *gate;
    ipgate_reader            *reader;      /* for the report */
    ipgate_site              *site;
    ipgate_site_reader       *site_reader; /* for all places; counts what it decides, in this process alone */
    ipgate_site_reader       *dry_run_reader;  /* the same for places with a dry run, because they are counted apart */

    /* of this process alone */
    unsigned                  has_turn:1;  /* no other process loads */
    unsigned                  failing:1;   /* what is in force is not what there is */
    ngx_msec_t                due;         /* when to look at it again */
    uint64_t                  generation;  /* the last one seen */
} ngx_ipgate_source_t;


/* What is in force. */
typedef struct {
    uint64_t                  generation;
    uint64_t                  parts;       /* entries of a list, apps of a site */
    uint64_t                  failures;    /* since it was good */
} ngx_ipgate_state_t;


/* What the library has for lists, and in the same manner for sites. */
struct ngx_ipgate_kind_s {
    const char               *directive;
    const char               *good;        /* what stays where something is bad */
    const char               *parts;
    const char               *options;     /* as messages name them */
    ngx_uint_t                has_apps;

    ipgate_status           (*make)(ngx_ipgate_source_t *source, ipgate_error **error);
    ipgate_status           (*guard)(ngx_ipgate_source_t *source, const ipgate_guard *guard, ipgate_error **error);
    ipgate_status           (*load)(ngx_ipgate_source_t *source, const ipgate_options *options, ipgate_error **error);
    ipgate_status           (*share)(ngx_ipgate_source_t *source, ngx_ipgate_source_t *former);
    ipgate_status           (*open)(ngx_ipgate_source_t *source, ipgate_error **error);
    ipgate_poll             (*poll)(ngx_ipgate_source_t *source, uint32_t flags, ipgate_error **error);
    uint64_t                (*generation)(ngx_ipgate_source_t *source);
    ipgate_status           (*state)(ngx_ipgate_source_t *source, ngx_ipgate_state_t *state);
    ipgate_status           (*warnings)(ngx_ipgate_source_t *source, ipgate_error **warnings);
    ipgate_status           (*last_error)(ngx_ipgate_source_t *source, ipgate_error **error);
};


/* Everything of one configuration. */
typedef struct {
    ngx_array_t               sources;     /* of ngx_ipgate_source_t * */
    ngx_array_t               policies;    /* of ngx_ipgate_policy_t * */
    ngx_shm_zone_t           *turn;        /* NULL where nothing has a file */
} ngx_ipgate_conf_t;


extern ngx_module_t  ngx_ipgate_module;

#define ngx_ipgate_conf(cycle)                                                \
    ((ngx_ipgate_conf_t *) ngx_get_conf((cycle)->conf_ctx, ngx_ipgate_module))


/* ngx_ipgate_source.c */

ngx_ipgate_source_t *ngx_ipgate_source(ngx_conf_t *cf, const ngx_ipgate_kind_t *kind, ngx_str_t *name,
    ngx_ipgate_place_t *mentioned);
ngx_ipgate_source_t *ngx_ipgate_source_defined(ngx_conf_t *cf, const ngx_ipgate_kind_t *kind);
ngx_ipgate_place_t ngx_ipgate_here(ngx_conf_t *cf);
ngx_uint_t ngx_ipgate_same(ngx_str_t *a, ngx_str_t *b);
ngx_uint_t ngx_ipgate_is_off(ngx_str_t *word);


/* ngx_ipgate_options.c */

char *ngx_ipgate_path_and_options(ngx_conf_t *cf, ngx_ipgate_source_t *source, const char *key);
ngx_int_t ngx_ipgate_starts(ngx_str_t *word, const char *with, ngx_str_t *rest);


/* ngx_ipgate_list.c */

extern const ngx_ipgate_kind_t  ngx_ipgate_list_kind;

char *ngx_ipgate_list_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The directive for command tables. `where` are the places that allow it. */
#define NGX_IPGATE_LIST_COMMAND(where)                                        \
    { ngx_string("ipgate_list"), (where)|NGX_CONF_2MORE,                      \
      ngx_ipgate_list_directive, 0, 0, NULL }


/* ngx_ipgate_site.c */

extern const ngx_ipgate_kind_t  ngx_ipgate_site_kind;

char *ngx_ipgate_site_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The same for sites. */
#define NGX_IPGATE_SITE_COMMAND(where)                                        \
    { ngx_string("ipgate_site"), (where)|NGX_CONF_2MORE,                      \
      ngx_ipgate_site_directive, 0, 0, NULL }


/* ngx_ipgate_shown.c */

ngx_str_t ngx_ipgate_shown(ngx_pool_t *pool, ngx_str_t *name);


/* ngx_ipgate_load.c */

ngx_int_t ngx_ipgate_load(ngx_conf_t *cf, ngx_ipgate_source_t *source);
ipgate_poll ngx_ipgate_poll_now(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source, ipgate_error **error);
void ngx_ipgate_log_warnings(ngx_log_t *log, ngx_ipgate_source_t *source);


/* ngx_ipgate_unreadable.c */

void ngx_ipgate_warn_unreadable(ngx_cycle_t *cycle, ngx_ipgate_source_t *source);


/* ngx_ipgate_turn.c */

ngx_int_t ngx_ipgate_turn_add(ngx_conf_t *cf);
ngx_uint_t ngx_ipgate_turn_take(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source);
void ngx_ipgate_turn_end(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source);


#endif /* NGX_IPGATE_SOURCE_H */
