//! What does a record through the `metrics` crate cost, by its recorder?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench facade
//! ```
//!
//! Every line is the time of one record on one thread, in the mean of all
//! threads that record at once; see `record` for how. Each group has a line for
//! this library's recorder (`ours`), for that of `metrics-exporter-prometheus`
//! (`prometheus`), and for none (`none`), which is what `metrics` itself takes.
//!
//! | group | what is timed | as in |
//! |---|---|---|
//! | `counter`, `gauge`, `histogram` | a record through a handle that is kept | metrics-benchmark, fast mode |
//! | `counter_macro`, `gauge_macro`, `histogram_macro` | the macro, each time | metrics-benchmark, slow mode |
//! | `counter_labels` | the macro with two labels known to the compiler | metrics/benches/macros.rs, `with_static_labels` |
//! | `counter_dynamic` | the macro with a label known at run time only | the same, `with_dynamic_labels` |
//!
//! The Prometheus exporter keeps each value of a histogram until it is drained,
//! which happens here before every sample, outside the time that is reported.

#[path = "record/bench.rs"]
mod bench;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use metrics::{LocalRecorderGuard, with_local_recorder};
use metrics::{NoopRecorder, Recorder, counter, gauge, histogram, set_default_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use pqcnet_telemetry::{TelemetryConfig, TelemetryHandle};

use bench::{Group, bench, group};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(30)
        .configure_from_args();
    for threads in [1, 2] {
        for question in QUESTIONS {
            let mut group = group(&mut criterion, question.name, threads);
            run(&mut group, question, threads);
            group.finish();
        }
    }
    criterion.final_summary();
}

/// What is asked of every recorder.
#[derive(Clone, Copy)]
struct Question {
    name: &'static str,
    run: fn(&mut Group<'_>, &str, u32, &(dyn Recorder + Sync), &(dyn Fn() + Sync)),
}

const QUESTIONS: [Question; 8] = [
    Question {
        name: "counter",
        run: |group, id, threads, recorder, drain| {
            let counter = with_local_recorder(recorder, || counter!("counter"));
            bench(group, id, threads, || {
                drain();
                |_| black_box(&counter).increment(1)
            });
        },
    },
    Question {
        name: "gauge",
        run: |group, id, threads, recorder, drain| {
            let gauge = with_local_recorder(recorder, || gauge!("gauge"));
            bench(group, id, threads, || {
                drain();
                |value| black_box(&gauge).set(black_box(value) as f64)
            });
        },
    },
    Question {
        name: "histogram",
        run: |group, id, threads, recorder, drain| {
            let histogram = with_local_recorder(recorder, || histogram!("histogram"));
            bench(group, id, threads, || {
                drain();
                |value| black_box(&histogram).record(seconds(value))
            });
        },
    },
    Question {
        name: "counter_macro",
        run: |group, id, threads, recorder, drain| {
            bench(group, id, threads, || {
                in_force(recorder, drain, |_| counter!("counter").increment(1))
            });
        },
    },
    Question {
        name: "gauge_macro",
        run: |group, id, threads, recorder, drain| {
            bench(group, id, threads, || {
                in_force(recorder, drain, |value| {
                    gauge!("gauge").set(black_box(value) as f64);
                })
            });
        },
    },
    Question {
        name: "histogram_macro",
        run: |group, id, threads, recorder, drain| {
            bench(group, id, threads, || {
                in_force(recorder, drain, |value| {
                    histogram!("histogram").record(seconds(value));
                })
            });
        },
    },
    Question {
        name: "counter_labels",
        run: |group, id, threads, recorder, drain| {
            bench(group, id, threads, || {
                in_force(recorder, drain, |_| {
                    counter!("labelled", "request" => "http", "svc" => "admin").increment(1);
                })
            });
        },
    },
    Question {
        name: "counter_dynamic",
        run: |group, id, threads, recorder, drain| {
            let uid = "11400714819323198485".to_owned();
            bench(group, id, threads, || {
                in_force(recorder, drain, |_| {
                    let uid = black_box(&uid).clone();
                    counter!("dynamic", "request" => "http", "uid" => uid).increment(1);
                })
            });
        },
    },
];

/// `record`, with `recorder` in force on this thread for as long as it lives.
fn in_force<'a>(
    recorder: &'a (dyn Recorder + Sync),
    drain: &dyn Fn(),
    record: impl Fn(u64) + 'a,
) -> impl Fn(u64) + 'a {
    drain();
    let in_force: LocalRecorderGuard<'a> = set_default_local_recorder(recorder);
    move |value| {
        let _in_force = &in_force;
        record(value);
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    black_box(nanoseconds) as f64 * 1e-9
}

fn run(group: &mut Group<'_>, question: Question, threads: u32) {
    let telemetry = TelemetryHandle::from_config(TelemetryConfig::default())
        .expect("the default configuration is valid");
    let ours = telemetry.metrics_recorder();
    (question.run)(group, "ours", threads, &ours, &|| {});

    let prometheus = PrometheusBuilder::new().build_recorder();
    let exporter = prometheus.handle();
    (question.run)(group, "prometheus", threads, &prometheus, &|| {
        exporter.run_upkeep();
    });
    // Dropped with its recorder, the list of values would leak.
    exporter.run_upkeep();

    (question.run)(group, "none", threads, &NoopRecorder, &|| {});
}
