//! What a run has come to.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use pqcnet_telemetry::{DropReason, Signal};

use crate::fault::{Fault, Meaning};
use crate::ledger::dropped;
use crate::sequence::Evidence;

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) sequences: u64,
    requests: u64,
    faults: BTreeMap<String, u64>,
    refused_connections: u64,
    doubtful: u64,
    doubled: u64,
    late: u64,
    flushes: u64,
    events: u64,
    dead_letters: u64,
    rejected: u64,
    superseded: u64,
    merged: u64,
    lost: u64,
    given_up: u64,
    simulated: Duration,
}

impl Figures {
    pub(crate) fn add(&mut self, evidence: &Evidence) {
        self.sequences += 1;
        self.flushes += evidence.cuts.len() as u64;
        self.events += evidence.labels.len() as u64;
        self.dead_letters += evidence.dead_letters.len() as u64;
        self.refused_connections += evidence.refused_connections;
        self.simulated += evidence.elapsed;
        for plays in [&evidence.metrics, &evidence.logs] {
            let mut takes = HashMap::new();
            for play in plays {
                self.requests += 1;
                if play.fault != Fault::Well {
                    *self.faults.entry(play.fault.name()).or_default() += 1;
                }
                self.doubtful += u64::from(play.meaning() == Meaning::Doubt);
                self.late += u64::from(play.is_left);
                if play.fault.is_taken() {
                    *takes.entry(&play.body).or_insert(0_u64) += 1;
                }
            }
            self.doubled += takes.values().filter(|times| **times > 1).count() as u64;
        }
        for handle in 0..evidence.reports.len() {
            for signal in [Signal::Metrics, Signal::Logs] {
                let report = evidence.report(handle, signal);
                self.rejected += report.rejected;
                self.superseded += report.superseded;
                self.merged += report.merged;
                self.lost += dropped(report, DropReason::RefusedAfterDoubt);
                self.given_up += dropped(report, DropReason::Shutdown);
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        let years = self.simulated.as_secs() / (365 * 24 * 3600);
        writeln!(f, "{:>9} sequences", self.sequences)?;
        writeln!(f, "{:>9} flushes", self.flushes)?;
        writeln!(f, "{:>9} requests", self.requests)?;
        writeln!(f, "{faults:>9} faults:")?;
        for (name, count) in &self.faults {
            writeln!(f, "{count:>18} {name}")?;
        }
        for (count, what) in [
            (
                self.refused_connections,
                "flushes that found the port closed",
            ),
            (self.doubtful, "requests of unknown fate"),
            (self.late, "answers that came after the client's time-out"),
            (self.doubled, "requests taken more than once, after doubt"),
            (
                self.rejected,
                "points and events rejected in partial successes",
            ),
            (self.superseded, "cumulative points superseded"),
            (self.merged, "delta points merged into later ones"),
            (self.lost, "delta points refused after doubt"),
            (self.given_up, "points and events given up by shutdowns"),
            (self.events, "events"),
            (self.dead_letters, "dead letters"),
        ] {
            writeln!(f, "{count:>9} {what}")?;
        }
        writeln!(f, "{years:>9} years waited, by the clients' clocks")
    }
}
