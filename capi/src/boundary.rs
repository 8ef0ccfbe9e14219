//! Where C ends and Rust begins: no panic passes, every failure has a status, and nothing is printed.

use std::any::Any;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::Failure;
use crate::status::ipgate_status;

/// Where a call puts what it made; absent where the caller gave NULL.
pub(crate) type Out<'a, T> = Option<&'a mut MaybeUninit<*mut T>>;

/// Runs a call that may fail, and says only whether it did.
pub(crate) fn status(body: impl FnOnce() -> Result<(), Failure>) -> ipgate_status {
    caught(body).map_or_else(|failure| failure.status(), |()| ipgate_status::IPGATE_OK)
}

/// Runs a call that may fail, and gives the failure to whoever wants it.
pub(crate) fn call<E: From<Failure>>(
    error: Out<'_, E>,
    body: impl FnOnce() -> Result<(), Failure>,
) -> ipgate_status {
    let Err(failure) = caught(body) else {
        return ipgate_status::IPGATE_OK;
    };
    let status = failure.status();
    if let Some(error) = error {
        error.write(Box::into_raw(Box::new(E::from(failure))));
    }
    status
}

/// Runs a call that makes a handle, which goes to `out` if and only if there is no failure.
pub(crate) fn make<T>(out: Out<'_, T>, body: impl FnOnce() -> Result<T, Failure>) -> ipgate_status {
    status(|| put(out, body))
}

/// The same, and the failure goes to whoever wants it.
pub(crate) fn make_or<T, E: From<Failure>>(
    out: Out<'_, T>,
    error: Out<'_, E>,
    body: impl FnOnce() -> Result<T, Failure>,
) -> ipgate_status {
    call(error, || put(out, body))
}

fn put<T>(out: Out<'_, T>, body: impl FnOnce() -> Result<T, Failure>) -> Result<(), Failure> {
    let out = out.ok_or(Failure::null("the place for the result"))?;
    out.write(Box::into_raw(Box::new(body()?)));
    Ok(())
}

/// Runs a call that has a value to return whatever happens.
pub(crate) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Runs something with panics as failures.
///
/// Unwind safety: what a caught panic may leave half-way is a handle's own state, which its module keeps
/// consistent at every step, or a `Gate`, whose swap is one store.
pub(crate) fn caught<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    keep_quiet();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(Failure::panic(panic_text(&*panic))))
}

/// The handle behind a pointer, which must not be NULL.
pub(crate) fn given<'a, T>(handle: Option<&'a T>, name: &'static str) -> Result<&'a T, Failure> {
    handle.ok_or(Failure::null(name))
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

/// Keeps the standard library of this shared object from writing panics to the program's standard error:
/// they are reported as failures.
#[cfg(not(test))]
fn keep_quiet() {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
}

/// A failing test must be able to say why.
#[cfg(test)]
fn keep_quiet() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_message() {
        let mut error = MaybeUninit::<*mut Failure>::new(std::ptr::null_mut());
        let status = call(Some(&mut error), || panic!("number {}", 7));
        assert_eq!(status, ipgate_status::IPGATE_ERROR_PANIC);
        // SAFETY: initialised above, and written by `call` with a box of its own.
        let error = unsafe { Box::from_raw(error.assume_init()) };
        assert!(error.message().contains("number 7"), "{}", error.message());
        assert_eq!(value(0, || panic!()), 0);
    }

    #[test]
    fn outputs_are_written_only_on_success() {
        let untouched = std::ptr::dangling_mut::<u8>();
        let mut out = MaybeUninit::new(untouched);
        let status = make(Some(&mut out), || Err(Failure::null("x")));
        assert_eq!(status, ipgate_status::IPGATE_ERROR_NULL);
        // SAFETY: initialised above.
        assert_eq!(unsafe { out.assume_init() }, untouched);
        assert_eq!(make::<u8>(None, || Ok(1)), ipgate_status::IPGATE_ERROR_NULL);
    }
}
