/*
 * One worker at a time loads a large file, since loading takes more memory than what is loaded: a word in shared
 * memory holds the number of the process whose turn it is.
 *
 * Nothing waits for ever. The turn of a process that is gone is over; one that takes longer than NGX_IPGATE_TURN is
 * taken away, and two load at a time then.
 */

#include "ngx_ipgate_source.h"


/* The longest turn, in milliseconds. */
#define NGX_IPGATE_TURN  30000

/* A file of so many bytes is loaded without a turn: the processes together do not feel it. */
#define NGX_IPGATE_SMALL  65536


static ngx_int_t ngx_ipgate_turn_init(ngx_shm_zone_t *zone, void *data);
static ngx_uint_t ngx_ipgate_turn_is_taken_here(ngx_ipgate_conf_t *icf);
static ngx_uint_t ngx_ipgate_turn_is_over(ngx_atomic_uint_t holder);


/* Of this process: whose turn it was at the last look, and since when. */
static ngx_atomic_uint_t  ngx_ipgate_turn_seen;
static ngx_msec_t         ngx_ipgate_turn_since;


/* The memory for it, of a configuration that has a file. A reload keeps it. */

ngx_int_t
ngx_ipgate_turn_add(ngx_conf_t *cf)
{
    ngx_str_t           name = ngx_string("ipgate_turn");
    ngx_ipgate_conf_t  *icf;

    icf = ngx_ipgate_conf(cf->cycle);

    if (icf->turn) {
        return NGX_OK;
    }

    icf->turn = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize, &ngx_ipgate_module);
    if (icf->turn == NULL) {
        return NGX_ERROR;
    }

    icf->turn->init = ngx_ipgate_turn_init;

    return NGX_OK;
}


static ngx_int_t
ngx_ipgate_turn_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *pool;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }

    pool->data = ngx_slab_calloc(pool, sizeof(ngx_atomic_t));
    if (pool->data == NULL) {
        return NGX_ERROR;
    }

    zone->data = pool->data;

    return NGX_OK;
}


/* Whether this process may load it now. What is allowed is to be ended. */

ngx_uint_t
ngx_ipgate_turn_take(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source)
{
    ngx_atomic_t       *turn;
    ngx_file_info_t     info;
    ngx_atomic_uint_t   holder;

    turn = icf->turn ? icf->turn->data : NULL;

    if (turn == NULL || source->has_turn
        || ngx_file_info(source->path.data, &info) == NGX_FILE_ERROR || ngx_file_size(&info) <= NGX_IPGATE_SMALL)
    {
        return 1;
    }

    holder = *turn;

    if (holder == (ngx_atomic_uint_t) ngx_pid) {

        if (ngx_ipgate_turn_is_taken_here(icf)) {
            return 0;
        }

        /* of a configuration that is gone, or of a process that had this number before */

    } else if (holder != 0 && !ngx_ipgate_turn_is_over(holder)) {
        return 0;
    }

    ngx_ipgate_turn_seen = 0;
    source->has_turn = ngx_atomic_cmp_set(turn, holder, (ngx_atomic_uint_t) ngx_pid) != 0;

    return source->has_turn;
}


/* One without the turn, because it is small, a folder, or was taken away, has none to end. */

void
ngx_ipgate_turn_end(ngx_ipgate_conf_t *icf, ngx_ipgate_source_t *source)
{
    if (source->has_turn) {
        source->has_turn = 0;
        (void) ngx_atomic_cmp_set((ngx_atomic_t *) icf->turn->data, (ngx_atomic_uint_t) ngx_pid, 0);
    }
}


static ngx_uint_t
ngx_ipgate_turn_is_taken_here(ngx_ipgate_conf_t *icf)
{
    ngx_uint_t           i;
    ngx_ipgate_source_t  **source;

    source = icf->sources.elts;

    for (i = 0; i < icf->sources.nelts; i++) {
        if (source[i]->has_turn) {
            return 1;
        }
    }

    return 0;
}


/* The holder is gone, or has been the same for too long, by this process's clock. */

static ngx_uint_t
ngx_ipgate_turn_is_over(ngx_atomic_uint_t holder)
{
    if (kill((ngx_pid_t) holder, 0) == -1 && ngx_errno == ESRCH) {
        return 1;
    }

    if (ngx_ipgate_turn_seen != holder) {
        ngx_ipgate_turn_seen = holder;
        ngx_ipgate_turn_since = ngx_current_msec;
        return 0;
    }

    return ngx_current_msec - ngx_ipgate_turn_since > NGX_IPGATE_TURN;
}
