//! A global allocator may record into counters and gauges, even where it is
//! the record itself that allocates.

#![expect(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, OnceLock};
use std::thread;

use pqcnet_telemetry_core::{Counter, Gauge, Registry};

/// What the allocator records into.
struct Recorded {
    registry: Registry,
    calls: Counter,
    last_size: Gauge,
}

static RECORDED: OnceLock<Recorded> = OnceLock::new();
/// How often it did.
static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_ON: Cell<bool> = const { Cell::new(false) };
}

fn note(size: usize) {
    if IS_ON.get()
        && let Some(recorded) = RECORDED.get()
    {
        CALLS.fetch_add(1, Ordering::Relaxed);
        recorded.calls.increment();
        recorded.last_size.set(size as f64);
    }
}

struct Recording;

#[global_allocator]
static ALLOCATOR: Recording = Recording;

// SAFETY: every call goes to `System` as it came.
unsafe impl GlobalAlloc for Recording {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps this method's contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Threads whose every allocation is recorded, from the one that makes their
/// shard to those of their thread-locals' destructors. `before` runs on each
/// of them first, unrecorded.
fn every_call_is_counted_once(before: impl Fn() + Sync) {
    const THREADS: usize = 4;
    // The two tests share the allocator, and what it records into.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);

    let recorded = RECORDED.get_or_init(|| {
        let registry = Registry::new();
        Recorded {
            calls: registry.counter("allocator.calls").unwrap(),
            last_size: registry.gauge("allocator.last_size").unwrap(),
            registry,
        }
    });
    let first = CALLS.load(Ordering::Relaxed);
    let other = Registry::new();
    let others = other.counter("other").unwrap();
    let counted = Mutex::new(0);
    let flush = || {
        let calls = recorded.registry.flush().counter("allocator.calls");
        *counted.lock().unwrap() += calls.unwrap();
    };
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (before, start, flush, others) = (&before, &start, &flush, &others);
                scope.spawn(move || {
                    before();
                    // All at once, so that each needs a shard of its own.
                    start.wait();
                    IS_ON.set(true);
                    if thread % 2 == 0 {
                        // The first touch by way of an allocation,
                        drop(std::hint::black_box(vec![thread; 9]));
                    } else {
                        // or by a record that allocates.
                        recorded.calls.add(0);
                    }
                    others.increment();
                    for len in 1..100 {
                        drop(std::hint::black_box(vec![thread; len]));
                        flush();
                    }
                })
            })
            .collect();
        for thread in threads {
            // Joined one by one: the end of the scope does not wait for the
            // destructors of thread-locals, which allocate too.
            thread.join().unwrap();
        }
    });
    flush();
    let calls = CALLS.load(Ordering::Relaxed) - first;
    assert!(calls > 99 * THREADS as u64);
    assert_eq!(*counted.lock().unwrap(), calls);
    assert_eq!(other.flush().counter("other"), Some(THREADS as u64));
    let last_size = recorded.registry.flush().gauge("allocator.last_size");
    assert!(last_size.is_some());
}

#[test]
fn the_allocation_of_a_shard_is_recorded() {
    let elsewhere = Registry::new();
    let elsewhere = elsewhere.counter("elsewhere").unwrap();
    every_call_is_counted_once(|| elsewhere.increment());
}

#[test]
fn a_threads_very_first_record_may_come_from_its_allocator() {
    every_call_is_counted_once(|| ());
}
