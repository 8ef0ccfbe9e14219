//! Reading and writing through the pointers that C gives: all of it is here.
//!
//! The header states what every caller promises: a pointer that is not NULL points to what its type says,
//! for as many bytes as its length says, and nothing else writes there during the call. An entry point turns
//! that promise into a value, [`Bytes`] to read, [`Room`] and [`Array`] to fill, and works with it in safe code.

mod texts;

use std::marker::PhantomData;
use std::ptr;

use crate::failure::Failure;
pub(crate) use texts::{c_str, c_strs, path};

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
    unsafe { ptr::copy_nonoverlapping(known.as_ptr(), (&raw mut value).cast::<u8>(), known.len()) };
    Ok(value)
}

/// A struct of the caller's that a call fills in, or NULL. Whoever makes one has promised that it can be written, so
/// that what is done with it is safe.
#[repr(transparent)] // handed on as the pointer that it is
pub(crate) struct Room<'c, T> {
    pointer: *mut T,
    caller: PhantomData<&'c mut T>,
}

impl<'c, T: Sized_> Room<'c, T> {
    /// No room.
    pub(crate) const NULL: Room<'c, T> = Room { pointer: ptr::null_mut(), caller: PhantomData };

    /// # Safety
    ///
    /// `pointer` is NULL or points to as many writable bytes as its first field says, which nobody else uses as long as
    /// this lives.
    #[inline(always)]
    pub(crate) unsafe fn new(pointer: *mut T) -> Room<'c, T> {
        Room { pointer, caller: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn is_null(&self) -> bool {
        self.pointer.is_null()
    }

    /// Writes as much of a struct as there is room for; the size that the caller set stays.
    pub(crate) fn write(&mut self, value: &T, name: &'static str) -> Result<(), Failure> {
        // SAFETY: NULL, or readable by the promise to `new`.
        let size = unsafe { size_of_given(self.pointer.cast_const(), name)? };
        // SAFETY: `size` writable bytes by the promise to `new`, and a struct's first field is its size.
        unsafe { put(self.pointer.cast(), value, size) };
        Ok(())
    }

    /// Has the struct filled in place; one of another version's size is filled through one of ours. The filling begins
    /// with what the caller has set, and leaves the size alone.
    ///
    /// In place because a struct that is copied costs more than the lookup it is about (`benches/check.rs`).
    #[inline(always)]
    pub(crate) fn fill<R>(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Failure> {
        match self.in_place() {
            Some(ours) => Ok(fill(ours)),
            None => self.fill_other(name, fill),
        }
    }

    /// The struct, where it is one of this version.
    #[inline(always)]
    pub(crate) fn in_place(&mut self) -> Option<&mut T> {
        // SAFETY: not NULL, so readable by the promise to `new`; no alignment is assumed.
        let is_ours =
            !self.is_null() && unsafe { self.pointer.cast::<usize>().read_unaligned() } == size_of::<T>();
        // SAFETY: not NULL, aligned, of our size, with any bits valid (`Sized_`), and nobody else's.
        (is_ours && self.pointer.is_aligned()).then(|| unsafe { &mut *self.pointer })
    }

    /// [`Room::fill`] for structs of other versions.
    #[cold]
    #[inline(never)]
    pub(crate) fn fill_other<R>(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Failure> {
        // SAFETY: NULL, or readable for its length by the promise to `new`.
        let mut ours = unsafe { read(self.pointer.cast_const(), name)? };
        let result = fill(&mut ours);
        self.write(&ours, name)?;
        Ok(result)
    }
}

/// Writes as much of a struct as `size` bytes hold, all but its own size.
///
/// # Safety
///
/// At `to` there are `size` writable bytes, and no fewer than the first version had.
unsafe fn put<T: Sized_>(to: *mut u8, value: &T, size: usize) {
    let (from, header) = ((&raw const *value).cast::<u8>(), size_of::<usize>());
    let known = size.min(size_of::<T>());
    // SAFETY: both are at least `known` bytes long, `known >= FIRST_SIZE >= header`, and `value` is ours.
    unsafe { ptr::copy_nonoverlapping(from.add(header), to.add(header), known - header) };
}

/// An array of structs of the caller's that may grow, whose elements are as long as the first one says; or NULL.
pub(crate) struct Array<'c, T> {
    first: *mut T,
    capacity: usize,
    caller: PhantomData<&'c mut [T]>,
}

impl<'c, T: Sized_> Array<'c, T> {
    /// # Safety
    ///
    /// `first` is NULL, or points to `capacity` writable elements, each as long as the first one's size says, which
    /// nobody else uses as long as this lives.
    pub(crate) unsafe fn new(first: *mut T, capacity: usize) -> Array<'c, T> {
        Array { first, capacity, caller: PhantomData }
    }

    /// Writes as many elements as there is room for, with their size.
    pub(crate) fn fill(&mut self, values: &[T], name: &'static str) -> Result<(), Failure> {
        if self.capacity == 0 {
            return Ok(());
        }
        // SAFETY: NULL, or readable by the promise to `new`.
        let stride = unsafe { size_of_given(self.first.cast_const(), name)? };
        for (index, value) in values.iter().take(self.capacity).enumerate() {
            // SAFETY: `index` is below `capacity`, and `new` was promised that many elements of `stride` bytes.
            unsafe {
                let to = self.first.cast::<u8>().add(index * stride);
                to.cast::<usize>().write_unaligned(stride);
                put(to, value, stride);
            }
        }
        Ok(())
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

/// Bytes of the caller's that a call reads, or NULL. Whoever makes them has promised that they can be read.
#[derive(Clone, Copy)]
#[repr(C)] // handed on as the pointer and the length that they are
pub(crate) struct Bytes<'c> {
    pointer: *const u8,
    len: usize,
    caller: PhantomData<&'c [u8]>,
}

impl<'c> Bytes<'c> {
    /// # Safety
    ///
    /// `pointer` is NULL or points to `len` bytes that nobody writes as long as this lives.
    #[inline(always)]
    pub(crate) unsafe fn new(pointer: *const u8, len: usize) -> Bytes<'c> {
        Bytes { pointer, len, caller: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn is_null(self) -> bool {
        self.pointer.is_null()
    }

    /// The bytes; `None` where they are missing. No bytes need no pointer.
    #[inline(always)]
    pub(crate) fn get(self) -> Option<&'c [u8]> {
        if self.pointer.is_null() || isize::try_from(self.len).is_err() {
            return (self.len == 0).then_some(&[]);
        }
        // SAFETY: not NULL, `len` bytes readable by the promise to `new`, and no more than isize::MAX.
        Some(unsafe { std::slice::from_raw_parts(self.pointer, self.len) })
    }

    /// The bytes, which must not be missing.
    pub(crate) fn given(self, name: &'static str) -> Result<&'c [u8], Failure> {
        self.get().ok_or_else(|| match self.pointer.is_null() {
            true => Failure::null(name),
            false => {
                Failure::argument(format!("the length of {name} is {}, more than any memory holds", self.len))
            }
        })
    }
}

/// Bytes of the caller's that are to be written; `None` where they are missing. No bytes need no pointer.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` initialised bytes that nobody else uses while the result is used.
pub(crate) unsafe fn bytes_mut<'c>(pointer: *mut u8, len: usize) -> Option<&'c mut [u8]> {
    if len == 0 {
        return Some(&mut []);
    }
    if pointer.is_null() || isize::try_from(len).is_err() {
        return None;
    }
    // SAFETY: not NULL, writable by the caller's promise, and no more than isize::MAX.
    Some(unsafe { std::slice::from_raw_parts_mut(pointer, len) })
}
