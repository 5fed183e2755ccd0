//! After a thread's first record to a series no record of it asks the
//! allocator for anything.

#[path = "support/counting.rs"]
mod support;

use pqcnet_telemetry_core::component::Level;
use pqcnet_telemetry_core::{Counter, Histogram, Registry, Timer, instruments, label_set};
use support::{Counting, Usage, usage_of};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

label_set! {
    enum Lane: "lane" {
        Fast = "fast",
        Slow = "slow",
    }
}

/// Holds `record` to the claim in this epoch and in the two that follow, so
/// that both of the shard's banks have had their turn. It is told how often
/// it has been called.
fn allocates_at_its_first_call_only(registry: &Registry, record: impl Fn(u64)) {
    record(0);
    for epoch in 0..3 {
        let usage = usage_of(|| (1..=1_000).for_each(|call| record(epoch * 1_000 + call)));
        assert_eq!(usage, Usage::default(), "in epoch {epoch}");
        registry.flush();
    }
}

/// The same for histograms, each bank of which has its first record.
fn allocates_at_its_first_call_in_a_bank_only(registry: &Registry, record: impl Fn(u64)) {
    record(0);
    registry.flush();
    allocates_at_its_first_call_only(registry, record);
}

#[test]
fn the_allocator_is_counted() {
    // Or the others would pass whatever happens.
    let usage = usage_of(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(
        usage,
        Usage {
            calls: 2,
            bytes: 100
        }
    );
}

#[test]
fn counters_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    allocates_at_its_first_call_only(&registry, |n| counter.add(n));
}

#[test]
fn counters_that_pass_64_bits_allocate_nothing() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    allocates_at_its_first_call_only(&registry, |_| counter.add(u64::MAX));
}

#[test]
fn checked_adds_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    allocates_at_its_first_call_only(&registry, |n| {
        counter.try_add(n).unwrap();
        assert!(n == 0 || counter.try_add(u64::MAX).is_err());
    });
}

#[test]
fn up_down_counters_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let level = registry.up_down_counter("a").unwrap();
    // Back through zero, where a slot is marked as touched again.
    allocates_at_its_first_call_only(&registry, |n| level.add(if n % 2 == 0 { 3 } else { -3 }));
}

#[test]
fn gauges_allocate_nothing() {
    let registry = Registry::new();
    let gauge = registry.gauge("a").unwrap();
    allocates_at_its_first_call_only(&registry, |n| gauge.set(n as f64));
}

#[test]
fn histograms_allocate_nothing_for_new_buckets() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    allocates_at_its_first_call_in_a_bank_only(&registry, |n| {
        histogram.record(n * n * n);
        histogram.record_n(n, n);
    });
}

#[test]
fn histograms_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    allocates_at_its_first_call_only(&registry, |n| histogram.record(n));
}

#[test]
fn local_histograms_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    let local = registry.local().histogram(&histogram);
    allocates_at_its_first_call_only(&registry, |n| local.record(n));
}

#[test]
fn families_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let counters = registry.counter_family::<Lane>("a").unwrap();
    let histograms = registry.histogram_family::<Lane>("b").unwrap();
    allocates_at_its_first_call_in_a_bank_only(&registry, |n| {
        for lane in [Lane::Fast, Lane::Slow] {
            counters.add(lane, n);
            counters.increment(lane);
            histograms.record(lane, n);
        }
    });
}

#[test]
fn bound_handles_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let attributes = [("peer", "a")];
    let counter = registry.counter("a").unwrap().bind(&attributes).unwrap();
    let level = registry.up_down_counter("b").unwrap();
    let level = level.bind(&attributes).unwrap();
    let gauge = registry.gauge("c").unwrap().bind(&attributes).unwrap();
    let histogram = registry.histogram("d").unwrap().bind(&attributes).unwrap();
    allocates_at_its_first_call_in_a_bank_only(&registry, |n| {
        counter.add(n);
        level.decrement();
        gauge.set(n as f64);
        histogram.record(n);
    });
}

#[test]
fn local_handles_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let local = registry.local();
    let counter = local.counter(&registry.counter("a").unwrap());
    let level = local.up_down_counter(&registry.up_down_counter("b").unwrap());
    let histogram = local.histogram(&registry.histogram("c").unwrap());
    allocates_at_its_first_call_in_a_bank_only(&registry, |n| {
        counter.add(n);
        level.add(-1);
        histogram.record(n);
    });
}

#[test]
fn timers_allocate_at_the_first_record_only() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").unwrap();
    Timer::calibrate();
    allocates_at_its_first_call_in_a_bank_only(&registry, |n| {
        let timer = histogram.start_timer();
        match n % 3 {
            0 => drop(timer),
            1 => timer.discard(),
            _ => assert!(timer.stop() < u64::MAX),
        }
    });
}

#[test]
fn alternating_between_many_registries_allocates_nothing() {
    // More than a thread keeps at hand.
    let registries: [Registry; 9] = std::array::from_fn(|_| Registry::new());
    let counters = registries.each_ref().map(|r| r.counter("a").unwrap());
    allocates_at_its_first_call_only(&registries[0], |n| {
        for counter in &counters {
            counter.add(n);
        }
    });
}

#[test]
fn records_above_the_level_allocate_nothing() {
    instruments! {
        /// All of it above the level it is registered at.
        struct Muted {
            /// A counter.
            #[name = "a"]
            count: Counter,
            /// A histogram.
            #[name = "b"]
            time: Histogram,
        }
    }
    let registry = Registry::new();
    let muted = Muted::register_at(&registry, Level::Off).unwrap();
    let usage = usage_of(|| {
        for n in 0..1_000 {
            muted.count.add(n);
            muted.time.record(n);
        }
    });
    assert_eq!(usage, Usage::default());
}
