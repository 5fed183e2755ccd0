//! Pages for Prometheus of the same series, ours and its rivals'.

use metrics::{Label, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig, TelemetryHandle};
use pqcnet_telemetry_core::{Counter, Histogram, Instrument};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter as RivalCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram as RivalHistogram;
use prometheus_client::registry::Registry as RivalRegistry;

/// Of the histograms on every page: those of the specification.
const BOUNDS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1_000.0, 2_500.0, 5_000.0,
    7_500.0, 10_000.0,
];
/// Distinct values of a histogram.
const VALUES: u64 = 200;

/// How many series a page has.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Names of counters.
    pub counters: usize,
    /// Series of each, told apart by `peer`; 0 is one without attributes.
    pub peers: usize,
    /// Histograms without attributes.
    pub histograms: usize,
}

impl Size {
    /// 1,000 counters and 100 histograms.
    pub const NODE: Self = Self {
        counters: 1_000,
        peers: 0,
        histograms: 100,
    };
    /// 100,000 counters of 100 names.
    pub const LARGE: Self = Self {
        counters: 100,
        peers: 1_000,
        histograms: 0,
    };

    fn counter_names(self) -> impl Iterator<Item = String> {
        (0..self.counters).map(|number| format!("relayer_ingest_{number}"))
    }

    fn histogram_names(self) -> impl Iterator<Item = String> {
        (0..self.histograms).map(|number| format!("relayer_wait_{number}"))
    }

    /// The value of `peer` for each series of a name, if it has attributes.
    fn peers(self) -> impl Iterator<Item = Option<String>> {
        let peers = (0..self.peers).map(|peer| Some(format!("10.0.{}.{}", peer / 256, peer % 256)));
        peers.chain((self.peers == 0).then_some(None))
    }
}

/// Something that has series, and makes pages of them.
pub trait Page {
    /// Increments every counter, and records the values into every histogram.
    fn record(&self);

    /// Writes the page of now over the last one; returns its length.
    fn write(&mut self) -> usize;
}

/// What `Accept` says for the classic text format.
pub const TEXT: &str = "text/plain;version=0.0.4";
/// What it says for `OpenMetrics`.
pub const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

/// This library's.
#[derive(Debug)]
pub struct Ours {
    telemetry: TelemetryHandle,
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
    accept: &'static str,
    page: Vec<u8>,
}

impl Ours {
    /// For pages of the format that `accept` asks for.
    ///
    /// # Panics
    ///
    /// If a series can't be registered.
    pub fn new(size: Size, accept: &'static str) -> Self {
        let config = TelemetryConfig::default()
            .without_delivery()
            .with_counter_capacity(110_000)
            .with_prometheus(PrometheusConfig::new().with_port(0));
        let telemetry = TelemetryHandle::from_config(config).expect("a valid configuration");
        let counters = size.counter_names().flat_map(|name| {
            let telemetry = &telemetry;
            size.peers().map(move |peer| {
                let instrument = Instrument::new(&*name).description("Messages taken");
                let instrument = match peer {
                    Some(peer) => instrument.attribute("peer", peer),
                    None => instrument,
                };
                telemetry.counter(instrument).expect("room for it")
            })
        });
        let counters = counters.collect();
        let histogram = |name: String| {
            let instrument = Instrument::new(name).description("Time waited");
            telemetry.histogram(instrument).expect("room for it")
        };
        Self {
            counters,
            histograms: size.histogram_names().map(histogram).collect(),
            telemetry,
            accept,
            page: Vec::new(),
        }
    }

    /// The handle that serves them.
    pub fn telemetry(&self) -> &TelemetryHandle {
        &self.telemetry
    }
}

impl Page for Ours {
    fn record(&self) {
        self.counters.iter().for_each(Counter::increment);
        for histogram in &self.histograms {
            (1..=VALUES).for_each(|value| histogram.record(value));
        }
    }

    fn write(&mut self) -> usize {
        self.page.clear();
        self.telemetry.write_page(self.accept, &mut self.page);
        self.page.len()
    }
}

type Labels = Vec<(String, String)>;

/// That of `prometheus-client`: `OpenMetrics`.
#[derive(Debug)]
pub struct PrometheusClient {
    registry: RivalRegistry,
    counters: Vec<RivalCounter>,
    histograms: Vec<RivalHistogram>,
    page: String,
}

impl PrometheusClient {
    /// Registers the series.
    pub fn new(size: Size) -> Self {
        let mut registry = RivalRegistry::default();
        let mut counters = Vec::new();
        for name in size.counter_names() {
            let family = Family::<Labels, RivalCounter>::default();
            for peer in size.peers() {
                let labels = peer.map(|peer| ("peer".to_owned(), peer));
                counters.push(family.get_or_create_owned(&labels.into_iter().collect()));
            }
            registry.register(name, "Messages taken", family);
        }
        let histograms = size.histogram_names().map(|name| {
            let histogram = RivalHistogram::new(BOUNDS);
            registry.register(name, "Time waited", histogram.clone());
            histogram
        });
        Self {
            histograms: histograms.collect(),
            registry,
            counters,
            page: String::new(),
        }
    }
}

impl Page for PrometheusClient {
    fn record(&self) {
        for counter in &self.counters {
            counter.inc();
        }
        for histogram in &self.histograms {
            (1..=VALUES).for_each(|value| histogram.observe(value as f64));
        }
    }

    fn write(&mut self) -> usize {
        self.page.clear();
        encode(&mut self.page, &self.registry).expect("a string takes anything");
        self.page.len()
    }
}

/// That of `metrics-exporter-prometheus`: the classic text format. It keeps the
/// values of histograms until a page is made, which then has to sort them in.
pub struct MetricsExporter {
    handle: PrometheusHandle,
    counters: Vec<metrics::Counter>,
    histograms: Vec<metrics::Histogram>,
    page: Vec<u8>,
}

impl MetricsExporter {
    /// Registers the series.
    ///
    /// # Panics
    ///
    /// Never: there are bounds.
    pub fn new(size: Size) -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&BOUNDS);
        let recorder = builder.expect("there are bounds").build_recorder();
        let handle = recorder.handle();
        let (counters, histograms) = with_local_recorder(&recorder, || {
            let counters = size.counter_names().flat_map(|name| {
                metrics::describe_counter!(name.clone(), "Messages taken");
                size.peers().map(move |peer| {
                    let labels = peer.map(|peer| Label::new("peer", peer));
                    let labels: Vec<_> = labels.into_iter().collect();
                    metrics::counter!(name.clone(), labels)
                })
            });
            let counters = counters.collect();
            let histograms = size.histogram_names().map(|name| {
                metrics::describe_histogram!(name.clone(), "Time waited");
                metrics::histogram!(name)
            });
            (counters, histograms.collect())
        });
        Self {
            handle,
            counters,
            histograms,
            page: Vec::new(),
        }
    }
}

impl Page for MetricsExporter {
    fn record(&self) {
        for counter in &self.counters {
            counter.increment(1);
        }
        for histogram in &self.histograms {
            (1..=VALUES).for_each(|value| histogram.record(value as f64));
        }
    }

    fn write(&mut self) -> usize {
        self.page.clear();
        let written = self.handle.render_to_write(&mut self.page);
        written.expect("a vector takes anything");
        self.page.len()
    }
}
