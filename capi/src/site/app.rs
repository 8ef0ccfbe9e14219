//! Apps that are asked for again and again.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ipgate::site::{AppName, AppRef};

use crate::boundary;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::raw::Bytes;
use crate::status::ipgate_status;

/// An app that is asked for again and again, as that of a location in a proxy's configuration: it is looked up by
/// its name once, and anew after names of the site have changed.
///
/// One thread at a time; take one for each thread. It is of no site: whichever is asked may name it or not, and may
/// come to name it later.
#[derive(Debug)]
pub struct ipgate_app {
    pub(super) app: AppRef,
}

/// Takes an app by its name. Fails with IPGATE_ERROR_ARGUMENT.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_app_new(
    name: *const c_char,
    len: usize,
    app: Option<&mut MaybeUninit<*mut ipgate_app>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    // SAFETY: `name` has `len` bytes.
    let given = unsafe { Bytes::new(name.cast(), len) };
    boundary::make_or(app, error, || Ok(ipgate_app { app: AppRef::new(name_of(given)?) }))
}

/// Frees an app. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_app_free(app: Option<Box<ipgate_app>>) {
    boundary::value((), || drop(app));
}

/// The name of an app.
pub(super) fn name_of(name: Bytes<'_>) -> Result<AppName, Failure> {
    let name = std::str::from_utf8(name.given("name")?);
    let name = name.map_err(|_| Failure::argument("name is not UTF-8"))?;
    AppName::new(name).map_err(|error| Failure::argument(error.to_string()))
}
