//! A process is killed at any moment, and no event of its audit trail is lost.
//!
//! A child records and flushes over the same spool again and again, while the
//! collector answers, refuses, hangs or is not there; `SIGKILL` ends it. What a
//! flush had taken by then must arrive, under one id, however often it does.
//!
//! `scripts/kill` makes more rounds of it than `cargo test`.

#![cfg(unix)]

mod child;
mod collector;
mod journal;

#[path = "../support/mod.rs"]
mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use pqcnet_telemetry::{Signal, SpoolSync, TelemetryHandle, read_dead_letters};

use collector::Collector;
use journal::Journals;
use support::telemetry::{REFUSING, config, signal_in};

#[test]
fn no_event_that_was_accepted_is_lost_when_the_process_is_killed() {
    kill_again_and_again(SpoolSync::Always);
}

/// The system keeps what a process has written, though the disk lacks it yet.
#[test]
fn nor_is_one_where_the_spool_does_not_wait_for_the_disk() {
    kill_again_and_again(SpoolSync::Never);
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let value = std::env::var(variable).ok();
    value.map_or(otherwise, |value| value.parse().unwrap())
}

fn kill_again_and_again(sync: SpoolSync) {
    let rounds = number("PQCNET_KILL_ROUNDS", 40);
    let seed = number("PQCNET_KILL_SEED", 1);
    let (start, mut rng) = (Instant::now(), Rng::with_seed(seed));
    let collector = Collector::start();
    let mut survivors = 0;
    let folder = tempfile::tempdir().unwrap();
    for round in 0..rounds {
        let url = if rng.u8(..8) == 0 {
            REFUSING.to_owned()
        } else {
            collector.url()
        };
        collector.choose(&mut rng);
        let mut child = child::start(round, folder.path(), &url, sync);
        // Half of them may not get beyond their start.
        if rng.bool() {
            journal::wait_for_acceptance(folder.path(), round);
            survivors += 1;
        }
        for _ in 0..2 {
            thread::sleep(Duration::from_micros(rng.u64(..30_000)));
            collector.choose(&mut rng);
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "round {round}: {status}");
    }
    drain(&collector, folder.path());

    let journals = Journals::read(folder.path(), rounds);
    let deliveries = collector.deliveries();
    let missing: Vec<_> = journals
        .accepted
        .iter()
        .filter(|label| !deliveries.contains_key(*label))
        .collect();
    let unknown: Vec<_> = deliveries
        .keys()
        .filter(|label| !journals.recorded.contains(*label))
        .collect();
    let renamed: Vec<_> = deliveries.iter().filter(|(_, d)| d.ids.len() > 1).collect();
    let repeated = deliveries.values().filter(|d| d.times > 1).count();
    let salvaged = damaged_files(folder.path());
    println!(
        "spool-sync {sync:?}, seed {seed}: {rounds} kills, {} events recorded, {} accepted, \
         {} delivered, {repeated} of them more than once, {salvaged} spools salvaged, {:.1} s",
        journals.recorded.len(),
        journals.accepted.len(),
        deliveries.len(),
        start.elapsed().as_secs_f64(),
    );
    assert_eq!(journals.troubles, Vec::<String>::new());
    assert!(missing.is_empty(), "{} missing: {missing:?}", missing.len());
    assert!(unknown.is_empty(), "never recorded: {unknown:?}");
    assert!(renamed.is_empty(), "under several ids: {renamed:?}");
    assert_eq!(salvaged, 0);
    assert!(journals.accepted.len() >= survivors);
}

/// Delivers all that is left.
fn drain(collector: &Collector, folder: &Path) {
    collector.recover();
    let spool = folder.join("spool");
    let config = config(&collector.url()).with_spool(&spool);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let report = telemetry.shutdown(Duration::from_secs(30));
    let state = report.spool.clone().unwrap();
    assert_eq!((state.events, state.error), (0, None));
    let logs = signal_in(report, Signal::Logs);
    assert_eq!((logs.waiting, logs.spooled), (0, 0), "{logs}");
    assert_eq!(logs.total_dropped(), 0, "{logs}");
    assert_eq!(read_dead_letters(&spool).unwrap(), []);
}

fn damaged_files(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder.join("spool")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("damaged")).count()
}
