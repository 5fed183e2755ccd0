//! Histograms of how long spans last.

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use pqcnet_telemetry::core::Instrument;
use pqcnet_telemetry::trace::Sampler;
use pqcnet_telemetry::{HistogramEncoding, TelemetryConfig, TelemetryHandle};
use tracing::{Dispatch, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::received::{Spans, spans_in};
use crate::support::read::metrics_in;
use crate::support::sink::Sink;
use crate::support::telemetry::config;

fn durations(
    change: impl FnOnce(TelemetryConfig) -> TelemetryConfig,
) -> (
    Spans,
    opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint,
) {
    let sink = Sink::start();
    let bounds = HistogramEncoding::Explicit(vec![1.0]);
    let config = change(config(&sink.url()).with_histograms(bounds));
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let search = Instrument::new("p2p.search.duration").unit("s").decimals(6);
    let search = telemetry.histogram(search).unwrap();
    let layer = telemetry.tracing_layer().with_duration("search", &search);
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || {
        info_span!("search").in_scope(|| info_span!("query").in_scope(|| {}));
    });
    telemetry.flush().unwrap();
    let requests = sink.received();
    let metrics: Vec<_> = requests.iter().flat_map(metrics_in).collect();
    let [metric] = &metrics[..] else {
        panic!("{metrics:?}");
    };
    let Some(Data::Histogram(histogram)) = &metric.data else {
        panic!("{metric:?}");
    };
    let spans = Spans(requests.iter().flat_map(spans_in).collect());
    (spans, histogram.data_points[0].clone())
}

#[test]
fn a_bucket_leads_to_the_trace_behind_it() {
    let (spans, point) = durations(|config| config);
    assert_eq!(point.count, 1);
    let [exemplar] = &point.exemplars[..] else {
        panic!("{point:?}");
    };
    let span = spans.named("search");
    assert_eq!(exemplar.trace_id, span.trace_id);
    assert_eq!(exemplar.span_id, span.span_id);
    let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
    let micros = (point.sum.unwrap() * 1e6).round() as u64;
    // HDR buckets of three digits, and the clocks' rounding.
    assert!(
        micros.abs_diff(nanos / 1_000) <= 1 + nanos / 1_000_000,
        "{micros} {nanos}"
    );
}

#[test]
fn a_span_that_is_not_sampled_is_measured_all_the_same() {
    let (spans, point) = durations(|config| config.with_sampler(Sampler::always_off()));
    assert!(spans.0.is_empty());
    assert_eq!(point.count, 1);
    assert!(point.exemplars.is_empty());
}
