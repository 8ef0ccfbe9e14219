//! How a list is taken.

use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr;

use ipgate::list::{Linter, Parser};

use crate::failure::Failure;
use crate::raw::{self, Sized_};

/// Bad entries are left out, reported and counted (ipgate_gate_warnings()). Without it any error rejects the whole
/// list. A list whose every entry is bad is rejected either way, and so is one of which more than max_bad_percent is
/// bad.
pub const IPGATE_LENIENT: u32 = 1;
/// Any warning rejects the list, those of IPGATE_LINT included.
pub const IPGATE_DENY_WARNINGS: u32 = 2;
/// Warn also of duplicates, shadowed entries, wide prefixes and whatever else is legal but probably not meant.
pub const IPGATE_LINT: u32 = 4;

/// How a list is taken. Initialise it with IPGATE_OPTIONS_INIT. Where a call takes options, NULL stands for
/// strict, without lints, the default limits.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_options {
    /// sizeof(ipgate_options), set by the caller: IPGATE_OPTIONS_INIT.
    pub size: usize,
    /// IPGATE_LENIENT, IPGATE_DENY_WARNINGS, IPGATE_LINT, or'ed.
    pub flags: u32,
    /// How many errors, and how many warnings, are kept whole; 0 for 100. The others are counted.
    pub max_diagnostics: u32,
    /// The most entries; 0 for 16 Mi.
    pub max_entries: u64,
    /// The most bytes of text; 0 for 1 GiB.
    pub max_bytes: u64,
    /// The name under which a list that is given as text is shown; NULL for none. Files have their path.
    pub source: *const c_char,
    /// The most bytes of an image, in the place of a file with a list; 0 for what two lists within the other limits
    /// are compiled to at the most, which is 12 GiB where those are the defaults.
    pub max_image_bytes: u64,
    /// With IPGATE_LENIENT, the most pieces of a text that are left out, in percent, up to 100; 0 for 50. More bad ones
    /// than that reject the list: it is some other file.
    pub max_bad_percent: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_options {
    const FIRST_SIZE: usize = offset_of!(ipgate_options, max_image_bytes);

    fn defaults() -> ipgate_options {
        ipgate_options {
            size: size_of::<ipgate_options>(),
            flags: 0,
            max_diagnostics: 0,
            max_entries: 0,
            max_bytes: 0,
            source: ptr::null(),
            max_image_bytes: 0,
            max_bad_percent: 0,
            reserved: 0,
        }
    }
}

/// The parser for some options.
///
/// # Safety
///
/// The rules at the top of the header hold for `options` and the text in it.
pub(crate) unsafe fn parser(options: *const ipgate_options) -> Result<Parser, Failure> {
    let given = match options.is_null() {
        true => ipgate_options::defaults(),
        // SAFETY: as promised to this function.
        false => unsafe { raw::read(options, "options")? },
    };
    let known = IPGATE_LENIENT | IPGATE_DENY_WARNINGS | IPGATE_LINT;
    if given.flags & !known != 0 {
        return Err(Failure::argument(format!(
            "options.flags is {:#x}: there are only {known:#x}",
            given.flags
        )));
    }
    if given.reserved != 0 {
        return Err(Failure::argument(
            "options.reserved is not 0: initialise options with IPGATE_OPTIONS_INIT",
        ));
    }
    let max_bad_percent = match u8::try_from(given.max_bad_percent) {
        Ok(0) => Parser::DEFAULT_MAX_BAD_PERCENT,
        Ok(percent @ 1..=100) => percent,
        _ => {
            return Err(Failure::argument(format!(
                "options.max_bad_percent is {}: a percentage is 100 at the most",
                given.max_bad_percent
            )));
        }
    };
    let has = |flag| given.flags & flag != 0;
    let mut parser = Parser::new().lenient(has(IPGATE_LENIENT)).deny_warnings(has(IPGATE_DENY_WARNINGS));
    parser = parser.max_bad_percent(max_bad_percent);
    if has(IPGATE_LINT) {
        parser = parser.lint(Linter::new());
    }
    if let Some(keep) = number(given.max_diagnostics.into()) {
        parser = parser.max_diagnostics(keep);
    }
    if let Some(max) = number(given.max_entries) {
        parser = parser.max_entries(max);
    }
    if let Some(max) = number(given.max_bytes) {
        parser = parser.max_bytes(max);
    }
    if let Some(max) = number(given.max_image_bytes) {
        parser = parser.max_image_bytes(max);
    }
    if !given.source.is_null() {
        // SAFETY: as promised to this function.
        let name = unsafe { raw::c_str(given.source, "options.source")? };
        parser = parser.source(&name.to_string_lossy());
    }
    Ok(parser)
}

/// A setting of which 0 stands for the default; what this machine cannot count is as good as no limit.
fn number(setting: u64) -> Option<usize> {
    (setting != 0).then(|| usize::try_from(setting).unwrap_or(usize::MAX))
}
