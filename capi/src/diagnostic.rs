//! One error or warning of a list, for C.

use std::ffi::{CString, c_char};
use std::ptr;

use ipgate::list::{Diagnostic, Severity};

use crate::raw::Sized_;

/// How much a diagnostic weighs.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_severity {
    /// Legal, but probably not meant.
    IPGATE_WARNING = 1,
    /// Rejects the list, or with IPGATE_LENIENT the entry.
    IPGATE_ERROR = 2,
}

/// One error or warning of a list. Its texts end with a NUL and live as long as the ipgate_error that it
/// was read from.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_diagnostic {
    /// sizeof(ipgate_diagnostic), set by the caller: IPGATE_DIAGNOSTIC_INIT.
    pub size: usize,
    /// An ipgate_severity.
    pub severity: i32,
    /// The line, counted from 1; 0 where it is about the whole text.
    pub line: u32,
    /// The column in characters, counted from 1; 0 where it is about the whole text.
    pub column: u32,
    /// Unused.
    pub reserved: u32,
    /// What it is about: a stable name for programs, such as "leading-zero".
    pub code: *const c_char,
    /// What is wrong, without its place.
    pub message: *const c_char,
    /// What to write instead; NULL where there is nothing to suggest.
    pub suggestion: *const c_char,
    /// The text that it is about.
    pub token: *const c_char,
}

// SAFETY: repr(C), `size` first, and raw pointers and integers hold any bits.
unsafe impl Sized_ for ipgate_diagnostic {
    const FIRST_SIZE: usize = size_of::<ipgate_diagnostic>();

    fn defaults() -> ipgate_diagnostic {
        ipgate_diagnostic {
            size: size_of::<ipgate_diagnostic>(),
            severity: 0,
            line: 0,
            column: 0,
            reserved: 0,
            code: ptr::null(),
            message: ptr::null(),
            suggestion: ptr::null(),
            token: ptr::null(),
        }
    }
}

/// A diagnostic with texts that C can read.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    severity: ipgate_severity,
    /// Line and column; zeros without a place.
    place: (u32, u32),
    code: CString,
    message: CString,
    suggestion: Option<CString>,
    token: CString,
}

impl Note {
    pub(crate) fn new(diagnostic: &Diagnostic) -> Note {
        Note {
            severity: match diagnostic.severity() {
                Severity::Warning => ipgate_severity::IPGATE_WARNING,
                Severity::Error => ipgate_severity::IPGATE_ERROR,
            },
            place: diagnostic.position().map_or((0, 0), |at| (at.line, at.column)),
            code: text(diagnostic.code().as_str()),
            message: text(diagnostic.message()),
            suggestion: diagnostic.suggestion().map(text),
            token: text(diagnostic.token()),
        }
    }

    pub(crate) fn view(&self) -> ipgate_diagnostic {
        ipgate_diagnostic {
            severity: self.severity as i32,
            line: self.place.0,
            column: self.place.1,
            code: self.code.as_ptr(),
            message: self.message.as_ptr(),
            suggestion: self.suggestion.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
            token: self.token.as_ptr(),
            ..ipgate_diagnostic::defaults()
        }
    }
}

/// A text for C, which ends at the first NUL: one inside becomes U+FFFD.
pub(crate) fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}
