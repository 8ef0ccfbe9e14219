//! The apps of a site in figures, as many at a time as there is room for.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;

use ipgate::site::{AppName, AppStatus, SiteSnapshot};

use crate::boundary::{self, given};
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::policy::ipgate_mode;
use crate::raw::{Array, Bytes, Sized_};
use crate::status::ipgate_status;

use super::writer::ipgate_site;

/// What stands in the place of an app's list.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_list_state {
    /// No list.
    IPGATE_LIST_UNSET = 0,
    /// A list is to come; until then everyone is denied about whom it may decide.
    IPGATE_LIST_WAITING = 1,
    /// A list.
    IPGATE_LIST_SET = 2,
}

/// An app of a site in figures. Initialise the first of an array with IPGATE_APP_STATS_INIT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_app_stats {
    /// sizeof(ipgate_app_stats), set by the caller: IPGATE_APP_STATS_INIT.
    pub size: usize,
    /// Its name, without a NUL behind it. Lives until ipgate_site_page_free().
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
    /// The generation of the site with which its list came into force, or with which it was said to come; 0 without
    /// one.
    pub list_generation: u64,
    /// Entries of its list.
    pub entries: u64,
    /// How many hosts it has.
    pub hosts: u64,
    /// The ipgate_mode that holds for it: its own, or that of its site.
    pub mode: i32,
    /// An ipgate_list_state.
    pub list: i32,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_app_stats {
    const FIRST_SIZE: usize = size_of::<ipgate_app_stats>();

    fn defaults() -> ipgate_app_stats {
        ipgate_app_stats {
            size: size_of::<ipgate_app_stats>(),
            name: ptr::null(),
            name_len: 0,
            list_generation: 0,
            entries: 0,
            hosts: 0,
            mode: ipgate_mode::IPGATE_EXTEND as i32,
            list: ipgate_list_state::IPGATE_LIST_UNSET as i32,
        }
    }
}

impl ipgate_app_stats {
    fn new(app: &AppStatus<'_>) -> ipgate_app_stats {
        let list = match (app.is_waiting, app.entries) {
            (true, _) => ipgate_list_state::IPGATE_LIST_WAITING,
            (false, Some(_)) => ipgate_list_state::IPGATE_LIST_SET,
            (false, None) => ipgate_list_state::IPGATE_LIST_UNSET,
        };
        let name = app.name.as_str();
        ipgate_app_stats {
            name: name.as_ptr().cast(),
            name_len: name.len(),
            list_generation: app.list_generation.unwrap_or(0),
            entries: app.entries.unwrap_or(0) as u64,
            hosts: app.hosts.len() as u64,
            mode: ipgate_mode::from(app.mode) as i32,
            list: list as i32,
            ..ipgate_app_stats::defaults()
        }
    }
}

/// Apps of a site as they were at one moment, to be walked through.
///
/// Immutable: any number of threads may read one at the same time. It keeps that state of the site alive.
#[derive(Debug)]
pub struct ipgate_site_page {
    state: Arc<SiteSnapshot>,
    found: Vec<AppName>,
}

/// Finds the apps whose name, or a host of which, contains a text, in any case of ASCII letters; all apps where it
/// has no bytes. They are sorted by name, and stay what they are whatever becomes of the site. Looks at each app.
///
/// Fails with IPGATE_ERROR_ARGUMENT where the text is not UTF-8.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_page_new(
    site: Option<&ipgate_site>,
    text: *const c_char,
    len: usize,
    page: Option<&mut MaybeUninit<*mut ipgate_site_page>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    // SAFETY: `text` has `len` bytes.
    let text = unsafe { Bytes::new(text.cast(), len) };
    boundary::make_or(page, error, || {
        let state = given(site, "site")?.gate().snapshot();
        let text = std::str::from_utf8(text.given("text")?);
        let text = text.map_err(|_| Failure::argument("text is not UTF-8"))?;
        let found = state.find_apps(text).iter().map(|app| app.name.clone()).collect();
        Ok(ipgate_site_page { state, found })
    })
}

/// Writes the apps from `offset` on, counted from 0, as many as there is room for, and returns how many were found
/// in all; 0 where it fails. `apps` may be NULL where `capacity` is 0; otherwise the first element says how long
/// each is.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_page_apps(
    page: Option<&ipgate_site_page>,
    offset: usize,
    apps: *mut ipgate_app_stats,
    capacity: usize,
) -> usize {
    // SAFETY: `apps` has `capacity` elements, each as long as the first one's size says.
    let mut apps = unsafe { Array::new(apps, capacity) };
    let total = boundary::caught(|| {
        let page = given(page, "page")?;
        let names = page.found.iter().skip(offset).take(capacity);
        let found = names.filter_map(|name| page.state.app_status(name.as_str()));
        apps.fill(&found.map(|app| ipgate_app_stats::new(&app)).collect::<Vec<_>>(), "apps")?;
        Ok(page.found.len())
    });
    total.unwrap_or(0)
}

/// The generation of the site when the apps were found. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_page_generation(page: Option<&ipgate_site_page>) -> u64 {
    page.map_or(0, |page| page.state.generation())
}

/// Frees what was found. NULL is fine. Ends the life of the names in it.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_page_free(page: Option<Box<ipgate_site_page>>) {
    boundary::value((), || drop(page));
}
