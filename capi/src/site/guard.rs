//! The conditions under which a site refuses a change.

use std::ptr;

use ipgate::gate::Guard;
use ipgate::site::SiteGuard;

use crate::failure::Failure;
use crate::guard::{self, ipgate_guard};
use crate::raw::{self, Sized_};

/// Conditions under which a site refuses a valid change. Initialise it with IPGATE_SITE_GUARD_INIT, which refuses
/// nothing.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_site_guard {
    /// sizeof(ipgate_site_guard), set by the caller: IPGATE_SITE_GUARD_INIT.
    pub size: usize,
    /// Refuse a change after which more than this percentage of the apps with lists have none. Negative: no limit.
    pub max_removed_percent: f64,
    /// Refuse (any number but 0) a change after which lists are no longer required.
    pub keep_enforced: i32,
    /// Unused; zero.
    pub reserved: u32,
    /// What holds for each new default list, and where it is unset; NULL: nothing.
    pub default_guard: *const ipgate_guard,
    /// What holds for each new list of an app; NULL: nothing.
    pub app_guard: *const ipgate_guard,
}

// SAFETY: repr(C), `size` first, and raw pointers, floats and integers hold any bits.
unsafe impl Sized_ for ipgate_site_guard {
    const FIRST_SIZE: usize = size_of::<ipgate_site_guard>();

    fn defaults() -> ipgate_site_guard {
        ipgate_site_guard {
            size: size_of::<ipgate_site_guard>(),
            max_removed_percent: -1.0,
            keep_enforced: 0,
            reserved: 0,
            default_guard: ptr::null(),
            app_guard: ptr::null(),
        }
    }
}

/// The library's guard for C's.
///
/// # Safety
///
/// The rules at the top of the header hold for `guard`, the guards in it, and their texts.
pub(super) unsafe fn site_guard(guard: *const ipgate_site_guard) -> Result<SiteGuard, Failure> {
    // SAFETY: as promised to this function.
    let given = unsafe { raw::read(guard, "guard")? };
    if given.max_removed_percent.is_nan() {
        return Err(Failure::argument("guard.max_removed_percent is not a number"));
    }
    // SAFETY: as promised to this function.
    let (default, app) = unsafe { (of_lists(given.default_guard)?, of_lists(given.app_guard)?) };
    let guard = SiteGuard::new().keep_enforced(given.keep_enforced != 0).of_default(default).of_apps(app);
    Ok(if given.max_removed_percent >= 0.0 { guard.max_removed(given.max_removed_percent) } else { guard })
}

/// A guard of lists; NULL refuses nothing.
///
/// # Safety
///
/// As [`guard::guard`].
unsafe fn of_lists(guard: *const ipgate_guard) -> Result<Guard, Failure> {
    if guard.is_null() {
        return Ok(Guard::new());
    }
    // SAFETY: as promised to this function.
    unsafe { guard::guard(guard) }
}
