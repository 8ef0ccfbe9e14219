//! Loads without bounds checks, from sections whose numbers have been validated.

use crate::Key;
use crate::image::GUARD;

/// A section as the kernels read it. It knows its length in debug builds only, where every load asserts that it lies
/// inside: the fuzz targets and the tests run so.
///
/// Unchecked because a check is a third of a lookup's instructions among a few entries: `make bench`, cases
/// `v4-map-10` and `v4-map-1k`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unchecked<T> {
    start: *const T,
    /// Bytes.
    #[cfg(debug_assertions)]
    len: usize,
}

// SAFETY: it only reads memory that nobody changes, and that its table owns.
unsafe impl<T: Send> Send for Unchecked<T> {}
// SAFETY: as above; there is no interior mutability behind the pointer.
unsafe impl<T: Sync> Sync for Unchecked<T> {}

impl<T> Unchecked<T> {
    /// The items of a section, which is to outlive this.
    pub(crate) fn new(section: &[u8]) -> Unchecked<T> {
        debug_assert!(
            section.is_empty() || section.as_ptr().addr().is_multiple_of(16),
            "sections are aligned"
        );
        Unchecked::part_of(section)
    }

    /// The items of a part of a section, aligned as they are.
    pub(crate) fn part_of(part: &[u8]) -> Unchecked<T> {
        debug_assert!(part.is_empty() || part.as_ptr().cast::<T>().is_aligned(), "items are aligned");
        Unchecked {
            start: part.as_ptr().cast(),
            #[cfg(debug_assertions)]
            len: part.len(),
        }
    }

    /// Address of byte `at`; for prefetching, it may lie anywhere.
    #[inline(always)]
    pub(crate) fn address(self, at: usize) -> *const u8 {
        self.start.cast::<u8>().wrapping_add(at)
    }

    /// Asserts in debug builds that `count` bytes from `at` on, a guard's included, are the section's.
    #[inline(always)]
    fn assert_inside(self, at: usize, count: usize, guard: usize) {
        #[cfg(debug_assertions)]
        assert!(at + count <= self.len + guard, "{count} bytes at {at} of {}", self.len);
        #[cfg(not(debug_assertions))]
        let _ = (at, count, guard);
    }

    /// Loads item `index`.
    ///
    /// # Safety
    /// The item lies inside the section.
    #[inline(always)]
    unsafe fn item(self, index: usize) -> T
    where
        T: Copy,
    {
        self.assert_inside(index * size_of::<T>(), size_of::<T>(), 0);
        // SAFETY: inside by the caller; sections begin at multiples of 16, so items of theirs are aligned.
        unsafe { *self.start.add(index) }
    }
}

impl Unchecked<u32> {
    /// Loads word `index`.
    ///
    /// # Safety
    /// The word lies inside the section.
    #[inline(always)]
    pub(crate) unsafe fn word(self, index: usize) -> u32 {
        // SAFETY: by the caller.
        u32::from_le(unsafe { self.item(index) })
    }

    /// Loads half word `index`.
    ///
    /// # Safety
    /// The half word lies inside the section.
    #[inline(always)]
    pub(crate) unsafe fn half(self, index: usize) -> u16 {
        self.assert_inside(2 * index, 2, 0);
        // SAFETY: inside by the caller, and aligned as words are.
        u16::from_le(unsafe { *self.start.cast::<u16>().add(index) })
    }
}

impl Unchecked<u8> {
    /// The 64 bytes at `at`.
    ///
    /// # Safety
    /// They lie inside the section, which outlives the reference.
    #[inline(always)]
    pub(crate) unsafe fn line<'v>(self, at: usize) -> &'v [u8; 64] {
        self.assert_inside(at, 64, 0);
        // SAFETY: by the caller.
        unsafe { &*self.start.add(at).cast() }
    }

    /// The first `N` items of the section, which are arrays of bytes.
    ///
    /// # Safety
    /// They lie inside the section, which outlives the reference; a `T` is an array of bytes, or of such arrays.
    #[inline(always)]
    pub(crate) unsafe fn items<'v, T: Copy, const N: usize>(self) -> &'v [T; N] {
        const { assert!(align_of::<T>() == 1) };
        self.assert_inside(0, size_of::<[T; N]>(), 0);
        // SAFETY: by the caller; every pattern of bits is such an array, at any address.
        unsafe { &*self.start.cast() }
    }

    /// Loads byte `at`.
    ///
    /// # Safety
    /// It lies inside the section.
    #[inline(always)]
    pub(crate) unsafe fn byte(self, at: usize) -> u8 {
        // SAFETY: by the caller.
        unsafe { self.item(at) }
    }

    /// Loads the 16-bit number at byte `at`.
    ///
    /// # Safety
    /// Its two bytes lie inside the section.
    #[inline(always)]
    pub(crate) unsafe fn short(self, at: usize) -> u16 {
        self.assert_inside(at, 2, 0);
        // SAFETY: by the caller.
        u16::from_le(unsafe { self.start.add(at).cast::<u16>().read_unaligned() })
    }

    /// Loads the 64-bit number at byte `at`.
    ///
    /// # Safety
    /// Its eight bytes lie inside the section.
    #[inline(always)]
    pub(crate) unsafe fn long(self, at: usize) -> u64 {
        self.assert_inside(at, 8, 0);
        // SAFETY: by the caller.
        u64::from_le(unsafe { self.start.add(at).cast::<u64>().read_unaligned() })
    }

    /// Loads the 64-bit number at byte `at`.
    ///
    /// # Safety
    /// Its first four bytes lie inside the section: at least four bytes of the image follow each section.
    #[inline(always)]
    pub(crate) unsafe fn loose_long(self, at: usize) -> u64 {
        self.assert_inside(at, 8, GUARD);
        // SAFETY: by the caller, and by the layout of images.
        u64::from_le(unsafe { self.start.add(at).cast::<u64>().read_unaligned() })
    }

    /// Loads the 32-bit number at byte `at`.
    ///
    /// # Safety
    /// Its first byte lies inside the section: at least four bytes of the image follow each section.
    #[inline(always)]
    pub(crate) unsafe fn loose(self, at: usize) -> u32 {
        self.assert_inside(at, 4, GUARD - 1);
        // SAFETY: by the caller, and by the layout of images.
        u32::from_le(unsafe { self.start.add(at).cast::<u32>().read_unaligned() })
    }
}

impl<K: Key> Unchecked<K> {
    /// Loads address `index`.
    ///
    /// # Safety
    /// The address lies inside the section.
    #[inline(always)]
    pub(crate) unsafe fn key(self, index: usize) -> K {
        // SAFETY: by the caller.
        let key = unsafe { self.item(index) };
        if cfg!(target_endian = "little") {
            key
        } else if K::BITS == 32 {
            K::from_wide(u128::from((key.wide() as u32).swap_bytes()))
        } else {
            K::from_wide(key.wide().swap_bytes())
        }
    }
}
