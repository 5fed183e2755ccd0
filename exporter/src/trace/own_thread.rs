//! Threads of this library, which are not traced: what they trace while they
//! deliver would be delivered in turn, for ever.

use std::cell::Cell;

thread_local! {
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Says that the calling thread is one.
pub(crate) fn declare() {
    IS_OWN.set(true);
}

/// Whether the calling thread is one.
pub(crate) fn is_this() -> bool {
    IS_OWN.get()
}
