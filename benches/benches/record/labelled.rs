//! A counter with two labels, of which six sets are in use.
//!
//! Lines in `_look_up`, `_macro` and `_attributes` find the series by its
//! labels each time; the rest keep a handle.
//!
//! - `family`: ours for a label whose values an enum names; one label, found by
//!   its index.
//! - `prometheus_child`, `opentelemetry_bound`, `fast-telemetry_bound`: kept
//!   handles, as `bound` is. OpenTelemetry's is experimental.
//! - `prometheus_look_up`: hashes the values and takes a read lock.
//! - `prometheus-client_look_up`: the same with a struct of labels; the guard
//!   holds the read lock during the record.
//! - `metrics_macro`: labels known to the compiler, whose hash is kept; takes a
//!   shard's read lock and clones an `Arc`.
//! - `opentelemetry_attributes`: attributes made beforehand, looked up under a
//!   read lock in the order in which they were first seen.
//! - `measured_look_up`: both labels are enums, hence an index into a dense
//!   vector of cache lines; no strings are hashed.
//! - `fast-telemetry_look_up`: a small cache of the thread's own, by strings; at
//!   its best here, where the labels are those of the time before.

use std::hint::black_box;

use criterion::Criterion;
use measured::{CounterVec, FixedCardinalityLabel, LabelGroup};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use pqcnet_telemetry_benches::workload::Outcome;
use pqcnet_telemetry_core::{LabelSet, Registry};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::bench::{Group, bench, group};
use crate::rivals;

const PEERS: [&str; 2] = ["a", "b"];
/// The values of `peer` and `outcome` that are recorded.
const VALUES: [&str; 2] = ["a", "accepted"];

/// Every set of values, the recorded one among them.
fn all_values() -> impl Iterator<Item = [&'static str; 2]> {
    PEERS
        .iter()
        .flat_map(|peer| Outcome::ALL.iter().map(|outcome| [*peer, outcome.value()]))
}

fn pairs([peer, outcome]: [&str; 2]) -> [(&str, &str); 2] {
    [("peer", peer), ("outcome", outcome)]
}

fn key_values(values: [&'static str; 2]) -> [KeyValue; 2] {
    pairs(values).map(|(key, value)| KeyValue::new(key, value))
}

pub(crate) fn run(criterion: &mut Criterion) {
    for threads in [1, 2, 4] {
        let mut group = group(criterion, "labelled", threads);
        ours(&mut group, threads);
        prometheus(&mut group, threads);
        prometheus_client(&mut group, threads);
        metrics(&mut group, threads);
        opentelemetry(&mut group, threads);
        measured(&mut group, threads);
        fast_telemetry(&mut group, threads);
        group.finish();
    }
}

fn ours(group: &mut Group<'_>, threads: u32) {
    let registry = Registry::new();
    let family = registry
        .counter_family::<Outcome>("family")
        .expect("a new name");
    let counter = registry.counter("counter").expect("a new name");
    for values in all_values() {
        counter.bind(&pairs(values)).expect("valid attributes");
    }
    let bound = counter.bind(&pairs(VALUES)).expect("valid attributes");

    bench(group, "family", threads, || {
        |_| black_box(&family).increment(black_box(Outcome::Accepted))
    });
    bench(group, "bound", threads, || {
        |_| black_box(&bound).increment()
    });
}

fn prometheus(group: &mut Group<'_>, threads: u32) {
    let opts = prometheus::Opts::new("counter", "help");
    let counters =
        prometheus::IntCounterVec::new(opts, &["peer", "outcome"]).expect("valid labels");
    for values in all_values() {
        counters.with_label_values(&values).inc();
    }
    let child = counters.with_label_values(&VALUES);

    bench(group, "prometheus_child", threads, || {
        |_| black_box(&child).inc()
    });
    bench(group, "prometheus_look_up", threads, || {
        |_| {
            black_box(&counters)
                .with_label_values(black_box(&VALUES))
                .inc();
        }
    });
}

fn prometheus_client(group: &mut Group<'_>, threads: u32) {
    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Labels {
        peer: &'static str,
        outcome: &'static str,
    }

    let labels = |[peer, outcome]: [&'static str; 2]| Labels { peer, outcome };
    let counters = Family::<Labels, Counter>::default();
    for values in all_values() {
        counters.get_or_create(&labels(values)).inc();
    }
    let recorded = labels(VALUES);

    bench(group, "prometheus-client_look_up", threads, || {
        |_| {
            black_box(&counters)
                .get_or_create(black_box(&recorded))
                .inc();
        }
    });
}

fn metrics(group: &mut Group<'_>, threads: u32) {
    let recorder = rivals::metrics_recorder();
    metrics::with_local_recorder(&recorder, || {
        for [peer, outcome] in all_values() {
            metrics::counter!("counter", "peer" => peer, "outcome" => outcome).increment(1);
        }
    });

    bench(group, "metrics_macro", threads, || {
        let recorder = metrics::set_default_local_recorder(&recorder);
        move |_| {
            let _in_force = &recorder;
            metrics::counter!("counter", "peer" => "a", "outcome" => "accepted").increment(1);
        }
    });
}

fn opentelemetry(group: &mut Group<'_>, threads: u32) {
    let provider = rivals::opentelemetry();
    let counter = provider.meter("record").u64_counter("counter").build();
    for values in all_values() {
        counter.add(1, &key_values(values));
    }
    let attributes = key_values(VALUES);
    let bound = counter.bind(&attributes);

    bench(group, "opentelemetry_attributes", threads, || {
        |_| black_box(&counter).add(1, black_box(&attributes))
    });
    bench(group, "opentelemetry_bound", threads, || {
        |_| black_box(&bound).add(1)
    });
}

fn measured(group: &mut Group<'_>, threads: u32) {
    #[derive(Clone, Copy, FixedCardinalityLabel)]
    enum Peer {
        A,
        B,
    }

    #[derive(Clone, Copy, FixedCardinalityLabel)]
    enum Outcome {
        Accepted,
        Deferred,
        Rejected,
    }

    #[derive(Clone, Copy, LabelGroup)]
    #[label(set = LabelsSet)]
    struct Labels {
        peer: Peer,
        outcome: Outcome,
    }

    let counters = CounterVec::<LabelsSet>::new();
    for peer in [Peer::A, Peer::B] {
        for outcome in [Outcome::Accepted, Outcome::Deferred, Outcome::Rejected] {
            counters.inc(Labels { peer, outcome });
        }
    }
    let labels = Labels {
        peer: Peer::A,
        outcome: Outcome::Accepted,
    };

    bench(group, "measured_look_up", threads, || {
        |_| black_box(&counters).inc(black_box(labels))
    });
}

fn fast_telemetry(group: &mut Group<'_>, threads: u32) {
    let counters = fast_telemetry::DynamicCounter::new(rivals::SHARDS);
    for values in all_values() {
        counters.inc(&pairs(values));
    }
    let labels = pairs(VALUES);
    let series = counters.series(&labels);

    bench(group, "fast-telemetry_look_up", threads, || {
        |_| black_box(&counters).inc(black_box(&labels))
    });
    bench(group, "fast-telemetry_bound", threads, || {
        |_| black_box(&series).inc()
    });
}
