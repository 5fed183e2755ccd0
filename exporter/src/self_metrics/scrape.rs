//! What the scrape endpoint says of itself.

use std::collections::HashMap;
use std::time::Duration;

use pqcnet_telemetry_core::{Counter, Histogram, Instrument, RegisterError, Registry};

use super::{SelfMetrics, microseconds};

const KIND: &str = "prometheus_http_text_metric_exporter";

#[derive(Clone)]
pub(super) struct Instruments {
    requests: Counter,
    cut: Counter,
    dropped: Counter,
}

impl Instruments {
    pub(super) fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let counter = |name: &'static str, unit: &'static str, description: &'static str| {
            registry.counter(Instrument::new(name).unit(unit).description(description))
        };
        Ok(Self {
            requests: counter(
                "pqcnet.telemetry.scrape.requests",
                "{request}",
                "Requests that the scrape endpoint has answered",
            )?,
            cut: counter(
                "pqcnet.telemetry.scrape.connections.cut",
                "{connection}",
                "Connections that the scrape endpoint has ended for error.type",
            )?,
            dropped: counter(
                "pqcnet.telemetry.scrape.instruments.dropped",
                "{instrument}",
                "Instruments left out of pages, as others have their names there",
            )?,
        })
    }
}

/// The endpoint's series.
pub(crate) struct ScrapeMeters {
    instruments: Instruments,
    collection: Option<Histogram>,
    /// By status; a handful.
    requests: HashMap<u16, Option<Counter>>,
    dropped: u64,
    /// By error type; a handful.
    cut: HashMap<&'static str, Option<Counter>>,
}

impl SelfMetrics {
    /// The meters of the scrape endpoint, if the configuration has one.
    pub(crate) fn scrape_meters(&self) -> Option<ScrapeMeters> {
        let attributes = [
            ("otel.component.type", KIND.to_owned()),
            ("otel.component.name", format!("{KIND}/0")),
        ];
        Some(ScrapeMeters {
            instruments: self.scrapes.clone()?,
            collection: self.collection.bind(&attributes).ok(),
            requests: HashMap::new(),
            dropped: 0,
            cut: HashMap::new(),
        })
    }
}

impl ScrapeMeters {
    /// A page was made, so long after its epoch began to be cut, and so many
    /// instruments were left out of pages by then.
    pub(crate) fn collected(&mut self, took: Duration, dropped: u64) {
        let before = std::mem::replace(&mut self.dropped, dropped);
        self.instruments.dropped.add(dropped.saturating_sub(before));
        if let Some(collection) = &self.collection {
            collection.record(microseconds(took));
        }
    }

    pub(crate) fn answered(&mut self, status: u16) {
        let requests = &self.instruments.requests;
        let series = self.requests.entry(status).or_insert_with(|| {
            let attributes = [("http.response.status_code", i64::from(status))];
            requests.bind(&attributes).ok()
        });
        if let Some(series) = series {
            series.increment();
        }
    }

    pub(crate) fn cut(&mut self, error: &'static str) {
        let cut = &self.instruments.cut;
        let series = self.cut.entry(error);
        let series = series.or_insert_with(|| cut.bind(&[("error.type", error)]).ok());
        if let Some(series) = series {
            series.increment();
        }
    }
}
