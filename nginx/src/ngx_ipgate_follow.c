/*
 * A worker looks at the files of its lists by timer. A look is a stat(); what has changed is read and compiled
 * on a thread of the library's, and swapped in by a later look, so that the event loop never waits.
 */

#include "ngx_ipgate.h"


/* Milliseconds to the next look while a list is being loaded. */
#define NGX_IPGATE_PENDING  10

/* The longest time between two ticks. */
#define NGX_IPGATE_TICK     60000


typedef ipgate_poll (*ngx_ipgate_poll_pt)(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ipgate_error **error);

static void ngx_ipgate_tick(ngx_event_t *ev);
static ipgate_poll ngx_ipgate_look(ngx_cycle_t *cycle, ngx_ipgate_list_t *list, ngx_ipgate_poll_pt poll_list);
static ipgate_poll ngx_ipgate_poll_aside(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ipgate_error **error);
static void ngx_ipgate_swapped(ngx_cycle_t *cycle, ngx_ipgate_list_t *list);


/* One for the process. */
static ngx_event_t       ngx_ipgate_timer;
static ngx_connection_t  ngx_ipgate_dummy;


void
ngx_ipgate_follow(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_ipgate_conf_t   *icf;
    ngx_ipgate_list_t  **list;

    icf = ngx_ipgate_conf(cycle);
    list = icf->lists.elts;

    /* before the first client: what has changed since the configuration was read, if only a crash ago */

    for (i = 0; i < icf->lists.nelts; i++) {
        (void) ngx_ipgate_look(cycle, list[i], ngx_ipgate_poll_now);
    }

    if (icf->lists.nelts == 0) {
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
    ngx_ipgate_list_t  **list;

    cycle = (ngx_cycle_t *) ngx_cycle;
    ev->log = cycle->log;

    wait = NGX_IPGATE_TICK;
    icf = ngx_ipgate_conf(cycle);
    list = icf->lists.elts;

    for (i = 0; i < icf->lists.nelts; i++) {
        left = (ngx_msec_int_t) (list[i]->due - ngx_current_msec);

        if (left <= 0) {
            poll = ngx_ipgate_look(cycle, list[i], ngx_ipgate_poll_aside);

            /*
             * Twice an interval, so that a change is in force when one has passed. The look after a swap has the
             * former table freed.
             */

            left = (poll == IPGATE_POLL_PENDING || poll == IPGATE_POLL_SWAPPED)
                   ? NGX_IPGATE_PENDING : (ngx_msec_int_t) (list[i]->interval / 2);
            list[i]->due = ngx_current_msec + left;
        }

        wait = ngx_min(wait, (ngx_msec_t) left);
    }

    ngx_add_timer(ev, ngx_max(wait, 1));
}


/* On a thread, when it is this worker's turn; until then the load is pending. */

static ipgate_poll
ngx_ipgate_poll_aside(ngx_ipgate_conf_t *icf, ngx_ipgate_list_t *list, ipgate_error **error)
{
    ipgate_poll  poll;

    poll = ipgate_gate_poll(list->gate, IPGATE_POLL_THREAD|IPGATE_POLL_LOOK, error);

    if (poll == IPGATE_POLL_READY) {

        if (!ngx_ipgate_turn_take(icf, list)) {
            return IPGATE_POLL_PENDING;
        }

        poll = ipgate_gate_poll(list->gate, IPGATE_POLL_THREAD, error);
    }

    if (poll != IPGATE_POLL_PENDING) {
        ngx_ipgate_turn_end(icf, list);
    }

    return poll;
}


static ipgate_poll
ngx_ipgate_look(ngx_cycle_t *cycle, ngx_ipgate_list_t *list, ngx_ipgate_poll_pt poll_list)
{
    ipgate_poll    poll;
    uint64_t       failures;
    ipgate_stats   stats = IPGATE_STATS_INIT;
    ipgate_error  *error;

    failures = ipgate_gate_stats(list->gate, &stats) == IPGATE_OK ? stats.failures : 0;
    error = NULL;

    poll = poll_list(ngx_ipgate_conf(cycle), list, &error);

    if (poll == IPGATE_POLL_FAILED) {
        /* once: the library counts the next ones of the same kind */

        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "ipgate_list \"%V\": %s; the last good list, generation %uL, stays in force",
                      &list->name, ipgate_error_message(error), ipgate_gate_generation(list->gate));
        ipgate_error_free(error);

    } else if (failures && ipgate_gate_stats(list->gate, &stats) == IPGATE_OK && stats.failures == 0) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "ipgate_list \"%V\": good again, after %uL failures", &list->name, failures);
    }

    if (ipgate_gate_generation(list->gate) != list->generation) {
        ngx_ipgate_swapped(cycle, list);
    }

    if (poll == IPGATE_POLL_SWAPPED) {
        ngx_ipgate_log_warnings(cycle->log, list);
    }

    return poll;
}


/* Nothing of this process may hold the former table: it would stay in memory as long as nobody asks. */

static void
ngx_ipgate_swapped(ngx_cycle_t *cycle, ngx_ipgate_list_t *list)
{
    ngx_uint_t             i;
    ipgate_stats           stats = IPGATE_STATS_INIT;
    ngx_ipgate_conf_t     *icf;
    ngx_ipgate_policy_t  **policy;

    icf = ngx_ipgate_conf(cycle);
    policy = icf->policies.elts;

    for (i = 0; i < icf->policies.nelts; i++) {
        if (policy[i]->app == list || policy[i]->fallback == list) {
            ipgate_reader_pause(policy[i]->reader);
        }
    }

    ipgate_reader_pause(list->reader);

    if (ipgate_gate_stats(list->gate, &stats) == IPGATE_OK) {
        list->generation = stats.generation;
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0, "ipgate_list \"%V\": generation %uL with %uL entries is in force",
                      &list->name, stats.generation, stats.entries);
    }
}
