//! The lanes of spans and log records, and what fills them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::backlog::Backlog;
use super::batches::Batches;
use super::collector::{self, Collector};
use super::worker::Worker;
use super::{Delivery, Signal, Starter};
use crate::otlp::{LogRecordsEncoder, SpansEncoder};
use crate::trace::hub::Hub;

pub(crate) struct TraceLanes {
    collector: Collector,
    pub(super) workers: Vec<Worker>,
}

impl Delivery {
    /// Starts them, if they have not been, with the resource of the others.
    ///
    /// # Panics
    ///
    /// If the operating system starts no thread.
    pub(crate) fn start_traces(&self, starter: &Starter<'_>, hub: &Arc<Hub>) {
        let resource = &self.resource;
        let starter = Starter {
            resource,
            ..*starter
        };
        self.traces.get_or_init(|| TraceLanes::start(&starter, hub));
    }

    /// Takes what was traced to the lanes.
    pub(crate) fn collect(&self) {
        if let Some(lanes) = self.traces.get() {
            lanes.collector.collect();
        }
    }
}

impl TraceLanes {
    fn start(starter: &Starter<'_>, hub: &Arc<Hub>) -> Self {
        let destinations = starter.destinations;
        let traces = destinations.iter().filter(|to| to.traces.is_some()).count();
        let logs = destinations.iter().filter(|to| to.logs.is_some());
        let logs = if hub.log_records.is_on {
            logs.count()
        } else {
            0
        };
        let spans = Arc::new(Mutex::new(Backlog::new(traces, hub.traces.capacity)));
        let records = Backlog::new(logs, hub.log_records.capacity);
        let records = Arc::new(Mutex::new(records));
        let mut workers = Vec::new();
        let (mut span_readers, mut record_readers) = (0.., 0..logs);
        for destination in destinations {
            if let (Some(route), Some(reader)) = (&destination.traces, span_readers.next()) {
                let (protocol, most) = (route.protocol, route.max_request_bytes);
                let encoder = SpansEncoder::new(protocol, starter.resource, most);
                let source = Batches::new(Arc::clone(&spans), reader, encoder);
                workers.push(starter.start(destination, Signal::Traces, route, Box::new(source)));
            }
            if let Some(route) = &destination.logs
                && let Some(reader) = record_readers.next()
            {
                let (protocol, most) = (route.protocol, route.max_request_bytes);
                let encoder = LogRecordsEncoder::new(protocol, starter.resource, most);
                let source = Box::new(Batches::new(Arc::clone(&records), reader, encoder));
                workers.push(starter.start(destination, Signal::LogRecords, route, source));
            }
        }
        let collector = Collector::spawn(collector::Shared {
            hub: Arc::clone(hub),
            spans,
            records,
            wakers: workers.iter().map(Worker::waker).collect(),
            is_ended: AtomicBool::new(false),
        });
        Self { collector, workers }
    }
}
