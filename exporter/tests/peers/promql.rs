//! The query API that Prometheus has and `VictoriaMetrics` copies.

use serde_json::Value;

/// The results of an instant query, each with its labels and what it found.
pub(crate) fn query(base: &str, promql: &str) -> Vec<Value> {
    let answer = ureq::get(format!("{base}/api/v1/query"))
        .query("query", promql)
        .call()
        .unwrap_or_else(|error| panic!("{promql}: {error}"))
        .body_mut()
        .read_to_string()
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"], "success", "{promql}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

/// The only result of a query.
pub(crate) fn only(base: &str, promql: &str) -> Value {
    let mut results = query(base, promql);
    assert_eq!(results.len(), 1, "{promql}: {results:?}");
    results.remove(0)
}

/// The number that the only result of an instant query holds.
pub(crate) fn number(base: &str, promql: &str) -> f64 {
    float(&only(base, promql)["value"][1])
}

/// Numbers are strings, so that they can be infinite.
pub(crate) fn float(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

/// All samples of a series, as (time in seconds, value), oldest first.
pub(crate) fn samples(base: &str, series: &str) -> Vec<(f64, f64)> {
    let found = only(base, &format!("{series}[1h]"));
    let pairs = found["values"].as_array().unwrap().iter();
    pairs
        .map(|pair| (pair[0].as_f64().unwrap(), float(&pair[1])))
        .collect()
}

/// All samples of a native histogram, as (time in seconds, count), oldest first.
pub(crate) fn histogram_counts(base: &str, series: &str) -> Vec<(f64, f64)> {
    let found = only(base, &format!("{series}[1h]"));
    let pairs = found["histograms"].as_array().unwrap().iter();
    pairs
        .map(|pair| (pair[0].as_f64().unwrap(), float(&pair[1]["count"])))
        .collect()
}
