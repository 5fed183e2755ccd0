//! What became of everything that was to be delivered.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Signal;

/// What became of everything that was to be delivered, for each destination
/// and signal.
///
/// A flush's covers the time since the flush before; that of
/// [`shutdown`](crate::TelemetryHandle::shutdown) and
/// [`delivery_report`](crate::TelemetryHandle::delivery_report) everything
/// since the handle was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeliveryReport {
    /// One for each destination and signal.
    pub signals: Vec<SignalReport>,
    /// KEM events dropped before they could be queued, as `kem-capacity` were
    /// undelivered.
    pub dropped_events: u64,
    /// Spans dropped before they could be queued, as more had ended at once than
    /// are kept.
    #[serde(default)]
    pub dropped_spans: u64,
    /// Log records of `tracing`'s events that were dropped likewise.
    #[serde(default)]
    pub dropped_log_records: u64,
    /// Spans that have started and not ended. After a shutdown nothing is sent
    /// of them.
    #[serde(default)]
    pub open_spans: u64,
    /// The spool of KEM events, if one is configured.
    pub spool: Option<SpoolReport>,
}

/// What never came to a queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unqueued {
    pub(crate) events: u64,
    pub(crate) spans: u64,
    pub(crate) log_records: u64,
    pub(crate) open_spans: u64,
}

/// What became of one signal on its way to one destination. Counts are of data
/// points, log records or spans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignalReport {
    /// The destination's name; `default` is that of the top-level keys.
    pub destination: String,
    /// What these are counts of.
    pub signal: Signal,
    /// Where to.
    pub url: String,
    /// Taken by the receiver.
    pub delivered: u64,
    /// Rejected by a receiver that took the rest of their request.
    pub rejected: u64,
    /// Cumulative points that were not delivered before newer ones of the same
    /// series took their place; nothing is lost by it.
    pub superseded: u64,
    /// Delta points that were refused, and so go out with later ones; nothing
    /// is lost by it.
    pub merged: u64,
    /// Lost, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Waiting, in memory only: events, spans, or the points of delta requests.
    pub waiting: u64,
    /// Waiting on disk.
    pub spooled: u64,
    /// Why the last request failed, if it did.
    pub error: Option<String>,
}

/// Why something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DropReason {
    /// The receiver refused it for good.
    Refused,
    /// The same, of a delta request that an earlier attempt may have delivered.
    RefusedAfterDoubt,
    /// Alone larger than `max-request-bytes`.
    TooLarge,
    /// The last of a series that has ended: more of those waited than are kept.
    Ended,
    /// More waited than are kept; the oldest gave way.
    QueueFull,
    /// The time for the shutdown was over.
    Shutdown,
}

/// The state of the spool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpoolReport {
    /// Events on disk.
    pub events: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Events that went to the dead letters since the spool was opened: refused
    /// for good, or unreadable.
    pub dead_letters: u64,
    /// Dead letters that gave way to newer ones, ever.
    pub dropped_letters: u64,
    /// Events that are, or were, in memory only, as they could not be written.
    pub not_spooled: u64,
    /// Why, or why the spool can't be used at all.
    pub error: Option<String>,
}

impl DropReason {
    /// As it is serialised: `refused`, `too-large`, ….
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::RefusedAfterDoubt => "refused-after-doubt",
            Self::TooLarge => "too-large",
            Self::Ended => "ended",
            Self::QueueFull => "queue-full",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SignalReport {
    pub(crate) fn new(destination: String, signal: Signal, url: String) -> Self {
        Self {
            destination,
            signal,
            url,
            delivered: 0,
            rejected: 0,
            superseded: 0,
            merged: 0,
            dropped: BTreeMap::new(),
            waiting: 0,
            spooled: 0,
            error: None,
        }
    }

    /// Everything that was lost.
    pub fn total_dropped(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// Counts a request of so many items as taken, but for the rejected.
    pub(crate) fn count_taken(&mut self, items: usize, rejected: u64) {
        let rejected = rejected.min(items as u64);
        self.delivered += items as u64 - rejected;
        self.rejected += rejected;
    }

    /// Counts items as lost.
    pub(crate) fn count_dropped(&mut self, reason: DropReason, items: u64) {
        if items > 0 {
            *self.dropped.entry(reason).or_default() += items;
        }
    }

    /// What was taken, and what was given up.
    pub(crate) fn done(&self) -> (u64, u64) {
        (self.delivered, self.rejected + self.total_dropped())
    }

    /// The counts since `earlier`, a report of the same signal; what waits is
    /// as it is.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        self.delivered -= earlier.delivered;
        self.rejected -= earlier.rejected;
        self.superseded -= earlier.superseded;
        self.merged -= earlier.merged;
        for (reason, count) in &earlier.dropped {
            if let Some(total) = self.dropped.get_mut(reason) {
                *total -= count;
            }
        }
        self.dropped.retain(|_, count| *count > 0);
        self
    }
}

impl fmt::Display for SignalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {}: {} delivered",
            self.signal, self.url, self.delivered
        )?;
        for (count, what) in [
            (self.rejected, "rejected"),
            (self.superseded, "superseded"),
            (self.merged, "merged"),
            (self.waiting, "waiting"),
            (self.spooled, "spooled"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        for (reason, count) in &self.dropped {
            write!(f, ", {count} dropped ({reason})")?;
        }
        if let Some(error) = &self.error {
            write!(f, "; {error}")?;
        }
        Ok(())
    }
}

impl DeliveryReport {
    /// Every event that was lost.
    pub(crate) fn all_dropped_events(&self) -> u64 {
        let logs = self.signals.iter();
        let logs = logs.filter(|report| report.signal == Signal::Logs);
        self.dropped_events + logs.map(SignalReport::total_dropped).sum::<u64>()
    }
}

impl fmt::Display for DeliveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, signal) in self.signals.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            signal.fmt(f)?;
        }
        for (count, what) in [
            (self.dropped_events, "events"),
            (self.dropped_spans, "spans"),
            (self.dropped_log_records, "log records"),
        ] {
            if count > 0 {
                write!(f, "\n{count} {what} dropped, none could be queued")?;
            }
        }
        if self.open_spans > 0 {
            write!(f, "\n{} spans have not ended", self.open_spans)?;
        }
        if let Some(spool) = &self.spool {
            write!(
                f,
                "\nspool: {} events, {} bytes, {} dead letters",
                spool.events, spool.bytes, spool.dead_letters
            )?;
            if let Some(error) = &spool.error {
                write!(f, "; {error}; {} kept in memory", spool.not_spooled)?;
            }
        }
        Ok(())
    }
}
