//! What an operator asks of a site.

use std::mem::MaybeUninit;

use crate::boundary::{self, given};
use crate::error::ipgate_error;
use crate::raw::{Room, Sized_};
use crate::stats::micros;
use crate::status::ipgate_status;

use super::writer::ipgate_site;

/// A site in figures. Initialise it with IPGATE_SITE_STATS_INIT. Times are microseconds since 1970 UTC.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_site_stats {
    /// sizeof(ipgate_site_stats), set by the caller: IPGATE_SITE_STATS_INIT.
    pub size: usize,
    /// Its generation: 1 for a new site, and one more with every change that came into force.
    pub generation: u64,
    /// Apps that it names.
    pub apps: u64,
    /// Of these, those with a list of their own, or one to come.
    pub lists: u64,
    /// Entries of all lists, the default list's included.
    pub entries: u64,
    /// Bytes of memory that their tables take.
    pub bytes: u64,
    /// When the last change came into force.
    pub last_change_micros: i64,
    /// The last time that a change was not taken; 0 for never.
    pub last_failure_micros: i64,
    /// How often that happened since a change was taken.
    pub failures: u64,
}

// SAFETY: repr(C), `size` first, and integers hold any bits.
unsafe impl Sized_ for ipgate_site_stats {
    const FIRST_SIZE: usize = size_of::<ipgate_site_stats>();

    fn defaults() -> ipgate_site_stats {
        ipgate_site_stats {
            size: size_of::<ipgate_site_stats>(),
            generation: 0,
            apps: 0,
            lists: 0,
            entries: 0,
            bytes: 0,
            last_change_micros: 0,
            last_failure_micros: 0,
            failures: 0,
        }
    }
}

/// Writes a site's figures. Looks at each app.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_get_stats(
    site: Option<&ipgate_site>,
    stats: *mut ipgate_site_stats,
) -> ipgate_status {
    // SAFETY: `stats` has as many bytes as its size says.
    let mut stats = unsafe { Room::new(stats) };
    boundary::status(|| {
        let figures = figures(given(site, "site")?);
        stats.write(&figures, "stats")
    })
}

/// A site's figures.
pub(crate) fn figures(site: &ipgate_site) -> ipgate_site_stats {
    let writer = site.writer();
    let status = site.gate().status();
    ipgate_site_stats {
        generation: status.generation,
        apps: status.apps as u64,
        lists: status.lists as u64,
        entries: status.entries as u64,
        bytes: status.bytes as u64,
        last_change_micros: micros(status.last_change),
        last_failure_micros: status.last_failure.map_or(0, |failure| micros(failure.time)),
        failures: writer.failures.count,
        ..ipgate_site_stats::defaults()
    }
}

/// The generation of a site; 0 for NULL. Takes no lock.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_generation(site: Option<&ipgate_site>) -> u64 {
    boundary::value(0, || site.map_or(0, |site| site.gate().generation()))
}

/// Gives the warnings of the list that was taken last, the default list or an app's, as ipgate_list_warnings() does
/// for a list. It may hold nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_warnings(
    site: Option<&ipgate_site>,
    warnings: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(warnings, || Ok(self::warnings(given(site, "site")?)))
}

pub(crate) fn warnings(site: &ipgate_site) -> ipgate_error {
    site.writer().warnings.clone().unwrap_or_default()
}

/// Gives a copy of the last failure since the last change; its status is IPGATE_OK where there was none. What checks
/// have to report, caught panics, is here too.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_last_error(
    site: Option<&ipgate_site>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(error, || Ok(last_error(given(site, "site")?)))
}

pub(crate) fn last_error(site: &ipgate_site) -> ipgate_error {
    let own = site.writer().failures.last.clone();
    let status = site.gate().status();
    ipgate_error::last(own, status.last_failure, status.last_change)
}
