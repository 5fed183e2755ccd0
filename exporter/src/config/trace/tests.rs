use std::time::Duration;

use super::settings::{LogRecordSettings, SpanLimits, TraceSettings};
use crate::config::{FOREVER, TelemetryConfig};
use crate::trace::Sampler;
use crate::trace::fields::AttributeLimits;

fn under(text: &str, variables: &[(&str, &str)]) -> TelemetryConfig {
    TelemetryConfig::from_toml_and_env(text, |name| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

fn spans(text: &str, variables: &[(&str, &str)]) -> TraceSettings {
    under(text, variables).trace_settings()
}

/// What is said of spans in a table that holds `body`, under `variables`.
fn in_table(body: &str, variables: &[(&str, &str)]) -> TraceSettings {
    spans(&format!("[telemetry.spans]\n{body}"), variables)
}

fn log_records(body: &str, variables: &[(&str, &str)]) -> LogRecordSettings {
    under(&format!("[telemetry.log-records]\n{body}"), variables).log_record_settings()
}

fn ratio_based(ratio: f64) -> Sampler {
    Sampler::parent_based(Sampler::ratio(ratio))
}

#[test]
fn the_defaults_are_the_specifications_but_for_lengths() {
    let config = TelemetryConfig::default();
    let attributes = AttributeLimits {
        count: 128,
        value_length: 4096,
    };
    assert_eq!(
        config.trace_settings(),
        TraceSettings {
            sampler: Sampler::parent_based(Sampler::always_on()),
            limits: SpanLimits {
                attributes,
                events: 128,
                links: 128,
                event_attributes: 128,
                link_attributes: 128,
            },
            interval: Duration::from_secs(5),
            capacity: 2048,
            batch: 512,
            has_span_events: true,
        }
    );
    assert_eq!(
        config.log_record_settings(),
        LogRecordSettings {
            is_on: true,
            interval: Duration::from_secs(1),
            capacity: 2048,
            batch: 512,
            attributes,
        }
    );
}

#[test]
fn every_key_is_read() {
    let settings = in_table(
        "sampler = \"traceidratio\"\nsampler-ratio = 0.25\ninterval-ms = 11\ncapacity = 13\n\
         batch = 12\nspan-events = false\nattribute-count-limit = 14\n\
         attribute-value-length-limit = 15\nevent-count-limit = 16\nlink-count-limit = 17\n\
         event-attribute-count-limit = 18\nlink-attribute-count-limit = 0",
        &[],
    );
    assert_eq!(
        settings,
        TraceSettings {
            sampler: Sampler::ratio(0.25),
            limits: SpanLimits {
                attributes: AttributeLimits {
                    count: 14,
                    value_length: 15,
                },
                events: 16,
                links: 17,
                event_attributes: 18,
                link_attributes: 0,
            },
            interval: Duration::from_millis(11),
            capacity: 13,
            batch: 12,
            has_span_events: false,
        }
    );
    let settings = log_records(
        "enabled = false\ninterval-ms = 21\ncapacity = 23\nbatch = 22\n\
         attribute-count-limit = 24\nattribute-value-length-limit = 25",
        &[],
    );
    assert_eq!(
        settings,
        LogRecordSettings {
            is_on: false,
            interval: Duration::from_millis(21),
            capacity: 23,
            batch: 22,
            attributes: AttributeLimits {
                count: 24,
                value_length: 25,
            },
        }
    );
}

#[test]
fn every_variable_is_over_its_key() {
    let settings = in_table(
        "sampler = \"always_off\"\ninterval-ms = 1\ncapacity = 2\nbatch = 1\n\
         attribute-count-limit = 1\nattribute-value-length-limit = 1\nevent-count-limit = 1\n\
         link-count-limit = 1\nevent-attribute-count-limit = 1\nlink-attribute-count-limit = 1",
        &[
            ("OTEL_TRACES_SAMPLER", " ParentBased_TraceIdRatio "),
            ("OTEL_TRACES_SAMPLER_ARG", " 0.25 "),
            ("OTEL_BSP_SCHEDULE_DELAY", "11"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "13"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "12"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "not read"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "14"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "15"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "16"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "17"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "18"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
        ],
    );
    assert_eq!(
        settings,
        TraceSettings {
            sampler: ratio_based(0.25),
            limits: SpanLimits {
                attributes: AttributeLimits {
                    count: 14,
                    value_length: 15,
                },
                events: 16,
                links: 17,
                event_attributes: 18,
                link_attributes: 0,
            },
            interval: Duration::from_millis(11),
            capacity: 13,
            batch: 12,
            has_span_events: true,
        }
    );
    let settings = log_records(
        "enabled = false\ninterval-ms = 1\ncapacity = 2\nbatch = 1\n\
         attribute-count-limit = 1\nattribute-value-length-limit = 1",
        &[
            ("OTEL_BLRP_SCHEDULE_DELAY", "21"),
            ("OTEL_BLRP_MAX_QUEUE_SIZE", "23"),
            ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "22"),
            ("OTEL_BLRP_EXPORT_TIMEOUT", "not read"),
            ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "24"),
            ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "25"),
        ],
    );
    assert_eq!(
        settings,
        LogRecordSettings {
            is_on: false,
            interval: Duration::from_millis(21),
            capacity: 23,
            batch: 22,
            attributes: AttributeLimits {
                count: 24,
                value_length: 25,
            },
        }
    );
}

#[test]
fn calls_are_over_variables() {
    let variables = [
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_BSP_SCHEDULE_DELAY", "11"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "13"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "12"),
    ];
    let config = under("[telemetry]", &variables)
        .with_sampler(ratio_based(0.5))
        .with_span_capacity(23)
        .with_span_batch(22)
        .with_span_interval(Duration::MAX)
        .with_span_events(false)
        .with_log_records(false);
    config.validate().unwrap();
    let settings = config.trace_settings();
    assert_eq!(settings.sampler, ratio_based(0.5));
    assert_eq!((settings.capacity, settings.batch), (23, 22));
    assert_eq!(settings.interval, FOREVER);
    assert!(!settings.has_span_events && !config.log_record_settings().is_on);
}

#[test]
fn samplers_are_known_by_the_specifications_names() {
    for (name, expected) in [
        ("always_on", Sampler::always_on()),
        ("always_off", Sampler::always_off()),
        ("traceidratio", Sampler::ratio(1.0)),
        (
            "parentbased_always_on",
            Sampler::parent_based(Sampler::always_on()),
        ),
        (
            "parentbased_always_off",
            Sampler::parent_based(Sampler::always_off()),
        ),
        ("parentbased_traceidratio", ratio_based(1.0)),
    ] {
        let by_key = in_table(&format!("sampler = \"{name}\""), &[]);
        assert_eq!(by_key.sampler, expected);
        let by_variable = in_table("", &[("OTEL_TRACES_SAMPLER", name)]);
        assert_eq!(by_variable.sampler, expected);
    }
    for ratio in [0.0, 0.001, 0.5, 1.0] {
        let by_key = format!("sampler = \"traceidratio\"\nsampler-ratio = {ratio:?}");
        assert_eq!(in_table(&by_key, &[]).sampler, Sampler::ratio(ratio));
        let variables = [
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", &*ratio.to_string()),
        ];
        assert_eq!(in_table("", &variables).sampler, Sampler::ratio(ratio));
    }
    let whole = in_table("sampler = \"traceidratio\"\nsampler-ratio = 0", &[]);
    assert_eq!(whole.sampler, Sampler::ratio(0.0));
}

/// By the specification it is as unset: the layer below decides, and 1 is the
/// default.
#[test]
fn an_argument_that_is_none_is_as_unset() {
    let name = ("OTEL_TRACES_SAMPLER", "traceidratio");
    for argument in ["", "half", "-0.1", "1.1", "nan", "inf"] {
        let variables = [name, ("OTEL_TRACES_SAMPLER_ARG", argument)];
        assert_eq!(in_table("", &variables).sampler, Sampler::ratio(1.0));
        let below = "sampler = \"parentbased_traceidratio\"\nsampler-ratio = 0.25";
        assert_eq!(in_table(below, &variables).sampler, Sampler::ratio(0.25));
    }
}

#[test]
fn an_argument_without_a_sampler_is_nobodys() {
    let argument = ("OTEL_TRACES_SAMPLER_ARG", "0.5");
    let below = "sampler = \"traceidratio\"\nsampler-ratio = 0.25";
    for variables in [
        vec![argument],
        vec![argument, ("OTEL_TRACES_SAMPLER", "jaeger_remote")],
    ] {
        assert_eq!(in_table(below, &variables).sampler, Sampler::ratio(0.25));
    }
    let variables = [argument, ("OTEL_TRACES_SAMPLER", "always_on")];
    assert_eq!(in_table(below, &variables).sampler, Sampler::always_on());
}

#[test]
fn a_limit_of_ones_own_is_over_a_general_one_of_any_layer() {
    let general = [
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
    ];
    let limits = |count, value_length| AttributeLimits {
        count,
        value_length,
    };
    let of_spans = in_table("", &general).limits;
    assert_eq!(of_spans.attributes, limits(3, 4));
    assert_eq!(
        (of_spans.event_attributes, of_spans.link_attributes),
        (3, 3)
    );
    // Those are no attributes.
    assert_eq!((of_spans.events, of_spans.links), (128, 128));
    assert_eq!(log_records("", &general).attributes, limits(3, 4));

    let own = "attribute-count-limit = 5\nattribute-value-length-limit = 6";
    let in_spans = format!("{own}\nevent-attribute-count-limit = 7");
    let of_spans = in_table(&in_spans, &general).limits;
    assert_eq!(of_spans.attributes, limits(5, 6));
    assert_eq!(
        (of_spans.event_attributes, of_spans.link_attributes),
        (7, 3)
    );
    assert_eq!(log_records(own, &general).attributes, limits(5, 6));

    let mut variables = general.to_vec();
    variables.push(("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "8"));
    variables.push(("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9"));
    variables.push(("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "10"));
    let of_spans = in_table("", &variables).limits;
    assert_eq!(of_spans.attributes, limits(8, 4));
    assert_eq!(
        (of_spans.event_attributes, of_spans.link_attributes),
        (3, 10)
    );
    assert_eq!(log_records("", &variables).attributes, limits(3, 9));
}

#[test]
fn a_batch_that_nobody_has_asked_for_fits_the_capacity() {
    let queue = |settings: TraceSettings| (settings.capacity, settings.batch);
    assert_eq!(queue(in_table("capacity = 100", &[])), (100, 100));
    let variables = [("OTEL_BSP_MAX_QUEUE_SIZE", "7")];
    assert_eq!(queue(in_table("", &variables)), (7, 7));
    let config = TelemetryConfig::default().with_span_capacity(1);
    config.validate().unwrap();
    assert_eq!(queue(config.trace_settings()), (1, 1));
    let records = log_records("", &[("OTEL_BLRP_MAX_QUEUE_SIZE", "7")]);
    assert_eq!((records.capacity, records.batch), (7, 7));
}

#[test]
fn variables_of_a_queue_leave_a_batch_that_fits_it() {
    let queue = |variables: &[(&str, &str)]| {
        let config = under("[telemetry.spans]\ncapacity = 300\nbatch = 200", variables);
        config.validate().unwrap();
        let settings = config.trace_settings();
        (settings.capacity, settings.batch)
    };
    let (capacity, batch) = ("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
    // The batch is what is wrong, whichever layer it is of.
    assert_eq!(queue(&[(batch, "301")]), (300, 200));
    assert_eq!(queue(&[(capacity, "100")]), (100, 100));
    assert_eq!(queue(&[(capacity, "100"), (batch, "101")]), (100, 100));
    assert_eq!(queue(&[(capacity, "100"), (batch, "50")]), (100, 50));
    assert_eq!(queue(&[(capacity, "1000"), (batch, "600")]), (1000, 600));
}
