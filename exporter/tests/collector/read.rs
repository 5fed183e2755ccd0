//! Reading back the OTLP JSON that a Collector has written down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The fields of a metric that hold data points.
const KINDS: [&str; 4] = ["sum", "gauge", "histogram", "exponentialHistogram"];

/// The requests that a Collector has written down, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) requests: Vec<Value>,
}

impl Received {
    /// All items of a kind, such as `resourceMetrics/scopeMetrics/metrics`.
    fn items(&self, path: [&str; 3]) -> Vec<&Value> {
        let mut found: Vec<_> = self.requests.iter().collect();
        for key in path {
            let lists = found.into_iter().filter_map(|value| value[key].as_array());
            found = lists.flatten().collect();
        }
        found
    }

    pub(crate) fn metrics(&self) -> Vec<&Value> {
        self.items(["resourceMetrics", "scopeMetrics", "metrics"])
    }

    pub(crate) fn log_records(&self) -> Vec<&Value> {
        self.items(["resourceLogs", "scopeLogs", "logRecords"])
    }

    /// The only report of the metric of this name.
    pub(crate) fn metric(&self, name: &str) -> &Value {
        let mut metrics = self.metrics();
        metrics.retain(|metric| metric["name"] == name);
        let [metric] = metrics[..] else {
            panic!("{} reports of {name:?}", metrics.len());
        };
        metric
    }

    /// The data points of the metric of this name, oldest first.
    pub(crate) fn points(&self, name: &str) -> Vec<&Value> {
        let metrics = self.metrics().into_iter();
        metrics
            .filter(|metric| metric["name"] == name)
            .flat_map(points_of)
            .collect()
    }

    /// An integer of each data point of the metric of this name, oldest first.
    pub(crate) fn integers(&self, name: &str, field: &str) -> Vec<i128> {
        let points = self.points(name).into_iter();
        points.map(|point| integer(&point[field])).collect()
    }

    /// The last data point of the metric of this name.
    pub(crate) fn last_point(&self, name: &str) -> &Value {
        self.points(name).pop().unwrap()
    }

    /// The ids of the events, as often as they came, in order.
    pub(crate) fn event_ids(&self) -> Vec<String> {
        let records = self.log_records().into_iter();
        let ids = records.map(|record| text(record, "log.record.uid").to_owned());
        let mut ids: Vec<_> = ids.collect();
        ids.sort();
        ids
    }

    /// Both, the other's requests later.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.requests.extend(other.requests);
        self
    }
}

/// The data points of a metric, whatever its kind.
pub(crate) fn points_of(metric: &Value) -> Vec<&Value> {
    let lists = KINDS.map(|kind| metric[kind]["dataPoints"].as_array());
    lists.into_iter().flatten().flatten().collect()
}

/// The attributes of a data point, log record or resource.
pub(crate) fn attributes(item: &Value) -> BTreeMap<&str, &Value> {
    let pairs = item["attributes"].as_array().into_iter().flatten();
    pairs
        .map(|pair| (pair["key"].as_str().unwrap(), &pair["value"]))
        .collect()
}

/// The text of an attribute.
pub(crate) fn text<'a>(item: &'a Value, key: &str) -> &'a str {
    attributes(item)[key]["stringValue"].as_str().unwrap()
}

/// A 64-bit integer: a string, or left out where it is zero.
pub(crate) fn integer(value: &Value) -> i128 {
    match value {
        Value::Null => 0,
        Value::String(digits) => digits.parse().unwrap(),
        other => panic!("{other} is no 64-bit integer"),
    }
}

pub(crate) fn integers(list: &Value) -> Vec<i128> {
    list.as_array().into_iter().flatten().map(integer).collect()
}

/// A metric without its times, which no test can know.
pub(crate) fn without_times(metric: &Value) -> Value {
    let mut metric = metric.clone();
    for kind in KINDS {
        let points = metric.get_mut(kind).and_then(|k| k.get_mut("dataPoints"));
        for point in points.and_then(Value::as_array_mut).into_iter().flatten() {
            let point = point.as_object_mut().unwrap();
            assert!(integer(&point.remove("timeUnixNano").unwrap()) > 0);
            point.remove("startTimeUnixNano");
        }
    }
    metric
}

/// Checks that each delta window begins where the one before has ended. A
/// series is left out of windows in which it was not recorded into.
pub(crate) fn assert_windows_follow_one_another(received: &Received) {
    let points = received.metrics().into_iter().flat_map(points_of);
    let windows: BTreeSet<_> = points
        .map(|point| ["startTimeUnixNano", "timeUnixNano"].map(|key| integer(&point[key])))
        .collect();
    let windows: Vec<_> = windows.into_iter().collect();
    assert!(windows.len() > 1);
    let have_length = windows.iter().all(|[start, end]| start < end);
    assert!(have_length, "{windows:?}");
    let are_contiguous = windows.is_sorted_by(|before, after| before[1] == after[0]);
    assert!(are_contiguous, "{windows:?}");
}
