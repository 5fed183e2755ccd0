//! What needs a look inside: forgetting, and a naive recorder to compare with.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak, mpsc};
use std::thread;

use metrics::{Label, counter, describe_counter, gauge, with_local_recorder};
use pqcnet_telemetry_core::{Kind, Value};
use proptest::prelude::*;

use super::*;

const IDLE: Duration = Duration::from_secs(60);

/// A recorder into a registry of its own.
fn recorder() -> (Registry, MetricsRecorder) {
    let registry = Registry::new();
    let facade = Facade::new(&registry, false);
    (registry, MetricsRecorder::new(Arc::new(facade)))
}

/// The counter of this name, as the recorder keeps it.
fn kept(recorder: &MetricsRecorder, name: &'static str) -> Weak<Handle<CounterSeries>> {
    let key = Key::from_static_name(name);
    let handle = recorder.handle(&recorder.facade.counters, &key);
    Arc::downgrade(&handle.unwrap())
}

fn is_kept<S>(handle: &Weak<Handle<S>>) -> bool {
    handle.strong_count() > 0
}

/// Totals of counters, and where gauges stand, over all epochs.
#[derive(Default)]
struct Totals {
    counters: BTreeMap<String, u128>,
    gauges: BTreeMap<String, f64>,
}

impl Totals {
    fn add(&mut self, registry: &Registry, recorder: &MetricsRecorder) {
        recorder.facade.settle_gauges();
        let epoch = registry.flush();
        let catalog = epoch.catalog();
        for (index, value) in epoch.changes() {
            let series = &catalog.series()[index];
            let mut name = catalog.instruments()[series.instrument()].name().to_owned();
            for (key, value) in series.attributes().iter() {
                name = format!("{name} {key}={value}");
            }
            match value {
                Value::Counter(gain) => *self.counters.entry(name).or_default() += gain,
                Value::Gauge(Some(value)) => drop(self.gauges.insert(name, value)),
                _ => {}
            }
        }
    }
}

fn totals(registry: &Registry, recorder: &MetricsRecorder) -> Totals {
    let mut totals = Totals::default();
    totals.add(registry, recorder);
    totals
}

#[test]
fn what_is_neither_held_nor_asked_for_is_forgotten_after_the_idle_time() {
    let (_registry, recorder) = recorder();
    let start = Instant::now();
    let held = with_local_recorder(&recorder, || counter!("held"));
    let [idle, asked, of_held] = ["idle", "asked", "held"].map(|name| kept(&recorder, name));

    recorder.facade.forget_unused(start, IDLE); // sees that they were asked for
    recorder.facade.forget_unused(start + IDLE / 2, IDLE);
    assert!(is_kept(&idle) && is_kept(&asked) && is_kept(&of_held));

    kept(&recorder, "asked");
    recorder.facade.forget_unused(start + IDLE, IDLE);
    assert!(!is_kept(&idle));
    assert!(is_kept(&asked) && is_kept(&of_held));

    recorder.facade.forget_unused(start + 2 * IDLE, IDLE);
    assert!(!is_kept(&asked));
    assert!(is_kept(&of_held));

    drop(held);
    recorder.facade.forget_unused(start + 3 * IDLE, IDLE);
    assert!(!is_kept(&of_held));
}

#[test]
fn a_thread_that_sleeps_keeps_nothing() {
    let (_registry, recorder) = recorder();
    let (wake, sleep) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let here = &recorder;
    thread::scope(|scope| {
        let sleeper = scope.spawn(move || {
            tell.send(kept(here, "x")).unwrap();
            let _ = sleep.recv();
            is_kept(&kept(here, "x"))
        });
        let handle = told.recv().unwrap();
        let now = Instant::now();
        recorder.facade.forget_unused(now, IDLE);
        recorder.facade.forget_unused(now + IDLE, IDLE);
        assert!(!is_kept(&handle));
        drop(wake);
        assert!(sleeper.join().unwrap(), "it is registered anew");
    });
}

#[test]
fn a_series_in_use_keeps_its_state_and_a_forgotten_one_starts_anew() {
    let (registry, recorder) = recorder();
    let start = Instant::now();
    let record = || {
        with_local_recorder(&recorder, || {
            gauge!("gauge").increment(1.0);
            counter!("counter").absolute(10);
        });
    };
    let mut sums = Totals::default();
    for step in 0..5 {
        record();
        recorder.facade.forget_unused(start + IDLE * step, IDLE);
    }
    sums.add(&registry, &recorder);
    assert_eq!((sums.gauges["gauge"], sums.counters["counter"]), (5.0, 10));

    recorder.facade.forget_unused(start + IDLE * 6, IDLE);
    record();
    sums.add(&registry, &recorder);
    assert_eq!((sums.gauges["gauge"], sums.counters["counter"]), (1.0, 20));
}

#[test]
fn a_gauge_that_is_forgotten_before_the_flush_is_reported_with_its_last_value() {
    let (registry, recorder) = recorder();
    let now = Instant::now();
    with_local_recorder(&recorder, || gauge!("gauge").set(7.0));
    recorder.facade.forget_unused(now, IDLE);
    recorder.facade.forget_unused(now + IDLE, IDLE);
    assert_eq!(registry.flush().gauge("gauge"), Some(7.0));
}

#[test]
fn a_description_outlives_its_series() {
    let (registry, recorder) = recorder();
    let now = Instant::now();
    with_local_recorder(&recorder, || {
        describe_counter!("bytes", Unit::Bytes, "received");
        for step in 0..3 {
            counter!("bytes").increment(1);
            recorder.facade.forget_unused(now, IDLE);
            recorder.facade.forget_unused(now + IDLE * (step + 1), IDLE);
        }
    });
    assert_eq!(registry.flush().counter("bytes"), Some(3));
    assert_eq!(recorder.dropped(), Dropped::default());
}

/// What a map would record.
#[derive(Default)]
struct Naive {
    kinds: BTreeMap<String, Kind>,
    sums: BTreeMap<String, u128>,
    highest: BTreeMap<String, u64>,
    gauges: BTreeMap<String, f64>,
    conflicts: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Increment(u32),
    Absolute(u32),
    Set(i32),
    Add(i32),
    Flush,
    Forget,
}

impl Naive {
    fn record(&mut self, name: &str, series: String, step: Step) {
        let kind = match step {
            Step::Increment(_) | Step::Absolute(_) => Kind::Counter,
            Step::Set(_) | Step::Add(_) => Kind::Gauge,
            Step::Flush | Step::Forget => return,
        };
        if *self.kinds.entry(name.into()).or_insert(kind) != kind {
            self.conflicts += 1;
            return;
        }
        match step {
            Step::Increment(n) => *self.sums.entry(series).or_default() += u128::from(n),
            Step::Absolute(n) => {
                let highest = self.highest.entry(series.clone()).or_default();
                let rise = u64::from(n).saturating_sub(*highest);
                *highest += rise;
                *self.sums.entry(series).or_default() += u128::from(rise);
            }
            Step::Set(value) => drop(self.gauges.insert(series, f64::from(value))),
            Step::Add(change) => *self.gauges.entry(series).or_default() += f64::from(change),
            Step::Flush | Step::Forget => {}
        }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u32>().prop_map(Step::Increment),
        2 => any::<u32>().prop_map(Step::Absolute),
        2 => any::<i32>().prop_map(Step::Set),
        2 => any::<i32>().prop_map(Step::Add),
        1 => Just(Step::Flush),
        1 => Just(Step::Forget),
    ]
}

proptest! {
    #[test]
    fn a_recorder_records_what_a_map_records(
        steps in prop::collection::vec(
            (0_usize..4, prop::collection::vec((0_usize..3, 0_usize..3), 0..4), steps()),
            0..80,
        ),
    ) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let (registry, recorder) = recorder();
        let mut naive = Naive::default();
        let mut recorded = Totals::default();
        for (name, labels, step) in steps {
            let name = NAMES[name];
            let labels = labels.iter().map(|(key, value)| (NAMES[*key], NAMES[*value]));
            let mut series = name.to_owned();
            for (key, value) in labels.clone().collect::<BTreeMap<_, _>>() {
                series = format!("{series} {key}={value}");
            }
            naive.record(name, series, step);
            let labels: Vec<_> = labels.map(|(key, value)| Label::new(key, value)).collect();
            with_local_recorder(&recorder, || match step {
                Step::Increment(n) => counter!(name, labels).increment(n.into()),
                Step::Absolute(n) => counter!(name, labels).absolute(n.into()),
                Step::Set(value) => gauge!(name, labels).set(value),
                Step::Add(change) => gauge!(name, labels).increment(change),
                Step::Flush => recorded.add(&registry, &recorder),
                // Nothing is idle for so long, so nothing may change.
                Step::Forget => recorder.forget_unused(IDLE * 60),
            });
        }
        recorded.add(&registry, &recorder);
        recorded.counters.retain(|_, total| *total > 0);
        naive.sums.retain(|_, total| *total > 0);
        prop_assert_eq!(recorded.counters, naive.sums);
        prop_assert_eq!(recorded.gauges, naive.gauges);
        prop_assert_eq!(recorder.dropped().conflicts, naive.conflicts);
    }
}

#[test]
fn a_name_in_use_is_another_kinds_in_this_registry_too() {
    let (registry, recorder) = recorder();
    registry.gauge("taken").unwrap().set(1.0);
    with_local_recorder(&recorder, || counter!("taken").increment(1));
    assert_eq!(recorder.dropped().conflicts, 1);
    let totals = totals(&registry, &recorder);
    assert_eq!(totals.gauges.get("taken"), Some(&1.0));
}
