//! Status codes, and what names the library itself.

use std::ffi::{CStr, c_char};

/// What a call that may fail came to. Values never change; new ones may come.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_status {
    /// It did what it says.
    IPGATE_OK = 0,
    /// A pointer that must not be NULL is NULL.
    IPGATE_ERROR_NULL = 1,
    /// An argument has a value that it must not have.
    IPGATE_ERROR_ARGUMENT = 2,
    /// A list has errors, or warnings where these are denied.
    IPGATE_ERROR_LIST = 3,
    /// A file cannot be read.
    IPGATE_ERROR_IO = 4,
    /// A compiled image is damaged or of another format.
    IPGATE_ERROR_IMAGE = 5,
    /// The gate's guard refused the swap.
    IPGATE_ERROR_REFUSED = 6,
    /// No thread could be started.
    IPGATE_ERROR_THREAD = 7,
    /// The library caught a panic of its own: a bug worth reporting.
    IPGATE_ERROR_PANIC = 8,
}

/// A status in words.
///
/// Any thread. The text lives as long as the library is loaded, and is never NULL, whatever the number.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_strerror(status: i32) -> *const c_char {
    let text = match status {
        0 => c"success",
        1 => c"a pointer is NULL that must not be",
        2 => c"an argument has a value that it must not have",
        3 => c"the list was rejected",
        4 => c"the file cannot be read",
        5 => c"the compiled image is damaged or of another format",
        6 => c"the guard refused the swap",
        7 => c"no thread could be started",
        8 => c"internal error: a panic was caught",
        _ => c"unknown status",
    };
    text.as_ptr()
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library that is loaded, such as "0.1.0"; IPGATE_VERSION is that of the header.
///
/// Any thread. The text lives as long as the library is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The number that IPGATE_ABI_VERSION has in this header.
pub(crate) const ABI_VERSION: u32 = 0;

/// The ABI of the library that is loaded. A program that loads it by hand compares this with
/// IPGATE_ABI_VERSION and uses it only where the two are equal.
///
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_abi_version() -> u32 {
    ABI_VERSION
}
