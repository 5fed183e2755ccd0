//! Epochs that are cut for somebody else, in the window that they fall into.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pqcnet_telemetry_core::Registry;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::config::{HistogramEncoding, Protocol, Temporality};
use crate::deliver::Signal;
use crate::otlp::resource::Resource;
use crate::otlp::{MetricsFormat, unix_nanos};

#[test]
fn epochs_that_are_not_due_share_the_window_of_the_next_that_is() {
    let format = MetricsFormat {
        temporality: Temporality::Delta,
        histograms: HistogramEncoding::Exponential,
        max_bytes: 1 << 20,
    };
    let resource = Resource::new(&BTreeMap::new(), Uuid::nil());
    let encoder = MetricsEncoder::new(Protocol::HttpJson, &resource, &format);
    let start = SystemTime::now();
    let accumulator = Accumulator::new(format.temporality, &format.histograms, start);
    let limits = Limits {
        bytes: 1 << 20,
        requests: 100,
    };
    let mut source = Delta::new(accumulator, encoder, limits);
    let mut report = SignalReport::new("default".into(), Signal::Metrics, "http://x/".into());
    let registry = Registry::new();
    let counter = registry.counter("c").unwrap();
    let mut begin = unix_nanos(start);
    for scrapes in [0, 1, 5] {
        for _ in 0..scrapes {
            counter.add(1);
            source.add(&registry.flush(), false);
            assert!(!source.has_next());
        }
        counter.add(1);
        source.add(&registry.flush(), true);
        let body = source.next(false, &mut report).unwrap();
        let request: Value = serde_json::from_slice(&body.bytes).unwrap();
        let metrics = &request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        let point = &metrics[0]["sum"]["dataPoints"][0];
        let number = |key: &str| point[key].as_str().unwrap().parse::<u64>().unwrap();
        assert_eq!(number("asInt"), scrapes + 1);
        assert_eq!(number("startTimeUnixNano"), begin);
        begin = number("timeUnixNano");
        source.settle(body, &Outcome::new(None), &mut report);
        assert!(!source.has_next());
    }
}
