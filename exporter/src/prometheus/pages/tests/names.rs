//! Names of metrics and units: the tables of the specifications.

use pqcnet_telemetry_core::Kind;

use crate::prometheus::pages::escape::NameOf;
use crate::prometheus::pages::format::Escaping;
use crate::prometheus::pages::name::MetricName;
use crate::prometheus::pages::translation::Translation;
use crate::prometheus::pages::unit::UnitWords;
use Kind::{Counter, Gauge, Histogram, UpDownCounter};
use Translation::{
    NoTranslation, NoUtf8EscapingWithSuffixes, UnderscoreEscapingWithSuffixes,
    UnderscoreEscapingWithoutSuffixes,
};

fn name(name: &str, unit: &str, kind: Kind, translation: Translation) -> String {
    MetricName::new(name, unit, kind, translation).name
}

#[test]
fn the_specification_s_table_holds() {
    // PROM, "Interaction with Translation Strategy".
    let table = [
        (
            UnderscoreEscapingWithSuffixes,
            "foo_bar_bytes_total",
            "foo_bar_bytes_total",
        ),
        (UnderscoreEscapingWithoutSuffixes, "foo_bar", "foo_bar"),
        (
            NoUtf8EscapingWithSuffixes,
            "foo_bar_bytes_total",
            "foo.bar_bytes_total",
        ),
        (NoTranslation, "foo_bar", "foo.bar"),
    ];
    for (translation, underscores, utf8) in table {
        let name = name("foo.bar", "By", Counter, translation);
        assert_eq!(
            NameOf::Metric.escaped(&name, Escaping::Underscores),
            underscores
        );
        assert_eq!(NameOf::Metric.escaped(&name, Escaping::AllowUtf8), utf8);
    }
}

/// Name, unit and kind of an instrument, and the metric's name.
const WITH_SUFFIXES: &[(&str, &str, Kind, &str)] = &[
    ("requests", "", Counter, "requests_total"),
    ("requests_total", "", Counter, "requests_total"),
    ("requests.total", "s", Counter, "requests_seconds_total"),
    (
        "otelcol_process_cpu_seconds",
        "s",
        Counter,
        "otelcol_process_cpu_seconds_total",
    ),
    ("cpu_seconds_total", "s", Counter, "cpu_seconds_total"),
    ("items", "1", Counter, "items_total"),
    ("items", "1", UpDownCounter, "items"),
    ("cpu_usage", "1", Gauge, "cpu_usage_ratio"),
    ("cpu_usage_ratio", "1", Gauge, "cpu_usage_ratio"),
    ("response_time", "ms", Gauge, "response_time_milliseconds"),
    ("response_time_seconds", "s", Gauge, "response_time_seconds"),
    ("memory_usage", "By", Gauge, "memory_usage_bytes"),
    ("requests", "1/s", Gauge, "requests_per_second"),
    ("requests", "1/s", Counter, "requests_per_second_total"),
    ("throughput", "By/s", Gauge, "throughput_bytes_per_second"),
    (
        "throughput_bytes",
        "By/s",
        Gauge,
        "throughput_bytes_per_second",
    ),
    (
        "custom_metric",
        "custom_unit",
        Gauge,
        "custom_metric_custom_unit",
    ),
    ("custom_metric", "{custom}", Gauge, "custom_metric"),
    ("custom_metric", "By/{custom}", Gauge, "custom_metric_bytes"),
    (
        "custom_metric",
        "{packet}/s",
        Gauge,
        "custom_metric_per_second",
    ),
    (
        "custom_metric",
        "unit@with#special/chars",
        Gauge,
        "custom_metric_unit_with_special_per_chars",
    ),
    (
        "metric__with__multiple__underscores",
        "unit__multiple__underscores",
        Gauge,
        "metric_with_multiple_underscores_unit_multiple_underscores",
    ),
    (
        "(lambda).function.executions(#)",
        "",
        Gauge,
        "lambda_function_executions",
    ),
    (
        "request_duration",
        "s",
        Histogram,
        "request_duration_seconds",
    ),
    ("123metric", "", Gauge, "_123metric"),
    ("a::b:c", "", Gauge, "a::b:c"),
    // Not the translator's, which looks for the word anywhere: the
    // specification's own example of why that is wrong.
    (
        "seconds_before_my_birthday",
        "s",
        Gauge,
        "seconds_before_my_birthday_seconds",
    ),
    ("total_requests", "", Counter, "total_requests_total"),
    ("subtotal", "", Counter, "subtotal_total"),
    ("milliseconds", "s", Gauge, "milliseconds_seconds"),
    ("seconds", "s", Gauge, "seconds"),
];

#[test]
fn names_are_those_of_the_translator() {
    for (given, unit, kind, expected) in WITH_SUFFIXES {
        let found = name(given, unit, *kind, UnderscoreEscapingWithSuffixes);
        assert_eq!(found, *expected, "{given} in {unit:?}, a {kind}");
    }
    let without = [
        ("simple_metric", "simple_metric"),
        ("metric@with#special$chars", "metric_with_special_chars"),
        ("metric@@##$$name", "metric_name"),
        ("123metric", "_123metric"),
        ("@#$%", "_"),
        ("", "_"),
    ];
    for (given, expected) in without {
        let found = name(given, "s", Counter, UnderscoreEscapingWithoutSuffixes);
        assert_eq!(found, expected);
    }
    let utf8 = [
        ("requêsts", "", Counter, "requêsts_total"),
        ("foo.total", "", Counter, "foo_total"),
        ("cpu_usagé", "1", Gauge, "cpu_usagé_ratio"),
        ("respønse.time", "ms", Gauge, "respønse.time_milliseconds"),
        ("requêsts", "1/s", Gauge, "requêsts_per_second"),
        ("@#$%", "", Counter, "@#$%_total"),
    ];
    for (given, unit, kind, expected) in utf8 {
        assert_eq!(
            name(given, unit, kind, NoUtf8EscapingWithSuffixes),
            expected
        );
    }
}

#[test]
fn units_are_those_of_the_specification() {
    let table = [
        ("d", "days"),
        ("h", "hours"),
        ("min", "minutes"),
        ("s", "seconds"),
        ("ms", "milliseconds"),
        ("us", "microseconds"),
        ("ns", "nanoseconds"),
        ("By", "bytes"),
        ("KiBy", "kibibytes"),
        ("MiBy", "mebibytes"),
        ("GiBy", "gibibytes"),
        ("TiBy", "tebibytes"),
        ("kBy", "kilobytes"),
        ("MBy", "megabytes"),
        ("GBy", "gigabytes"),
        ("TBy", "terabytes"),
        ("m", "meters"),
        ("V", "volts"),
        ("A", "amperes"),
        ("J", "joules"),
        ("W", "watts"),
        ("g", "grams"),
        ("Cel", "celsius"),
        ("Hz", "hertz"),
        ("%", "percent"),
        ("m/s", "meters_per_second"),
        ("By/min", "bytes_per_minute"),
        ("{packet}/h", "per_hour"),
        ("{packet}", ""),
        ("By{transmitted}", "bytes"),
        ("1", ""),
        ("1/1", "per_1"),
        ("a/b/c", "a_per_b_c"),
        ("{unclosed", ""),
        ("/", ""),
        ("", ""),
    ];
    for (unit, words) in table {
        assert_eq!(UnitWords::of(unit).joined(), words, "{unit}");
    }
}

#[test]
fn escapings_are_those_of_prometheus_common() {
    // Name, with underscores, with dots, with values.
    let table = [
        ("", "", "", ""),
        (
            "no:escaping_required",
            "no:escaping_required",
            "no:escaping__required",
            "no:escaping_required",
        ),
        (
            "mysystem.prod.west.cpu.load_total",
            "mysystem_prod_west_cpu_load_total",
            "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total",
            "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total",
        ),
        (
            "http.status:sum",
            "http_status:sum",
            "http_dot_status:sum",
            "U__http_2e_status:sum",
        ),
        (
            "label with 😱",
            "label_with__",
            "label__with____",
            "U__label_20_with_20__1f631_",
        ),
        ("花火", "__", "____", "U___82b1__706b_"),
    ];
    for (name, underscores, dots, values) in table {
        if !name.is_empty() {
            assert_eq!(
                NameOf::Metric.escaped(name, Escaping::Underscores),
                underscores
            );
            assert_eq!(NameOf::Metric.escaped(name, Escaping::Values), values);
        }
        assert_eq!(NameOf::Metric.escaped(name, Escaping::Dots), dots);
        assert_eq!(NameOf::Metric.escaped(name, Escaping::AllowUtf8), name);
    }
    assert_eq!(NameOf::Label.escaped("a:b", Escaping::Underscores), "a_b");
    assert_eq!(NameOf::Label.escaped("é\0.", Escaping::AllowUtf8), "é_.");
}
