//! A record that lands in a bank just retired is residue: the very next flush
//! reports it.

#![expect(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::OnceLock;

use pqcnet_telemetry_core::Registry;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

thread_local! {
    /// Flushes still to make when this thread next allocates.
    static FLUSHES: Cell<u32> = const { Cell::new(0) };
}

/// Flushes from within an allocation. A histogram's first record allocates
/// after it has chosen its bank, so this is a flush in the middle of a record.
struct Flushing;

#[global_allocator]
static ALLOCATOR: Flushing = Flushing;

fn flush_if_asked() {
    // Taken first, as a flush allocates too.
    for _ in 0..FLUSHES.take() {
        drop(REGISTRY.get().map(Registry::flush));
    }
}

// SAFETY: every call goes to `System` as it came.
unsafe impl GlobalAlloc for Flushing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        flush_if_asked();
        // SAFETY: the caller keeps this method's contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        flush_if_asked();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn a_late_record_comes_with_the_next_epoch() {
    let registry = REGISTRY.get_or_init(Registry::new);
    // So that the thread's shard is there when the first block is not yet.
    registry.counter("shard").unwrap().increment();
    // After an even number of flushes the bank is the active one again, and
    // nobody can tell.
    for (flushes, residue) in [(1, 1), (2, 0), (3, 1), (0, 0)] {
        let name = format!("after.{flushes}");
        let histogram = registry.histogram(&*name).unwrap();
        FLUSHES.set(flushes);
        histogram.record_n(7, 3);
        assert_eq!(FLUSHES.take(), 0, "a first record allocates");

        let epoch = registry.flush();
        let found = epoch.distribution(&name, &[]).unwrap();
        assert_eq!(found.buckets(), [(7, 3)], "{name}");
        assert_eq!((found.count(), found.sum()), (3, 21));
        assert_eq!((epoch.residue(), epoch.mid_record()), (residue, 0));
        assert_eq!(registry.flush().histogram(&name).unwrap().len(), 0);
    }
}
