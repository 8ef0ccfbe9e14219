/*
 * From what ipgate_list or ipgate_site says to what is in force. A list or a site that the configuration in force has,
 * too, keeps what it has: a reload reads nothing that has not changed.
 */

#include "ngx_ipgate_source.h"


/* Diagnostics of one list that are logged; the library counts the others. */
#define NGX_IPGATE_DIAGNOSTICS  20


/* How often, 10 ms apart, a file that is being written is looked at before the former list has to do. */
#define NGX_IPGATE_PATIENCE  100


static ngx_ipgate_source_t *ngx_ipgate_former(ngx_conf_t *cf, ngx_ipgate_source_t *source);
static ngx_int_t ngx_ipgate_inherit(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_ipgate_source_t *former);
static ngx_int_t ngx_ipgate_load_anew(ngx_conf_t *cf, ngx_ipgate_source_t *source, ipgate_error **error);
static ngx_int_t ngx_ipgate_load_rest(ngx_conf_t *cf, ngx_ipgate_source_t *source, ipgate_error **error);
static ngx_uint_t ngx_ipgate_diagnostics(ngx_conf_t *cf, ngx_log_t *log, ngx_uint_t level,
    ngx_ipgate_source_t *source, ipgate_error *error);


ngx_int_t
ngx_ipgate_load(ngx_conf_t *cf, ngx_ipgate_source_t *source)
{
    ngx_int_t             rc;
    ipgate_error         *error;
    ngx_ipgate_state_t    state;
    ngx_ipgate_source_t  *former;

    if (ngx_process == NGX_PROCESS_SIGNALLER) {
        /* nginx -s: serves nobody, and must work while a list is bad */
        return NGX_OK;
    }

    former = ngx_ipgate_former(cf, source);
    error = NULL;

    if (former) {
        rc = ngx_ipgate_inherit(cf, source, former);

    } else {
        rc = ngx_ipgate_load_anew(cf, source, &error);
    }

    if (rc == NGX_OK
        && (source->kind->open(source, &error) != IPGATE_OK || source->kind->state(source, &state) != IPGATE_OK))
    {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        source->generation = state.generation;
        source->failing = state.failures != 0;
        ngx_ipgate_log_warnings(cf->log, source);

    } else if (source->kind->has_apps || ngx_ipgate_diagnostics(cf, cf->log, NGX_LOG_EMERG, source, error) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s \"%V\": %s",
                           source->kind->directive, &source->name, ipgate_error_message(error));
    }

    ipgate_error_free(error);

    return rc;
}


/* The same one of the configuration in force: nothing in it differs but how often it is looked at. */

static ngx_ipgate_source_t *
ngx_ipgate_former(ngx_conf_t *cf, ngx_ipgate_source_t *source)
{
    ngx_uint_t             i;
    ngx_cycle_t           *old;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_source_t  **former;

    old = cf->cycle->old_cycle;

    if (old == NULL || old->conf_ctx == NULL) {
        return NULL;
    }

    icf = ngx_ipgate_conf(old);
    if (icf == NULL) {
        return NULL;
    }

    former = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {
        if (former[i]->kind == source->kind
            && (former[i]->gate != NULL || former[i]->site != NULL)
            && former[i]->lenient == source->lenient
            && former[i]->max_bad == source->max_bad
            && former[i]->shrink == source->shrink
            && former[i]->removed == source->removed
            && former[i]->keep_enforced == source->keep_enforced
            && former[i]->max_bytes == source->max_bytes
            && former[i]->max_entries == source->max_entries
            && ngx_ipgate_same(&former[i]->name, &source->name)
            && ngx_ipgate_same(&former[i]->path, &source->path)
            && ngx_ipgate_same(&former[i]->text, &source->text)
            && ngx_ipgate_same(&former[i]->keep, &source->keep))
        {
            return former[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_ipgate_inherit(ngx_conf_t *cf, ngx_ipgate_source_t *source, ngx_ipgate_source_t *former)
{
    ipgate_error        *error;
    ngx_ipgate_state_t   state;

    if (source->kind->share(source, former) != IPGATE_OK) {
        return NGX_ERROR;
    }

    error = NULL;

    (void) ngx_ipgate_poll_now(ngx_ipgate_conf(cf->cycle), source, &error);
    ipgate_error_free(error);

    /* a reload is refused for nobody's list: what was good stays in force, as without a reload */

    error = NULL;

    if (source->kind->state(source, &state) == IPGATE_OK && state.failures
        && source->kind->last_error(source, &error) == IPGATE_OK)
    {
        ngx_conf_log_error(NGX_LOG_ERR, cf, 0,
                           "%s \"%V\": %s; %s, generation %uL, stays in force",
                           source->kind->directive, &source->name, ipgate_error_message(error),
                           source->kind->good, state.generation);
    }

    ipgate_error_free(error);

    return NGX_OK;
}


/*
 * Takes a changed file now, where nobody is served yet. One that has just changed may still be being written, and
 * another worker may be loading: waits for them, but not for a writer that goes on and on, nor for long.
 */

ipgate_poll
ngx_ipgate_poll_now(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source, ipgate_error **error)
{
    ngx_uint_t   i;
    ipgate_poll  poll;

    for (i = 0; /* void */ ; i++) {
        poll = source->kind->poll(source, IPGATE_POLL_LOOK, error);

        if (poll == IPGATE_POLL_READY && (ngx_ipgate_turn_take(icf, source) || i == NGX_IPGATE_PATIENCE)) {
            poll = source->kind->poll(source, 0, error);
            ngx_ipgate_turn_end(icf, source);
        }

        if (i == NGX_IPGATE_PATIENCE || (poll != IPGATE_POLL_PENDING && poll != IPGATE_POLL_READY)) {
            return poll;
        }

        ngx_msleep(10);
    }
}


static ngx_int_t
ngx_ipgate_load_anew(ngx_conf_t *cf, ngx_ipgate_source_t *source, ipgate_error **error)
{
    ipgate_guard    guard = IPGATE_GUARD_INIT;
    ipgate_options  options = IPGATE_OPTIONS_INIT;

    if (source->shrink <= 100) {
        guard.max_shrink_percent = (double) source->shrink;
    }

    /* nginx ends every word of its configuration with a NUL */

    if (source->keep.len) {
        guard.must_allow = (char *) source->keep.data;
    }

    if (source->lenient) {
        options.flags = IPGATE_LENIENT;
        options.max_bad_percent = (uint32_t) source->max_bad;
    }

    options.max_entries = source->max_entries;

    if (source->path.len) {
        options.max_bytes = source->max_bytes;
        options.max_image_bytes = source->max_bytes;

    } else {
        options.source = "inline";
    }

    if (source->kind->make(source, error) != IPGATE_OK
        || source->kind->guard(source, &guard, error) != IPGATE_OK
        || source->kind->load(source, &options, error) != IPGATE_OK)
    {
        return NGX_ERROR;
    }

    return source->kind->has_apps ? ngx_ipgate_load_rest(cf, source, error) : NGX_OK;
}


/*
 * What was not good enough for a site to fail, as the first poll tells it. A bad list of an app stops nothing: that app
 * is closed. What the guard refuses does.
 */

static ngx_int_t
ngx_ipgate_load_rest(ngx_conf_t *cf, ngx_ipgate_source_t *source, ipgate_error **error)
{
    if (source->kind->poll(source, 0, error) != IPGATE_POLL_FAILED) {
        return NGX_OK;
    }

    if (ipgate_error_status(*error) == IPGATE_ERROR_REFUSED) {
        return NGX_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "%s \"%V\": %s",
                       source->kind->directive, &source->name, ipgate_error_message(*error));
    ipgate_error_free(*error);
    *error = NULL;

    return NGX_OK;
}


void
ngx_ipgate_log_warnings(ngx_log_t *log, ngx_ipgate_source_t *source)
{
    ipgate_error  *warnings;

    if (source->kind->warnings(source, &warnings) == IPGATE_OK) {
        (void) ngx_ipgate_diagnostics(NULL, log, NGX_LOG_WARN, source, warnings);
        ipgate_error_free(warnings);
    }
}


/* Logs the errors at a level and the warnings as such; returns how many there are. */

static ngx_uint_t
ngx_ipgate_diagnostics(ngx_conf_t *cf, ngx_log_t *log, ngx_uint_t level, ngx_ipgate_source_t *source,
    ipgate_error *error)
{
    size_t             i, walk, all;
    ngx_str_t          place = ngx_string("a list of it");
    ngx_uint_t         at;
    ipgate_diagnostic  note = IPGATE_DIAGNOSTIC_INIT;

    walk = ngx_min(ipgate_error_diagnostics(error), NGX_IPGATE_DIAGNOSTICS);
    all = ipgate_error_count_errors(error) + ipgate_error_count_warnings(error);

    if (!source->kind->has_apps) {
        place = source->shown;
    }

    for (i = 0; i < walk; i++) {

        if (ipgate_error_diagnostic(error, i, &note) != IPGATE_OK) {
            break;
        }

        at = note.severity == IPGATE_ERROR ? level : NGX_LOG_WARN;

        if (cf) {
            ngx_conf_log_error(at, cf, 0, "%s \"%V\": %V:%uD:%uD: %s%s%s",
                               source->kind->directive, &source->name, &place, note.line, note.column,
                               note.message, note.suggestion ? ": " : "", note.suggestion ? note.suggestion : "");
        } else {
            ngx_log_error(at, log, 0, "%s \"%V\": %V:%uD:%uD: %s%s%s",
                          source->kind->directive, &source->name, &place, note.line, note.column,
                          note.message, note.suggestion ? ": " : "", note.suggestion ? note.suggestion : "");
        }
    }

    if (all > walk) {
        ngx_log_error(level, log, 0, "%s \"%V\": and %uz more",
                      source->kind->directive, &source->name, all - walk);
    }

    return all;
}
