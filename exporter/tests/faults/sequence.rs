//! One sequence: records, flushes, and what is known of it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pqcnet_telemetry::{
    DeadLetter, DeliveryReport, Failure, KemUsageReason, KemUsageRecord, Signal, SignalReport,
    SimulatedClock, TelemetryError, TelemetryHandle,
};
use tempfile::TempDir;

use crate::answer::SECRET;
use crate::otlp::Amount;
use crate::peer::{Peer, Role};
use crate::plan::{End, Plan, Round};
use crate::play::Play;

/// The totals of every series.
pub(crate) type Totals = BTreeMap<String, Amount>;

/// A flush's cut, or the beginning: when, and what was recorded by then.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// Nanoseconds since 1970, on either side of it.
    pub(crate) after: u64,
    pub(crate) before: u64,
    pub(crate) totals: Totals,
}

/// All that is known of a sequence.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) plan: Plan,
    pub(crate) metrics: Vec<Play>,
    pub(crate) logs: Vec<Play>,
    /// Logs requests of the first handle; those that follow are of the second.
    pub(crate) first_logs: usize,
    pub(crate) cuts: Vec<Cut>,
    /// The last cut of the first handle; there is nothing in those that follow.
    pub(crate) last_cut: usize,
    pub(crate) labels: BTreeSet<String>,
    /// What each handle says of itself.
    pub(crate) reports: Vec<DeliveryReport>,
    /// What its flushes say, added up, where it ended with them.
    pub(crate) flushed: Vec<SignalReport>,
    pub(crate) dead_letters: Vec<DeadLetter>,
    /// Failures of its flushes that say so.
    pub(crate) refused_connections: u64,
    /// How long the client has been at it, by its own clock.
    pub(crate) elapsed: Duration,
}

impl Evidence {
    pub(crate) fn report(&self, handle: usize, signal: Signal) -> &SignalReport {
        let mut signals = self.reports[handle].signals.iter();
        signals
            .find(|report| report.signal == signal)
            .expect("each signal has its report")
    }
}

struct Run {
    telemetry: TelemetryHandle,
    flushes: Arc<AtomicUsize>,
    totals: Totals,
    cuts: Vec<Cut>,
    labels: BTreeSet<String>,
    flushed: Vec<SignalReport>,
    refused_connections: u64,
}

/// Runs it; `number` is its own among those that run at the same time.
pub(crate) fn run(plan: &Plan, number: u32) -> Evidence {
    let [_, high, middle, low] = (1 + number % 0x00ff_fffe).to_be_bytes();
    let ip = Ipv4Addr::new(127, high, middle, low);
    let clock = SimulatedClock::new();
    let flushes = Arc::new(AtomicUsize::new(0));
    let peer = |signal, script: &Vec<_>| {
        let role = Role {
            signal,
            protocol: plan.protocol,
            script: script.clone(),
            clock: clock.clone(),
            flushes: Arc::clone(&flushes),
        };
        Peer::start(ip, role)
    };
    let metrics = peer(Signal::Metrics, &plan.metrics);
    let logs = peer(Signal::Logs, &plan.logs);
    let dir = plan.has_spool.then(|| TempDir::new().expect("a folder"));
    let spool = dir
        .as_ref()
        .map_or_else(Default::default, |dir| dir.path().join("spool"));
    let config = plan.config(&metrics.url(), &logs.url(), &spool);
    let handle =
        || TelemetryHandle::simulated(config.clone(), &clock).expect("the configuration is valid");
    // Delta windows begin with the handle.
    let after = nanos();
    let telemetry = handle();
    let mut run = Run {
        telemetry,
        flushes,
        totals: Totals::new(),
        cuts: vec![Cut {
            after,
            before: nanos(),
            totals: Totals::new(),
        }],
        labels: BTreeSet::new(),
        flushed: Vec::new(),
        refused_connections: 0,
    };
    for (index, round) in plan.rounds.iter().enumerate() {
        run.record(plan, index, round);
        if plan.end == End::Flushes || index + 1 < plan.rounds.len() {
            let _ = run.flush();
        }
    }
    let mut reports = Vec::new();
    let mut first_logs = usize::MAX;
    let last_cut;
    let mut dead_letters = Vec::new();
    match plan.end {
        End::Flushes => {
            run.flush_until_delivered();
            last_cut = run.cuts.len() - 1;
            reports.push(run.telemetry.delivery_report());
            dead_letters = run.telemetry.dead_letters().expect("the spool is open");
        }
        End::Shutdown(time) => {
            reports.push(run.cut(|telemetry| telemetry.shutdown(time)));
            last_cut = run.cuts.len() - 1;
            if plan.has_spool {
                // The next process finds what is left.
                first_logs = logs.plays();
                logs.expect_new_client();
                metrics.expect_new_client();
                run.telemetry = handle();
                run.flush_until_delivered();
                reports.push(run.telemetry.delivery_report());
                dead_letters = run.telemetry.dead_letters().expect("the spool is open");
            }
        }
    }
    let Run {
        cuts,
        labels,
        flushed,
        refused_connections,
        telemetry,
        ..
    } = run;
    drop(telemetry);
    Evidence {
        plan: plan.clone(),
        metrics: metrics.finish(),
        logs: logs.finish(),
        first_logs,
        cuts,
        last_cut,
        labels,
        reports,
        flushed,
        dead_letters,
        refused_connections,
        elapsed: clock.elapsed(),
    }
}

fn nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_nanos() as u64
}

impl Run {
    fn record(&mut self, plan: &Plan, index: usize, round: &Round) {
        let telemetry = &self.telemetry;
        let totals = &mut self.totals;
        let mut add = |series: String, count: i128, sum: i128| {
            totals.entry(series).or_default().add(Amount { count, sum });
        };
        for (counter, count) in round.counts.iter().enumerate() {
            let name = Plan::counter(counter);
            let counter = telemetry.counter(&*name).expect("there is room");
            counter.add(*count);
            add(name.clone(), (*count).into(), 0);
            let bound = counter.bind(&[("side", "left")]).expect("there is room");
            bound.add(1);
            add(format!("{name}/side=left"), 1, 0);
        }
        for latency in &round.latencies {
            telemetry.record_latency_ms("latency", *latency);
            add("latency".into(), 1, (*latency).into());
        }
        let level = telemetry.up_down_counter("level").expect("there is room");
        level.add(round.level);
        add("level".into(), round.level.into(), 0);
        for event in 0..round.events {
            self.record_event(format!("{}::{index}.{event}", plan.seed));
        }
    }

    fn record_event(&mut self, label: String) {
        self.telemetry.record_kem_event(KemUsageRecord {
            label: label.clone(),
            scheme: "ml-kem-768".into(),
            reason: KemUsageReason::Normal,
            backup_only: false,
        });
        self.labels.insert(label);
    }

    /// Events that are not delivered.
    fn waiting(&self) -> u64 {
        let report = self.telemetry.delivery_report();
        let signals = report.signals.iter();
        signals.map(|signal| signal.waiting + signal.spooled).sum()
    }

    /// Does what cuts an epoch, and notes it.
    fn cut<T>(&mut self, cut: impl FnOnce(&TelemetryHandle) -> T) -> T {
        // Reports are a millisecond apart, if need be in what they say.
        thread::sleep(Duration::from_micros(1_100));
        let after = nanos();
        let result = cut(&self.telemetry);
        self.cuts.push(Cut {
            after,
            before: nanos(),
            totals: self.totals.clone(),
        });
        result
    }

    fn flush(&mut self) -> Result<(), TelemetryError> {
        let flushed = self.cut(TelemetryHandle::flush);
        self.flushes.fetch_add(1, Ordering::SeqCst);
        let (report, result) = match flushed {
            Ok(snapshot) => (snapshot.delivery, Ok(())),
            Err(TelemetryError::Export(error)) => {
                assert!(!error.to_string().contains(SECRET), "{error}");
                let is_connect = |failure: &_| matches!(failure, Failure::Connect { .. });
                let refused = error
                    .failures()
                    .filter(|(.., failure)| is_connect(*failure));
                self.refused_connections += refused.count() as u64;
                (error.report().clone(), Err(TelemetryError::Export(error)))
            }
            Err(error) => panic!("{error}"),
        };
        self.flushed.extend(report.signals);
        result
    }

    fn flush_until_delivered(&mut self) {
        let mut last = None;
        for _ in 0..500 {
            match self.flush() {
                Ok(()) if self.waiting() == 0 => return,
                // An event that was refused waits for one that is not.
                Ok(()) => self.record_event(format!("{}.last", self.labels.len())),
                Err(error) => last = Some(error),
            }
            // Lanes go on meanwhile.
            thread::sleep(Duration::from_millis(1));
        }
        panic!("it never succeeds: {last:?}");
    }
}
