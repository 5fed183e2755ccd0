//! Timers record once, in the series' unit, however they end.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use pqcnet_telemetry_core::{Histogram, Instrument, Registry};

/// Keeps the processor busy, so that a timer in milliseconds has something to
/// show. No verdict depends on how long it takes.
fn pass_time() {
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(3) {
        std::hint::spin_loop();
    }
}

fn in_unit(registry: &Registry, unit: &str) -> Histogram {
    let instrument = Instrument::new(format!("timer.in-{unit}")).unit(unit);
    registry.histogram(instrument).unwrap()
}

#[test]
fn a_timer_records_in_the_series_unit() {
    let registry = Registry::new();
    let nanos = in_unit(&registry, "ns");
    for (unit, scale) in [
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        // Whatever it is, it is not one of those.
        ("", 1),
        ("By", 1),
        ("S", 1),
    ] {
        let histogram = in_unit(&registry, unit);
        // One inside the other, then the other way round: each bounds the other.
        let (outer, inner) = (nanos.start_timer(), histogram.start_timer());
        pass_time();
        let (inner, outer) = (inner.stop(), outer.stop());
        assert!(inner * scale <= outer, "{inner} {unit} within {outer} ns");

        let (outer, inner) = (histogram.start_timer(), nanos.start_timer());
        pass_time();
        let (inner, outer) = (inner.stop(), outer.stop());
        assert!(
            inner < (outer + 1) * scale,
            "{inner} ns within {outer} {unit}"
        );
    }
}

#[test]
fn a_stopped_timer_records_what_it_returns() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    let sum: u64 = (0..10).map(|_| histogram.start_timer().stop()).sum();
    let epoch = registry.flush();
    let found = epoch.distribution("a", &[]).unwrap();
    assert_eq!((found.count(), found.sum()), (10, u128::from(sum)));
}

#[test]
fn a_dropped_timer_records() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    drop(histogram.start_timer());
    assert_eq!(registry.flush().histogram("a").unwrap().len(), 1);
}

#[test]
fn a_discarded_timer_records_nothing() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    histogram.start_timer().discard();
    let epoch = registry.flush();
    assert_eq!(epoch.histogram("a").unwrap().len(), 0);
}

#[test]
fn a_timer_records_while_a_panic_unwinds() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _timer = histogram.start_timer();
        resume_unwind(Box::new("past the timer"));
    }));
    assert!(unwound.is_err());
    assert_eq!(registry.flush().histogram("a").unwrap().len(), 1);
}
