//! Sites as handles: how lists and apps get into them.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ipgate::list::{Parsed, Parser};
use ipgate::site::{App, Changes, ListSlot, Permit, Site, SiteGate};

use crate::boundary::{self, given};
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::options::{self, ipgate_options};
use crate::policy::ipgate_mode;
use crate::raw::{self, Bytes};
use crate::status::ipgate_status;

use super::app;
use super::guard::{self, ipgate_site_guard};
use super::settings::{self, ListText, ipgate_app_settings};
use super::writer::{Change, ipgate_site};

/// Lets a change pass after which more apps have no list than the site's guard allows.
pub const IPGATE_PERMIT_REMOVAL: u32 = 1;
/// Lets a change pass after which lists are no longer required, although the site's guard is to keep that.
pub const IPGATE_PERMIT_ENFORCE_OFF: u32 = 2;

/// Makes a site at generation 1: no lists, no apps, mode IPGATE_EXTEND, enforced, so that it denies everyone until
/// there is a list.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_new(
    site: Option<&mut MaybeUninit<*mut ipgate_site>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(site, error, || {
        let gate = SiteGate::new(&Site::new().with_enforce(true));
        Ok(ipgate_site::new(gate.map_err(|refused| Failure::refused(&refused))?))
    })
}

/// Gives another handle on the same site, to be freed like the first. The site lives until the last of its handles,
/// and of its readers, is freed.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_share(
    site: Option<&ipgate_site>,
    share: Option<&mut MaybeUninit<*mut ipgate_site>>,
) -> ipgate_status {
    boundary::make(share, || Ok(given(site, "site")?.share()))
}

/// Guards changes from now on; the last call counts. What `guard` points to is not needed afterwards.
///
/// Fails with IPGATE_ERROR_ARGUMENT; the guard stays what it was then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_set_guard(
    site: *mut ipgate_site,
    guard: *const ipgate_site_guard,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, and `guard` and the guards in it have as many bytes as their sizes
        // say, with texts that end.
        let (site, guard) = unsafe { (raw::handle(site, "site")?, guard::site_guard(guard)?) };
        site.gate().set_guard(guard);
        Ok(())
    })
}

/// Puts an app in the place of whatever has its name, with all that `settings` say. A name is a text of 1 to 253
/// bytes, such as "shop" or "deis/deis-controller"; it need not end with a NUL. `options` are for the list's text
/// and may be NULL; `permits` are IPGATE_PERMIT_REMOVAL or 0. A list that the app has already is not compiled again.
///
/// Fails with IPGATE_ERROR_ARGUMENT, IPGATE_ERROR_LIST, or IPGATE_ERROR_REFUSED, which it is too where another app
/// has one of the hosts.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_set_app(
    site: *mut ipgate_site,
    name: *const c_char,
    len: usize,
    settings: *const ipgate_app_settings,
    options: *const ipgate_options,
    permits: u32,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, `name` has `len` bytes, `settings` and `options` have as many as
        // their sizes say, and the texts in them are as the header describes them.
        let (site, name, given, parser) = unsafe {
            let (site, name) = (raw::handle(site, "site")?, Bytes::new(name.cast(), len));
            (site, name, settings::settings(settings)?, options::parser(options)?)
        };
        let (name, changes) = (app::name_of(name)?, permitting(permits)?);
        let app = given.hosts.into_iter().fold(App::new(), App::with_host);
        let app = given.mode.into_iter().fold(app, App::with_mode);
        let list = list(given.list, &parser).map_err(|failure| failure.of(&format!("app {name}")));
        site.take(list.map(|(list, warnings)| {
            let app = app.with_list(list);
            Change { changes: changes.with_app(name, app), warnings }
        }))
    })
}

/// Removes an app: from then on it is one that the site does not name, about whose clients the default list decides.
/// One that is not there is fine. `permits` are IPGATE_PERMIT_REMOVAL or 0.
///
/// Fails with IPGATE_ERROR_ARGUMENT or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_remove_app(
    site: *mut ipgate_site,
    name: *const c_char,
    len: usize,
    permits: u32,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, and `name` has `len` bytes.
        let (site, name) = unsafe { (raw::handle(site, "site")?, Bytes::new(name.cast(), len)) };
        let changes = permitting(permits)?.without_app(app::name_of(name)?);
        site.take(Ok(Change { changes, warnings: None }))
    })
}

/// Puts a default list in the place of the current one, for all apps in one step. The text need not end with a NUL;
/// NULL is no list, and a text of no bytes is a list that is set: nobody matches it. `options` may be NULL.
///
/// Fails with IPGATE_ERROR_LIST or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_set_default(
    site: *mut ipgate_site,
    text: *const c_char,
    len: usize,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, `text` has `len` bytes, and `options` as many as its size says.
        let (site, text, parser) =
            unsafe { (raw::handle(site, "site")?, Bytes::new(text.cast(), len), options::parser(options)?) };
        let list = list(ListText::of(text)?, &parser).map_err(|failure| failure.of("default list"));
        site.take(
            list.map(|(list, warnings)| Change { changes: Changes::new().with_default(list), warnings }),
        )
    })
}

/// Says that there is to be a default list, which cannot be had yet: until then everyone is denied about whom that list
/// may decide, as with `waiting` of an app.
///
/// Fails with IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_await_default(
    site: *mut ipgate_site,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile.
        let site = unsafe { raw::handle(site, "site")? };
        let changes = Changes::new().with_default(ListSlot::Waiting);
        site.take(Ok(Change { changes, warnings: None }))
    })
}

/// Sets how app lists combine with the default list, an ipgate_mode, which holds for apps without one of their own,
/// and whether no one (any number but 0) or everyone (0) is allowed where no list is set. `permits` are
/// IPGATE_PERMIT_ENFORCE_OFF or 0.
///
/// Fails with IPGATE_ERROR_ARGUMENT or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_set_rules(
    site: *mut ipgate_site,
    mode: i32,
    enforce: i32,
    permits: u32,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile.
        let site = unsafe { raw::handle(site, "site")? };
        let changes = permitting(permits)?.with_mode(ipgate_mode::of(mode)?).with_enforce(enforce != 0);
        site.take(Ok(Change { changes, warnings: None }))
    })
}

/// Frees a handle of a site. NULL is fine. Readers go on with the site as it is then.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_free(site: Option<Box<ipgate_site>>) {
    boundary::value((), || drop(site));
}

/// Changes that are nothing yet, with what the guard is to let pass.
fn permitting(permits: u32) -> Result<Changes, Failure> {
    let known = IPGATE_PERMIT_REMOVAL | IPGATE_PERMIT_ENFORCE_OFF;
    if permits & !known != 0 {
        return Err(Failure::argument(format!("permits is {permits:#x}: there are only {known:#x}")));
    }
    let all = [(IPGATE_PERMIT_REMOVAL, Permit::Removal), (IPGATE_PERMIT_ENFORCE_OFF, Permit::EnforceOff)];
    let given = all.into_iter().filter(|(flag, _)| permits & flag != 0);
    Ok(given.fold(Changes::new(), |changes, (_, permit)| changes.permitting(permit)))
}

/// What stands in the place of a list, and what there is to say about it.
fn list(given: ListText<'_>, parser: &Parser) -> Result<(ListSlot, Option<ipgate_error>), Failure> {
    let text = match given {
        ListText::Unset => return Ok((ListSlot::Unset, None)),
        ListText::Waiting => return Ok((ListSlot::Waiting, None)),
        ListText::Text(text) => text,
    };
    let Parsed { list, report } = parser.parse(text).map_err(|rejected| Failure::rejected(&rejected))?;
    Ok((list.into(), Some(ipgate_error::warnings(&report))))
}
