//! Binary requests fill the limit, and keep to it.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

use super::recorder::{Recorder, Step};
use super::{append, count_points, from_protobuf, joined, metrics_of, resource, truncate};
use crate::config::{HistogramEncoding, Protocol, Temporality};
use crate::otlp::{Body, MetricsEncoder, MetricsFormat};

/// The request as it would be with the next one's first point in it.
fn with_first_of(
    mut request: ExportMetricsServiceRequest,
    next: &mut ExportMetricsServiceRequest,
) -> ExportMetricsServiceRequest {
    let mut metric = metrics_of(next)[0].clone();
    truncate(&mut metric, 1);
    append(metrics_of(&mut request), vec![metric]);
    request
}

fn check(bodies: &[Body], limit: usize, whole: &ExportMetricsServiceRequest) {
    let mut requests: Vec<_> = bodies.iter().map(from_protobuf).collect();
    for (body, request) in bodies.iter().zip(&mut requests) {
        assert_eq!(body.items, count_points(request));
        let name = metrics_of(request)[0].name.clone();
        if body.bytes.len() > limit {
            assert_eq!(body.items, 1);
            assert_eq!(body.oversized, Some(format!("a point of {name}")));
        } else {
            assert_eq!(body.oversized, None);
        }
    }
    for at in 1..requests.len() {
        let fuller = with_first_of(requests[at - 1].clone(), &mut requests[at]);
        assert!(fuller.encoded_len() > limit, "cut too early at {limit}");
    }
    assert_eq!(joined(requests).as_ref(), Some(whole));
}

/// Encodes a report of every kind with each limit, given the length of the
/// whole.
fn sweep<L: Iterator<Item = usize>>(
    histograms: HistogramEncoding,
    peers: usize,
    limits: impl FnOnce(usize) -> L,
) {
    let format = MetricsFormat {
        temporality: Temporality::Delta,
        histograms,
        max_bytes: usize::MAX,
    };
    let mut recorder = Recorder::new(&format);
    for at in 0..4 {
        recorder.step(&Step::Count(at, 7));
        recorder.step(&Step::Level(at, -7));
        recorder.step(&Step::Set(at, 0.5));
        for value in [0, 1, 900, 1 << 20] {
            recorder.step(&Step::Value(at, value));
        }
    }
    for peer in 0..peers {
        recorder.step(&Step::Bind(peer.to_string()));
    }
    recorder.step(&Step::Flush);
    let mut encoder = MetricsEncoder::new(Protocol::HttpProtobuf, &resource(), &format);
    let whole = encoder.encode(&recorder.accumulator);
    let [whole] = &whole[..] else {
        panic!("one request");
    };
    let request = from_protobuf(whole);
    for limit in limits(whole.bytes.len()) {
        encoder.set_max_bytes(limit);
        let bodies = encoder.encode(&recorder.accumulator);
        check(&bodies, limit, &request);
        assert_eq!(bodies.len() == 1, limit >= whole.bytes.len());
    }
}

#[test]
fn requests_are_as_full_as_every_limit_allows() {
    let bounds = vec![0.0, 10.0, 1e3];
    sweep(HistogramEncoding::Explicit(bounds), 10, |whole| {
        0..whole + 2
    });
    sweep(HistogramEncoding::Exponential, 10, |whole| 0..whole + 2);
}

#[test]
fn requests_are_full_where_lengths_take_one_more_byte() {
    // Of the metric, the scope and the resource, one after the other.
    sweep(HistogramEncoding::Exponential, 400, |whole| {
        assert!(whole > (1 << 14) + 600);
        (1 << 14) - 50..(1 << 14) + 600
    });
}
