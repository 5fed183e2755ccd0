//! A pointer to something that is made at its first use, and then stays.
//!
//! # Orderings
//!
//! The pointer is published with release and read with acquire, as the memory
//! behind it is new.

use std::ptr;

use crate::sync::{AtomicPtr, Ordering, Zeroable, ordering};

/// Null until its first use; freed with its owner.
#[derive(Debug)]
pub(crate) struct Lazy<T>(AtomicPtr<T>);

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

// SAFETY: an `AtomicPtr` of zero bytes is null, which is "not yet".
#[expect(unsafe_code, reason = "slots are reserved zeroed")]
unsafe impl<T> Zeroable for Lazy<T> {}

// The pointer is shared between threads whatever is behind it, hence the bounds.
#[expect(unsafe_code, reason = "shared by pointer")]
impl<T: Send + Sync> Lazy<T> {
    /// Synchronises with the install in `get_or_make`.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        let made = self.0.load(ordering!("block.get", Acquire));
        // SAFETY: what was installed stays until `self` is dropped, and
        // acquire makes its memory visible.
        unsafe { made.as_ref() }
    }

    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(made) = self.get() {
            return made;
        }
        let new = Box::into_raw(Box::new(make()));
        // In what threads share two may come here at once; so may one thread
        // twice, where its allocator records.
        let winner = match self.0.compare_exchange(
            ptr::null_mut(),
            new,
            ordering!("block.install", Release),
            ordering!("block.lost", Acquire),
        ) {
            Ok(_) => new,
            Err(installed) => {
                // SAFETY: `new` came from `into_raw` above and was not shared.
                drop(unsafe { Box::from_raw(new) });
                installed
            }
        };
        // SAFETY: installed, hence alive until `self` is dropped.
        unsafe { &*winner }
    }
}

impl<T> Drop for Lazy<T> {
    #[expect(unsafe_code, reason = "shared by pointer")]
    fn drop(&mut self) {
        let made = self.0.load(Ordering::Relaxed);
        if !made.is_null() {
            // SAFETY: it came from `Box::into_raw`, and `&mut self` says that
            // nobody else holds the slot.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}
