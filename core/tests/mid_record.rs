//! An epoch that caught a record half done says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pqcnet_telemetry_core::Registry;

/// More than there are processors, so that some are put aside in mid-record.
const WRITERS: usize = 8;
const VALUE: u64 = 7;

#[test]
fn sums_match_counts_unless_an_epoch_says_otherwise() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    histogram.record(VALUE);
                }
            });
        }
        let mut unannounced = 0;
        // What a record under way left out comes with the epoch after.
        let mut was_mid_record = false;
        for _ in 0..300_000 {
            let epoch = registry.flush();
            let found = epoch.distribution("a", &[]).unwrap();
            let is_mid_record = epoch.mid_record() != 0;
            if found.sum() != u128::from(found.count()) * u128::from(VALUE) {
                unannounced += u32::from(!is_mid_record && !was_mid_record);
            }
            was_mid_record = is_mid_record;
        }
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(unannounced, 0);
    });
}
