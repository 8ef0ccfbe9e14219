//! Reading and writing through the pointers that C gives: all of it is here.
//!
//! The header states what every caller promises: a pointer that is not NULL points to what its type says,
//! for as many bytes as its length says, and no other thread writes there during the call.

use std::ffi::{CStr, OsStr, c_char};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::failure::Failure;

/// A struct that may grow at its end and says in its first field how long the caller's is.
///
/// # Safety
///
/// The type is `repr(C)`, its first field is the `usize` of its size, and every bit pattern is valid.
pub(crate) unsafe trait Sized_: Copy {
    /// The size that the struct had in the first version of this ABI.
    const FIRST_SIZE: usize;
    /// The struct with the values that hold for fields that the caller does not know of.
    fn defaults() -> Self;
}

/// No struct of any version is this long; a larger size is memory that was never initialised.
const LARGEST: usize = 4096;

/// The size that the caller's struct says it has.
///
/// # Safety
///
/// `pointer` is NULL or points to a readable `usize`.
#[inline]
unsafe fn size_of_given<T: Sized_>(pointer: *const T, name: &'static str) -> Result<usize, Failure> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: not NULL, so readable by the caller's promise; no alignment is assumed.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < T::FIRST_SIZE || size > LARGEST { Err(wrong_size(name, size)) } else { Ok(size) }
}

#[cold]
#[inline(never)]
fn null(name: &'static str) -> Failure {
    Failure::null(name)
}

#[cold]
#[inline(never)]
fn wrong_size(name: &'static str, size: usize) -> Failure {
    Failure::argument(format!(
        "{name} says that its size is {size} bytes, which no version has: initialise it with its _INIT macro"
    ))
}

/// Reads a struct of any version. What an older caller does not have keeps its default; what a newer
/// caller has more must be zero, since nothing here could honour it.
///
/// # Safety
///
/// `pointer` is NULL or points to as many readable bytes as its first field says.
pub(crate) unsafe fn read<T: Sized_>(pointer: *const T, name: &'static str) -> Result<T, Failure> {
    // SAFETY: as promised to this function.
    let size = unsafe { size_of_given(pointer, name)? };
    // SAFETY: the caller promised `size` readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    let (known, unknown) = bytes.split_at(size.min(size_of::<T>()));
    if unknown.iter().any(|&byte| byte != 0) {
        return Err(Failure::argument(format!(
            "{name} sets fields that this version of the library does not know"
        )));
    }
    let mut value = T::defaults();
    // SAFETY: `known` is no longer than T, which is valid with any bytes (`Sized_`).
    unsafe { std::ptr::copy_nonoverlapping(known.as_ptr(), (&raw mut value).cast::<u8>(), known.len()) };
    Ok(value)
}

/// Writes as much of a struct as the caller has room for; the size that the caller set stays.
///
/// # Safety
///
/// `pointer` is NULL or points to as many writable bytes as its first field says.
pub(crate) unsafe fn write<T: Sized_>(pointer: *mut T, value: &T, name: &'static str) -> Result<(), Failure> {
    // SAFETY: as promised to this function.
    let size = unsafe { size_of_given(pointer.cast_const(), name)? };
    let (header, known) = (size_of::<usize>(), size.min(size_of::<T>()));
    let (from, to) = ((&raw const *value).cast::<u8>(), pointer.cast::<u8>());
    // SAFETY: both are at least `known` bytes long, `known >= FIRST_SIZE >= header`, and `value` is ours.
    unsafe { std::ptr::copy_nonoverlapping(from.add(header), to.add(header), known - header) };
    Ok(())
}

/// Has the caller's struct filled in place; one of another version's size is filled through one of ours. The
/// filling begins with what the caller has set, and leaves the size alone.
///
/// In place because a struct that is copied costs more than the lookup it is about (`benches/check.rs`).
///
/// # Safety
///
/// `pointer` is NULL or points to as many writable bytes as its first field says.
#[inline(always)]
pub(crate) unsafe fn fill<T: Sized_, R>(
    pointer: *mut T,
    name: &'static str,
    fill: impl FnOnce(&mut T) -> R,
) -> Result<R, Failure> {
    // SAFETY: as promised to this function.
    match unsafe { in_place(pointer) } {
        Some(ours) => Ok(fill(ours)),
        // SAFETY: as promised to this function.
        None => unsafe { fill_other(pointer, name, fill) },
    }
}

/// The caller's struct, where it is one of this version.
///
/// # Safety
///
/// As [`fill`].
#[inline(always)]
pub(crate) unsafe fn in_place<'c, T: Sized_>(pointer: *mut T) -> Option<&'c mut T> {
    // SAFETY: not NULL, so readable by the caller's promise; no alignment is assumed.
    let is_ours = !pointer.is_null() && unsafe { pointer.cast::<usize>().read_unaligned() } == size_of::<T>();
    // SAFETY: not NULL, aligned, of our size, with any bits valid (`Sized_`), and nobody else's now.
    (is_ours && pointer.is_aligned()).then(|| unsafe { &mut *pointer })
}

/// [`fill`] for structs of other versions.
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
pub(crate) unsafe fn fill_other<T: Sized_, R>(
    pointer: *mut T,
    name: &'static str,
    fill: impl FnOnce(&mut T) -> R,
) -> Result<R, Failure> {
    // SAFETY: as promised to `fill`.
    let mut ours = unsafe { read(pointer.cast_const(), name)? };
    let result = fill(&mut ours);
    // SAFETY: as promised to `fill`.
    unsafe { write(pointer, &ours, name)? };
    Ok(result)
}

/// An array of structs that may grow, whose elements are as long as the first one says.
pub(crate) struct Array<T> {
    first: *mut T,
    capacity: usize,
    stride: usize,
}

impl<T: Sized_> Array<T> {
    /// # Safety
    ///
    /// `first` is NULL, or points to `capacity` elements, each as long as the first one's size says.
    pub(crate) unsafe fn new(
        first: *mut T,
        capacity: usize,
        name: &'static str,
    ) -> Result<Array<T>, Failure> {
        if capacity == 0 {
            return Ok(Array { first, capacity, stride: 0 });
        }
        // SAFETY: as promised to this function.
        let stride = unsafe { size_of_given(first.cast_const(), name)? };
        Ok(Array { first, capacity, stride })
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Writes an element, with its size; beyond the capacity nothing happens.
    pub(crate) fn set(&mut self, index: usize, value: &T) {
        if index >= self.capacity {
            return;
        }
        let known = self.stride.min(size_of::<T>());
        let from = (&raw const *value).cast::<u8>();
        let header = size_of::<usize>();
        // SAFETY: `new` was promised `capacity` writable elements of `stride` bytes, and `known <= stride`.
        unsafe {
            let to = self.first.cast::<u8>().add(index * self.stride);
            to.cast::<usize>().write_unaligned(self.stride);
            std::ptr::copy_nonoverlapping(from.add(header), to.add(header), known - header);
        }
    }
}

/// The handle behind a pointer that C sees as mutable, because the call changes something, and that Rust
/// shares, because the handle locks what changes.
///
/// # Safety
///
/// `pointer` is NULL or a handle that lives as long as the result is used.
pub(crate) unsafe fn handle<'a, T>(pointer: *mut T, name: &'static str) -> Result<&'a T, Failure> {
    // SAFETY: as promised to this function.
    unsafe { pointer.cast_const().as_ref() }.ok_or(Failure::null(name))
}

/// The bytes at a pointer. No bytes need no pointer.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` bytes that nobody writes while the result is used.
#[inline]
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &'static str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: as promised to this function.
    unsafe { slice(pointer, len) }.ok_or_else(|| no_bytes(pointer, len, name))
}

/// The same without a reason, for checks.
///
/// # Safety
///
/// As [`bytes`].
#[inline]
pub(crate) unsafe fn slice<'a>(pointer: *const u8, len: usize) -> Option<&'a [u8]> {
    if len == 0 {
        return Some(&[]);
    }
    if pointer.is_null() || isize::try_from(len).is_err() {
        return None;
    }
    // SAFETY: not NULL, `len` bytes readable by the caller's promise, and no more than isize::MAX.
    Some(unsafe { std::slice::from_raw_parts(pointer, len) })
}

#[cold]
#[inline(never)]
fn no_bytes(pointer: *const u8, len: usize, name: &'static str) -> Failure {
    if pointer.is_null() {
        return Failure::null(name);
    }
    Failure::argument(format!("the length of {name} is {len}, more than any memory holds"))
}

/// The bytes at a pointer that are to be written. No bytes need no pointer.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` initialised bytes that nobody else uses while the result is used.
pub(crate) unsafe fn bytes_mut<'a>(
    pointer: *mut u8,
    len: usize,
    name: &'static str,
) -> Result<&'a mut [u8], Failure> {
    // SAFETY: as promised to this function.
    unsafe { bytes(pointer.cast_const(), len, name)? };
    // SAFETY: as above, and writable by the caller's promise; an empty slice needs no memory.
    Ok(if len == 0 { &mut [] } else { unsafe { std::slice::from_raw_parts_mut(pointer, len) } })
}

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

/// The address in a socket address that is an IPv4 one.
///
/// # Safety
///
/// `address` points to `len` readable bytes.
#[inline(always)]
pub(crate) unsafe fn socket_v4(address: *const libc::sockaddr, len: libc::socklen_t) -> Option<Ipv4Addr> {
    if (len as usize) < size_of::<libc::sockaddr_in>() {
        return None;
    }
    let bytes = address.cast::<u8>();
    // SAFETY: a whole sockaddr_in lies within `len` bytes; no alignment is assumed.
    let (family, bits) = unsafe {
        let family =
            bytes.add(std::mem::offset_of!(libc::sockaddr_in, sin_family)).cast::<libc::sa_family_t>();
        let bits = bytes.add(std::mem::offset_of!(libc::sockaddr_in, sin_addr)).cast::<u32>();
        (family.read_unaligned(), bits.read_unaligned())
    };
    (i32::from(family) == libc::AF_INET).then(|| Ipv4Addr::from_bits(u32::from_be(bits)))
}

/// The IP address in a socket address; `None` for every other family, and for a length that is too short
/// for its family.
///
/// # Safety
///
/// `address` points to `len` readable bytes.
#[inline]
pub(crate) unsafe fn socket_ip(address: *const libc::sockaddr, len: libc::socklen_t) -> Option<IpAddr> {
    let len = usize::try_from(len).ok()?;
    let bytes = address.cast::<u8>();
    let family_at = std::mem::offset_of!(libc::sockaddr, sa_family);
    if len < family_at + size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the family lies within `len` bytes; no alignment is assumed.
    let family = unsafe { bytes.add(family_at).cast::<libc::sa_family_t>().read_unaligned() };
    match i32::from(family) {
        libc::AF_INET if len >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: a whole sockaddr_in lies within `len` bytes.
            let octets: [u8; 4] = unsafe {
                bytes.add(std::mem::offset_of!(libc::sockaddr_in, sin_addr)).cast::<[u8; 4]>().read()
            };
            Some(IpAddr::V4(Ipv4Addr::from(octets)))
        }
        libc::AF_INET6 if len >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: a whole sockaddr_in6 lies within `len` bytes.
            let octets: [u8; 16] = unsafe {
                bytes.add(std::mem::offset_of!(libc::sockaddr_in6, sin6_addr)).cast::<[u8; 16]>().read()
            };
            Some(IpAddr::V6(Ipv6Addr::from(octets)))
        }
        _ => None,
    }
}

/// Copies a text into a buffer as `snprintf` does: whatever fits, a NUL behind it, and the length that the
/// whole has.
pub(crate) fn print(text: &str, buffer: &mut [u8]) -> usize {
    if let Some(room) = buffer.len().checked_sub(1) {
        let fits = (0..=room.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let (to, rest) = buffer.split_at_mut(fits);
        to.copy_from_slice(text.as_bytes().get(..fits).unwrap_or_default());
        rest.iter_mut().take(1).for_each(|end| *end = 0);
    }
    text.len()
}
