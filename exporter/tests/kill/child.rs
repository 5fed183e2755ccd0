//! The process that is killed.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{SpoolSync, TelemetryHandle};

use crate::journal::Journal;
use crate::support::again::this_program;
use crate::support::telemetry::{config, kem};

const FOLDER: &str = "PQCNET_KILL_FOLDER";
const ROUND: &str = "PQCNET_KILL_ROUND";
const SYNC: &str = "PQCNET_KILL_SYNC";
const URL: &str = "PQCNET_KILL_URL";

pub(crate) fn start(round: u64, folder: &Path, url: &str, sync: SpoolSync) -> Child {
    let mut command = this_program("child::records_and_flushes_until_it_is_killed");
    command.env(FOLDER, folder).env(URL, url);
    command.env(ROUND, round.to_string());
    command.env(SYNC, format!("{sync:?}"));
    command.spawn().unwrap()
}

#[test]
#[ignore = "started, and killed, by the other tests"]
fn records_and_flushes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER).map(PathBuf::from) else {
        return;
    };
    let round = std::env::var(ROUND).unwrap();
    let sync = match &*std::env::var(SYNC).unwrap() {
        "Never" => SpoolSync::Never,
        _ => SpoolSync::Always,
    };
    let config = config(&std::env::var(URL).unwrap())
        // Short, to meet the kill with many flushes and attempts.
        .with_timeout(Duration::from_millis(20))
        .with_retry(Duration::from_millis(1), Duration::from_millis(5))
        .with_spool(folder.join("spool"))
        .with_spool_sync(sync);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let journal = Journal::create(&folder, &round);
    let recorded = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..3 {
            let (telemetry, journal, recorded, round) = (&telemetry, &journal, &recorded, &round);
            scope.spawn(move || {
                for event in 0.. {
                    let label = format!("{round}.{thread}.{event}");
                    journal.recording(&label);
                    telemetry.record_kem_event(kem(&label));
                    recorded.lock().unwrap().push(label);
                    thread::sleep(Duration::from_micros(200));
                }
            });
        }
        loop {
            let labels = std::mem::take(&mut *recorded.lock().unwrap());
            // Delivered or not: it has been taken.
            let _ = telemetry.flush();
            journal.accepted(&labels);
            let spool = telemetry.delivery_report().spool.unwrap();
            if let Some(error) = spool.error {
                journal.trouble(&error);
            }
        }
    });
}
