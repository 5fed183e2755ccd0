//! What must be true of events, whatever the peer has done to them.

use std::collections::{BTreeMap, BTreeSet};

use pqcnet_telemetry::{DropReason, Signal};

use crate::fault::Meaning;
use crate::ledger::{assert_counts, assert_same, dropped};
use crate::otlp::{self, Event};
use crate::sequence::Evidence;

/// What the peer has done with events, by id.
#[derive(Default)]
struct Fates {
    delivered: BTreeSet<String>,
    /// Each counted once for every time.
    refused: Vec<String>,
    /// Of requests of which the peer kept a part, and does not say which.
    suspect: Vec<String>,
    /// Refused alone, while nothing behind them got through.
    waiting: Vec<String>,
    /// Whether so many were that the client takes it for the peer's fault.
    is_refusing: bool,
    /// Settled, and not to be seen again.
    settled: BTreeSet<String>,
}

impl Fates {
    fn got_through(&mut self, ids: Vec<String>) {
        // A probe may come again, in its turn.
        if !std::mem::take(&mut self.is_refusing) {
            self.settled.extend(ids);
        }
        self.give_up();
    }

    /// Those that wait are what is wrong.
    fn give_up(&mut self) {
        self.settled.extend(self.waiting.iter().cloned());
        self.refused.append(&mut self.waiting);
    }

    fn refused_alone(&mut self, id: String) {
        const MOST: usize = 8;
        if !self.is_refusing {
            self.waiting.push(id);
            if self.waiting.len() > MOST {
                self.waiting.clear();
                self.is_refusing = true;
            }
        }
    }
}

pub(crate) fn check(evidence: &Evidence) {
    let mut fates = Fates::default();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut head: Option<String> = None;
    let (mut delivered, mut rejected) = (0, 0);
    for (index, play) in evidence.logs.iter().enumerate() {
        if index == evidence.first_logs {
            head = None;
            // The next client knows nothing of them.
            fates.waiting.clear();
            fates.is_refusing = false;
        }
        let Some(body) = &play.body else { continue };
        let events = otlp::events(evidence.plan.protocol, body);
        check_known(evidence, &events, &mut labels);
        for (id, label) in &events {
            let is_settled = fates.settled.contains(id);
            assert!(!is_settled, "play {index}: {label} comes after its answer");
        }
        let ids: Vec<String> = events.into_iter().map(|(id, _)| id).collect();
        let first = ids.first().expect("no request is empty");
        if let Some(head) = head.take() {
            assert_same(first, &head, "the first event is kept until settled");
        }
        let kept = ids.len() - play.rejected;
        if play.fault.is_taken() {
            fates.delivered.extend(ids[..kept].iter().cloned());
        }
        match play.meaning() {
            Meaning::Taken => {
                delivered += kept as u64;
                rejected += play.rejected as u64;
                if play.rejected > 0 {
                    fates.suspect.extend(ids.iter().cloned());
                }
                fates.got_through(ids);
            }
            Meaning::Unfit if ids.len() == 1 => fates.refused_alone(first.clone()),
            _ if fates.is_refusing => {}
            _ => head = Some(first.clone()),
        }
    }
    if !evidence.plan.has_spool {
        fates.give_up();
    }
    let count = |what, count, expected| {
        assert_counts(evidence, Signal::Logs, what, count, expected);
    };
    count("delivered", |report| report.delivered, delivered);
    count("rejected", |report| report.rejected, rejected);
    let refused = fates.refused.len() as u64;
    count("refused", |r| dropped(r, DropReason::Refused), refused);
    count("too large", |r| dropped(r, DropReason::TooLarge), 0);
    check_all_are_accounted_for(evidence, &fates, &labels);
    check_dead_letters(evidence, &fates);
}

/// Nobody else's events, and of each event one id.
fn check_known(evidence: &Evidence, events: &[Event], labels: &mut BTreeMap<String, String>) {
    for (id, label) in events {
        assert!(
            evidence.labels.contains(label),
            "{label} was never recorded"
        );
        let known = labels.entry(label.clone()).or_insert_with(|| id.clone());
        assert_same(id, known, &format!("the id of {label}"));
    }
}

fn check_all_are_accounted_for(
    evidence: &Evidence,
    fates: &Fates,
    labels: &BTreeMap<String, String>,
) {
    let open = evidence.labels.iter().filter(|label| {
        let id = labels.get(*label);
        id.is_none_or(|id| !fates.settled.contains(id))
    });
    let open = open.count() as u64;
    let last = evidence.reports.len() - 1;
    let report = evidence.report(last, Signal::Logs);
    let given_up = dropped(report, DropReason::Shutdown);
    // With a spool they are the next handle's.
    assert_same(&given_up, &open, "events neither delivered nor refused");
    assert_same(&(report.waiting + report.spooled), &0, "events that wait");
    assert_same(&evidence.reports[last].dropped_events, &0, "events dropped");
    let count = evidence.labels.len() as u64;
    let settled: BTreeSet<_> = labels
        .values()
        .filter(|id| fates.settled.contains(*id))
        .collect();
    assert_same(&(settled.len() as u64 + open), &count, "ids of events");
    if evidence.plan.has_spool {
        assert_same(&open, &0, "a spool loses none");
    }
    // What was settled was delivered, or the peer has said no to it.
    for id in settled {
        let is_known = fates.delivered.contains(id)
            || fates.refused.contains(id)
            || fates.suspect.contains(id);
        assert!(is_known, "{id} is lost");
    }
}

/// The dead letters are what was refused, and, as it is not known which, all of
/// a request of which a part was.
fn check_dead_letters(evidence: &Evidence, fates: &Fates) {
    let letters = evidence.dead_letters.iter();
    let mut letters: Vec<String> = letters
        .map(|letter| {
            let event = letter.event.as_ref().expect("every letter can be read");
            event.id.to_string()
        })
        .collect();
    letters.sort();
    let mut expected = Vec::new();
    if evidence.plan.has_spool {
        expected.clone_from(&fates.refused);
        expected.extend(fates.suspect.iter().cloned());
        expected.sort();
        let reports = evidence.reports.iter();
        let spools = reports.filter_map(|report| report.spool.as_ref());
        let counted: u64 = spools.map(|spool| spool.dead_letters).sum();
        assert_same(&counted, &(expected.len() as u64), "dead letters counted");
    }
    assert_same(&letters, &expected, "dead letters");
}
