//! Lists as handles.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use ipgate::{
    List, Table,
    list::{Parsed, Report},
};

use crate::boundary;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::load::Loaded;
use crate::options::{self, ipgate_options};
use crate::raw::{self, Bytes};
use crate::status::ipgate_status;

/// A list that was taken, with its warnings.
///
/// Immutable: any number of threads may use one at the same time. What was made from it does not need it any more.
#[derive(Debug)]
pub struct ipgate_list {
    pub(crate) list: Arc<List>,
    pub(crate) report: Report,
}

impl From<Parsed> for ipgate_list {
    fn from(parsed: Parsed) -> ipgate_list {
        ipgate_list { list: Arc::new(parsed.list), report: parsed.report }
    }
}

impl From<&ipgate_list> for Loaded {
    fn from(list: &ipgate_list) -> Loaded {
        let name = list.list.source().unwrap_or_default();
        Loaded::new(Table::new(&list.list), list.report.clone(), name, false)
    }
}

/// Takes a list from text, such as "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".
///
/// The text need not end with a NUL and is not needed afterwards. `options` may be NULL.
/// Fails with IPGATE_ERROR_LIST, and an error that has every complaint with line and column.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_list_parse(
    text: *const c_char,
    len: usize,
    options: *const ipgate_options,
    list: Option<&mut MaybeUninit<*mut ipgate_list>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(list, error, || {
        // SAFETY: `text` has `len` bytes, and `options` as many as its size says.
        let (text, parser) = unsafe { (Bytes::new(text.cast(), len), options::parser(options)?) };
        parser
            .parse(text.given("text")?)
            .map(ipgate_list::from)
            .map_err(|rejected| Failure::rejected(&rejected))
    })
}

/// Takes a list from a text file. `options` may be NULL. A compiled image is for gates alone.
///
/// Fails with IPGATE_ERROR_IO or IPGATE_ERROR_LIST.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_list_read(
    path: *const c_char,
    options: *const ipgate_options,
    list: Option<&mut MaybeUninit<*mut ipgate_list>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(list, error, || {
        // SAFETY: `path` ends with a NUL, and `options` has as many bytes as its size says.
        let (path, parser) = unsafe { (raw::path(path)?, options::parser(options)?) };
        Loaded::list(path, &parser).map(ipgate_list::from)
    })
}

/// The number of entries. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_list_len(list: Option<&ipgate_list>) -> usize {
    list.map_or(0, |list| list.list.len())
}

/// Gives the warnings of a list, and with IPGATE_LENIENT the errors for which entries were left out: an
/// ipgate_error whose status is IPGATE_OK, to be freed by the caller. It may hold nothing.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_list_warnings(
    list: Option<&ipgate_list>,
    warnings: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make(warnings, || Ok(ipgate_error::warnings(&boundary::given(list, "list")?.report)))
}

/// Frees a list. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_list_free(list: Option<Box<ipgate_list>>) {
    boundary::value((), || drop(list));
}
