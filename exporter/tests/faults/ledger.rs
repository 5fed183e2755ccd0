//! What the plays and the client's word must have to do with each other,
//! whatever the signal.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use pqcnet_telemetry::{DropReason, Signal, SignalReport, Temporality};

use crate::fault::Meaning;
use crate::plan::End;
use crate::play::Play;
use crate::sequence::Evidence;
use crate::{events, metrics, otlp};

/// Panics at whatever is not as it must be.
pub(crate) fn check(evidence: &Evidence) {
    for plays in [&evidence.metrics, &evidence.logs] {
        check_waits(plays);
        check_doubles(evidence, plays);
        let is_left = plays.iter().any(|play| play.is_left);
        assert!(
            evidence.plan.may_stall() || !is_left,
            "a client with time leaves no answer behind"
        );
    }
    check_flush_reports(evidence);
    metrics::check(evidence);
    events::check(evidence);
}

/// `Retry-After` is honoured, and not cut short.
fn check_waits(plays: &[Play]) {
    for (play, next) in plays.iter().zip(&plays[1.min(plays.len())..]) {
        if let Some(until) = play.until.filter(|_| !play.is_left) {
            let came = next.came;
            assert!(came >= until, "a request at {came:?}, not before {until:?}");
        }
    }
}

/// A request is settled by a certain answer, and only what is in doubt can be
/// taken twice.
fn check_doubles(evidence: &Evidence, plays: &[Play]) {
    let mut settled: HashMap<&Arc<[u8]>, Meaning> = HashMap::new();
    for (index, play) in plays.iter().enumerate() {
        let Some(body) = &play.body else { continue };
        let before = settled.get(body);
        assert!(
            before.is_none() || is_total(evidence, play),
            "play {index} repeats what was settled: {before:?}"
        );
        // Events wait for a receiver that refuses all; see `events`.
        let is_refusal = matches!(play.meaning(), Meaning::Refused | Meaning::Unfit);
        let waits = is_refusal && play.is_logs;
        if !matches!(play.meaning(), Meaning::Again | Meaning::Doubt) && !waits {
            settled.insert(body, play.meaning());
        }
    }
}

/// Whether nothing in a delta report's request is a delta: a window that is
/// split says again where its up-down counters stand.
fn is_total(evidence: &Evidence, play: &Play) -> bool {
    let body = play.body.as_deref().unwrap_or_default();
    let is_delta = evidence.plan.temporality == Temporality::Delta;
    let points = || otlp::points(evidence.plan.protocol, body);
    is_delta && !play.is_logs && points().iter().all(|point| !point.is_delta)
}

/// What flushes report adds up to what the handle does.
fn check_flush_reports(evidence: &Evidence) {
    // A shutdown counts what no flush has seen.
    let [report] = &evidence.reports[..] else {
        return;
    };
    if evidence.plan.end != End::Flushes {
        return;
    }
    for whole in &report.signals {
        let sum = |count: fn(&SignalReport) -> u64| -> (u64, u64) {
            let flushed = evidence.flushed.iter();
            let parts = flushed.filter(|part| part.signal == whole.signal);
            (parts.map(count).sum(), count(whole))
        };
        for (parts, whole) in [
            sum(|report| report.delivered),
            sum(|report| report.rejected),
            sum(|report| report.superseded),
            sum(|report| report.merged),
            sum(SignalReport::total_dropped),
        ] {
            assert_eq!(parts, whole, "flushes report what the handle does");
        }
    }
}

/// Checks counts of all of a signal's reports together.
pub(crate) fn assert_counts(
    evidence: &Evidence,
    signal: Signal,
    what: &str,
    count: fn(&SignalReport) -> u64,
    expected: u64,
) {
    let handles = 0..evidence.reports.len();
    let found: u64 = handles.map(|n| count(evidence.report(n, signal))).sum();
    assert_same(&found, &expected, &format!("{signal}: {what}"));
}

pub(crate) fn dropped(report: &SignalReport, reason: DropReason) -> u64 {
    report.dropped.get(&reason).copied().unwrap_or(0)
}

#[track_caller]
pub(crate) fn assert_same<T: PartialEq + Debug>(found: &T, expected: &T, what: &str) {
    assert!(found == expected, "{what}: {found:?}, not {expected:?}");
}
