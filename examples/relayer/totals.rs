//! Totals by series: as counted, as delivered, as received.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use pqcnet_telemetry::TelemetrySnapshot;
use pqcnet_telemetry::core::LabelSet;
use serde_json::Value;

use crate::sink::Request;

/// Named as in snapshots. What is not there is zero.
#[derive(Default)]
pub(crate) struct Totals(BTreeMap<String, i128>);

impl Totals {
    pub(crate) fn add(&mut self, name: &str, n: impl Into<i128>) {
        *self.0.entry(name.into()).or_default() += n.into();
    }

    pub(crate) fn add_labelled<L: LabelSet>(&mut self, name: &str, label: L, n: u64) {
        self.add(&format!("{name}{{{}={}}}", L::KEY, label.value()), n);
    }

    pub(crate) fn add_histogram(&mut self, name: &str, count: u64, sum: u64) {
        self.add(&format!("{name}:count"), count);
        self.add(&format!("{name}:sum"), sum);
    }

    pub(crate) fn add_kem_event(&mut self, reason: &str) {
        self.add(&format!("pqcnet.kem.usage{{reason={reason}}}"), 1_u64);
    }

    /// Adds what a flush delivered. Up-down counters show where they stand.
    pub(crate) fn add_snapshot(&mut self, snapshot: &TelemetrySnapshot) {
        for (name, gain) in &snapshot.counters {
            self.add(name, *gain);
        }
        for (name, value) in &snapshot.up_down_counters {
            self.0.insert(name.clone(), (*value).into());
        }
        // As recorded: in milliseconds.
        for (name, latency) in &snapshot.histograms {
            self.add_histogram(name, latency.count, latency.sum);
        }
        for event in &snapshot.kem_events {
            self.add_kem_event(event.reason.as_str());
        }
    }

    /// What a receiver of cumulative metrics has: the last metrics, and every
    /// log record once.
    pub(crate) fn of_requests(requests: &[Request]) -> serde_json::Result<Self> {
        let mut totals = Self::default();
        let mut metrics = Value::Null;
        let mut known = HashSet::new();
        for request in requests {
            let body: Value = serde_json::from_str(&request.body)?;
            if request.path == "/v1/metrics" {
                metrics = body;
                continue;
            }
            for record in leaves(&body, &["resourceLogs", "scopeLogs", "logRecords"]) {
                // Others are events of the program.
                if record["eventName"] != "pqcnet.kem.usage" {
                    continue;
                }
                if known.insert(attribute(record, "log.record.uid").to_owned()) {
                    totals.add_kem_event(attribute(record, "pqcnet.kem.reason"));
                }
            }
        }
        for metric in leaves(&metrics, &["resourceMetrics", "scopeMetrics", "metrics"]) {
            let name = metric["name"].as_str().unwrap_or_default();
            if is_of_the_library(name) {
                continue;
            }
            for point in leaves(&metric["sum"], &["dataPoints"]) {
                totals.add(&series(name, point), number(&point["asInt"]));
            }
            for point in leaves(&metric["exponentialHistogram"], &["dataPoints"]) {
                totals.add(&format!("{name}:count"), number(&point["count"]));
                // In seconds, of three decimals.
                let seconds = point["sum"].as_f64().unwrap_or_default();
                let milliseconds = (seconds * 1_000.0).round();
                totals.add(&format!("{name}:sum"), milliseconds as u64);
            }
        }
        Ok(totals)
    }
}

/// What the library says of itself is no part of the relay's totals.
fn is_of_the_library(name: &str) -> bool {
    ["otel.sdk.", "pqcnet.telemetry."]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// The members of nested lists of these keys.
fn leaves<'a>(value: &'a Value, keys: &[&str]) -> Vec<&'a Value> {
    keys.iter().fold(vec![value], |values, key| {
        let lists = values.into_iter().filter_map(|value| value[key].as_array());
        lists.flatten().collect()
    })
}

/// Keys and values of an item's attributes, all of them text.
fn attributes(item: &Value) -> impl Iterator<Item = (&str, &str)> {
    let pairs = leaves(item, &["attributes"]).into_iter();
    pairs.filter_map(|pair| {
        Some((
            pair["key"].as_str()?,
            pair["value"]["stringValue"].as_str()?,
        ))
    })
}

fn attribute<'a>(item: &'a Value, key: &str) -> &'a str {
    let found = attributes(item).find(|(name, _)| *name == key);
    found.map(|(_, value)| value).unwrap_or_default()
}

/// What a snapshot names the series of a point.
fn series(name: &str, point: &Value) -> String {
    let pairs: Vec<_> = attributes(point)
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if pairs.is_empty() {
        return name.into();
    }
    format!("{name}{{{}}}", pairs.join(","))
}

/// A whole number, which OTLP writes as text.
fn number(value: &Value) -> i128 {
    let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
    text.parse().unwrap_or_default()
}

/// Prints every series with its value in each column, and fails where a column
/// differs from the first.
pub(crate) fn compare(columns: &[(&str, Totals)]) -> Result<(), String> {
    let mut differing = Vec::new();
    print!("{:<40}", "total");
    for (head, _) in columns {
        print!("{head:>14}");
    }
    println!();
    let names = columns.iter().flat_map(|(_, totals)| totals.0.keys());
    for name in names.collect::<BTreeSet<_>>() {
        let value = |(_, totals): &(&str, Totals)| totals.0.get(name).copied().unwrap_or_default();
        print!("{name:<40}");
        for column in columns {
            print!("{:>14}", value(column));
        }
        println!();
        if columns
            .iter()
            .any(|column| value(column) != value(&columns[0]))
        {
            differing.push(name.as_str());
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!("totals disagree: {}", differing.join(", ")))
}
