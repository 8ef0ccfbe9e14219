//! What a program says of itself, of its lists and sites, and of what it wants to see.

use std::ffi::c_char;
use std::ptr;

use crate::failure::Failure;
use crate::raw::{self, Bytes, Sized_};

use super::document::Program;
use super::site::Page;
use super::state::Source;

/// How a report is written.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_report_format {
    /// JSON.
    IPGATE_REPORT_JSON = 0,
    /// The text format of Prometheus, version 0.0.4, for "text/plain; version=0.0.4; charset=utf-8". No label holds an
    /// address, but for names of lists and sites, which are the program's. The first 100 labels of a list are told apart,
    /// the first 20 of an app, and the apps of the page; all others are "other".
    IPGATE_REPORT_PROMETHEUS = 1,
}

/// The process that reports. Initialise it with IPGATE_REPORT_PROGRAM_INIT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_report_program {
    /// sizeof(ipgate_report_program), set by the caller: IPGATE_REPORT_PROGRAM_INIT.
    pub size: usize,
    /// The program, such as "nginx": the key of its version in JSON.
    pub name: *const c_char,
    /// Its version.
    pub version: *const c_char,
    /// The number of the process.
    pub pid: i64,
    /// Which of the program's workers it is: a label of all metrics, because each process counts by itself.
    pub worker: u64,
    /// Whether (any number but 0) it is about to end.
    pub exiting: i32,
    /// Unused; zero.
    pub reserved: u32,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_report_program {
    const FIRST_SIZE: usize = size_of::<ipgate_report_program>();

    fn defaults() -> ipgate_report_program {
        ipgate_report_program {
            size: size_of::<ipgate_report_program>(),
            name: ptr::null(),
            version: ptr::null(),
            pid: 0,
            worker: 0,
            exiting: 0,
            reserved: 0,
        }
    }
}

/// A list or a site, as a configuration names it. Initialise it with IPGATE_REPORT_SOURCE_INIT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_report_source {
    /// sizeof(ipgate_report_source), set by the caller: IPGATE_REPORT_SOURCE_INIT.
    pub size: usize,
    /// Its name.
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
    /// Where it is read from.
    pub path: *const c_char,
    /// Bytes of the path; 0 for what stands in the configuration itself.
    pub path_len: usize,
    /// How often the path is looked at, in milliseconds.
    pub interval_millis: u64,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_report_source {
    const FIRST_SIZE: usize = size_of::<ipgate_report_source>();

    fn defaults() -> ipgate_report_source {
        ipgate_report_source {
            size: size_of::<ipgate_report_source>(),
            name: ptr::null(),
            name_len: 0,
            path: ptr::null(),
            path_len: 0,
            interval_millis: 0,
        }
    }
}

/// Which lists a reader combines, by their names. Initialise it with IPGATE_REPORT_LISTS_INIT, for none.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_report_lists {
    /// sizeof(ipgate_report_lists), set by the caller: IPGATE_REPORT_LISTS_INIT.
    pub size: usize,
    /// The app list, or the one of a gate without a policy; NULL: none.
    pub app: *const c_char,
    /// Bytes of its name.
    pub app_len: usize,
    /// The default list; NULL: none.
    pub fallback: *const c_char,
    /// Bytes of its name.
    pub fallback_len: usize,
    /// Whether (any number but 0) what the reader denies is denied in a dry run only.
    pub dry_run: i32,
    /// Unused; zero.
    pub reserved: u32,
    /// How many clients without an address the program has let in although the reader denied them.
    pub let_in: u64,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_report_lists {
    const FIRST_SIZE: usize = size_of::<ipgate_report_lists>();

    fn defaults() -> ipgate_report_lists {
        ipgate_report_lists {
            size: size_of::<ipgate_report_lists>(),
            app: ptr::null(),
            app_len: 0,
            fallback: ptr::null(),
            fallback_len: 0,
            dry_run: 0,
            reserved: 0,
            let_in: 0,
        }
    }
}

/// Which apps of a site are shown. Initialise it with IPGATE_REPORT_PAGE_INIT, for the first hundred.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_report_page {
    /// sizeof(ipgate_report_page), set by the caller: IPGATE_REPORT_PAGE_INIT.
    pub size: usize,
    /// Part of the name, or of a host, of the apps that are wanted, as for ipgate_site_page_new(). What is not UTF-8 is part
    /// of none.
    pub text: *const c_char,
    /// Bytes of the text; 0 for all apps.
    pub text_len: usize,
    /// How many of them are skipped.
    pub from: usize,
    /// How many are shown.
    pub count: usize,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_report_page {
    const FIRST_SIZE: usize = size_of::<ipgate_report_page>();

    fn defaults() -> ipgate_report_page {
        ipgate_report_page {
            size: size_of::<ipgate_report_page>(),
            text: ptr::null(),
            text_len: 0,
            from: 0,
            count: 100,
        }
    }
}

/// # Safety
///
/// The rules at the top of the header hold for `program` and the texts in it.
pub(super) unsafe fn program(program: *const ipgate_report_program) -> Result<Program, Failure> {
    // SAFETY: as promised to this function.
    let (given, name, version) = unsafe {
        let given = raw::read(program, "program")?;
        (given, raw::c_str(given.name, "program.name")?, raw::c_str(given.version, "program.version")?)
    };
    Ok(Program {
        name: name.to_string_lossy().into_owned(),
        version: version.to_string_lossy().into_owned(),
        pid: given.pid,
        worker: given.worker,
        is_exiting: given.exiting != 0,
    })
}

/// # Safety
///
/// The rules at the top of the header hold for `source` and the texts in it.
pub(super) unsafe fn source(source: *const ipgate_report_source) -> Result<Source, Failure> {
    // SAFETY: as promised to this function.
    let (given, name, path) = unsafe {
        let given = raw::read(source, "source")?;
        (
            given,
            text(given.name, given.name_len, "source.name")?,
            text(given.path, given.path_len, "source.path")?,
        )
    };
    Ok(match path.is_empty() {
        true => Source { name, source: "inline".to_owned(), interval_ms: None },
        false => Source { name, source: path, interval_ms: Some(given.interval_millis) },
    })
}

/// Which lists a reader combines.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) app: Option<String>,
    pub(super) fallback: Option<String>,
    pub(super) is_dry_run: bool,
    pub(super) let_in: u64,
}

/// # Safety
///
/// The rules at the top of the header hold for `lists` and the texts in it.
pub(super) unsafe fn lists(lists: *const ipgate_report_lists) -> Result<Lists, Failure> {
    // SAFETY: as promised to this function.
    let (given, app, fallback) = unsafe {
        let given = raw::read(lists, "lists")?;
        let app = text(given.app, given.app_len, "lists.app")?;
        (given, app, text(given.fallback, given.fallback_len, "lists.fallback")?)
    };
    Ok(Lists {
        app: (!given.app.is_null()).then_some(app),
        fallback: (!given.fallback.is_null()).then_some(fallback),
        is_dry_run: given.dry_run != 0,
        let_in: given.let_in,
    })
}

/// # Safety
///
/// The rules at the top of the header hold for `page` and the text in it.
pub(super) unsafe fn page(page: *const ipgate_report_page) -> Result<Page, Failure> {
    // SAFETY: as promised to this function.
    let (given, text) = unsafe {
        let given = raw::read(page, "page")?;
        (given, Bytes::new(given.text.cast(), given.text_len).given("page.text")?)
    };
    let text = std::str::from_utf8(text).ok().map(str::to_owned);
    Ok(Page { text, from: given.from, count: given.count })
}

/// A text with a length; what is no UTF-8 in it becomes U+FFFD.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` bytes.
pub(super) unsafe fn text(pointer: *const c_char, len: usize, name: &'static str) -> Result<String, Failure> {
    // SAFETY: as promised to this function.
    let bytes = unsafe { Bytes::new(pointer.cast(), len) };
    Ok(String::from_utf8_lossy(bytes.given(name)?).into_owned())
}
