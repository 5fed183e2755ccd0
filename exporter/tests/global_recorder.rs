//! The recorder of the whole process, of which there is one: so this program
//! has one test.

use std::thread;

use metrics::{counter, gauge};
use pqcnet_telemetry::TelemetryHandle;
use pqcnet_telemetry::facade::FacadeError;

mod support;

use support::read::counter_in;
use support::sink::Sink;
use support::telemetry::config;

#[test]
fn it_records_for_all_threads_and_is_installed_once() {
    counter!("c").increment(1_000); // to nobody

    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(config(&sink.url())).unwrap();
    telemetry.install_metrics_recorder().unwrap();

    let second = telemetry.install_metrics_recorder().unwrap_err();
    assert_eq!(second, FacadeError::AlreadyInstalled);
    assert!(second.to_string().contains("installed already"), "{second}");

    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                counter!("c").increment(1);
                gauge!("g").increment(1);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let snapshot = telemetry.flush().unwrap();
    assert_eq!(snapshot.counters["c"], 4);
    assert_eq!(snapshot.gauges.get("g"), Some(&4.0));
    let requests = sink.received();
    assert_eq!(requests.iter().find_map(|r| counter_in(r, "c")), Some(4));
}
