/*
 * The master reads a list as root; workers that may not will never see a change of it. Tries as the user of the
 * workers, with the identity for files alone, so that nothing else is touched.
 */

#include "ngx_ipgate_source.h"

#include <grp.h>
#if (NGX_LINUX)
#include <sys/fsuid.h>
#endif


void
ngx_ipgate_warn_unreadable(ngx_cycle_t *cycle, ngx_ipgate_source_t *source)
{
#if (NGX_LINUX)

    int               fd, n, kept;
    gid_t             mine[NGROUPS_MAX], theirs[NGROUPS_MAX];
    ngx_err_t         err;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (source->path.len == 0 || geteuid() != 0 || ngx_process == NGX_PROCESS_SIGNALLER
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

    fd = open((char *) source->path.data, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
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
                      "%s \"%V\": the workers run as \"%s\" and may not read \"%V\": "
                      "they keep what was read now and will not see a change",
                      source->kind->directive, &source->name, ccf->username, &source->shown);
    }

#endif
}
