//! What the registry is told of readings that are made up.

use std::cell::Cell;

use pqcnet_telemetry_core::RetiredEpoch;
use proptest::prelude::*;

use super::*;

/// Not yet a rest.
const LESS: Duration = Duration::from_millis(999);

fn metrics() -> (Registry, ProcessMetrics) {
    let registry = Registry::new();
    let metrics = ProcessMetrics::instruments(&registry).unwrap();
    (registry, metrics)
}

fn refusal() -> ProcessError {
    ProcessError::Unreadable {
        reason: "not today".into(),
    }
}

fn reading(number: u64) -> Reading {
    Reading {
        user: number,
        system: number * 2,
        memory: number * 4_096,
        threads: number + 1,
        descriptors: number + 3,
        uptime: Duration::from_millis(number),
    }
}

fn cpu(epoch: &RetiredEpoch, mode: &str) -> u64 {
    let gain = epoch.counter_with("process.cpu.time", &[("cpu.mode", mode)]);
    gain.unwrap_or_default()
}

fn up_down(epoch: &RetiredEpoch, name: &str) -> i64 {
    epoch.up_down_counter(name).unwrap_or_default()
}

#[test]
fn it_is_read_once_a_second_however_often_it_is_asked() {
    let (_, metrics) = metrics();
    let reads = Cell::new(0);
    let start = Instant::now();
    let observe_at = |at| {
        metrics.observe_by(at, || {
            reads.set(reads.get() + 1);
            Ok(Reading::default())
        });
        reads.get()
    };
    for _ in 0..1_000 {
        assert_eq!(observe_at(start), 1);
    }
    assert_eq!(observe_at(start + LESS), 1);
    assert_eq!(observe_at(start + REST), 2);
    assert_eq!(observe_at(start), 2, "a moment before the last one");
    assert_eq!(observe_at(start + REST + LESS), 2);
    assert_eq!(observe_at(start + 2 * REST), 3);
}

#[test]
fn failed_readings_cost_as_little_and_leave_the_values_as_they_were() {
    let (registry, metrics) = metrics();
    let start = Instant::now();
    metrics.observe_by(start, || Ok(reading(5)));
    registry.flush();
    let reads = Cell::new(0);
    for _ in 0..10 {
        metrics.observe_by(start + REST, || {
            reads.set(reads.get() + 1);
            Err(refusal())
        });
    }
    assert_eq!(reads.get(), 1);
    let epoch = registry.flush();
    assert_eq!(up_down(&epoch, "process.memory.usage"), 0);
    assert_eq!(epoch.gauge("process.uptime"), Some(0.005));
    metrics.observe_by(start + 2 * REST, || Ok(reading(7)));
    let epoch = registry.flush();
    assert_eq!(up_down(&epoch, "process.memory.usage"), 2 * 4_096);
    assert_eq!(cpu(&epoch, "system"), 4);
}

#[test]
fn the_start_time_does_not_tremble_with_the_clocks() {
    let (registry, metrics) = metrics();
    let start = Instant::now();
    let mut seen = Vec::new();
    for (second, uptime) in [(0, 10_000), (1, 11_003), (2, 11_998)] {
        metrics.observe_by(start + second * REST, || Ok(reading(uptime)));
        seen.push(registry.flush().gauge("process.start_time").unwrap());
    }
    assert_eq!(seen, [seen[0]; 3]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!((0.0..60.0).contains(&(now.as_secs_f64() - 10.0 - seen[0])));
}

#[test]
fn a_name_that_is_taken_is_said_and_a_build_of_one_key_twice_too() {
    let registry = Registry::new();
    registry.counter("process.uptime").unwrap();
    let taken = ProcessMetrics::instruments(&registry).err();
    assert!(matches!(taken, Some(RegisterError::KindConflict { .. })));
    let twice = BuildInfo::new("1").with("version", "2");
    assert!(matches!(
        twice.register(&Registry::new()),
        Err(RegisterError::DuplicateAttributeKey { .. })
    ));
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let part = || 0..1_000_000_u64;
    let reading = (part(), part(), part(), part(), part()).prop_map(
        |(user, system, memory, threads, descriptors)| Reading {
            user,
            system,
            memory,
            threads,
            descriptors,
            uptime: Duration::from_millis(user),
        },
    );
    prop::collection::vec(reading, 1..30)
}

proptest! {
    /// The oracle: what stands is the last reading; CPU time, the highest.
    #[test]
    fn totals_are_those_of_the_readings(
        readings in readings(),
        flushes in prop::collection::vec(any::<bool>(), 30),
    ) {
        let (registry, metrics) = metrics();
        let start = Instant::now();
        let (mut memory, mut threads, mut descriptors) = (0, 0, 0);
        let (mut user, mut system) = (0, 0);
        let mut add = |epoch: RetiredEpoch| {
            memory += up_down(&epoch, "process.memory.usage");
            threads += up_down(&epoch, "process.thread.count");
            descriptors += up_down(&epoch, "process.unix.file_descriptor.count");
            user += cpu(&epoch, "user");
            system += cpu(&epoch, "system");
            epoch.gauge("process.uptime")
        };
        for ((second, reading), is_flush) in (0..).zip(&readings).zip(flushes) {
            metrics.observe_by(start + second * REST, || Ok(*reading));
            if is_flush {
                add(registry.flush());
            }
        }
        let uptime = add(registry.flush());
        let last = readings.last().unwrap();
        prop_assert_eq!(memory.cast_unsigned(), last.memory);
        prop_assert_eq!(threads.cast_unsigned(), last.threads);
        prop_assert_eq!(descriptors.cast_unsigned(), last.descriptors);
        prop_assert_eq!(Some(user), readings.iter().map(|reading| reading.user).max());
        prop_assert_eq!(Some(system), readings.iter().map(|reading| reading.system).max());
        prop_assert_eq!(uptime, Some(last.uptime.as_secs_f64()));
    }
}
