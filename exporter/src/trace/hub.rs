//! What a layer and delivery share: spans and log records on their way from the
//! threads that make them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use pqcnet_telemetry_core::Relay;
use quanta::Clock;

use super::batch::{Batch, Home};
use super::event::LogRecord;
use super::fields::AttributeLimits;
use super::moment::{Anchor, Moment};
use super::pool::Pool;
use super::span::{Beginning, SpanRecord};
use super::tally::{Spans, Tally};
use crate::config::{LogRecordSettings, TelemetryConfig, TraceSettings};

/// More lanes than this are more memory and no more speed.
const MOST_LANES: usize = 16;

/// Between the threads that trace and the one that collects.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Of this process, and not used again.
    pub(crate) id: u64,
    /// Whether anything is to be sent.
    pub(crate) is_on: bool,
    pub(crate) traces: TraceSettings,
    pub(crate) log_records: LogRecordSettings,
    clock: Clock,
    spans: Relay<Box<SpanRecord>>,
    pool: Arc<Pool<Box<SpanRecord>>>,
    records: Relay<LogRecord>,
    tally: Tally,
    malformed: AtomicU64,
    /// Who collects, while there is somebody.
    collector: Mutex<Option<Thread>>,
}

/// What was collected at one time.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) spans: Vec<Batch<Box<SpanRecord>>>,
    pub(crate) records: Vec<Batch<LogRecord>>,
}

impl Collected {
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.records.is_empty()
    }
}

/// Of everything since the layer was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Spans that found no room before they were collected.
    pub(crate) spans: u64,
    /// Log records that did.
    pub(crate) records: u64,
}

impl Hub {
    pub(crate) fn new(config: &TelemetryConfig) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let traces = config.trace_settings();
        let log_records = config.log_record_settings();
        let lanes = thread::available_parallelism().map_or(1, usize::from);
        let lanes = lanes.min(MOST_LANES);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            is_on: !config.is_disabled,
            spans: Relay::new(lanes, traces.capacity, traces.batch),
            // As many as may wait.
            pool: Arc::new(Pool::new(traces.capacity)),
            records: Relay::new(lanes, log_records.capacity, log_records.batch),
            traces,
            log_records,
            clock: Clock::new(),
            tally: Tally::default(),
            malformed: AtomicU64::new(0),
            collector: Mutex::new(None),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.clock.raw())
    }

    pub(crate) fn nanos_between(&self, start: Moment, end: Moment) -> u64 {
        self.clock.delta_as_nanos(start.0, end.0)
    }

    /// Of the attributes of a span's event.
    pub(crate) fn span_event_limits(&self) -> AttributeLimits {
        AttributeLimits {
            count: self.traces.limits.event_attributes,
            ..self.traces.limits.attributes
        }
    }

    pub(crate) fn opened(&self, is_sampled: bool) {
        self.tally.opened(is_sampled);
    }

    /// An open span is sampled now, or no more.
    pub(crate) fn resampled(&self, is_sampled: bool) {
        self.tally.resampled(is_sampled);
    }

    pub(crate) fn closed(&self, is_sampled: bool) {
        self.tally.closed(is_sampled);
    }

    /// The record of a span that begins: a used one, where there is one.
    pub(crate) fn record(&self, beginning: Beginning) -> Box<SpanRecord> {
        let Some(mut record) = self.pool.take() else {
            return SpanRecord::new(beginning);
        };
        record.begin_again(beginning);
        record
    }

    /// Takes the record of a span that is not sent.
    pub(crate) fn put_record(&self, mut span: Box<SpanRecord>) {
        span.clear();
        self.pool.put(span);
    }

    /// Takes a span that has ended.
    pub(crate) fn send_span(&self, span: Box<SpanRecord>) {
        if self.spans.push(span) {
            self.call();
        }
    }

    pub(crate) fn send_record(&self, record: LogRecord) {
        if self.records.push(record) {
            self.call();
        }
    }

    /// Takes everything out, in batches.
    pub(crate) fn collect(&self) -> Collected {
        let mut spans = Vec::new();
        self.spans.drain(|span| spans.push(span));
        let mut records = Vec::new();
        self.records.drain(|record| records.push(record));
        // After the last of them has ended.
        let anchor = Anchor::now(&self.clock);
        let home: Arc<dyn Home<_>> = Arc::clone(&self.pool) as _;
        Collected {
            spans: batches(spans, self.traces.batch, &anchor, Some(&home)),
            records: batches(records, self.log_records.batch, &anchor, None),
        }
    }

    /// The calling thread is the one to call from now on.
    pub(crate) fn attend(&self) {
        *self.collector() = Some(thread::current());
    }

    pub(crate) fn spans(&self) -> Spans {
        self.tally.sums()
    }

    pub(crate) fn losses(&self) -> Losses {
        Losses {
            spans: self.spans.dropped(),
            records: self.records.dropped(),
        }
    }

    /// A header that names no parent, though it was there.
    pub(crate) fn found_malformed(&self) {
        // A statistic: nothing is ordered by it.
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    fn call(&self) {
        if let Some(thread) = &*self.collector() {
            thread.unpark();
        }
    }

    fn collector(&self) -> MutexGuard<'_, Option<Thread>> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Home<Box<SpanRecord>> for Pool<Box<SpanRecord>> {
    fn take_back(&self, mut items: Vec<Box<SpanRecord>>) {
        // Here, and not on the threads that record.
        for span in &mut items {
            span.clear();
        }
        self.put_all(items);
    }
}

fn batches<T>(
    items: Vec<T>,
    most: usize,
    anchor: &Anchor,
    home: Option<&Arc<dyn Home<T>>>,
) -> Vec<Batch<T>> {
    let mut items = items.into_iter();
    let batch = || Batch {
        items: items.by_ref().take(most).collect(),
        anchor: anchor.clone(),
        home: home.cloned(),
    };
    let batches = std::iter::repeat_with(batch);
    batches
        .take_while(|batch| !batch.items.is_empty())
        .collect()
}
