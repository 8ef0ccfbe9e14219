//! The memory of an image: aligned to a cache line, or to a huge page.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Size of a huge page on the targets that matter.
const HUGE: usize = 2 << 20;

/// Zeroed bytes at an address divisible by 64. Images of at least half a huge
/// page ask for huge pages: a lookup in a large table else misses the
/// translation cache at every step (`benches/table.rs`, full tables).
pub(crate) struct Aligned {
    start: NonNull<u8>,
    len: usize,
    layout: Layout,
}

// SAFETY: plain bytes, owned like a `Vec<u8>`.
unsafe impl Send for Aligned {}
// SAFETY: as above.
unsafe impl Sync for Aligned {}

impl Aligned {
    /// `len` zeroed bytes.
    pub(crate) fn new(len: usize) -> Self {
        let align = if len >= HUGE / 2 { HUGE } else { 64 };
        let size = len.max(1).next_multiple_of(align);
        let Ok(layout) = Layout::from_size_align(size, align) else {
            panic!("an image of {len} bytes exceeds the address space")
        };
        // SAFETY: the size is not zero.
        let start = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        #[cfg(target_os = "linux")]
        if align == HUGE {
            // SAFETY: the range is ours; the advice changes no contents, and
            // a kernel that declines it harms nothing.
            unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_HUGEPAGE) };
        }
        // SAFETY: the allocation holds `size` bytes.
        unsafe { start.write_bytes(0, size) };
        Aligned { start, len, layout }
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
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}
