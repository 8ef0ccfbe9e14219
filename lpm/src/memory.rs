//! Memory for images and long lists: aligned to a cache line, and in huge pages where there are enough of them.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Size of a huge page on the targets that matter.
const HUGE: usize = 2 << 20;

/// Zeroed bytes at an address divisible by 64. Images of at least half a huge page ask for huge pages: a lookup
/// in a large table else misses the translation cache at every step (`make bench`, cases `v4-map-full` and `v6-map-full`).
pub struct Aligned {
    start: NonNull<u8>,
    len: usize,
    memory: Memory,
}

/// Where the bytes come from, and what gives them back.
enum Memory {
    Heap(Layout),
    #[cfg(all(target_os = "linux", not(miri)))]
    Mapped {
        at: NonNull<u8>,
        size: usize,
    },
}

// SAFETY: plain bytes, owned like a `Vec<u8>`.
unsafe impl Send for Aligned {}
// SAFETY: as above.
unsafe impl Sync for Aligned {}

/// Room for `count` values in huge pages, as far as the system has them: millions of entries that are written once
/// and read once cost more by their page faults otherwise than by being parsed (`nginx -t` with long lists).
///
/// ```
/// let mut rows = ipgate_lpm::memory::huge_vec(1000);
/// rows.push(1);
/// assert!(rows.capacity() >= 1000);
/// ```
#[must_use]
pub fn huge_vec<T>(count: usize) -> Vec<T> {
    let vec = Vec::<T>::with_capacity(count);
    #[cfg(all(target_os = "linux", not(miri)))]
    advise(vec.as_ptr().cast(), count.saturating_mul(size_of::<T>()));
    vec
}

/// Asks for huge pages where at least sixteen fit: no allocator keeps such memory after it was freed, so that the
/// advice ends with it.
#[cfg(all(target_os = "linux", not(miri)))]
fn advise(start: *const u8, len: usize) {
    let skip = start.align_offset(HUGE);
    let len = len.saturating_sub(skip) / HUGE * HUGE;
    if len >= 16 * HUGE {
        // SAFETY: whole pages of memory that was allocated; the advice changes no contents.
        unsafe { libc::madvise(start.wrapping_add(skip).cast_mut().cast(), len, libc::MADV_HUGEPAGE) };
    }
}

impl Aligned {
    /// `len` zeroed bytes.
    ///
    /// # Panics
    ///
    /// If they exceed the address space. Where the system has no memory left the process ends, as for a `Vec`.
    ///
    /// ```
    /// let mut memory = ipgate_lpm::memory::Aligned::new(3);
    /// memory.bytes_mut().copy_from_slice(b"abc");
    /// assert_eq!(memory.bytes(), b"abc");
    /// assert!(memory.bytes().as_ptr().addr().is_multiple_of(64));
    /// ```
    #[must_use]
    pub fn new(len: usize) -> Self {
        #[cfg(all(target_os = "linux", not(miri)))]
        if let Some(mapped) = Aligned::mapped(len) {
            return mapped;
        }
        let Ok(layout) = Layout::from_size_align(len.max(1), 64) else {
            panic!("an image of {len} bytes exceeds the address space")
        };
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        Aligned { start, len, memory: Memory::Heap(layout) }
    }

    /// A mapping of its own for a large image. The system zeroes pages as they are first touched, so that
    /// nothing is written twice. `None` where the image is small or the system declines.
    #[cfg(all(target_os = "linux", not(miri)))]
    fn mapped(len: usize) -> Option<Self> {
        if len < HUGE / 2 {
            return None;
        }
        // Room to begin at a huge page; pages that are never touched cost nothing.
        let size = len.checked_next_multiple_of(HUGE)?.checked_add(HUGE)?;
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: an anonymous mapping at an address of the system's choice touches no memory of ours.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), size, access, kind, -1, 0) };
        if at == libc::MAP_FAILED {
            return None;
        }
        let at = NonNull::new(at.cast::<u8>())?;
        let skip = at.as_ptr().align_offset(HUGE);
        // SAFETY: the first multiple of the huge page lies less than one after the start of the mapping, and
        // `len` bytes follow it.
        let start = unsafe { at.add(skip) };
        // The end that does not fill a huge page has none: it would take up to a whole one of memory.
        let advised = (len - len % HUGE).max(HUGE);
        // SAFETY: the range is ours; the advice changes no contents, and a kernel that declines it harms nothing.
        unsafe { libc::madvise(start.as_ptr().cast(), advised, libc::MADV_HUGEPAGE) };
        Some(Aligned { start, len, memory: Memory::Mapped { at, size } })
    }

    /// Leaves out what lies beyond `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: allocated with at least `len` bytes, all initialised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl From<&[u8]> for Aligned {
    /// Copies the bytes.
    fn from(bytes: &[u8]) -> Aligned {
        let mut memory = Aligned::new(bytes.len());
        memory.bytes_mut().copy_from_slice(bytes);
        memory
    }
}

impl std::fmt::Debug for Aligned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aligned({} bytes)", self.len)
    }
}

impl Drop for Aligned {
    fn drop(&mut self) {
        match self.memory {
            // SAFETY: allocated with this layout.
            Memory::Heap(layout) => unsafe { dealloc(self.start.as_ptr(), layout) },
            // SAFETY: mapped with this size, and nothing borrows it any more.
            #[cfg(all(target_os = "linux", not(miri)))]
            Memory::Mapped { at, size } => unsafe {
                libc::munmap(at.as_ptr().cast(), size);
            },
        }
    }
}
