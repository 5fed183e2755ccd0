//! The bounds of explicit histograms: which go out, and which are refused.

use pqcnet_telemetry::{HistogramEncoding, TelemetryConfig};
use serde_json::json;

use crate::sink::Sink;
use crate::support::{
    assert_names, flush_to, metric, parse, parse_under, refusal, refusal_of, text_for,
};

#[test]
fn explicit_histograms_have_the_specifications_bounds() {
    let sink = Sink::start();
    let text = text_for(&sink, "histograms = \"explicit\"");
    let requests = flush_to(&sink, parse(&text).unwrap());
    let point = &metric(&requests, "wait")["histogram"]["dataPoints"][0];
    let bounds = json!([
        0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0,
        7500.0, 10000.0
    ]);
    assert_eq!(point["explicitBounds"], bounds);
}

#[test]
fn bounds_of_ones_own_go_out() {
    let sink = Sink::start();
    // The bounds first: their order in the text does not matter.
    let text = format!(
        "[telemetry]\nhistogram-bounds = [1, 2.5]\nhistograms = \"explicit\"\nendpoint = \"{}\"",
        sink.url()
    );
    let requests = flush_to(&sink, parse(&text).unwrap());
    let point = &metric(&requests, "wait")["histogram"]["dataPoints"][0];
    assert_eq!(point["explicitBounds"], json!([1.0, 2.5]));
    assert_eq!(point["bucketCounts"], json!(["0", "0", "1"]));
}

#[test]
fn bounds_that_are_not_finite_and_increasing_are_named() {
    for (bounds, shown) in [
        ("[2, 1]", "[2.0, 1.0]"),
        ("[1, 1]", "[1.0, 1.0]"),
        ("[1, nan]", "[1.0, NaN]"),
        ("[1, inf]", "[1.0, inf]"),
        ("[\"x\"]", "x"),
        ("5", "\"5\""),
    ] {
        let said = refusal(&format!(
            "histograms = \"explicit\"\nhistogram-bounds = {bounds}"
        ));
        assert_names(&said, &["`histogram-bounds`", shown]);
    }
}

#[test]
fn bounds_without_explicit_histograms_are_named() {
    for histograms in ["", "histograms = \"exponential\"\n"] {
        let said = refusal(&format!("{histograms}histogram-bounds = [1, 2]"));
        assert_names(&said, &["`histogram-bounds`", "[1, 2]", "explicit"]);
    }
}

#[test]
fn explicit_aggregation_keeps_the_bounds_of_toml() {
    let variables = [(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "explicit_bucket_histogram",
    )];
    let text = "[telemetry]\nhistograms = \"explicit\"\nhistogram-bounds = [1, 2]";
    let config = parse_under(text, &variables).unwrap();
    assert_names(&format!("{config:?}"), &["Explicit([1.0, 2.0])"]);
}

#[test]
fn bounds_by_call_are_checked() {
    for bounds in [vec![2.0, 1.0], vec![1.0, 1.0], vec![f64::NAN]] {
        let explicit = HistogramEncoding::Explicit(bounds.clone());
        let said = refusal_of(TelemetryConfig::default().with_histograms(explicit));
        assert_names(&said, &["histogram-bounds", &format!("{bounds:?}")]);
    }
}
