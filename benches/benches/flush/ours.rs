//! Our flush, of a registry of some size.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pqcnet_telemetry::{OtlpEncoder, TelemetryConfig, TelemetryHandle};
use pqcnet_telemetry_benches::workload::Series;
use pqcnet_telemetry_core::RetiredEpoch;

use crate::shards::Record;

/// How many series there are.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) counters: usize,
    pub(crate) histograms: usize,
}

impl Size {
    pub(crate) const fn new(counters: usize, histograms: usize) -> Self {
        Self {
            counters,
            histograms,
        }
    }
}

/// How many of them are recorded into between two flushes.
#[derive(Clone, Copy)]
pub(crate) enum Touched {
    All,
    Tenth,
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Tenth => "tenth",
        })
    }
}

/// How far a flush goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    Harvest,
    Json,
    Snapshot,
}

impl Flush {
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Harvest => "harvest",
            Self::Json => "harvest_and_json",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A registry with its records and its flush.
pub(crate) struct Work {
    handle: TelemetryHandle,
    json: OtlpEncoder,
    epoch: RetiredEpoch,
    flush: Flush,
    everything: Record,
    some: Record,
}

impl Work {
    pub(crate) fn new(flush: Flush, size: Size, touched: Touched, values: &[u64]) -> Self {
        let config = TelemetryConfig::default()
            .with_counter_capacity(size.counters as u32)
            .with_histogram_capacity(size.histograms as u32)
            .without_delivery();
        let handle = TelemetryHandle::from_config(config.clone()).expect("a valid configuration");
        let series = Series::new(handle.registry(), size.counters, size.histograms);
        let records = |step| -> Record {
            let (series, values) = (series.every(step), values.to_vec());
            Arc::new(move || series.record(&values))
        };
        let step = match touched {
            Touched::All => 1,
            Touched::Tenth => 10,
        };
        Self {
            everything: records(1),
            some: records(step),
            json: OtlpEncoder::new(&config).expect("a valid configuration"),
            epoch: RetiredEpoch::empty(),
            handle,
            flush,
        }
    }

    /// A record of every series, and one of those that are touched each time.
    pub(crate) fn records(&self) -> (Record, Record) {
        (Arc::clone(&self.everything), Arc::clone(&self.some))
    }

    pub(crate) fn flush(&mut self) -> Duration {
        let start = Instant::now();
        match self.flush {
            Flush::Harvest => {
                self.handle.registry().flush_into(&mut self.epoch);
                black_box(&self.epoch);
            }
            Flush::Json => {
                self.handle.registry().flush_into(&mut self.epoch);
                self.json.add(&self.epoch);
                for request in self.json.encode() {
                    black_box(request);
                }
            }
            Flush::Snapshot => {
                let snapshot = self.handle.flush().expect("nothing is sent");
                drop(black_box(snapshot));
            }
        }
        start.elapsed()
    }
}
