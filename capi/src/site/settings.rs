//! What there is to say of an app.

use std::ffi::{CStr, c_char};
use std::ptr;

use ipgate::Mode;
use ipgate::site::Host;

use crate::failure::Failure;
use crate::policy::ipgate_mode;
use crate::raw::{self, Bytes, Sized_};

/// In the place of an app's ipgate_mode: that of its site, whatever it is.
pub const IPGATE_MODE_OF_SITE: i32 = -1;

/// What there is to say of an app. Initialise it with IPGATE_APP_SETTINGS_INIT: no list of its own, the mode of its
/// site, no hosts.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_app_settings {
    /// sizeof(ipgate_app_settings), set by the caller: IPGATE_APP_SETTINGS_INIT.
    pub size: usize,
    /// How its list combines with the default list: an ipgate_mode, or IPGATE_MODE_OF_SITE.
    pub mode: i32,
    /// Any number but 0, and no text: it is to have a list, which cannot be had yet. Until then everyone is denied
    /// about whom that list may decide.
    pub waiting: i32,
    /// Its list as text, which need not end with a NUL; NULL: it has none. A text of no bytes is a list that is set:
    /// nobody matches it.
    pub text: *const c_char,
    /// Bytes of the text.
    pub text_len: usize,
    /// Names that end with a NUL: the hosts under which it is asked for, such as "shop.example.com", or
    /// "*.shop.example.com" for all that are below. NULL where there are none.
    pub hosts: *const *const c_char,
    /// How many hosts there are.
    pub host_count: usize,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_app_settings {
    const FIRST_SIZE: usize = size_of::<ipgate_app_settings>();

    fn defaults() -> ipgate_app_settings {
        ipgate_app_settings {
            size: size_of::<ipgate_app_settings>(),
            mode: IPGATE_MODE_OF_SITE,
            waiting: 0,
            text: ptr::null(),
            text_len: 0,
            hosts: ptr::null(),
            host_count: 0,
        }
    }
}

/// What the caller says of an app.
pub(super) struct Settings<'c> {
    pub(super) mode: Option<Mode>,
    pub(super) list: ListText<'c>,
    pub(super) hosts: Vec<Host>,
}

/// What stands in the place of a list.
pub(super) enum ListText<'c> {
    Unset,
    Waiting,
    Text(&'c [u8]),
}

impl<'c> ListText<'c> {
    /// A list's text; NULL, and no bytes, for none.
    pub(super) fn of(text: Bytes<'c>) -> Result<ListText<'c>, Failure> {
        Ok(match text.given("text")? {
            [] if text.is_null() => ListText::Unset,
            text => ListText::Text(text),
        })
    }
}

/// What there is to say of an app.
///
/// # Safety
///
/// The rules at the top of the header hold for `settings` and the texts in it, as long as the result is used.
pub(super) unsafe fn settings<'c>(settings: *const ipgate_app_settings) -> Result<Settings<'c>, Failure> {
    // SAFETY: as promised to this function.
    let given = unsafe { raw::read(settings, "settings")? };
    // SAFETY: as promised to this function: `text_len` bytes, and `host_count` texts that end.
    let (text, hosts) = unsafe {
        let hosts = raw::c_strs(given.hosts, given.host_count, "settings.hosts")?;
        (Bytes::new(given.text.cast(), given.text_len), hosts)
    };
    let list = match (given.waiting != 0, ListText::of(text)?) {
        (false, list) => list,
        (true, ListText::Unset) => ListText::Waiting,
        (true, _) => return Err(Failure::argument("settings.waiting is set, and there is a text")),
    };
    let mode = match given.mode {
        IPGATE_MODE_OF_SITE => None,
        mode => Some(ipgate_mode::of(mode)?),
    };
    let hosts: Result<Vec<Host>, Failure> = hosts.into_iter().map(host).collect();
    Ok(Settings { mode, list, hosts: hosts? })
}

fn host(text: &CStr) -> Result<Host, Failure> {
    text.to_string_lossy().parse().map_err(|error| Failure::argument(format!("settings.hosts: {error}")))
}
