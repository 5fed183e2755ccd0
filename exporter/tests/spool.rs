//! The spool through the handle: what it keeps, and what happens without it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;

use pqcnet_telemetry::{
    Signal, SpoolReport, TelemetryHandle, TelemetrySnapshot, read_dead_letters,
};

mod support;

use support::read::{events_in, labels_in};
use support::sink::{Answer, Sink};
use support::telemetry::{
    PATIENT, config, failing_sink, flush_until_delivered, kem, report_of, simulated, status,
};

fn spooling(url: &str, dir: &Path) -> TelemetryHandle {
    simulated(config(url).with_spool(dir))
}

fn spool_of(telemetry: &TelemetryHandle) -> SpoolReport {
    telemetry.delivery_report().spool.unwrap()
}

fn ids(snapshot: &TelemetrySnapshot) -> BTreeSet<String> {
    let events = snapshot.kem_events.iter();
    events.map(|event| event.id.to_string()).collect()
}

/// Events go from here to the sink, in memory, and the report says why.
fn assert_memory_serves(telemetry: &TelemetryHandle, sink: &Sink, reason: &str) {
    telemetry.record_kem_event(kem("kept in memory"));
    telemetry.flush().unwrap();
    assert_eq!(labels_in(&sink.received()), ["kept in memory"]);
    let spool = spool_of(telemetry);
    assert_eq!((spool.events, spool.not_spooled), (0, 1));
    let error = spool.error.unwrap();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn events_of_a_handle_that_is_gone_arrive_with_the_next_under_the_same_ids() {
    let folder = tempfile::tempdir().unwrap();
    let (down, _) = failing_sink(status("503 Service Unavailable"));
    let telemetry = spooling(&down.url(), folder.path());
    for event in 0..100 {
        telemetry.record_kem_event(kem(&event.to_string()));
    }
    telemetry.flush().unwrap_err();
    assert_eq!(spool_of(&telemetry).events, 100);
    assert_eq!(report_of(&telemetry, Signal::Logs).spooled, 100);
    let tried = down.received();
    drop(telemetry);

    let sink = Sink::start();
    let telemetry = spooling(&sink.url(), folder.path());
    telemetry.record_kem_event(kem("of the next"));
    let snapshot = telemetry.flush().unwrap();
    // Those of the handle that is gone are not this one's news.
    assert_eq!(ids(&snapshot).len(), 1);
    let events: Vec<_> = sink.received().iter().flat_map(events_in).collect();
    let expected = (0..100).map(|event| event.to_string());
    let expected: Vec<_> = expected.chain(["of the next".to_owned()]).collect();
    let labels: Vec<_> = events.iter().map(|(_, label)| label.clone()).collect();
    assert_eq!(labels, expected);
    for (id, label) in tried.iter().flat_map(events_in) {
        assert!(events.contains(&(id, label)));
    }
    let spool = spool_of(&telemetry);
    assert_eq!((spool.events, spool.not_spooled, spool.error), (0, 0, None));
}

#[test]
fn what_is_refused_for_good_is_read_from_the_handle_and_from_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::answering(|request| {
        if request.body.contains("poison") {
            status("400 Bad Request")
        } else {
            Answer::ok()
        }
    });
    let telemetry = spooling(&sink.url(), folder.path());
    for label in ["a", "poison", "b"] {
        telemetry.record_kem_event(kem(label));
    }
    telemetry.flush().unwrap_err();
    let letters = telemetry.dead_letters().unwrap();
    assert_eq!(spool_of(&telemetry).dead_letters, 1);
    telemetry.shutdown(PATIENT);
    assert_eq!(read_dead_letters(folder.path()).unwrap(), letters);
    let [letter] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!(letter.event.as_ref().unwrap().record, kem("poison"));
    assert_eq!(letter.destination, "default");
    assert!(letter.reason.contains("400"), "{}", letter.reason);
    // Only the folder has them now.
    assert_eq!(telemetry.dead_letters().unwrap(), []);
}

#[test]
fn a_second_handle_on_the_folder_goes_on_in_memory_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start();
    let first = spooling(&sink.url(), folder.path());
    first.flush().unwrap();
    let second = spooling(&sink.url(), folder.path());
    assert_memory_serves(&second, &sink, "another process has it open");
    assert_eq!(spool_of(&first).error, None);

    // The next events find it free.
    first.shutdown(PATIENT);
    second.record_kem_event(kem("spooled"));
    second.flush().unwrap();
    let spool = spool_of(&second);
    assert_eq!((spool.not_spooled, spool.error), (1, None));
    assert_eq!(labels_in(&sink.received()), ["spooled"]);
}

#[test]
fn a_folder_that_cannot_be_is_said_and_costs_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let sink = Sink::start();
    let telemetry = spooling(&sink.url(), &file.join("spool"));
    assert_memory_serves(&telemetry, &sink, "file");
}

#[test]
fn a_file_that_is_no_spool_is_moved_aside_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = b"this is no database".repeat(1_000);
    std::fs::write(folder.path().join("events.redb"), &garbage).unwrap();
    let sink = Sink::start();
    let telemetry = spooling(&sink.url(), folder.path());
    telemetry.record_kem_event(kem("spooled"));
    telemetry.flush().unwrap();
    assert_eq!(labels_in(&sink.received()), ["spooled"]);
    let spool = spool_of(&telemetry);
    assert_eq!((spool.not_spooled, spool.error), (0, None));
    let files = std::fs::read_dir(folder.path()).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let aside = paths.find(|path| path.to_str().unwrap().contains(".damaged-"));
    assert_eq!(std::fs::read(aside.unwrap()).unwrap(), garbage);
}

#[test]
fn what_a_full_spool_does_not_take_is_kept_in_memory_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, is_up) = failing_sink(status("503 Service Unavailable"));
    let config = config(&sink.url()).with_spool(folder.path());
    let telemetry = simulated(config.with_spool_max_bytes(2_000));
    for event in 0..50 {
        telemetry.record_kem_event(kem(&event.to_string()));
        telemetry.flush().unwrap_err();
    }
    let spool = spool_of(&telemetry);
    assert!(spool.events > 0 && spool.bytes <= 2_000, "{spool:?}");
    assert_eq!(spool.events + spool.not_spooled, 50);
    let error = spool.error.unwrap();
    assert!(error.contains("it holds its 2000 bytes"), "{error}");
    let logs = report_of(&telemetry, Signal::Logs);
    assert_eq!(
        (logs.spooled, logs.waiting),
        (spool.events, spool.not_spooled)
    );

    sink.received();
    is_up.store(true, Ordering::SeqCst);
    let snapshot = flush_until_delivered(&telemetry);
    let requests = sink.received();
    let delivered = requests.iter().flat_map(events_in).map(|(id, _)| id);
    assert_eq!(delivered.collect::<BTreeSet<_>>(), ids(&snapshot));
    assert_eq!(report_of(&telemetry, Signal::Logs).delivered, 50);

    // It takes events again, and nothing is wrong any more.
    telemetry.record_kem_event(kem("spooled"));
    telemetry.flush().unwrap();
    let after = spool_of(&telemetry);
    assert_eq!((after.not_spooled, after.error), (spool.not_spooled, None));
}
