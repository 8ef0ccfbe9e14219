//! What a verdict holds on to: what a reader lends it, or a count of its own.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use arc_swap::Guard;

/// What a verdict is about: the reader's, or the verdict's own.
#[derive(Debug)]
pub(crate) enum Held<'g, S> {
    Reader(&'g S),
    Own(Hold<S>),
}

impl<S> Clone for Held<'_, S> {
    fn clone(&self) -> Self {
        match self {
            Held::Reader(held) => Held::Reader(held),
            Held::Own(hold) => Held::Own(hold.clone()),
        }
    }
}

impl<S> Held<'_, S> {
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&S> {
        match self {
            Held::Reader(held) => Some(held),
            Held::Own(hold) => hold.get(),
        }
    }
}

/// Something held in a slot of the thread's own, so that threads that check do not contend for one count of holders.
/// `None` while it is dropped alone.
#[derive(Debug)]
pub(crate) struct Hold<S>(ManuallyDrop<Option<Guard<Arc<S>>>>);

impl<S> Hold<S> {
    #[inline(always)]
    pub(crate) fn of(guard: Guard<Arc<S>>) -> Hold<S> {
        Hold(ManuallyDrop::new(Some(guard)))
    }

    #[inline(always)]
    fn get(&self) -> Option<&S> {
        self.0.as_ref().map(|guard| &***guard)
    }
}

impl<S> Clone for Hold<S> {
    fn clone(&self) -> Hold<S> {
        let guard = self.0.as_ref().map(|guard| Guard::from_inner(Arc::clone(guard)));
        Hold(ManuallyDrop::new(guard))
    }
}

impl<S> Drop for Hold<S> {
    /// What is dropped is moved first, and by nobody else: the address of a field would keep the whole verdict in memory,
    /// where a check of which only the decision is wanted needs some registers (`cargo bench --bench ways`).
    #[inline(always)]
    fn drop(&mut self) {
        drop(self.0.take());
    }
}
