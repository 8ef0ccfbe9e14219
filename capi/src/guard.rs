//! The conditions under which a gate refuses a swap.

use std::ffi::c_char;
use std::ptr;

use ipgate::{gate::Guard, parse_address};

use crate::failure::Failure;
use crate::raw::{self, Sized_};

/// Conditions under which a gate refuses to swap a valid list in. Initialise it with IPGATE_GUARD_INIT,
/// which refuses nothing.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_guard {
    /// sizeof(ipgate_guard), set by the caller: IPGATE_GUARD_INIT.
    pub size: usize,
    /// Refuse a swap that drops more than this percentage of the allowed addresses of either family, or of
    /// the entries. Negative: no limit.
    pub max_shrink_percent: f64,
    /// Refuse (any number but 0) a swap that leaves no entries.
    pub refuse_empty: i32,
    /// Refuse a swap that adds an allowed IPv4 prefix shorter than this; 0: no limit.
    pub widest_v4: u8,
    /// The same for IPv6.
    pub widest_v6: u8,
    /// Unused; zero.
    pub reserved: u16,
    /// Refuse a swap that would deny any of these addresses: text, separated by commas; NULL: none.
    pub must_allow: *const c_char,
}

// SAFETY: repr(C), `size` first, and raw pointers, floats and integers hold any bits.
unsafe impl Sized_ for ipgate_guard {
    const FIRST_SIZE: usize = size_of::<ipgate_guard>();

    fn defaults() -> ipgate_guard {
        ipgate_guard {
            size: size_of::<ipgate_guard>(),
            max_shrink_percent: -1.0,
            refuse_empty: 0,
            widest_v4: 0,
            widest_v6: 0,
            reserved: 0,
            must_allow: ptr::null(),
        }
    }
}

/// The library's guard for C's.
///
/// # Safety
///
/// The rules at the top of the header hold for `guard` and the text in it.
pub(crate) unsafe fn guard(guard: *const ipgate_guard) -> Result<Guard, Failure> {
    // SAFETY: as promised to this function.
    let given = unsafe { raw::read(guard, "guard")? };
    if given.max_shrink_percent.is_nan() {
        return Err(Failure::argument("guard.max_shrink_percent is not a number"));
    }
    if given.widest_v4 > 32 || given.widest_v6 > 128 {
        return Err(Failure::argument("guard.widest_v4 is at most 32 and guard.widest_v6 at most 128"));
    }
    let mut guard = Guard::new().refuse_empty(given.refuse_empty != 0);
    if given.max_shrink_percent >= 0.0 {
        guard = guard.max_shrink(given.max_shrink_percent);
    }
    if (given.widest_v4, given.widest_v6) != (0, 0) {
        guard = guard.widest(given.widest_v4, given.widest_v6);
    }
    if given.must_allow.is_null() {
        return Ok(guard);
    }
    // SAFETY: as promised to this function.
    let text = unsafe { raw::c_str(given.must_allow, "guard.must_allow")? };
    let text = text.to_str().map_err(|_| Failure::argument("guard.must_allow is not UTF-8"))?;
    let pieces =
        text.split(',').map(|piece| piece.trim_matches([' ', '\t'])).filter(|piece| !piece.is_empty());
    let addresses: Result<Vec<_>, _> = pieces.map(parse_address).collect();
    match addresses {
        Ok(addresses) => Ok(guard.must_allow(addresses)),
        Err(error) => Err(Failure::argument(format!("guard.must_allow: {error}"))),
    }
}
