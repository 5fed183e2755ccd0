//! What does a page for Prometheus cost?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench page
//! ```
//!
//! Every line is the time of one page, after every series was recorded into
//! once more, which is not timed: a counter gains 1, a histogram 200 distinct
//! values. Ours cuts an epoch for it, and adds that to the totals.
//!
//! | group | work |
//! |---|---|
//! | `page_1100` | 1,000 counters and 100 histograms of fifteen bounds |
//! | `page_100000` | 100,000 counters of 100 names |
//! | `page_over_http` | the same 100,000 over HTTP on the loopback, to the last byte, by a connection that is kept |
//! | `first_page` | the first page of 100,000 series, made by function |
//!
//! The lines are this library's (`ours_text`, `ours_openmetrics`),
//! `prometheus-client`'s encoder (`OpenMetrics`) and
//! `metrics-exporter-prometheus`'s renderer (text, with the same bounds).

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, SamplingMode};
use pqcnet_telemetry_benches::pages::{
    MetricsExporter, OPEN_METRICS, Ours, Page, PrometheusClient, Size, TEXT,
};

type Make = fn(Size) -> Box<dyn Page>;

const PAGES: [(&str, Make); 4] = [
    ("ours_text", |size| Box::new(Ours::new(size, TEXT))),
    ("ours_openmetrics", |size| {
        Box::new(Ours::new(size, OPEN_METRICS))
    }),
    ("prometheus_client", |size| {
        Box::new(PrometheusClient::new(size))
    }),
    ("metrics_exporter_prometheus", |size| {
        Box::new(MetricsExporter::new(size))
    }),
];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    steady(&mut criterion, "page_1100", Size::NODE);
    steady(&mut criterion, "page_100000", Size::LARGE);
    over_http(&mut criterion);
    first(&mut criterion);
    criterion.final_summary();
}

/// Pages after the first.
fn steady(criterion: &mut Criterion, name: &str, size: Size) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (id, make) in PAGES {
        group.bench_function(id, |bencher| {
            let mut page = make(size);
            page.record();
            page.write();
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    page.record();
                    let start = Instant::now();
                    black_box(page.write());
                    time += start.elapsed();
                }
                time
            });
        });
    }
    group.finish();
}

fn first(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("first_page");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (id, make) in PAGES {
        group.bench_function(id, |bencher| {
            let recorded = || {
                let page = make(Size::LARGE);
                page.record();
                page
            };
            bencher.iter_batched_ref(recorded, |page| page.write(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn over_http(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("page_over_http");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (id, accept) in [("ours_text", TEXT), ("ours_openmetrics", OPEN_METRICS)] {
        group.bench_function(id, |bencher| {
            let ours = Ours::new(Size::LARGE, accept);
            let endpoint = ours.telemetry().serve_metrics().expect("a free port");
            let mut scraper = Scraper::connect(endpoint.address(), accept);
            ours.record();
            scraper.scrape();
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    ours.record();
                    let start = Instant::now();
                    black_box(scraper.scrape());
                    time += start.elapsed();
                }
                time
            });
        });
    }
    group.finish();
}

/// A connection that asks for pages.
struct Scraper {
    stream: BufReader<TcpStream>,
    request: String,
    body: Vec<u8>,
}

impl Scraper {
    fn connect(address: SocketAddr, accept: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        Self {
            stream: BufReader::new(stream),
            request: format!("GET /metrics HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n"),
            body: Vec::new(),
        }
    }

    /// One page; its length.
    fn scrape(&mut self) -> usize {
        let request = self.request.as_bytes();
        let sent = self.stream.get_mut().write_all(request);
        sent.expect("the connection is kept");
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            let read = self.stream.read_line(&mut line);
            assert_ne!(read.expect("an answer"), 0, "an answer");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).expect("a page");
        length
    }
}
