//! A global allocator that counts, thread by thread.

#![expect(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What one thread asked of the allocator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Allocations, reallocations and frees.
    pub(crate) calls: u64,
    /// Bytes asked for.
    pub(crate) bytes: usize,
}

thread_local! {
    // Const and without a destructor: usable inside the allocator, and until
    // the very end of a thread.
    static USAGE: Cell<Usage> = const { Cell::new(Usage { calls: 0, bytes: 0 }) };
}

/// What `work` asks of the allocator on this thread.
pub(crate) fn usage_of(work: impl FnOnce()) -> Usage {
    let before = USAGE.get();
    work();
    let after = USAGE.get();
    Usage {
        calls: after.calls - before.calls,
        bytes: after.bytes - before.bytes,
    }
}

fn count(bytes: usize) {
    let Usage { calls, bytes: sum } = USAGE.get();
    USAGE.set(Usage {
        calls: calls + 1,
        bytes: sum + bytes,
    });
}

/// The system's allocator, counted.
pub(crate) struct Counting;

// SAFETY: every call goes to `System` as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps this method's contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}
