//! An allocator that counts, for tests of what allocates and what does not.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// The system's allocator, counting what each thread asks of it.
pub(crate) struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are allocated now.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn count() {
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

fn grow(bytes: isize) {
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
}

// SAFETY: every call is passed on unchanged; the counter is thread-local and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        grow(layout.size() as isize);
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        grow(-(layout.size() as isize));
        // SAFETY: `ptr` came from `System` with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        grow(size as isize - layout.size() as isize);
        // SAFETY: `ptr` came from `System` with this layout; the caller keeps the rules for `size`.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

/// How often `run` allocates.
pub(crate) fn allocations<T>(run: impl FnOnce() -> T) -> usize {
    let before = COUNT.with(Cell::get);
    let result = black_box(run());
    let after = COUNT.with(Cell::get);
    drop(result);
    after - before
}

/// Bytes that this thread has allocated and not freed.
pub(crate) fn live() -> isize {
    LIVE.with(Cell::get)
}
