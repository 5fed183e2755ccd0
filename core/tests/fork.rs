//! A forked child leaves its parent's records to the parent, and each record is
//! reported once.

#![cfg(unix)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use pqcnet_telemetry_core::Registry;

/// Runs `work` on a thread of its own, until after the destructors of its
/// thread-locals, for which the end of a scope alone does not wait.
fn elsewhere(work: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(work).join()).unwrap();
}

/// Runs something in the destructor of a thread-local.
struct AtExit(Cell<Option<Box<dyn FnOnce()>>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit(Cell::new(None)) };
}

/// The first of `checks` that fails in a forked child, which ends thereafter.
#[expect(unsafe_code, reason = "fork is unsafe, and there is no other way")]
fn first_failure_in_a_child<const N: usize>(checks: impl FnOnce() -> [bool; N]) -> Option<usize> {
    const ALL_HOLD: i32 = 100;
    const PANICKED: i32 = 101;
    // SAFETY: the child touches no lock but those of the registry under test,
    // which no other thread has, and the allocator's, which fork takes care of.
    let child = unsafe { libc::fork() };
    assert_ne!(child, -1, "no fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        // No panic may carry the child back into the harness.
        let code = match catch_unwind(AssertUnwindSafe(checks)) {
            Ok(checks) => match checks.iter().position(|holds| !holds) {
                Some(failed) => failed as i32,
                None => ALL_HOLD,
            },
            Err(_) => PANICKED,
        };
        // SAFETY: ends the process, with none of what the parent would do then.
        unsafe { libc::_exit(code) }
    }
    let mut status = 0;
    // SAFETY: `status` is valid for a write.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "killed: {status:#x}");
    let code = libc::WEXITSTATUS(status);
    (code != ALL_HOLD).then_some(code as usize)
}

#[test]
fn a_forked_child_reports_its_own_records_only() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let level = registry.up_down_counter("b").unwrap();
    let histogram = registry.histogram("c").unwrap();
    let record = |n: u64| {
        counter.add(n);
        level.add(n as i64);
        histogram.record(n);
    };
    let reports = |n: u64, records: u64| {
        let epoch = registry.flush();
        let found = epoch.distribution("c", &[]).unwrap();
        let (count, sum) = (found.count(), found.sum());
        epoch.counter("a") == Some(n)
            && epoch.up_down_counter("b") == Some(n as i64)
            && (count, sum, found.hdr().len()) == (records, u128::from(n), records)
    };
    // Both banks have a past,
    for n in 1..=3 {
        record(n);
        assert!(reports(n, 1));
    }
    // and there is something to report in a bank that is held, one that is
    // idle, and the one for threads that have no bank any more.
    record(10);
    thread::scope(|scope| {
        // Channels, so that the thread ends where an assertion fails.
        let (alive, is_alive) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let other = scope.spawn(move || {
            record(100);
            alive.send(()).unwrap();
            ended.recv().unwrap_or(());
            record(200);
        });
        is_alive.recv().unwrap();
        elsewhere(|| {
            let (counter, level, histogram) = (counter.clone(), level.clone(), histogram.clone());
            // Used before the first record, hence destroyed after the shard is
            // given back.
            AT_EXIT.with(|exit| {
                exit.0.set(Some(Box::new(move || {
                    counter.add(1_000);
                    level.add(1_000);
                    histogram.record(1_000);
                })));
            });
            record(10_000);
        });

        let failed = first_failure_in_a_child(|| {
            let first = registry.flush().sequence();
            [
                first == 0,
                reports(0, 0),
                {
                    record(5);
                    reports(5, 1)
                },
                {
                    record(6);
                    elsewhere(|| record(70));
                    reports(76, 2)
                },
                reports(0, 0),
                registry.flush().sequence() == 5,
            ]
        });
        assert_eq!(failed, None, "the number of the check in the child");

        assert!(reports(11_110, 4), "the parent's are the parent's");
        assert!(reports(0, 0), "and reported once");
        drop(end);
        other.join().unwrap();
        assert!(reports(200, 1));
    });
}

#[test]
fn the_first_epoch_of_a_forked_child_is_empty() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let histogram = registry.histogram("b").unwrap();
    counter.add(u64::MAX);
    counter.add(u64::MAX);
    histogram.record_n(u64::MAX, 3);
    let failed = first_failure_in_a_child(|| {
        let epoch = registry.flush();
        let found = epoch.distribution("b", &[]).unwrap();
        [
            epoch.counter("a") == Some(0),
            (found.count(), found.sum(), found.clamped()) == (0, 0, 0),
            epoch.residue() == 0,
            // A child's child is a child too.
            {
                counter.add(3);
                first_failure_in_a_child(|| [registry.flush().counter("a") == Some(0)]).is_none()
            },
            registry.flush().counter("a") == Some(3),
        ]
    });
    assert_eq!(failed, None, "the number of the check in the child");
    let epoch = registry.flush();
    assert_eq!(epoch.distribution("b", &[]).unwrap().clamped(), 3);
    let gain = 2 * u128::from(u64::MAX);
    assert_eq!(format!("{:?}", epoch.value(0)), format!("Counter({gain})"));
}
