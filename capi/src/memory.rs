//! Memory that a load has freed, given back to the system.

/// Gives back what the allocator keeps for later. A site of ten thousand lists leaves as much behind as it keeps, in pieces
/// between those that stay, and each process of a router would hold it for good. Takes milliseconds, and locks of the
/// allocator: for loads that nobody else's work waits for.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes a number, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
