/*
 * A worker looks at the files of its lists by timer. A look is a stat(); what has changed is read and compiled
 * on a thread of the library's, and swapped in by a later look, so that the event loop never waits.
 */

#include "ngx_ipgate.h"


/* Milliseconds to the next look while a list is being loaded. */
#define NGX_IPGATE_PENDING  10

/* The longest time between two ticks. */
#define NGX_IPGATE_TICK     60000


typedef ipgate_poll (*ngx_ipgate_poll_pt)(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source, ipgate_error **error);

static void ngx_ipgate_tick(ngx_event_t *ev);
static ipgate_poll ngx_ipgate_look(ngx_cycle_t *cycle, ngx_ipgate_source_t *source, ngx_ipgate_poll_pt poll_source);
static ipgate_poll ngx_ipgate_poll_aside(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source, ipgate_error **error);
static void ngx_ipgate_swapped(ngx_cycle_t *cycle, ngx_ipgate_source_t *source);


/* One for the process. */
static ngx_event_t       ngx_ipgate_timer;
static ngx_connection_t  ngx_ipgate_dummy;


void
ngx_ipgate_follow(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_source_t  **source;

    icf = ngx_ipgate_conf(cycle);
    source = icf->sources.elts;

    /* before the first client: what has changed since the configuration was read, if only a crash ago */

    for (i = 0; i < icf->sources.nelts; i++) {
        (void) ngx_ipgate_look(cycle, source[i], ngx_ipgate_poll_now);
    }

    if (icf->sources.nelts == 0) {
        return;
    }

    ngx_ipgate_dummy.fd = (ngx_socket_t) -1;

    ngx_ipgate_timer.handler = ngx_ipgate_tick;
    ngx_ipgate_timer.data = &ngx_ipgate_dummy;
    ngx_ipgate_timer.log = cycle->log;
    ngx_ipgate_timer.cancelable = 1;       /* a worker that has nothing else to do may exit */

    ngx_add_timer(&ngx_ipgate_timer, NGX_IPGATE_PENDING);
}


static void
ngx_ipgate_tick(ngx_event_t *ev)
{
    ipgate_poll          poll;
    ngx_msec_t           wait;
    ngx_uint_t           i;
    ngx_cycle_t         *cycle;
    ngx_msec_int_t       left;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_source_t  **source;

    cycle = (ngx_cycle_t *) ngx_cycle;
    ev->log = cycle->log;

    wait = NGX_IPGATE_TICK;
    icf = ngx_ipgate_conf(cycle);
    source = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {
        left = (ngx_msec_int_t) (source[i]->due - ngx_current_msec);

        if (left <= 0) {
            poll = ngx_ipgate_look(cycle, source[i], ngx_ipgate_poll_aside);

            /*
             * Twice an interval, so that a change is in force when one has passed. The look after a swap has the
             * former table freed.
             */

            left = (poll == IPGATE_POLL_PENDING || poll == IPGATE_POLL_SWAPPED)
                   ? NGX_IPGATE_PENDING : (ngx_msec_int_t) (source[i]->interval / 2);
            source[i]->due = ngx_current_msec + left;
        }

        wait = ngx_min(wait, (ngx_msec_t) left);
    }

    ngx_add_timer(ev, ngx_max(wait, 1));
}


/* On a thread, when it is this worker's turn; until then the load is pending. */

static ipgate_poll
ngx_ipgate_poll_aside(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source, ipgate_error **error)
{
    ipgate_poll  poll;

    poll = source->kind->poll(source, IPGATE_POLL_THREAD|IPGATE_POLL_LOOK, error);

    if (poll == IPGATE_POLL_READY) {

        if (!ngx_ipgate_turn_take(icf, source)) {
            return IPGATE_POLL_PENDING;
        }

        poll = source->kind->poll(source, IPGATE_POLL_THREAD, error);
    }

    if (poll != IPGATE_POLL_PENDING) {
        ngx_ipgate_turn_end(icf, source);
    }

    return poll;
}


static ipgate_poll
ngx_ipgate_look(ngx_cycle_t *cycle, ngx_ipgate_source_t *source, ngx_ipgate_poll_pt poll_source)
{
    ipgate_poll          poll;
    ipgate_error        *error;
    ngx_ipgate_state_t   before, after;

    error = NULL;
    before.failures = 0;

    if (source->failing && source->kind->state(source, &before) != IPGATE_OK) {
        before.failures = 0;
    }

    poll = poll_source(ngx_ipgate_conf(cycle), source, &error);

    if (poll == IPGATE_POLL_FAILED) {
        /* once: the library counts the next ones of the same kind */

        source->failing = 1;

        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "%s \"%V\": %s; %s, generation %uL, stays in force",
                      source->kind->directive, &source->name, ipgate_error_message(error), source->kind->good,
                      source->kind->generation(source));
        ipgate_error_free(error);

    } else if (source->failing && source->kind->state(source, &after) == IPGATE_OK && after.failures == 0) {
        source->failing = 0;

        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0, "%s \"%V\": good again, after %uL failures",
                      source->kind->directive, &source->name, before.failures);
    }

    if (source->kind->generation(source) != source->generation) {
        ngx_ipgate_swapped(cycle, source);
    }

    if (poll == IPGATE_POLL_SWAPPED) {
        ngx_ipgate_log_warnings(cycle->log, source);
    }

    return poll;
}


/* Nothing of this process may hold the former state: it would stay in memory as long as nobody asks. */

static void
ngx_ipgate_swapped(ngx_cycle_t *cycle, ngx_ipgate_source_t *source)
{
    ngx_uint_t             i;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_state_t     state;
    ngx_ipgate_policy_t  **policy;

    icf = ngx_ipgate_conf(cycle);
    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (policy[i]->app == source || policy[i]->fallback == source) {
            ipgate_reader_pause(policy[i]->reader);
        }
    }

    ipgate_reader_pause(source->reader);
    ipgate_site_reader_pause(source->site_reader);
    ipgate_site_reader_pause(source->dry_run_reader);

    if (source->kind->state(source, &state) == IPGATE_OK) {
        source->generation = state.generation;
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0, "%s \"%V\": generation %uL with %uL %s is in force",
                      source->kind->directive, &source->name, state.generation, state.parts,
                      source->kind->parts);
    }
}
