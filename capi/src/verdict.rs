//! Verdicts for C.

use std::ffi::{CStr, c_char};
use std::mem::offset_of;
use std::net::IpAddr;
use std::ptr;

use ipgate::site::SiteJudgement;
use ipgate::{Judgement, Reason, list::Until, table::Origin};
use ipnet::IpNet;

use crate::raw::Sized_;

/// Whether a client may pass.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_decision {
    /// No.
    IPGATE_DENY = 0,
    /// Yes.
    IPGATE_ALLOW = 1,
}

impl ipgate_decision {
    #[inline]
    pub(crate) fn of(is_allowed: bool) -> ipgate_decision {
        if is_allowed { ipgate_decision::IPGATE_ALLOW } else { ipgate_decision::IPGATE_DENY }
    }
}

/// Why.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_reason {
    /// Denied: the check failed (a NULL pointer, a wrong size, a caught panic).
    IPGATE_REASON_FAILED = 0,
    /// Denied: the client has no usable IP address.
    IPGATE_REASON_NO_ADDRESS = 1,
    /// Denied: a list is required, and none is set.
    IPGATE_REASON_NO_LIST = 2,
    /// Denied: no entry covers the address.
    IPGATE_REASON_NO_ENTRY = 3,
    /// Denied: a deny entry decides, in general that of the longest prefix that covers the address.
    IPGATE_REASON_DENY_ENTRY = 4,
    /// Allowed: an allow entry decides, in general that of the longest prefix that covers the address.
    IPGATE_REASON_ALLOW_ENTRY = 5,
    /// Allowed: no list is set, and none is required.
    IPGATE_REASON_NO_GATE = 6,
    /// Denied by the program, and never by a check: the site does not name the app, and the program lets nobody in to
    /// such a one.
    IPGATE_REASON_UNKNOWN_APP = 7,
}

/// Which list of a policy an entry comes from.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_origin {
    /// No entry, so no list.
    IPGATE_ORIGIN_NONE = 0,
    /// The default list.
    IPGATE_ORIGIN_DEFAULT = 1,
    /// The app list; also the one list of a gate without a policy.
    IPGATE_ORIGIN_APP = 2,
}

/// A prefix. Will never grow.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ipgate_prefix {
    /// 4, 6, or 0 for none.
    pub family: u8,
    /// Bits: at most 32 or 128.
    pub length: u8,
    /// In network order; of an IPv4 prefix the first four bytes.
    pub address: [u8; 16],
}

impl ipgate_prefix {
    pub(crate) const NONE: ipgate_prefix = ipgate_prefix { family: 0, length: 0, address: [0; 16] };

    #[inline]
    pub(crate) fn new(prefix: IpNet) -> ipgate_prefix {
        let mut address = [0; 16];
        let family = match prefix.addr() {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                [address[0], address[1], address[2], address[3]] = [a, b, c, d];
                4
            }
            IpAddr::V6(v6) => {
                address = v6.octets();
                6
            }
        };
        ipgate_prefix { family, length: prefix.prefix_len(), address }
    }

    pub(crate) fn to_net(self) -> Option<IpNet> {
        let [a, b, c, d, ..] = self.address;
        let address = match self.family {
            4 => IpAddr::from([a, b, c, d]),
            6 => IpAddr::from(self.address),
            _ => return None,
        };
        IpNet::new(address, self.length).ok()
    }
}

/// Find also the entry that decided: prefix and until_micros of a verdict. Costs another search.
pub const IPGATE_WANT_ENTRY: u32 = 1;

/// Count the decision of a site: see ipgate_site_reader_counts(). Those of gates and policies are counted by
/// ipgate_admit().
pub const IPGATE_WANT_COUNT: u32 = 2;

/// The answer for one client. Initialise it with IPGATE_VERDICT_INIT, which is a denial and wants everything;
/// with `want` 0 it is faster, and has all but the prefix and until_micros.
///
/// `label` lives until the next call with the reader that gave the verdict; ipgate_verdict_label() copies it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_verdict {
    /// sizeof(ipgate_verdict), set by the caller: IPGATE_VERDICT_INIT.
    pub size: usize,
    /// IPGATE_WANT_ENTRY and IPGATE_WANT_COUNT, or 0, set by the caller.
    pub want: u32,
    /// An ipgate_decision; the same that the call returns.
    pub decision: i32,
    /// An ipgate_reason.
    pub reason: i32,
    /// An ipgate_origin: whose entry decided.
    pub origin: i32,
    /// The generation of the table that decided; of a policy with gates, one more for each of their swaps; of a site,
    /// that of the site with which the list that decided came into force.
    pub generation: u64,
    /// The label of the entry that decided, without a NUL behind it; empty where there is none, never NULL.
    pub label: *const c_char,
    /// Bytes of the label; 0 where there is none.
    pub label_len: usize,
    /// When the entry that decided ceases to hold, in microseconds since 1970 UTC; 0 for never. Only if
    /// wanted.
    pub until_micros: i64,
    /// The prefix of the entry that decided; family 0 where none did. Only if wanted.
    pub prefix: ipgate_prefix,
    /// Unused.
    pub reserved: [u8; 6],
    /// The name of the app that a site was asked about, without a NUL behind it; NULL where the site does not name
    /// it, and for gates and policies. Lives as long as the label.
    pub app: *const c_char,
    /// Bytes of the name; 0 without one.
    pub app_len: usize,
    /// The generation of the site; 0 for gates and policies.
    pub site_generation: u64,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_verdict {
    const FIRST_SIZE: usize = offset_of!(ipgate_verdict, app);

    #[inline]
    fn defaults() -> ipgate_verdict {
        ipgate_verdict {
            size: size_of::<ipgate_verdict>(),
            want: 0,
            decision: ipgate_decision::IPGATE_DENY as i32,
            reason: ipgate_reason::IPGATE_REASON_FAILED as i32,
            origin: ipgate_origin::IPGATE_ORIGIN_NONE as i32,
            generation: 0,
            label: EMPTY,
            label_len: 0,
            until_micros: 0,
            prefix: ipgate_prefix::NONE,
            reserved: [0; 6],
            app: ptr::null(),
            app_len: 0,
            site_generation: 0,
        }
    }
}

/// A text that C may print and copy without a look.
pub(crate) const EMPTY: *const c_char = c"".as_ptr();

/// A text as pointer and length.
#[inline]
pub(crate) fn view(text: Option<&[u8]>) -> (*const c_char, usize) {
    text.map_or((EMPTY, 0), |text| (text.as_ptr().cast(), text.len()))
}

#[inline]
pub(crate) fn origin(origin: Origin) -> ipgate_origin {
    match origin {
        Origin::Default => ipgate_origin::IPGATE_ORIGIN_DEFAULT,
        Origin::App => ipgate_origin::IPGATE_ORIGIN_APP,
    }
}

impl ipgate_verdict {
    /// Fills in a verdict of a gate or a policy. Whether it is allowed.
    #[inline(always)]
    pub(crate) fn fill(&mut self, verdict: Judgement<'_>) -> bool {
        (self.app, self.app_len, self.site_generation) = (ptr::null(), 0, 0);
        self.fill_list(verdict)
    }

    /// Fills in a verdict of a site. Whether it is allowed.
    #[inline(always)]
    pub(crate) fn fill_site(&mut self, verdict: SiteJudgement<'_>) -> bool {
        (self.app, self.app_len) =
            verdict.app().map_or((ptr::null(), 0), |app| (app.as_ptr().cast(), app.len()));
        self.site_generation = verdict.site_generation();
        self.fill_list(verdict.judgement())
    }

    /// Fills in what the list says that decides.
    #[inline(always)]
    fn fill_list(&mut self, verdict: Judgement<'_>) -> bool {
        let is_allowed = verdict.is_allowed();
        self.decision = ipgate_decision::of(is_allowed) as i32;
        self.reason = verdict.reason().code().into();
        self.generation = verdict.generation();
        // Only an entry has either, so that nothing of it is looked at where none decided.
        let (from, (label, label_len)) = match verdict.origin() {
            Some(from) => (origin(from), view(verdict.label_bytes())),
            None => (ipgate_origin::IPGATE_ORIGIN_NONE, view(None)),
        };
        (self.origin, self.label, self.label_len) = (from as i32, label, label_len);
        (self.until_micros, self.prefix) = (0, ipgate_prefix::NONE);
        if self.want & IPGATE_WANT_ENTRY != 0
            && let Some(entry) = verdict.entry()
        {
            self.until_micros = entry.until().map_or(0, Until::unix_micros);
            self.prefix = ipgate_prefix::new(entry.prefix());
        }
        is_allowed
    }

    /// Fills in the denial of a check that failed.
    pub(crate) fn fail(&mut self) {
        *self = ipgate_verdict { size: self.size, want: self.want, ..ipgate_verdict::defaults() };
    }
}

/// The library's numbers of reasons are those of C.
const _: () = {
    assert!(Reason::NoAddress.code() == ipgate_reason::IPGATE_REASON_NO_ADDRESS as u8);
    assert!(Reason::NoList.code() == ipgate_reason::IPGATE_REASON_NO_LIST as u8);
    assert!(Reason::NoEntry.code() == ipgate_reason::IPGATE_REASON_NO_ENTRY as u8);
    assert!(Reason::DenyEntry.code() == ipgate_reason::IPGATE_REASON_DENY_ENTRY as u8);
    assert!(Reason::AllowEntry.code() == ipgate_reason::IPGATE_REASON_ALLOW_ENTRY as u8);
    assert!(Reason::NoGate.code() == ipgate_reason::IPGATE_REASON_NO_GATE as u8);
};

/// The name of an ipgate_reason, such as "no-entry"; "failed" for every other number.
///
/// Any thread. The text lives as long as the library is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_reason_name(reason: i32) -> *const c_char {
    name_of(reason).as_ptr()
}

/// The same for Rust.
pub(crate) fn reason_name(reason: i32) -> &'static str {
    name_of(reason).to_str().unwrap_or_default()
}

fn name_of(reason: i32) -> &'static CStr {
    match reason {
        1 => c"no-address",
        2 => c"no-list",
        3 => c"no-entry",
        4 => c"deny-entry",
        5 => c"allow-entry",
        6 => c"no-gate",
        7 => c"unknown-app",
        _ => c"failed",
    }
}
