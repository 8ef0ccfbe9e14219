//! Texts into buffers of the caller's, as snprintf() writes them.

use std::ffi::c_char;
use std::marker::PhantomData;

use ipgate::list::Until;
use ipgate::{Action, Entry, Label, Shown};

use crate::boundary;
use crate::failure::Failure;
use crate::raw::{self, Bytes};
use crate::verdict::{ipgate_decision, ipgate_prefix, ipgate_verdict};

/// Copies the label of a verdict as snprintf() would: as much as fits, always with a NUL behind it, and
/// returns the bytes of the whole label. 0 for NULL or where there is none. `buffer` may be NULL where
/// `capacity` is 0.
///
/// To be called before the next call with the verdict's reader.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_verdict_label(
    verdict: *const ipgate_verdict,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: `buffer` has `capacity` bytes, `verdict` as many as its size says, and its label lives until the next call
    // with the reader that gave it.
    let (verdict, buffer) = unsafe { (Labelled::new(verdict), raw::bytes_mut(buffer.cast(), capacity)) };
    print(buffer, || Ok(verdict.read()?.1))
}

/// Writes the entry that decided as list text, such as "10.0.1.0/24:office_ABC", in the manner of
/// ipgate_verdict_label().
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_verdict_entry(
    verdict: *const ipgate_verdict,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: as for ipgate_verdict_label().
    let (verdict, buffer) = unsafe { (Labelled::new(verdict), raw::bytes_mut(buffer.cast(), capacity)) };
    print(buffer, || {
        let (verdict, label) = verdict.read()?;
        let Some(prefix) = verdict.prefix.to_net() else { return Ok(String::new()) };
        let action = if verdict.decision == ipgate_decision::IPGATE_ALLOW as i32 {
            Action::Allow
        } else {
            Action::Deny
        };
        let mut entry = Entry::new(prefix, action);
        if let Ok(label) = Label::new(&label) {
            entry = entry.with_label(label);
        }
        if let Some(until) =
            Until::from_unix_micros(verdict.until_micros).filter(|_| verdict.until_micros != 0)
        {
            entry = entry.with_until(until);
        }
        Ok(entry.to_string())
    })
}

/// Writes a prefix as text, such as "10.0.1.0/24", in the manner of ipgate_verdict_label(). Nothing for
/// NULL and family 0.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_prefix_text(
    prefix: Option<&ipgate_prefix>,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: `buffer` has `capacity` bytes.
    let buffer = unsafe { raw::bytes_mut(buffer.cast(), capacity) };
    print(buffer, || {
        Ok(prefix.and_then(|prefix| prefix.to_net()).map(|net| net.to_string()).unwrap_or_default())
    })
}

/// Writes a text, such as the name of a file, as messages show it, in the manner of ipgate_verdict_label(): what cannot
/// be seen, or changes how the rest is seen, is written out ("\u{1b}", "\n"), all else stands as it is, and bytes that
/// are no UTF-8 become U+FFFD. Messages of this library are written so already. Nothing for NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_shown(
    text: *const c_char,
    len: usize,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: `text` has `len` bytes, and `buffer` has `capacity`.
    let (text, buffer) = unsafe { (Bytes::new(text.cast(), len), raw::bytes_mut(buffer.cast(), capacity)) };
    print(buffer, || Ok(Shown(&String::from_utf8_lossy(text.given("text")?)).to_string()))
}

/// A verdict of the caller's whose label can be read.
struct Labelled<'c> {
    verdict: *const ipgate_verdict,
    caller: PhantomData<&'c ipgate_verdict>,
}

impl Labelled<'_> {
    /// # Safety
    ///
    /// `verdict` is NULL, or points to as many readable bytes as its first field says, and its label lives as long as
    /// this.
    unsafe fn new<'c>(verdict: *const ipgate_verdict) -> Labelled<'c> {
        Labelled { verdict, caller: PhantomData }
    }

    /// The verdict, and a copy of its label, which is empty where there is none.
    fn read(&self) -> Result<(ipgate_verdict, String), Failure> {
        // SAFETY: NULL, or readable by the promise to `new`.
        let verdict = unsafe { raw::read(self.verdict, "verdict")? };
        let len = if verdict.label.is_null() { 0 } else { verdict.label_len };
        // SAFETY: a label that lives by the promise to `new`.
        let label = unsafe { Bytes::new(verdict.label.cast(), len) }.given("label")?;
        Ok((verdict, String::from_utf8_lossy(label).into_owned()))
    }
}

/// Writes a text: whatever fits, a NUL behind it, and returns the length that the whole has. The empty one where there
/// is a failure.
pub(crate) fn print(buffer: Option<&mut [u8]>, text: impl FnOnce() -> Result<String, Failure>) -> usize {
    let print = |buffer: &mut [u8]| {
        let text = boundary::caught(text).unwrap_or_default();
        if let Some(room) = buffer.len().checked_sub(1) {
            let fits = (0..=room.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let (to, rest) = buffer.split_at_mut(fits);
            to.copy_from_slice(text.as_bytes().get(..fits).unwrap_or_default());
            rest.iter_mut().take(1).for_each(|end| *end = 0);
        }
        text.len()
    };
    boundary::value(0, || buffer.map_or(0, print))
}
