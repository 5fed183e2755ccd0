//! What must be true of metrics, whatever the peer has done to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pqcnet_telemetry::{DropReason, Signal, Temporality};

use crate::fault::{Fault, Meaning};
use crate::ledger::{assert_counts, assert_same, dropped};
use crate::otlp::{self, Amount, Point};
use crate::plan::End;
use crate::play::Play;
use crate::sequence::{Cut, Evidence};

type Bytes = Arc<[u8]>;

/// A request, whatever happened to it.
struct Request {
    points: Vec<Point>,
    /// The points that a play has taken, and not rejected.
    is_applied: Vec<bool>,
    /// Taken or refused, and known to be: what was not applied is lost.
    is_final: bool,
}

pub(crate) fn check(evidence: &Evidence) {
    let requests = read(evidence);
    for request in requests.values() {
        for point in &request.points {
            check_value(&evidence.cuts, point);
        }
    }
    check_order(evidence, &requests);
    check_last(evidence, &requests);
    check_counts(evidence);
    match evidence.plan.temporality {
        Temporality::Delta => {
            check_repetitions(&evidence.metrics);
            check_windows(&requests);
            check_sums(evidence, &requests);
        }
        _ => check_outages(evidence, &requests),
    }
}

fn read(evidence: &Evidence) -> HashMap<Bytes, Request> {
    let mut requests: HashMap<Bytes, Request> = HashMap::new();
    let mut is_doubtful = false;
    for play in &evidence.metrics {
        let meaning = play.meaning();
        if let Some(body) = &play.body {
            let request = requests.entry(Arc::clone(body)).or_insert_with(|| {
                let points = otlp::points(evidence.plan.protocol, body);
                Request {
                    is_applied: vec![false; points.len()],
                    points,
                    is_final: false,
                }
            });
            if play.fault.is_taken() {
                let kept = play.items - play.rejected;
                request.is_applied[..kept].fill(true);
            }
            let is_refused = matches!(meaning, Meaning::Unfit | Meaning::Refused);
            request.is_final |= meaning == Meaning::Taken || (is_refused && is_doubtful);
        }
        is_doubtful = match meaning {
            Meaning::Doubt => true,
            Meaning::Again => is_doubtful,
            _ => false,
        };
    }
    requests
}

/// The cut at a moment.
fn cut_at(cuts: &[Cut], time: u64) -> &Cut {
    let mut cuts = cuts.iter();
    cuts.find(|cut| cut.after <= time && time <= cut.before)
        .unwrap_or_else(|| panic!("nothing was cut at {time}"))
}

fn total(cut: &Cut, series: &str) -> Amount {
    cut.totals.get(series).copied().unwrap_or_default()
}

/// What a point says is what was recorded by its time, or in its window.
fn check_value(cuts: &[Cut], point: &Point) {
    let mut expected = total(cut_at(cuts, point.time), &point.series);
    if point.is_delta {
        assert!(point.start < point.time, "{point:?}");
        expected = expected.minus(total(cut_at(cuts, point.start), &point.series));
    }
    assert_same(&point.value, &expected, &format!("{point:?}"));
}

/// Neither times nor the counts of cumulative series fall.
fn check_order(evidence: &Evidence, requests: &HashMap<Bytes, Request>) {
    let mut last: BTreeMap<&str, &Point> = BTreeMap::new();
    let taken = evidence.metrics.iter().filter(|play| play.fault.is_taken());
    for play in taken {
        let body = play.body.as_ref().expect("it was read");
        for point in &requests[body].points {
            if let Some(before) = last.insert(&point.series, point) {
                assert!(point.time >= before.time, "{before:?}, then {point:?}");
                let may_fall = point.is_delta || point.series == "level";
                assert!(
                    may_fall || point.value.count >= before.value.count,
                    "{before:?}, then {point:?}"
                );
            }
        }
    }
}

/// Once a flush has succeeded, a series that is cumulative is where it stands.
fn check_last(evidence: &Evidence, requests: &HashMap<Bytes, Request>) {
    if !is_delivered(evidence) {
        return;
    }
    let cut = &evidence.cuts[evidence.last_cut];
    let mut latest: BTreeMap<&str, &Point> = BTreeMap::new();
    let all = requests.values();
    let applied = all.flat_map(|request| {
        let points = request.points.iter().zip(&request.is_applied);
        points.filter_map(|(point, applied)| applied.then_some(point))
    });
    for point in applied.filter(|point| !point.is_delta) {
        let known = latest.entry(&point.series).or_insert(point);
        if point.time > known.time {
            *known = point;
        }
    }
    let is_delta = evidence.plan.temporality == Temporality::Delta;
    for (series, total) in &cut.totals {
        if is_delta && series != "level" {
            continue;
        }
        let point = latest.get(series.as_str());
        let value = point.map_or(Amount::default(), |point| point.value);
        assert_same(&value, total, &format!("{series} at last"));
        let is_silent = *total == Amount::default();
        let is_latest = point.is_some_and(|point| point.time >= cut.after);
        assert!(is_silent || is_latest, "the last flush reports {series}");
    }
}

/// Whether everything that was recorded is out, or lost in ways that the
/// ledger knows.
fn is_delivered(evidence: &Evidence) -> bool {
    match evidence.plan.end {
        End::Flushes => true,
        // What a shutdown can't send again is not what a flush reports.
        End::Shutdown(_) => {
            let report = evidence.report(0, Signal::Metrics);
            let is_taken = |play: &Play| play.fault.is_taken() && play.rejected == 0;
            evidence.plan.temporality == Temporality::Cumulative
                && report.total_dropped() == 0
                && evidence.metrics.iter().all(is_taken)
        }
    }
}

/// A delta request that may be sent again is the next one, byte for byte.
fn check_repetitions(plays: &[Play]) {
    let read = plays.iter().filter(|play| play.body.is_some());
    let mut before: Option<&Play> = None;
    for play in read {
        if let Some(before) = before
            && matches!(before.meaning(), Meaning::Again | Meaning::Doubt)
        {
            assert!(
                play.body == before.body,
                "after {:?} comes another request",
                before.fault
            );
        }
        before = Some(play);
    }
}

/// Windows of one series never overlap among the requests that were taken.
fn check_windows(requests: &HashMap<Bytes, Request>) {
    let mut windows: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for request in requests.values() {
        for (point, applied) in request.points.iter().zip(&request.is_applied) {
            if *applied && point.is_delta {
                let windows = windows.entry(&point.series).or_default();
                windows.push((point.start, point.time));
            }
        }
    }
    for (series, mut windows) in windows {
        windows.sort_unstable();
        let are_apart = windows.is_sorted_by(|before, after| before.1 <= after.0);
        assert!(are_apart, "windows of {series} overlap: {windows:?}");
    }
}

/// What was taken and what is known to be lost is what was recorded.
fn check_sums(evidence: &Evidence, requests: &HashMap<Bytes, Request>) {
    let mut sums: BTreeMap<&str, Amount> = BTreeMap::new();
    for request in requests.values() {
        for (point, is_applied) in request.points.iter().zip(&request.is_applied) {
            if point.is_delta && (*is_applied || request.is_final) {
                sums.entry(&point.series).or_default().add(point.value);
            }
        }
    }
    let given_up = dropped(evidence.report(0, Signal::Metrics), DropReason::Shutdown);
    let cut = &evidence.cuts[evidence.last_cut];
    for (series, total) in cut.totals.iter().filter(|(series, _)| *series != "level") {
        let sum = sums.remove(series.as_str()).unwrap_or_default();
        if given_up == 0 {
            assert_same(&sum, total, series);
        } else {
            let has_less = sum.count <= total.count && sum.sum <= total.sum;
            assert!(has_less, "{series}: {sum:?} of {total:?}");
        }
    }
    assert!(sums.is_empty(), "nobody recorded {sums:?}");
}

/// After a failure comes what was recorded by the latest cut of that time.
fn check_outages(evidence: &Evidence, requests: &HashMap<Bytes, Request>) {
    let mut floor = None;
    for play in &evidence.metrics {
        if let (Some(body), Some(cut)) = (&play.body, floor.take()) {
            let cut: &Cut = &evidence.cuts[cut];
            for point in &requests[body].points {
                assert!(point.time >= cut.after, "stale after a failure: {point:?}");
            }
        }
        if matches!(play.meaning(), Meaning::Again | Meaning::Doubt) {
            floor = play.flushes.checked_sub(1);
        }
    }
}

/// The client's counts are those of the plays.
fn check_counts(evidence: &Evidence) {
    let is_delta = evidence.plan.temporality == Temporality::Delta;
    let (mut delivered, mut rejected, mut refused, mut doubted) = (0, 0, 0, 0);
    let mut is_doubtful = false;
    for play in &evidence.metrics {
        let items = play.items as u64;
        match play.meaning() {
            Meaning::Taken => {
                delivered += items - play.rejected as u64;
                rejected += play.rejected as u64;
            }
            Meaning::Unfit | Meaning::Refused if is_delta && is_doubtful => doubted += items,
            Meaning::Unfit | Meaning::Refused => refused += items,
            Meaning::Doubt => is_doubtful = true,
            Meaning::Again => {}
        }
        if !matches!(play.meaning(), Meaning::Doubt | Meaning::Again) {
            is_doubtful = false;
        }
    }
    let counts = |what, count, expected| {
        assert_counts(evidence, Signal::Metrics, what, count, expected);
    };
    counts("delivered", |report| report.delivered, delivered);
    counts("rejected", |report| report.rejected, rejected);
    counts("waiting", |report| report.waiting, 0);
    let too_large = |report: &_| dropped(report, DropReason::TooLarge);
    counts("too large", too_large, 0);
    let after_doubt = |report: &_| dropped(report, DropReason::RefusedAfterDoubt);
    counts("refused after doubt", after_doubt, doubted);
    let report = evidence.report(0, Signal::Metrics);
    if is_delta {
        // Windows behind it are taken back along.
        assert!(report.merged >= refused, "{refused} refused: {report}");
        assert_eq!(dropped(report, DropReason::Refused), 0, "{report}");
    } else {
        assert_eq!(report.merged, 0, "{report}");
        let is_split = |play: &Play| match play.fault {
            Fault::Status { code, .. } => matches!(code, 400 | 413),
            _ => false,
        };
        let may_split = evidence.metrics.iter().any(is_split);
        let counted = dropped(report, DropReason::Refused);
        if evidence.plan.max_request_bytes.is_none() && !may_split {
            assert_eq!(counted, refused, "{report}");
        } else if !may_split {
            // The rest of its report goes with a request.
            assert!(counted >= refused, "{refused} refused: {report}");
        }
    }
}
