//! Texts that end with a NUL.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::failure::Failure;

/// A NUL-terminated text.
///
/// # Safety
///
/// `pointer` is NULL or points to a NUL-terminated string that nobody writes while the result is used.
pub(crate) unsafe fn c_str<'a>(pointer: *const c_char, name: &'static str) -> Result<&'a CStr, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    // SAFETY: not NULL, so NUL-terminated by the caller's promise.
    Ok(unsafe { CStr::from_ptr(pointer) })
}

/// An array of NUL-terminated texts. No texts need no array.
///
/// # Safety
///
/// `first` is NULL or points to `count` pointers, each as [`c_str`] takes one.
pub(crate) unsafe fn c_strs<'a>(
    first: *const *const c_char,
    count: usize,
    name: &'static str,
) -> Result<Vec<&'a CStr>, Failure> {
    if first.is_null() && count > 0 {
        return Err(Failure::null(name));
    }
    // SAFETY: `count` readable pointers by the caller's promise, to texts that end; no alignment is assumed.
    (0..count).map(|index| unsafe { c_str(first.add(index).read_unaligned(), name) }).collect()
}

/// A NUL-terminated path.
///
/// # Safety
///
/// As [`c_str`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char) -> Result<&'a Path, Failure> {
    // SAFETY: as promised to this function.
    let text = unsafe { c_str(pointer, "path")? };
    if text.is_empty() {
        return Err(Failure::argument("path is empty: give the name of a list file"));
    }
    Ok(Path::new(OsStr::from_bytes(text.to_bytes())))
}
