//! Texts that an encoder by hand may get wrong arrive as they are, wherever a
//! text can stand.

use std::collections::{BTreeMap, BTreeSet};

use pqcnet_telemetry::KemUsageRecord;
use pqcnet_telemetry::core::Instrument;
use serde_json::Value;

use crate::read::{attributes, points_of};
use crate::record::{collected_under, flushed, kem_event};

fn texts() -> Vec<String> {
    let controls = (0..0x20).chain([0x7f, 0x80, 0x9f]);
    let controls: String = controls.filter_map(char::from_u32).collect();
    let mut texts = vec![
        "\"quoted\" \\ and \\\" and \\u0041".to_owned(),
        controls,
        "\r\n\t\u{0}\u{1b}[31m".to_owned(),
        "\u{2028}\u{2029}\u{feff}\u{fffd}\u{fffe}\u{ffff}".to_owned(),
        "🦀𐍈\u{10ffff}\u{10000} e\u{301} 👩‍🚀".to_owned(),
        "\"},{\"key\":\"injected\",\"value\":{\"stringValue\":\"x\"}}".to_owned(),
        "</script>&amp;%00%n'; DROP TABLE metrics;--".to_owned(),
        " leading and trailing ".to_owned(),
        "NaN".to_owned(),
        "0".to_owned(),
    ];
    texts.push("🦀\"\\\n~".repeat(65_536 / 8));
    assert_eq!(texts.last().unwrap().len(), 65_536);
    texts
}

/// The string values by key.
fn strings(item: &Value) -> BTreeMap<String, String> {
    let pairs = attributes(item).into_iter();
    pairs
        .filter_map(|(key, value)| Some((key.to_owned(), value["stringValue"].as_str()?)))
        .map(|(key, value)| (key, value.to_owned()))
        .collect()
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn arrive_identical_as_resource_labels() {
    let mut labels = BTreeMap::new();
    for (index, text) in texts().into_iter().enumerate() {
        labels.insert(format!("value{index}"), text.clone());
        labels.insert(text, format!("key{index}"));
    }
    let received = collected_under(
        |mut config| {
            for (key, value) in &labels {
                config = config.with_label(key, value);
            }
            config
        },
        |telemetry| {
            telemetry.record_counter("requests", 1).unwrap();
            telemetry.record_kem_event(kem_event("a"));
            telemetry.flush().unwrap();
        },
    );
    for resources in ["resourceMetrics", "resourceLogs"] {
        let found = received.requests.iter().map(|request| &request[resources]);
        let [list] = found.filter(|list| !list.is_null()).collect::<Vec<_>>()[..] else {
            panic!("{received:?}");
        };
        let mut arrived = strings(&list[0]["resource"]);
        arrived.retain(|key, _| !key.starts_with("service.") && !key.starts_with("telemetry."));
        assert!(arrived == labels, "{arrived:?}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn arrive_identical_as_attributes() {
    let mut expected = BTreeSet::new();
    let received = flushed(|telemetry| {
        let requests = telemetry.counter("requests").unwrap();
        for text in texts() {
            requests.bind(&[("value", &*text)]).unwrap().increment();
            requests.bind(&[(&*text, "key")]).unwrap().increment();
            expected.insert(("value".to_owned(), text.clone()));
            expected.insert((text, "key".to_owned()));
        }
    });
    let points = points_of(received.metric("requests"));
    assert_eq!(points.len(), expected.len());
    let arrived: BTreeSet<_> = points.into_iter().flat_map(strings).collect();
    assert!(arrived == expected, "{arrived:?}");
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn arrive_identical_in_kem_events() {
    let received = flushed(|telemetry| {
        for text in texts() {
            telemetry.record_kem_event(KemUsageRecord {
                scheme: text.clone(),
                ..kem_event(&text)
            });
        }
    });
    let arrived: Vec<_> = received.log_records().into_iter().map(strings).collect();
    assert_eq!(arrived.len(), texts().len());
    for (arrived, text) in arrived.iter().zip(texts()) {
        assert!(arrived["pqcnet.kem.label"] == text, "{arrived:?}");
        assert!(arrived["pqcnet.kem.scheme"] == text, "{arrived:?}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn arrive_identical_as_descriptions() {
    let received = flushed(|telemetry| {
        for (index, text) in texts().into_iter().enumerate() {
            let instrument = Instrument::new(format!("m{index}")).description(text);
            telemetry.counter(instrument).unwrap().increment();
        }
    });
    for (index, text) in texts().into_iter().enumerate() {
        let metric = received.metric(&format!("m{index}"));
        assert!(metric["description"] == text, "{metric}");
    }
}
