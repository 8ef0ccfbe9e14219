//! The memory of an image: aligned to a cache line, or to a huge page.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

/// Size of a huge page on the targets that matter.
const HUGE: usize = 2 << 20;

/// Zeroed bytes at an address divisible by 64. Images of at least half a huge page ask for huge pages: a lookup
/// in a large table else misses the translation cache at every step (`benches/crates`, full tables).
pub(crate) struct Aligned {
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

/// Little-endian words of an image, which they keep alive.
#[derive(Clone)]
pub(crate) struct Words {
    words: NonNull<[[u8; 4]]>,
    _image: Arc<Aligned>,
}

// SAFETY: they are only read, and belong to an image that is as shareable.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

impl Words {
    /// The whole words of a part of an image; none where the part lies outside.
    pub(crate) fn new(image: &Arc<Aligned>, part: Range<usize>) -> Words {
        let words = image.bytes().get(part).unwrap_or_default().as_chunks().0;
        Words { words: NonNull::from(words), _image: Arc::clone(image) }
    }

    fn words(&self) -> &[[u8; 4]] {
        // SAFETY: bytes of the image, which is never changed once it is shared and lives as long as `self`.
        unsafe { self.words.as_ref() }
    }

    /// The word at that place. A bounds check and a load: the way through the image costs a request as much as the
    /// search (`nginx-bench`).
    #[inline(always)]
    pub(crate) fn get(&self, at: usize) -> Option<u32> {
        self.words().get(at).map(|word| u32::from_le_bytes(*word))
    }

    pub(crate) fn len(&self) -> usize {
        self.words().len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words().iter().map(|word| u32::from_le_bytes(*word))
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({})", self.len())
    }
}

/// Room for `count` values in huge pages, as far as the system has them: millions of entries that are written once
/// and read once cost more by their page faults otherwise than by being parsed (`nginx -t` with long lists).
pub(crate) fn huge_vec<T>(count: usize) -> Vec<T> {
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
    pub(crate) fn new(len: usize) -> Self {
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
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: allocated with at least `len` bytes, all initialised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
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
