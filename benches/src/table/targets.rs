//! What the figures are held to.

use crate::figures::Figure;

use super::read::Results;

/// A figure as a part of another one.
#[derive(Debug)]
pub struct Target {
    /// Both, in words.
    pub what: &'static str,
    /// Its id.
    pub figure: &'static str,
    /// The ids of what it is held against: the least of them.
    pub against: &'static [&'static str],
    /// The greatest ratio that will do; `None` where there is no target.
    pub at_most: Option<f64>,
}

const fn target(
    what: &'static str,
    figure: &'static str,
    against: &'static [&'static str],
    at_most: f64,
) -> Target {
    Target {
        at_most: Some(at_most),
        ..control(what, figure, against)
    }
}

/// A ratio to read the targets by.
const fn control(
    what: &'static str,
    figure: &'static str,
    against: &'static [&'static str],
) -> Target {
    Target {
        what,
        figure,
        against,
        at_most: None,
    }
}

/// Histograms of other crates, or as others would make them, that can be read
/// while threads go on recording.
const READABLE_HISTOGRAMS: &[&str] = &[
    "histogram_1_thread/prometheus",
    "histogram_1_thread/prometheus-client",
    "histogram_1_thread/metrics",
    "histogram_1_thread/opentelemetry",
    "histogram_1_thread/opentelemetry_exponential",
    "histogram_1_thread/measured",
    "histogram_1_thread/metriken",
    "histogram_1_thread/metriken_sharded",
    "histogram_1_thread/histogram",
    "histogram_1_thread/fast-telemetry",
    "histogram_1_thread/fast-telemetry_histogram",
    "histogram_1_thread/nm",
    "histogram_1_thread/hdrhistogram_mutex",
];

/// All of them, in the table's order.
pub const TARGETS: &[Target] = &[
    target(
        "`Counter::increment` against an uncontended `fetch_add`",
        "counter_1_thread/increment",
        &["counter_1_thread/fetch_add"],
        0.17,
    ),
    target(
        "the same through `local()`",
        "counter_1_thread/local",
        &["counter_1_thread/fetch_add"],
        0.15,
    ),
    target(
        "counter family of an enum against a plain counter",
        "labelled_1_thread/family",
        &["counter_1_thread/increment"],
        1.25,
    ),
    target(
        "`Counter::increment` on 2 threads against 1",
        "counter_2_threads/increment",
        &["counter_1_thread/increment"],
        1.10,
    ),
    control(
        "the machine's part in that: a thread-local `Cell` on 2 threads against 1",
        "counter_2_threads/thread_local_cell",
        &["counter_1_thread/thread_local_cell"],
    ),
    target(
        "`Counter::increment` against `fast-telemetry`, both on 2 threads",
        "counter_2_threads/increment",
        &["counter_2_threads/fast-telemetry"],
        0.20,
    ),
    target(
        "`Histogram::record` against a thread-local `hdrhistogram`",
        "histogram_1_thread/record",
        &["histogram_1_thread/hdrhistogram"],
        0.50,
    ),
    control(
        "the same through `local()`",
        "histogram_1_thread/local",
        &["histogram_1_thread/hdrhistogram"],
    ),
    target(
        "`Histogram::record` against the nearest rival that can be read meanwhile",
        "histogram_1_thread/record",
        READABLE_HISTOGRAMS,
        0.25,
    ),
    target(
        "`record_counter` by name against `prometheus` by label value",
        "named_1_thread/record_counter",
        &["named_1_thread/prometheus_look_up"],
        0.40,
    ),
    target(
        "bound attributes against `opentelemetry`'s given each time",
        "labelled_1_thread/bound",
        &["labelled_1_thread/opentelemetry_attributes"],
        0.03,
    ),
    target(
        "flush to JSON against `opentelemetry`'s, 200 distinct values",
        "against_opentelemetry/ours/200",
        &["against_opentelemetry/opentelemetry_exponential/200"],
        0.18,
    ),
    target(
        "the same with 1,000",
        "against_opentelemetry/ours/1000",
        &["against_opentelemetry/opentelemetry_exponential/1000"],
        0.36,
    ),
    control(
        "the same with 200 of which no two share a cache line",
        "against_opentelemetry/ours/200_spread",
        &["against_opentelemetry/opentelemetry_exponential/200_spread"],
    ),
    control(
        "the same with 1,000 of which no two share a cache line",
        "against_opentelemetry/ours/1000_spread",
        &["against_opentelemetry/opentelemetry_exponential/1000_spread"],
    ),
    target(
        "a counter's p99.9 with a flush every ms against none",
        "disturbance/counter/every_ms/p99.9",
        &["disturbance/counter/none/p99.9"],
        1.20,
    ),
    control(
        "the machine's part in that: the flushes are of a registry of their own",
        "disturbance/counter/neighbour/p99.9",
        &["disturbance/counter/none/p99.9"],
    ),
    target(
        "a histogram's p99.9 with a flush every ms against none",
        "disturbance/histogram/every_ms/p99.9",
        &["disturbance/histogram/none/p99.9"],
        1.20,
    ),
    control(
        "the machine's part in that: the flushes are of a registry of their own",
        "disturbance/histogram/neighbour/p99.9",
        &["disturbance/histogram/none/p99.9"],
    ),
    target(
        "flush to JSON, a tenth of the series touched against all",
        "harvest_and_json/1000+100_tenth/1",
        &["harvest_and_json/1000+100_all/1"],
        0.30,
    ),
    control(
        "the same of the harvest alone",
        "harvest/1000+100_tenth/1",
        &["harvest/1000+100_all/1"],
    ),
    target(
        "memory of 64 threads against dense cells, values within a factor of 3",
        "memory/64_threads/ours_narrow",
        &["memory/64_threads/dense"],
        0.15,
    ),
    target(
        "the same, values over 14 octaves",
        "memory/64_threads/ours",
        &["memory/64_threads/dense"],
        0.15,
    ),
];

/// What came of a target.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// What is held.
    pub figure: Option<&'a Figure>,
    /// What it is held against.
    pub against: Option<&'a Figure>,
    /// The one as a part of the other, where both have been measured.
    pub ratio: Option<f64>,
    /// Whether that will do, where something is asked.
    pub is_met: Option<bool>,
}

impl Target {
    /// What came of it.
    pub fn outcome<'a>(&self, results: &'a Results) -> Outcome<'a> {
        let figure = results.get(self.figure);
        let against = least(results, self.against);
        let ratio = figure.zip(against).and_then(|(of, to)| ratio(of, to));
        Outcome {
            figure,
            against,
            ratio,
            is_met: ratio.zip(self.at_most).map(|(is, at_most)| is <= at_most),
        }
    }
}

/// The least of several figures; none if one of them is missing, as it might
/// be the one.
fn least<'a>(results: &'a Results, ids: &[&str]) -> Option<&'a Figure> {
    let figures: Option<Vec<_>> = ids.iter().map(|id| results.get(id)).collect();
    figures?
        .into_iter()
        .min_by(|a, b| a.value.total_cmp(&b.value))
}

/// One figure as a part of another; none if that is nothing.
pub fn ratio(of: &Figure, to: &Figure) -> Option<f64> {
    (to.value > 0.0).then(|| of.value / to.value)
}

#[cfg(test)]
mod tests {
    use crate::figures::Unit;

    use super::*;

    fn results<const N: usize>(figures: [(&str, f64); N]) -> Results {
        let figure = |(id, value): (&str, f64)| Figure {
            id: id.into(),
            value,
            unit: Unit::Nanoseconds,
        };
        figures.into_iter().map(figure).collect()
    }

    const HALF: Target = target("half", "g/ours", &["g/a", "g/b"], 0.5);

    #[test]
    fn against_the_least() {
        let results = results([("g/a", 8.0), ("g/b", 4.0), ("g/ours", 2.0)]);
        let outcome = HALF.outcome(&results);
        assert_eq!(outcome.against.map(|least| least.id.as_str()), Some("g/b"));
        assert_eq!(outcome.ratio, Some(0.5));
        assert_eq!(outcome.is_met, Some(true));
    }

    #[test]
    fn a_missed_target() {
        let results = results([("g/a", 8.0), ("g/b", 4.0), ("g/ours", 2.001)]);
        assert_eq!(HALF.outcome(&results).is_met, Some(false));
    }

    #[test]
    fn a_control_is_neither_met_nor_missed() {
        let results = results([("g/a", 8.0), ("g/ours", 2.0)]);
        let outcome = control("quarter", "g/ours", &["g/a"]).outcome(&results);
        assert_eq!((outcome.ratio, outcome.is_met), (Some(0.25), None));
    }

    #[test]
    fn nothing_is_met_by_what_is_missing() {
        let one_of_two = results([("g/a", 8.0), ("g/ours", 2.0)]);
        let outcome = HALF.outcome(&one_of_two);
        assert!(outcome.figure.is_some());
        assert!(outcome.against.is_none());
        assert_eq!((outcome.ratio, outcome.is_met), (None, None));

        let not_ours = results([("g/a", 8.0), ("g/b", 4.0)]);
        assert_eq!(HALF.outcome(&not_ours).is_met, None);
    }

    #[test]
    fn no_part_of_nothing() {
        let results = results([("g/a", 0.0), ("g/b", 4.0), ("g/ours", 2.0)]);
        assert_eq!(HALF.outcome(&results).ratio, None);
    }
}
