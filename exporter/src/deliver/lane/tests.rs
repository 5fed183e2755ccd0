//! A lane in its own time: no thread, no socket, no clock.

use std::time::UNIX_EPOCH;

use fastrand::Rng;

use super::*;
use crate::deliver::Signal;

const INITIAL: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_secs(30);

/// So many requests, one like the other.
struct Numbered {
    left: usize,
}

impl Source for Numbered {
    fn next(&mut self, is_probe: bool, _report: &mut SignalReport) -> Option<Arc<Body>> {
        (self.left > 0).then(|| {
            Arc::new(Body {
                bytes: Vec::new(),
                items: if is_probe { 1 } else { 100 },
                oversized: None,
                rows: Vec::new(),
            })
        })
    }

    fn settle(
        &mut self,
        _body: Arc<Body>,
        outcome: &Outcome<'_>,
        report: &mut SignalReport,
    ) -> Settled {
        if matches!(outcome.verdict, Verdict::Again { .. } | Verdict::Refused) {
            return Settled::Stopped;
        }
        self.left -= 1;
        report.delivered += 1;
        Settled::Done
    }

    fn has_next(&self) -> bool {
        self.left > 0
    }

    fn waiting(&self) -> (u64, u64) {
        (self.left as u64, 0)
    }

    fn give_up(&mut self, _report: &mut SignalReport) {
        self.left = 0;
    }
}

/// A lane with requests to send, and the time.
struct Run {
    lane: Lane,
    now: Instant,
}

impl Run {
    fn new(requests: usize) -> Self {
        let source = Box::new(Numbered { left: requests });
        let report = SignalReport::new("default".into(), Signal::Metrics, "http://x/".into());
        let backoff = Backoff::new(INITIAL, MAX, Rng::with_seed(7));
        Self {
            lane: Lane::new(source, backoff, report, None),
            now: Instant::now(),
        }
    }

    /// Sends what is due, to be answered so. Whether something was.
    fn answer(&mut self, failure: Option<Failure>, retry_after: Option<&str>) -> bool {
        let Step::Send(body) = self.lane.step(self.now) else {
            return false;
        };
        assert!(
            matches!(self.lane.step(self.now), Step::Idle),
            "one in flight"
        );
        let attempt = Attempt {
            failure,
            retry_after: retry_after.and_then(RetryAfter::parse),
            duration: Duration::ZERO,
        };
        self.lane.settle(body, attempt, self.now, UNIX_EPOCH);
        true
    }

    /// How long the lane waits, if it does; the time is over then.
    fn wait(&mut self) -> Option<Duration> {
        if !self.lane.is_waiting(self.now) {
            return None;
        }
        let Step::Wait(moment) = self.lane.step(self.now) else {
            panic!("nothing is sent before its time");
        };
        let wait = moment - self.now;
        self.now = moment;
        Some(wait)
    }
}

fn status(status: u16) -> Failure {
    Failure::Status {
        status,
        body: String::new(),
    }
}

#[test]
fn a_wait_follows_every_failure_and_none_a_success() {
    let mut run = Run::new(3);
    assert!(run.answer(None, None));
    assert_eq!(run.wait(), None);
    for failures in 1..=10_u32 {
        assert!(run.answer(Some(status(503)), None));
        let wait = run.wait().expect("a wait");
        let ceiling = INITIAL * (1_u32 << (failures - 1).min(5));
        assert!(wait <= ceiling.min(MAX), "{wait:?} after {failures}");
    }
    assert!(run.answer(None, None));
    assert_eq!(run.wait(), None);
    assert!(run.answer(Some(status(429)), None));
    assert!(run.wait().expect("a wait") <= INITIAL, "begins anew");
}

#[test]
fn after_repeated_failure_only_a_probe_goes_out_until_one_succeeds() {
    let mut run = Run::new(2);
    let mut sent = Vec::new();
    for failure in [Some(status(503)), None].into_iter().cycle().take(2) {
        let failures = if failure.is_some() { 7 } else { 1 };
        for _ in 0..failures {
            let Step::Send(body) = run.lane.step(run.now) else {
                panic!("it is time");
            };
            sent.push(body.items);
            run.lane.is_in_flight = false; // it was only looked at
            run.answer(failure.clone(), None);
            run.wait();
        }
    }
    let Step::Send(body) = run.lane.step(run.now) else {
        panic!("it is time");
    };
    sent.push(body.items);
    assert_eq!(sent, [100, 100, 100, 100, 100, 1, 1, 1, 100]);
}

#[test]
fn retry_after_is_waited_for_and_not_cut() {
    for (value, seconds) in [
        ("7", 7),
        ("86400", 86_400),
        ("Thu, 01 Jan 1970 01:00:00 GMT", 3_600),
    ] {
        for code in [429, 502, 503, 504] {
            let mut run = Run::new(1);
            run.answer(Some(status(code)), Some(value));
            assert_eq!(run.wait(), Some(Duration::from_secs(seconds)));
            assert!(run.answer(None, None));
        }
    }
}

#[test]
fn a_shorter_retry_after_does_not_shorten_the_backoff() {
    let mut asked = Run::new(1);
    let mut unasked = Run::new(1);
    for _ in 0..20 {
        asked.answer(Some(status(503)), Some("0"));
        unasked.answer(Some(status(503)), None);
        // The same seed, the same waits.
        assert_eq!(asked.wait(), unasked.wait());
    }
}

#[test]
fn nothing_new_makes_a_lane_send_before_its_time() {
    let mut run = Run::new(1);
    run.answer(Some(status(503)), Some("60"));
    let epoch = RetiredEpoch::empty();
    let ticket = run.lane.offer(&epoch, true);
    assert!(
        run.lane.is_settled(ticket, run.now),
        "a flush need not wait"
    );
    assert!(!run.answer(None, None));
    assert_eq!(run.lane.take_failure(), Some(status(503)));
    assert_eq!(run.wait(), Some(Duration::from_secs(60)));
}

#[test]
fn a_flush_waits_for_an_answer_or_the_first_failure() {
    let mut run = Run::new(2);
    let epoch = RetiredEpoch::empty();
    let ticket = run.lane.offer(&epoch, true);
    assert!(!run.lane.is_settled(ticket, run.now));
    run.answer(None, None);
    assert!(!run.lane.is_settled(ticket, run.now));
    run.answer(Some(Failure::Timeout { after: INITIAL }), None);
    assert!(run.lane.is_settled(ticket, run.now));
    // Also where the lane was too fast for it, and is at it again.
    run.wait();
    assert!(run.lane.is_settled(ticket, run.now));
    let later = run.lane.offer(&epoch, true);
    assert!(!run.lane.is_settled(later, run.now));
    run.answer(None, None);
    assert!(run.lane.is_settled(later, run.now));
    assert_eq!(run.lane.take_failure(), None);
}

#[test]
fn a_flush_that_looks_late_waits_for_a_lane_that_has_gone_on() {
    let mut run = Run::new(3);
    let ticket = run.lane.offer(&RetiredEpoch::empty(), true);
    run.answer(Some(status(503)), None);
    assert!(run.lane.is_settled(ticket, run.now));
    run.wait();
    run.answer(None, None);
    // No failure to tell, and the rest still to send: no success either.
    assert!(!run.lane.is_settled(ticket, run.now));
    run.answer(None, None);
    run.answer(None, None);
    assert!(run.lane.is_settled(ticket, run.now));
    assert_eq!(run.lane.take_failure(), None);
}

#[test]
fn what_only_costs_one_request_holds_up_no_other() {
    for failure in [
        status(400),
        status(413),
        Failure::PartialSuccess {
            rejected: 1,
            message: String::new(),
        },
    ] {
        let mut run = Run::new(2);
        run.answer(Some(failure.clone()), None);
        assert_eq!(run.wait(), None);
        assert!(run.answer(None, None));
        // It is told once.
        assert_eq!(run.lane.take_failure(), Some(failure));
        assert_eq!(run.lane.take_failure(), None);
    }
}

#[test]
fn retryable_are_the_specifications_codes_and_no_other() {
    let retryable: Vec<u16> = (300..600)
        .filter(|code| matches!(status(*code).verdict(), Verdict::Again { .. }))
        .collect();
    assert_eq!(retryable, [429, 502, 503, 504]);
}

#[test]
fn a_drain_gives_up_at_once_on_what_can_not_be_in_time() {
    let mut run = Run::new(1);
    let soon = run.now + Duration::from_secs(10);
    assert!(!run.lane.is_drained(soon));
    run.answer(Some(status(503)), Some("60"));
    assert!(run.lane.is_drained(soon));
    assert!(!run.lane.is_drained(run.now + Duration::from_secs(61)));
}
