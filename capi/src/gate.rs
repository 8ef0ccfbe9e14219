//! Gates as handles: how lists get into them.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ipgate::{Content, Gate, Policy, Table};

use crate::boundary::{self, given};
use crate::error::ipgate_error;
use crate::file::FollowedFile;
use crate::guard::{self, ipgate_guard};
use crate::list::ipgate_list;
use crate::load::Loaded;
use crate::options::{self, ipgate_options};
use crate::policy::ipgate_policy;
use crate::raw::{self, Bytes};
use crate::status::ipgate_status;
use crate::writer::ipgate_gate;

/// Makes a gate at generation 1: with what `policy` allows, or where that is NULL with no list yet, so that
/// everyone is denied until one is swapped in. A policy that holds gates is refused.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_new(
    policy: Option<&ipgate_policy>,
    gate: Option<&mut MaybeUninit<*mut ipgate_gate>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(gate, error, || {
        let closed = || Ok(Policy::new().with_enforce(true));
        let policy = policy.map_or_else(closed, ipgate_policy::fixed)?;
        Ok(ipgate_gate::new(Gate::from_policy(&policy)))
    })
}

/// Gives another handle on the same gate, to be freed like the first. The gate lives until the last of its
/// handles, and of its readers, is freed.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_share(
    gate: Option<&ipgate_gate>,
    share: Option<&mut MaybeUninit<*mut ipgate_gate>>,
) -> ipgate_status {
    boundary::make(share, || Ok(given(gate, "gate")?.share()))
}

/// Guards swaps from now on; the last call counts. The strings in `guard` are not needed afterwards.
///
/// Fails with IPGATE_ERROR_ARGUMENT; the guard stays what it was then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_set_guard(
    gate: *mut ipgate_gate,
    guard: *const ipgate_guard,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile, and `guard` has as many bytes as its size says, with a text that ends.
        let (gate, guard) = unsafe { (raw::handle(gate, "gate")?, guard::guard(guard)?) };
        let mut writer = gate.writer();
        writer.guard = guard;
        writer.file.iter_mut().for_each(FollowedFile::forget); // a file that was refused has another chance
        Ok(())
    })
}

/// Swaps a list in. Fails with IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace(
    gate: *mut ipgate_gate,
    list: Option<&ipgate_list>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile.
        let gate = unsafe { raw::handle(gate, "gate")? };
        let loaded = Loaded::from(given(list, "list")?);
        gate.writer().take_unfollowed(Ok(loaded))
    })
}

/// Swaps in what a policy allows, which must not hold gates. Fails with IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_policy(
    gate: *mut ipgate_gate,
    policy: Option<&ipgate_policy>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile.
        let gate = unsafe { raw::handle(gate, "gate")? };
        let policy = given(policy, "policy")?.fixed()?;
        let loaded = Loaded::from(Table::from_policy(&policy));
        gate.writer().take_unfollowed(Ok(loaded))
    })
}

/// Swaps in a list that is given as text, which need not end with a NUL and is not needed afterwards.
/// `options` may be NULL. Fails with IPGATE_ERROR_LIST or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_text(
    gate: *mut ipgate_gate,
    text: *const c_char,
    len: usize,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile, `text` has `len` bytes, and `options` as many as its size says.
        let (gate, text, parser) =
            unsafe { (raw::handle(gate, "gate")?, Bytes::new(text.cast(), len), options::parser(options)?) };
        let loaded = Loaded::text(Content::from(text.given("text")?), &parser);
        gate.writer().take_unfollowed(loaded)
    })
}

/// Swaps in a compiled image, which is copied, so that it is not needed afterwards. Everything that checks
/// rely on is verified. Fails with IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_image(
    gate: *mut ipgate_gate,
    image: *const u8,
    len: usize,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile, and `image` has `len` bytes.
        let (gate, image) = unsafe { (raw::handle(gate, "gate")?, Bytes::new(image, len)) };
        let loaded = Loaded::image("", Content::from(image.given("image")?));
        gate.writer().take_unfollowed(loaded)
    })
}

/// Swaps in the list that a file holds, text or compiled image, and makes it the file that
/// ipgate_gate_poll() looks at from then on, whether or not this first load succeeds. `options` may be NULL,
/// and is for text.
///
/// Reads, parses and compiles on the calling thread, and waits for at most 10 s where the file is being
/// written or was a moment ago. Fails with IPGATE_ERROR_IO, IPGATE_ERROR_LIST,
/// IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_gate_replace_file(
    gate: *mut ipgate_gate,
    path: *const c_char,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `gate` meanwhile, `path` ends with a NUL, and `options` has as many bytes as its size says.
        let (gate, path, parser) =
            unsafe { (raw::handle(gate, "gate")?, raw::path(path)?, options::parser(options)?) };
        gate.replace_file(path, parser)
    })
}

/// Frees a handle of a gate. NULL is fine. Waits, with the last handle, until a load that
/// ipgate_gate_poll() started on a thread has ended. Readers go on with the table that the gate had.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_gate_free(gate: Option<Box<ipgate_gate>>) {
    boundary::value((), || drop(gate));
}
