//! Epochs that are cut for somebody else: in the totals, not in a hurry.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use pqcnet_telemetry_core::Registry;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::config::{HistogramEncoding, Protocol, Temporality};
use crate::deliver::{Failure, Signal};
use crate::otlp::MetricsFormat;
use crate::otlp::resource::Resource;

fn cumulative() -> (Cumulative, SignalReport) {
    let format = MetricsFormat {
        temporality: Temporality::Cumulative,
        histograms: HistogramEncoding::Exponential,
        max_bytes: 1 << 20,
    };
    let resource = Resource::new(&BTreeMap::new(), Uuid::nil());
    let encoder = MetricsEncoder::new(Protocol::HttpJson, &resource, &format);
    let now = SystemTime::now();
    let accumulator = Accumulator::new(format.temporality, &format.histograms, now);
    let report = SignalReport::new("default".into(), Signal::Metrics, "http://x/".into());
    (Cumulative::new(accumulator, encoder), report)
}

/// Sends all there is, and says which totals were said when.
fn sent(source: &mut Cumulative, report: &mut SignalReport) -> BTreeMap<String, (u64, u64)> {
    let mut totals = BTreeMap::new();
    while let Some(body) = source.next(false, report) {
        let request: Value = serde_json::from_slice(&body.bytes).unwrap();
        let metrics = &request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        for metric in metrics.as_array().unwrap() {
            let point = &metric["sum"]["dataPoints"][0];
            let number = |key: &str| point[key].as_str().unwrap().parse::<u64>().unwrap();
            let name = metric["name"].as_str().unwrap().to_owned();
            totals.insert(name, (number("asInt"), number("timeUnixNano")));
        }
        source.settle(body, &Outcome::new(None), report);
    }
    totals
}

#[test]
fn an_epoch_that_is_not_due_waits_for_one_that_is() {
    let (mut source, mut report) = cumulative();
    let registry = Registry::new();
    let counter = registry.counter("c").unwrap();
    for _ in 0..3 {
        counter.increment();
        source.add(&registry.flush(), false);
        assert!(!source.has_next());
        assert!(source.next(false, &mut report).is_none());
    }
    source.add(&registry.flush(), true);
    assert_eq!(sent(&mut source, &mut report)["c"].0, 3);
    source.add(&registry.flush(), false);
    assert!(!source.has_next(), "it was said");
}

#[test]
fn one_that_is_not_due_takes_back_no_demand() {
    let (mut source, mut report) = cumulative();
    let registry = Registry::new();
    let counter = registry.counter("c").unwrap();
    counter.increment();
    source.add(&registry.flush(), true);
    counter.increment();
    let last = registry.flush();
    source.add(&last, false);
    let (total, time) = sent(&mut source, &mut report)["c"];
    let end = last.end().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(total, 2);
    assert!(u128::from(time) >= end.as_nanos());
}

#[test]
fn a_report_that_is_split_after_a_scrape_is_said_anew_as_a_whole() {
    let (mut source, mut report) = cumulative();
    let registry = Registry::new();
    let counters: Vec<_> = (0..20)
        .map(|index| registry.counter(format!("c{index}")).unwrap())
        .collect();
    let count = || {
        for counter in &counters {
            counter.increment();
        }
    };
    count();
    source.add(&registry.flush(), true);
    let body = source.next(false, &mut report).unwrap();
    // While it is under way, a scrape brings news of old series and new ones.
    count();
    registry.counter("new").unwrap().add(2);
    source.add(&registry.flush(), false);
    let too_large = Failure::Status {
        status: 413,
        body: String::new(),
    };
    let settled = source.settle(body, &Outcome::new(Some(&too_large)), &mut report);
    assert_eq!(settled, Settled::Recast);
    let totals = sent(&mut source, &mut report);
    assert_eq!(totals.len(), 21);
    assert!(totals.values().all(|(total, _)| *total == 2), "{totals:?}");
}
