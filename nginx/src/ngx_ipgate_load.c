/*
 * From what ipgate_list says to a gate. A list that the configuration in force has, too, keeps its gate and its
 * table: a reload reads nothing that has not changed.
 */

#include "ngx_ipgate.h"

#include <grp.h>
#if (NGX_LINUX)
#include <sys/fsuid.h>
#endif


/* Diagnostics of one list that are logged; the library counts the others. */
#define NGX_IPGATE_DIAGNOSTICS  20


/* How often, 10 ms apart, a file that is being written is looked at before the former list has to do. */
#define NGX_IPGATE_PATIENCE  100


static ngx_ipgate_list_t *ngx_ipgate_former(ngx_conf_t *cf, ngx_ipgate_list_t *list);
static ngx_int_t ngx_ipgate_inherit(ngx_conf_t *cf, ngx_ipgate_list_t *list, ngx_ipgate_list_t *former);
static ngx_int_t ngx_ipgate_load_anew(ngx_ipgate_list_t *list, ipgate_error **error);
static ngx_uint_t ngx_ipgate_diagnostics(ngx_conf_t *cf, ngx_log_t *log, ngx_uint_t level,
    ngx_ipgate_list_t *list, ipgate_error *error);
static ngx_uint_t ngx_ipgate_same(ngx_str_t *a, ngx_str_t *b);


ngx_int_t
ngx_ipgate_load(ngx_conf_t *cf, ngx_ipgate_list_t *list)
{
    ngx_int_t           rc;
    ipgate_error       *error;
    ngx_ipgate_list_t  *former;

    if (ngx_process == NGX_PROCESS_SIGNALLER) {
        /* nginx -s: serves nobody, and must work while a list is bad */
        return NGX_OK;
    }

    former = ngx_ipgate_former(cf, list);
    error = NULL;

    if (former) {
        rc = ngx_ipgate_inherit(cf, list, former);

    } else {
        rc = ngx_ipgate_load_anew(list, &error);
    }

    if (rc == NGX_OK && ipgate_reader_new(list->gate, &list->reader) != IPGATE_OK) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        list->generation = ipgate_gate_generation(list->gate);
        ngx_ipgate_log_warnings(cf->log, list);

    } else if (ngx_ipgate_diagnostics(cf, cf->log, NGX_LOG_EMERG, list, error) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "ipgate_list \"%V\": %s",
                           &list->name, ipgate_error_message(error));
    }

    ipgate_error_free(error);

    return rc;
}


/* The same list of the configuration in force: nothing in it differs but how often it is looked at. */

static ngx_ipgate_list_t *
ngx_ipgate_former(ngx_conf_t *cf, ngx_ipgate_list_t *list)
{
    ngx_uint_t           i;
    ngx_cycle_t         *old;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_list_t  **former;

    old = cf->cycle->old_cycle;

    if (old == NULL || old->conf_ctx == NULL) {
        return NULL;
    }

    icf = ngx_ipgate_conf(old);
    if (icf == NULL) {
        return NULL;
    }

    former = icf->lists.elts;

    for (i = 0; i < icf->lists.nelts; i++) {
        if (former[i]->gate != NULL
            && former[i]->lenient == list->lenient
            && former[i]->max_bad == list->max_bad
            && former[i]->shrink == list->shrink
            && former[i]->max_bytes == list->max_bytes
            && former[i]->max_entries == list->max_entries
            && ngx_ipgate_same(&former[i]->name, &list->name)
            && ngx_ipgate_same(&former[i]->path, &list->path)
            && ngx_ipgate_same(&former[i]->text, &list->text)
            && ngx_ipgate_same(&former[i]->keep, &list->keep))
        {
            return former[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_ipgate_inherit(ngx_conf_t *cf, ngx_ipgate_list_t *list, ngx_ipgate_list_t *former)
{
    ipgate_stats   stats = IPGATE_STATS_INIT;
    ipgate_error  *error;

    if (ipgate_gate_share(former->gate, &list->gate) != IPGATE_OK) {
        return NGX_ERROR;
    }

    error = NULL;

    (void) ngx_ipgate_poll_now(ngx_ipgate_conf(cf->cycle), list, &error);
    ipgate_error_free(error);

    /* a reload is refused for nobody's list: what was good stays in force, as without a reload */

    error = NULL;

    if (ipgate_gate_stats(list->gate, &stats) == IPGATE_OK && stats.failures
        && ipgate_gate_last_error(list->gate, &error) == IPGATE_OK)
    {
        ngx_conf_log_error(NGX_LOG_ERR, cf, 0,
                           "ipgate_list \"%V\": %s; the last good list, generation %uL, stays in force",
                           &list->name, ipgate_error_message(error), stats.generation);
    }

    ipgate_error_free(error);

    return NGX_OK;
}


/*
 * Takes a changed file now, where nobody is served yet. One that has just changed may still be being written, and
 * another worker may be loading: waits for them, but not for a writer that goes on and on, nor for long.
 */

ipgate_poll
ngx_ipgate_poll_now(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ipgate_error **error)
{
    ngx_uint_t   i;
    ipgate_poll  poll;

    for (i = 0; /* void */ ; i++) {
        poll = ipgate_gate_poll(list->gate, IPGATE_POLL_LOOK, error);

        if (poll == IPGATE_POLL_READY && (ngx_ipgate_turn_take(icf, list) || i == NGX_IPGATE_PATIENCE)) {
            poll = ipgate_gate_poll(list->gate, 0, error);
            ngx_ipgate_turn_end(icf, list);
        }

        if (i == NGX_IPGATE_PATIENCE || (poll != IPGATE_POLL_PENDING && poll != IPGATE_POLL_READY)) {
            return poll;
        }

        ngx_msleep(10);
    }
}


static ngx_int_t
ngx_ipgate_load_anew(ngx_ipgate_list_t *list, ipgate_error **error)
{
    ipgate_guard    guard = IPGATE_GUARD_INIT;
    ipgate_options  options = IPGATE_OPTIONS_INIT;

    if (ipgate_gate_new(NULL, &list->gate, error) != IPGATE_OK) {
        return NGX_ERROR;
    }

    if (list->shrink <= 100) {
        guard.max_shrink_percent = (double) list->shrink;
    }

    /* nginx ends every word of its configuration with a NUL */

    if (list->keep.len) {
        guard.must_allow = (char *) list->keep.data;
    }

    if (ipgate_gate_set_guard(list->gate, &guard, error) != IPGATE_OK) {
        return NGX_ERROR;
    }

    if (list->lenient) {
        options.flags = IPGATE_LENIENT;
        options.max_bad_percent = (uint32_t) list->max_bad;
    }

    options.max_entries = list->max_entries;

    if (list->path.len) {
        options.max_bytes = list->max_bytes;
        options.max_image_bytes = list->max_bytes;

        return ipgate_gate_replace_file(list->gate, (char *) list->path.data, &options, error) == IPGATE_OK
               ? NGX_OK : NGX_ERROR;
    }

    options.source = "inline";

    return ipgate_gate_replace_text(list->gate, (char *) list->text.data, list->text.len, &options, error)
           == IPGATE_OK ? NGX_OK : NGX_ERROR;
}


void
ngx_ipgate_log_warnings(ngx_log_t *log, ngx_ipgate_list_t *list)
{
    ipgate_error  *warnings;

    if (ipgate_gate_warnings(list->gate, &warnings) == IPGATE_OK) {
        (void) ngx_ipgate_diagnostics(NULL, log, NGX_LOG_WARN, list, warnings);
        ipgate_error_free(warnings);
    }
}


/* Logs the errors at a level and the warnings as such; returns how many there are. */

static ngx_uint_t
ngx_ipgate_diagnostics(ngx_conf_t *cf, ngx_log_t *log, ngx_uint_t level, ngx_ipgate_list_t *list,
    ipgate_error *error)
{
    size_t             i, walk, all;
    ngx_uint_t         at;
    ipgate_diagnostic  note = IPGATE_DIAGNOSTIC_INIT;

    walk = ngx_min(ipgate_error_diagnostics(error), NGX_IPGATE_DIAGNOSTICS);
    all = ipgate_error_count_errors(error) + ipgate_error_count_warnings(error);

    for (i = 0; i < walk; i++) {

        if (ipgate_error_diagnostic(error, i, &note) != IPGATE_OK) {
            break;
        }

        at = note.severity == IPGATE_ERROR ? level : NGX_LOG_WARN;

        if (cf) {
            ngx_conf_log_error(at, cf, 0, "ipgate_list \"%V\": %V:%uD:%uD: %s%s%s",
                               &list->name, &list->source, note.line, note.column, note.message,
                               note.suggestion ? ": " : "", note.suggestion ? note.suggestion : "");
        } else {
            ngx_log_error(at, log, 0, "ipgate_list \"%V\": %V:%uD:%uD: %s%s%s",
                          &list->name, &list->source, note.line, note.column, note.message,
                          note.suggestion ? ": " : "", note.suggestion ? note.suggestion : "");
        }
    }

    if (all > walk) {
        ngx_log_error(level, log, 0, "ipgate_list \"%V\": and %uz more", &list->name, all - walk);
    }

    return all;
}


static ngx_uint_t
ngx_ipgate_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && (a->len == 0 || ngx_strncmp(a->data, b->data, a->len) == 0);
}


/*
 * The master reads a list as root; workers that may not will never see a change of it. Tries as the user of the
 * workers, with the identity for files alone, so that nothing else is touched.
 */

void
ngx_ipgate_warn_unreadable(ngx_cycle_t *cycle, ngx_ipgate_list_t *list)
{
#if (NGX_LINUX)

    int               fd, n, kept;
    gid_t             mine[NGROUPS_MAX], theirs[NGROUPS_MAX];
    ngx_err_t         err;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (list->path.len == 0 || geteuid() != 0 || ngx_process == NGX_PROCESS_SIGNALLER
        || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT || ccf->user == 0)
    {
        return;
    }

    n = NGROUPS_MAX;
    kept = getgroups(NGROUPS_MAX, mine);

    if (kept == -1 || getgrouplist(ccf->username, ccf->group, theirs, &n) == -1 || setgroups(n, theirs) == -1) {
        return;
    }

    (void) setfsgid(ccf->group);
    (void) setfsuid(ccf->user);

    fd = open((char *) list->path.data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
    err = ngx_errno;

    (void) setfsuid(geteuid());
    (void) setfsgid(getegid());

    if (setgroups(kept, mine) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno, "ipgate: setgroups() failed");
    }

    if (fd != -1) {
        (void) close(fd);
        return;
    }

    if (err == NGX_EACCES) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, err,
                      "ipgate_list \"%V\": the workers run as \"%s\" and may not read \"%V\": "
                      "they keep what was read now and will not see a change",
                      &list->name, ccf->username, &list->source);
    }

#endif
}
