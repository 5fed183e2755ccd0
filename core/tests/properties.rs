//! Random programs against an oracle, and random values against
//! `hdrhistogram`.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use hdrhistogram::Histogram as Hdr;
use pqcnet_telemetry_core::{
    Counter, Gauge, Histogram, Instrument, Layout, Registry, RetiredEpoch, UpDownCounter, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One of a few names and one of a few attribute sets, so that programs meet
/// a series again. The kind goes by the name.
type Key = (&'static str, u8);

const NAMES: [&str; 8] = [
    "counter.a",
    "counter.b",
    "level.a",
    "level.b",
    "gauge.a",
    "gauge.b",
    "histogram.a",
    "histogram.b",
];

#[derive(Clone, Debug)]
enum Step {
    StartThread,
    EndThread(Index),
    Register(Key),
    Record(Index, Record),
    Flush(Index),
}

/// A record to one of the handles so far; what of the numbers counts depends
/// on its kind.
#[derive(Clone, Copy, Debug)]
struct Record {
    handle: Index,
    wide: u64,
    narrow: i32,
    is_local: bool,
}

#[derive(Clone)]
enum Handle {
    Counter(Counter),
    Level(UpDownCounter),
    Gauge(Gauge),
    Histogram(Histogram),
}

impl Handle {
    fn register(registry: &Registry, (name, lane): Key) -> Self {
        let instrument = Instrument::new(name).attribute("lane", i64::from(lane));
        match name.split('.').next().unwrap() {
            "counter" => Self::Counter(registry.counter(instrument).unwrap()),
            "level" => Self::Level(registry.up_down_counter(instrument).unwrap()),
            "gauge" => Self::Gauge(registry.gauge(instrument).unwrap()),
            _ => Self::Histogram(registry.histogram(instrument).unwrap()),
        }
    }

    fn record(&self, registry: &Registry, record: Record) {
        let Record { wide, narrow, .. } = record;
        let times = times(narrow);
        match (self, record.is_local.then(|| registry.local())) {
            (Self::Counter(counter), None) => counter.add(wide),
            (Self::Counter(counter), Some(local)) => local.counter(counter).add(wide),
            (Self::Level(level), None) => level.add(narrow.into()),
            (Self::Level(level), Some(local)) => local.up_down_counter(level).add(narrow.into()),
            (Self::Gauge(gauge), _) => gauge.set(f64::from(narrow)),
            (Self::Histogram(histogram), None) => histogram.record_n(wide, times),
            (Self::Histogram(histogram), Some(local)) => {
                local.histogram(histogram).record_n(wide, times);
            }
        }
    }
}

/// How often a histogram's value is recorded, zero included.
fn times(narrow: i32) -> u64 {
    u64::from(narrow.unsigned_abs() % 4)
}

/// What was recorded, or reported; nothing is the same as zero.
#[derive(Clone, Debug, Default, PartialEq)]
struct Totals {
    counters: BTreeMap<Key, u128>,
    levels: BTreeMap<Key, i128>,
    sums: BTreeMap<Key, u128>,
    clamped: BTreeMap<Key, u64>,
    /// By the least value of a bucket.
    buckets: BTreeMap<(Key, u64), u64>,
}

fn default_hdr() -> Hdr<u64> {
    let (low, high) = Layout::DEFAULT_RANGE;
    Hdr::new_with_bounds(low, high, Layout::DEFAULT_DIGITS).unwrap()
}

impl Totals {
    fn record(&mut self, hdr: &Hdr<u64>, handle: &Handle, key: Key, record: Record) {
        let Record { wide, narrow, .. } = record;
        match handle {
            Handle::Counter(_) => *self.counters.entry(key).or_default() += u128::from(wide),
            Handle::Level(_) => *self.levels.entry(key).or_default() += i128::from(narrow),
            Handle::Gauge(_) => {}
            Handle::Histogram(_) => {
                let n = times(narrow);
                let value = wide.min(hdr.high());
                *self.sums.entry(key).or_default() += u128::from(value) * u128::from(n);
                *self.clamped.entry(key).or_default() += if wide > value { n } else { 0 };
                let bucket = (key, hdr.lowest_equivalent(value));
                *self.buckets.entry(bucket).or_default() += n;
            }
        }
    }

    fn report(&mut self, epoch: &RetiredEpoch) {
        for (index, series) in epoch.catalog().series().iter().enumerate() {
            let info = &epoch.catalog().instruments()[series.instrument()];
            let name = NAMES.into_iter().find(|name| *name == info.name());
            let (_, lane) = series.attributes().iter().next().unwrap();
            let key = (name.unwrap(), lane.to_string().parse().unwrap());
            match epoch.value(index) {
                Value::Counter(gain) => *self.counters.entry(key).or_default() += gain,
                Value::UpDownCounter(by) => *self.levels.entry(key).or_default() += by,
                Value::Histogram(found) => {
                    *self.sums.entry(key).or_default() += found.sum();
                    *self.clamped.entry(key).or_default() += found.clamped();
                    let mut count = 0;
                    for &(index, gain) in found.buckets() {
                        let lowest = found.layout().lowest_of(index as usize);
                        *self.buckets.entry((key, lowest)).or_default() += gain;
                        count += gain;
                    }
                    assert_eq!(found.count(), count);
                }
                _ => {}
            }
        }
    }

    fn without_zeroes(mut self) -> Self {
        self.counters.retain(|_, gain| *gain != 0);
        self.levels.retain(|_, change| *change != 0);
        self.sums.retain(|_, sum| *sum != 0);
        self.clamped.retain(|_, count| *count != 0);
        self.buckets.retain(|_, count| *count != 0);
        self
    }
}

/// A thread that does as it is told.
struct Worker {
    jobs: mpsc::Sender<Box<dyn FnOnce() + Send>>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start() -> Self {
        let (jobs, told) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let work = move || told.into_iter().for_each(|job| job());
        Self {
            jobs,
            thread: thread::spawn(work),
        }
    }

    fn tell(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.send(Box::new(job)).unwrap();
    }

    fn end(self) {
        drop(self.jobs);
        self.thread.join().unwrap();
    }
}

/// Whether a step waits until the one before is done.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    /// Then every epoch reports exactly what was recorded since the last.
    InStep,
    /// Then only the totals of all epochs are known.
    Free,
}

fn run(program: Vec<Step>, pace: Pace) {
    let registry = Registry::builder()
        .counter_capacity(100)
        .histogram_capacity(100)
        .build();
    let hdr = default_hdr();
    let mut handles: Vec<(Key, Handle)> = Vec::new();
    let mut gauges: BTreeMap<Key, f64> = BTreeMap::new();
    let mut workers = vec![Worker::start()];
    let (retire, retired) = mpsc::channel();
    let (mut expected, mut found) = (Totals::default(), Totals::default());
    for step in program {
        match step {
            Step::StartThread => {
                if workers.len() < 6 {
                    workers.push(Worker::start());
                }
            }
            Step::EndThread(which) => {
                if workers.len() > 1 {
                    workers.swap_remove(which.index(workers.len())).end();
                }
            }
            Step::Register(key) => handles.push((key, Handle::register(&registry, key))),
            Step::Record(who, record) => {
                if handles.is_empty() {
                    continue;
                }
                let (key, handle) = record.handle.get(&handles);
                expected.record(&hdr, handle, *key, record);
                if let Handle::Gauge(_) = handle {
                    gauges.insert(*key, record.narrow.into());
                }
                let (handle, registry) = (handle.clone(), registry.clone());
                let (done, is_done) = mpsc::channel::<()>();
                who.get(&workers).tell(move || {
                    handle.record(&registry, record);
                    drop(done);
                });
                if pace == Pace::InStep {
                    // Comes as an error, when `done` is dropped.
                    is_done.recv().unwrap_err();
                }
            }
            Step::Flush(who) => {
                let (registry, retire) = (registry.clone(), retire.clone());
                who.get(&workers)
                    .tell(move || retire.send(registry.flush()).unwrap());
                if pace == Pace::InStep {
                    let epoch = retired.recv().unwrap();
                    found.report(&epoch);
                    let (expected, found) = [&mut expected, &mut found].map(std::mem::take).into();
                    assert_eq!(found.without_zeroes(), expected.without_zeroes());
                    assert_eq!((epoch.residue(), epoch.mid_record()), (0, 0));
                    assert_gauges(&epoch, &gauges);
                }
            }
        }
    }
    workers.into_iter().for_each(Worker::end);
    drop(retire);
    for epoch in retired {
        found.report(&epoch);
    }
    found.report(&registry.flush());
    assert_eq!(found.without_zeroes(), expected.without_zeroes());
    let quiet = registry.flush();
    let mut nothing = Totals::default();
    nothing.report(&quiet);
    assert_eq!(nothing.without_zeroes(), Totals::default());
}

fn assert_gauges(epoch: &RetiredEpoch, gauges: &BTreeMap<Key, f64>) {
    let mut set = BTreeMap::new();
    for (index, series) in epoch.catalog().series().iter().enumerate() {
        if let Value::Gauge(Some(value)) = epoch.value(index) {
            let info = &epoch.catalog().instruments()[series.instrument()];
            let (_, lane) = series.attributes().iter().next().unwrap();
            set.insert(format!("{}{lane}", info.name()), value);
        }
    }
    let expected = gauges
        .iter()
        .map(|((name, lane), value)| (format!("{name}{lane}"), *value));
    assert_eq!(set, expected.collect());
}

fn key() -> impl Strategy<Value = Key> {
    (prop::sample::select(&NAMES), 0_u8..3)
}

/// Values of every magnitude.
fn value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift)
}

fn record() -> impl Strategy<Value = Record> {
    (any::<Index>(), value(), any::<i32>(), any::<bool>()).prop_map(
        |(handle, wide, narrow, is_local)| Record {
            handle,
            wide,
            narrow,
            is_local,
        },
    )
}

fn program() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::StartThread),
        1 => any::<Index>().prop_map(Step::EndThread),
        4 => key().prop_map(Step::Register),
        20 => (any::<Index>(), record()).prop_map(|(who, record)| Step::Record(who, record)),
        4 => any::<Index>().prop_map(Step::Flush),
    ];
    vec(step, 1..200)
}

/// Ranges hdrhistogram takes, with their digits.
fn layout() -> impl Strategy<Value = (u64, u64, u8)> {
    let fixed = prop::sample::select(vec![
        (1, 2),
        (1, 1_000),
        (1, 3_600_000_000_000),
        (1, u64::MAX),
        (1_000, 60_000_000),
        (1 << 20, 1 << 40),
    ]);
    let any = (0_u32..20, 1_u32..40, any::<u16>()).prop_map(|(low, span, odd)| {
        let low = (1 << low) + u64::from(odd) % (1 << low);
        (low, (low << span) + u64::from(odd))
    });
    (prop_oneof![fixed, any], 1_u8..=5).prop_map(|((low, high), digits)| (low, high, digits))
}

fn all_buckets(hdr: &Hdr<u64>) -> Vec<(u64, u64)> {
    let buckets = hdr.iter_recorded();
    buckets
        .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
        .collect()
}

proptest! {
    #[test]
    fn every_epoch_reports_what_was_recorded_since_the_last(program in program()) {
        run(program, Pace::InStep);
    }

    #[test]
    fn all_epochs_together_report_what_was_recorded(program in program()) {
        run(program, Pace::Free);
    }

    #[test]
    fn a_histogram_is_an_hdrhistogram_bucket_by_bucket(
        (low, high, digits) in layout(),
        epochs in vec(vec((value(), 0_u64..5), 0..40), 1..4),
    ) {
        let registry = Registry::builder().histogram_capacity(1).build();
        let instrument = Instrument::new("a").range(low, high).digits(digits);
        let histogram = registry.histogram(instrument).unwrap();
        for values in epochs {
            let mut fed = Hdr::<u64>::new_with_bounds(low, high, digits).unwrap();
            let (mut sum, mut clamped) = (0, 0);
            for (value, n) in values {
                histogram.record_n(value, n);
                // hdrhistogram saturates at the end of the last bucket, which
                // may lie above the range.
                let kept = value.min(high);
                // A value recorded no times moves hdrhistogram's maximum.
                if n != 0 {
                    fed.saturating_record_n(kept, n);
                }
                sum += u128::from(kept) * u128::from(n);
                clamped += if value > high { n } else { 0 };
            }
            let epoch = registry.flush();
            let found = epoch.distribution("a", &[]).unwrap();
            prop_assert_eq!((found.count(), found.sum()), (fed.len(), sum));
            prop_assert_eq!(found.clamped(), clamped);
            prop_assert_eq!(found.layout().len(), fed.distinct_values());
            for &(index, gain) in found.buckets() {
                let (lowest, highest) = (
                    found.layout().lowest_of(index as usize),
                    found.layout().highest_of(index as usize),
                );
                prop_assert_eq!(gain, fed.count_at(lowest));
                prop_assert_eq!(lowest, fed.lowest_equivalent(lowest));
                // hdrhistogram is one short at the end of all numbers.
                let fed_highest = fed.highest_equivalent(lowest);
                prop_assert!(highest == fed_highest || highest == u64::MAX);
            }
            let hdr = found.hdr();
            prop_assert_eq!(all_buckets(hdr), all_buckets(&fed));
            // A bucket does not tell zero from what else lies below the range,
            // and hdrhistogram takes the greatest number for none at all.
            if (low..u64::MAX - 1).contains(&fed.max()) {
                prop_assert_eq!(hdr.min(), fed.min());
                prop_assert!(*hdr == fed);
            }
        }
    }
}

#[test]
fn values_in_the_last_bucket_of_all_have_a_minimum() {
    const VALUE: u64 = u64::MAX / 100 * 99;
    let registry = Registry::new();
    let histogram = registry
        .histogram(Instrument::new("a").range(1, u64::MAX).digits(1))
        .unwrap();
    let mut fed = Hdr::<u64>::new_with_bounds(1, u64::MAX, 1).unwrap();
    histogram.record(VALUE);
    fed.record(VALUE).unwrap();
    let epoch = registry.flush();
    let found = epoch.histogram("a").unwrap();
    assert_eq!(found.min(), fed.min());
    assert!(*found == fed);
}

#[test]
fn values_below_the_range_are_hdrhistograms() {
    let registry = Registry::new();
    let histogram = registry
        .histogram(Instrument::new("a").range(1_000, 60_000_000))
        .unwrap();
    let mut fed = Hdr::<u64>::new_with_bounds(1_000, 60_000_000, 3).unwrap();
    histogram.record(400);
    fed.record(400).unwrap();
    let epoch = registry.flush();
    let found = epoch.histogram("a").unwrap();
    assert_eq!(found.max(), fed.max());
    assert!(*found == fed);
}
