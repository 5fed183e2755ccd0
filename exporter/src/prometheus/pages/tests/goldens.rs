//! One scene in every format, beside the texts in this folder.

use pqcnet_telemetry_core::{Instrument, Registry};

use super::parser::parse;
use super::{OPEN_METRICS, PROTOBUF, TEXT, families, options, pages, text};
use crate::otlp::resource::VERSION;
use crate::prometheus::pages::format::{Escaping, PageFormat, Syntax};
use crate::prometheus::pages::protobuf::{Histogram, MetricFamily};
use crate::prometheus::pages::{PageOptions, Pages, Translation};

/// Something of everything.
fn scene(translation: Translation) -> Pages {
    let registry = Registry::new();
    let ingest = Instrument::new("relayer.ingest").unit("{message}");
    let ingest = ingest.description("Messages \"in\",\nby C:\\peer");
    let ingest = registry.counter(ingest).unwrap();
    ingest
        .bind(&[("peer.id", "a"), ("lane", "fast")])
        .unwrap()
        .add(3);
    ingest
        .bind(&[("peer.id", "\"\\\n🦀"), ("le", "x")])
        .unwrap()
        .add(u64::MAX);
    let cpu = Instrument::new("cpu.time").unit("s").decimals(9);
    registry.counter(cpu).unwrap().add(1_500_000_000);
    registry
        .up_down_counter(Instrument::new("queue.size").unit("{message}"))
        .unwrap()
        .add(-4);
    registry
        .gauge(Instrument::new("load").unit("1"))
        .unwrap()
        .set(0.75);
    registry.gauge("limit").unwrap().set(f64::INFINITY);
    registry
        .gauge(Instrument::new("temperature").unit("Cel"))
        .unwrap()
        .set(f64::NAN);
    registry.gauge("never.set").unwrap();
    let wait = Instrument::new("relayer.wait").unit("s").decimals(3);
    let wait = registry
        .histogram(wait.description("Time in the queue"))
        .unwrap();
    let wait = wait.bind(&[("le", "taken")]).unwrap();
    for milliseconds in [0, 5, 6, 500, 1_000, 30_000] {
        wait.record(milliseconds);
    }
    let mut pages = pages(&PageOptions {
        translation,
        ..options()
    });
    pages.add(&registry.flush());
    pages
}

/// A page without what differs from run to run.
fn lasting(page: &str) -> String {
    let lines = page.lines().map(|line| match line.rsplit_once(' ') {
        Some((series, _)) if series.contains("_created") => format!("{series} <created>\n"),
        _ => format!("{line}\n"),
    });
    let version = |label| format!("{label}=\"{VERSION}\"");
    let page: String = lines.collect();
    [
        "otel_scope_version",
        "telemetry_sdk_version",
        "\"telemetry.sdk.version\"",
    ]
    .into_iter()
    .fold(page, |page, label| {
        page.replace(&version(label), &format!("{label}=\"<version>\""))
    })
}

#[track_caller]
fn assert_golden(page: &str, golden: &str) {
    let page = lasting(page);
    assert!(page == golden, "--- page\n{page}\n--- golden\n{golden}");
}

#[test]
fn text_0_0_4() {
    let page = text(&mut scene(Translation::default()), TEXT);
    parse(&page, false).unwrap();
    assert_golden(&page, include_str!("text_0_0_4.txt"));
}

#[test]
fn open_metrics() {
    let page = text(&mut scene(Translation::default()), OPEN_METRICS);
    parse(&page, true).unwrap();
    assert_golden(&page, include_str!("open_metrics.txt"));
}

#[test]
fn open_metrics_in_utf8() {
    let format = PageFormat::new(Syntax::OpenMetrics1, Escaping::AllowUtf8);
    let page = text(&mut scene(Translation::NoTranslation), format);
    parse(&page, true).unwrap();
    assert_golden(&page, include_str!("open_metrics_utf8.txt"));
}

#[test]
fn protobuf() {
    let mut pages = scene(Translation::default());
    let page: String = families(&mut pages, PROTOBUF)
        .iter()
        .map(in_words)
        .collect();
    assert_golden(&page, include_str!("protobuf.txt"));
}

/// A family in a line, and each of its metrics in two or more.
fn in_words(family: &MetricFamily) -> String {
    let (name, kind, unit, help) = (family.name(), family.r#type(), &family.unit, &family.help);
    let head = format!("{name} {kind:?} unit {unit:?} help {help:?}\n");
    let metrics = family.metric.iter().map(|metric| {
        let labels = metric.label.iter();
        let labels = labels.map(|label| format!("{}={:?}", label.name(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(",");
        let counter = metric.counter.iter().map(|counter| {
            assert!(counter.created_timestamp.is_some());
            format!("    counter {:?}\n", counter.value())
        });
        let gauge = metric
            .gauge
            .iter()
            .map(|gauge| format!("    gauge {:?}\n", gauge.value()));
        let values = counter
            .chain(gauge)
            .chain(metric.histogram.iter().map(histogram_in_words));
        format!("  {labels}\n{}", values.collect::<String>())
    });
    [head].into_iter().chain(metrics).collect()
}

fn histogram_in_words(histogram: &Histogram) -> String {
    assert!(histogram.created_timestamp.is_some());
    let buckets = histogram.bucket.iter();
    let buckets = buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    let spans = histogram.positive_span.iter();
    let spans = spans.map(|span| (span.offset(), span.length()));
    format!(
        "    histogram count {} sum {:?}\n    classic {:?}\n    native schema {} zero {} up to \
         {:e} spans {:?} deltas {:?}\n",
        histogram.sample_count(),
        histogram.sample_sum(),
        buckets.collect::<Vec<_>>(),
        histogram.schema(),
        histogram.zero_count(),
        histogram.zero_threshold(),
        spans.collect::<Vec<_>>(),
        histogram.positive_delta,
    )
}
