//! The keys, variables and calls of traces, spans and log records. What they
//! come to is tested beside the settings.

use crate::support::{assert_names, error_in, refusal};

/// Every variable that is read with the cargo feature.
pub(crate) const NAMES: &[&str] = &[
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_BLRP_MAX_QUEUE_SIZE",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

/// What is said about a destination "b" that holds `body` too.
fn refusal_in_destination(body: &str) -> String {
    error_in(&format!(
        "[[telemetry.destination]]\nname = \"b\"\nendpoint = \"http://b\"\n{body}\n"
    ))
}

#[cfg(not(feature = "tracing"))]
#[test]
fn a_build_without_traces_refuses_all_that_is_said_of_them() {
    const REASON: &str = "this build has no traces: it lacks the cargo feature tracing";
    for (body, key) in [
        ("[telemetry.traces]", "`traces`"),
        ("traces = \"hunter2 is not shown\"", "`traces`"),
        ("traces-endpoint = \"http://t\"", "`traces-endpoint`"),
        ("[telemetry.spans]", "`spans`"),
        ("[telemetry.log-records]\nenabled = false", "`log-records`"),
    ] {
        assert_names(&refusal(body), &[key, REASON]);
    }
    for (body, key) in [
        ("signals = [\"traces\"]", "`destination.b.signals`"),
        (
            "signals = [\"metrics\", \"traces\"]",
            "`destination.b.signals`",
        ),
        ("traces = {}", "`destination.b.traces`"),
    ] {
        assert_names(&refusal_in_destination(body), &[key, REASON]);
    }
}

#[cfg(feature = "tracing")]
mod with_the_feature {
    use std::time::Duration;

    use pqcnet_telemetry::trace::Sampler;
    use pqcnet_telemetry::{DestinationConfig, TelemetryConfig};

    use super::*;
    use crate::support::{
        assert_names_without_secret, only_warning, parse, parse_under, refusal_of, under,
    };

    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

    /// What is said about a table of spans that holds `body`.
    fn refusal_in_spans(body: &str) -> String {
        refusal(&format!("[telemetry.spans]\n{body}"))
    }

    fn refusal_in_log_records(body: &str) -> String {
        refusal(&format!("[telemetry.log-records]\n{body}"))
    }

    #[test]
    fn an_endpoint_that_is_none_is_named_by_its_key_or_variable() {
        for (body, key) in [
            ("traces-endpoint = \"h\"", "`traces-endpoint`"),
            ("traces.endpoint = \"h\"", "`traces.endpoint`"),
        ] {
            assert_names(&refusal(body), &[key, "\"h\"", "scheme"]);
        }
        let name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        let error = parse_under("[telemetry]", &[(name, "collector:4318")]).unwrap_err();
        assert_names(&error.to_string(), &[name, "\"collector:4318\"", "scheme"]);
    }

    #[test]
    fn two_ways_to_say_one_endpoint_are_refused_together() {
        let said = refusal("traces-endpoint = \"http://a/\"\ntraces.endpoint = \"http://b/\"");
        assert_names(
            &said,
            &["`traces-endpoint`", "traces.endpoint,", "http://a/"],
        );
    }

    #[test]
    fn what_does_not_fit_the_table_of_traces_is_named_with_the_table() {
        for (body, parts) in [
            ("traces = 5", ["`traces`", "table"]),
            ("traces.timeout-ms = 0", ["`traces.timeout-ms`", "above"]),
            (
                "traces.sampler = 1",
                ["telemetry.traces.sampler`", "timeout-ms"],
            ),
        ] {
            assert_names(&refusal(body), &parts);
        }
    }

    #[test]
    fn headers_of_traces_are_refused_without_their_values() {
        let said = refusal("traces.headers = { host = \"hunter2\" }");
        assert_names_without_secret(&said, &["`traces.headers.host`", "***"]);
        let said = refusal_in_destination("traces.headers = { \"a b\" = \"hunter2\" }");
        assert_names_without_secret(&said, &["`destination.b.traces.headers.a b`", "***"]);
        let config = under(&[("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=1,hunter2")]);
        assert_names_without_secret(
            only_warning(&config),
            &["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "entry 2"],
        );
        let config = parse("[telemetry.traces.headers]\napi-key = \"hunter2\"").unwrap();
        assert_names_without_secret(&format!("{config:?}"), &["api-key"]);
    }

    #[test]
    fn variables_of_traces_that_can_not_be_read_are_warned_of_and_ignored() {
        for (option, value, reason) in [
            ("PROTOCOL", "grpc", "http/protobuf"),
            ("COMPRESSION", "zstd", "none or gzip"),
            ("TIMEOUT", "soon", "milliseconds"),
        ] {
            let name = format!("OTEL_EXPORTER_OTLP_TRACES_{option}");
            let config = under(&[(&name, value)]);
            assert_names(only_warning(&config), &[&name, value, "ignored", reason]);
        }
    }

    #[test]
    fn a_destination_has_a_table_of_traces_only_if_it_gets_them() {
        let said = refusal_in_destination(
            "signals = [\"logs\"]\ntraces = { headers = { a = \"hunter2\" } }",
        );
        assert_names_without_secret(&said, &["`destination.b.traces`", "signals"]);
        let said = refusal_in_destination("signals = [\"traces\"]\nlogs = {}");
        assert_names(&said, &["`destination.b.logs`", "signals"]);
        let call = DestinationConfig::new("b", "http://b").traces_only();
        let config = TelemetryConfig::default().with_destination(call);
        config.validate().unwrap();
    }

    #[test]
    fn values_of_spans_that_do_not_fit_are_named() {
        for (body, parts) in [
            ("sampler = \"some\"", ["`spans.sampler`", "always_off"]),
            ("sampler = \"Always_On\"", ["`spans.sampler`", "Always_On"]),
            ("sampler = 1", ["`spans.sampler`", "string"]),
            (
                "sampler = \"jaeger_remote\"",
                ["`spans.sampler`", "jaeger_remote"],
            ),
            ("interval-ms = 0", ["`spans.interval-ms`", "above zero"]),
            ("capacity = 0", ["`spans.capacity`", "above zero"]),
            ("capacity = 16777217", ["`spans.capacity`", "16777217"]),
            ("batch = 0", ["`spans.batch`", "above zero"]),
            ("span-events = 1", ["`spans.span-events`", "true or false"]),
            ("enabled = true", ["telemetry.spans.enabled`", "sampler"]),
        ] {
            assert_names(&refusal_in_spans(body), &parts);
        }
        assert_names(&refusal("spans = true"), &["`spans`", "table"]);
        for key in [
            "attribute-count-limit",
            "attribute-value-length-limit",
            "event-count-limit",
            "link-count-limit",
            "event-attribute-count-limit",
            "link-attribute-count-limit",
        ] {
            for value in ["-1", "4294967296", "1.0", "\"1\""] {
                let said = refusal_in_spans(&format!("{key} = {value}"));
                assert_names(&said, &[&format!("`spans.{key}`"), "4294967295"]);
            }
        }
    }

    #[test]
    fn a_ratio_is_a_number_from_0_to_1_of_a_sampler_that_takes_one() {
        for ratio in ["-0.1", "1.1", "2", "-1", "nan", "inf", "\"0.5\""] {
            let body = format!("sampler = \"traceidratio\"\nsampler-ratio = {ratio}");
            let said = refusal_in_spans(&body);
            assert_names(&said, &["`spans.sampler-ratio`", "from 0 to 1"]);
        }
        for sampler in ["", "sampler = \"parentbased_always_on\""] {
            let said = refusal_in_spans(&format!("{sampler}\nsampler-ratio = 0.5"));
            assert_names(&said, &["`spans.sampler-ratio`", "0.5", "traceidratio"]);
        }
        for share in [-0.1, 1.1, f64::NAN] {
            let sampler = Sampler::parent_based(Sampler::ratio(share));
            let said = refusal_of(TelemetryConfig::default().with_sampler(sampler));
            assert_names(&said, &["`spans.sampler-ratio`", "from 0 to 1"]);
        }
    }

    #[test]
    fn values_of_log_records_that_do_not_fit_are_named() {
        for (body, parts) in [
            (
                "enabled = \"yes\"",
                ["`log-records.enabled`", "true or false"],
            ),
            (
                "interval-ms = -1",
                ["`log-records.interval-ms`", "above zero"],
            ),
            ("capacity = 0", ["`log-records.capacity`", "above zero"]),
            (
                "capacity = 16777217",
                ["`log-records.capacity`", "16777216"],
            ),
            ("batch = 1.5", ["`log-records.batch`", "above zero"]),
            (
                "attribute-count-limit = -1",
                ["`log-records.attribute-count-limit`", "4294967295"],
            ),
            (
                "attribute-value-length-limit = true",
                ["`log-records.attribute-value-length-limit`", "4294967295"],
            ),
            (
                "sampler = \"always_on\"",
                ["telemetry.log-records.sampler`", "enabled"],
            ),
        ] {
            assert_names(&refusal_in_log_records(body), &parts);
        }
        assert_names(&refusal("log-records = 5"), &["`log-records`", "table"]);
    }

    #[test]
    fn a_batch_above_the_capacity_is_named_with_both() {
        let said = refusal_in_spans("capacity = 100\nbatch = 101");
        assert_names(
            &said,
            &["`spans.batch`", "\"101\"", "spans.capacity", "100"],
        );
        let said = refusal_in_log_records("batch = 2049");
        assert_names(
            &said,
            &[
                "`log-records.batch`",
                "2049",
                "log-records.capacity",
                "2048",
            ],
        );
        let config = TelemetryConfig::default().with_span_batch(2049);
        let said = refusal_of(config.clone());
        assert_names(&said, &["`spans.batch`", "2049", "spans.capacity", "2048"]);
        config.with_span_capacity(2049).validate().unwrap();
        let config = parse("[telemetry.spans]\nbatch = 200").unwrap();
        let said = refusal_of(config.with_span_capacity(100));
        assert_names(&said, &["`spans.batch`", "200", "spans.capacity", "100"]);
    }

    #[test]
    fn calls_that_can_mean_nothing_are_refused() {
        let default = TelemetryConfig::default;
        for (config, key) in [
            (default().with_span_capacity(0), "`spans.capacity`"),
            (default().with_span_batch(0), "`spans.batch`"),
            (
                default().with_span_interval(Duration::ZERO),
                "`spans.interval`",
            ),
        ] {
            assert_names(&refusal_of(config), &[key, "0", "above zero"]);
        }
        let said = refusal_of(default().with_span_capacity(usize::MAX));
        assert_names(&said, &["`spans.capacity`", "16777216"]);
    }

    #[test]
    fn a_sampler_that_is_none_is_warned_of_and_ignored() {
        for name in ["sometimes", "jaeger_remote", "xray", "parentbased_"] {
            let config = under(&[(SAMPLER, name)]);
            assert_names(
                only_warning(&config),
                &[SAMPLER, name, "ignored", "parentbased_traceidratio"],
            );
        }
        for name in ["ALWAYS_ON", " traceidratio "] {
            assert!(under(&[(SAMPLER, name)]).warnings().is_empty());
        }
    }

    #[test]
    fn an_argument_that_is_no_ratio_is_warned_of_and_ignored() {
        for value in ["half", "-0.1", "1.1", "nan"] {
            let config = under(&[(SAMPLER, "traceidratio"), (ARGUMENT, value)]);
            let parts = [ARGUMENT, value, "ignored", "from 0 to 1"];
            assert_names(only_warning(&config), &parts);
        }
        let config = under(&[(SAMPLER, "parentbased_traceidratio"), (ARGUMENT, "1e-3")]);
        assert!(config.warnings().is_empty());
    }

    #[test]
    fn an_argument_that_goes_with_no_sampler_is_warned_of_and_ignored() {
        for variables in [
            vec![(ARGUMENT, "0.5")],
            vec![(ARGUMENT, "0.5"), (SAMPLER, "always_on")],
        ] {
            let config = under(&variables);
            let parts = [ARGUMENT, "0.5", "ignored", "of traceidratio"];
            assert_names(only_warning(&config), &parts);
        }
    }

    #[test]
    fn numbers_that_can_not_be_read_are_warned_of_and_ignored() {
        let unset = format!("{:?}", under(&[]));
        let is_number = |name: &&&str| name.ends_with("_LIMIT") || name.starts_with("OTEL_B");
        for name in NAMES.iter().filter(is_number) {
            let mut values = vec!["-1", "1.5", "many", "99999999999999999999"];
            if !name.ends_with("_LIMIT") {
                values.push("0");
            }
            for value in values {
                let config = under(&[(name, value)]);
                let warning = only_warning(&config);
                assert_names(warning, &[name, &format!("{value:?}"), "ignored"]);
                let warned = format!("warnings: {:?}", config.warnings());
                let expected = unset.replace("warnings: []", &warned);
                assert_eq!(format!("{config:?}"), expected);
            }
        }
        for name in ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_QUEUE_SIZE"] {
            let config = under(&[(name, "16777217")]);
            assert_names(only_warning(&config), &[name, "16777216"]);
        }
    }

    #[test]
    fn a_batch_of_the_variables_above_the_capacity_is_warned_of_and_ignored() {
        for (processor, table) in [("OTEL_BSP", "spans"), ("OTEL_BLRP", "log-records")] {
            let capacity = &*format!("{processor}_MAX_QUEUE_SIZE");
            let batch = &*format!("{processor}_MAX_EXPORT_BATCH_SIZE");
            let config = under(&[(batch, "2049")]);
            assert_names(only_warning(&config), &[batch, "2049", "1 to 2048"]);
            let config = under(&[(capacity, "100"), (batch, "101")]);
            assert_names(only_warning(&config), &[batch, "101", "1 to 100"]);
            let text = format!("[telemetry.{table}]\nbatch = 200");
            let config = parse_under(&text, &[(capacity, "100")]).unwrap();
            let key = format!("{table}.batch = 200");
            assert_names(
                only_warning(&config),
                &[&key, "ignored", capacity, "is 100"],
            );
            config.validate().unwrap();
            // One over it, that fits, leaves nothing to warn of.
            let config = parse_under(&text, &[(capacity, "100"), (batch, "50")]).unwrap();
            assert!(config.warnings().is_empty());
        }
    }
}
