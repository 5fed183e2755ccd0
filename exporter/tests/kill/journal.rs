//! What a child says before it is killed: a file for each, which the system
//! keeps.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::telemetry::PATIENT;

pub(crate) struct Journal(File);

fn path(folder: &Path, round: &str) -> PathBuf {
    folder.join(format!("journal-{round}"))
}

impl Journal {
    pub(crate) fn create(folder: &Path, round: &str) -> Self {
        let mut options = File::options();
        let file = options.create_new(true).append(true);
        Self(file.open(path(folder, round)).unwrap())
    }

    fn write(&self, lines: &str) {
        (&self.0).write_all(lines.as_bytes()).unwrap();
    }

    /// This label is about to be recorded.
    pub(crate) fn recording(&self, label: &str) {
        self.write(&format!("recorded {label}\n"));
    }

    /// A flush that began after these were recorded has returned.
    pub(crate) fn accepted(&self, labels: &[String]) {
        let lines = labels.iter().map(|label| format!("accepted {label}\n"));
        self.write(&lines.collect::<String>());
    }

    /// The spool is not in use, and says why.
    pub(crate) fn trouble(&self, error: &str) {
        self.write(&format!("trouble {error}\n"));
    }
}

/// Waits until this child has had an event accepted.
pub(crate) fn wait_for_acceptance(folder: &Path, round: u64) {
    let (path, start) = (path(folder, &round.to_string()), Instant::now());
    let has_accepted =
        || std::fs::read_to_string(&path).is_ok_and(|text| text.contains("accepted"));
    while !has_accepted() {
        assert!(start.elapsed() < PATIENT, "round {round}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The journals of all children.
#[derive(Default)]
pub(crate) struct Journals {
    pub(crate) recorded: BTreeSet<String>,
    pub(crate) accepted: BTreeSet<String>,
    pub(crate) troubles: Vec<String>,
}

impl Journals {
    pub(crate) fn read(folder: &Path, rounds: u64) -> Self {
        let mut journals = Self::default();
        for round in 0..rounds {
            // A child may have been killed before it had one.
            let text = std::fs::read_to_string(path(folder, &round.to_string()));
            let text = text.unwrap_or_default();
            // The last line may be half a line.
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            for line in whole.lines() {
                let (what, rest) = line.split_once(' ').unwrap();
                let rest = rest.to_owned();
                match what {
                    "recorded" => drop(journals.recorded.insert(rest)),
                    "accepted" => drop(journals.accepted.insert(rest)),
                    _ => journals.troubles.push(rest),
                }
            }
        }
        journals
    }
}
