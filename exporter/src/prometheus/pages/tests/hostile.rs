//! Whatever is registered, pages can be read, and lose nothing.

use std::collections::{BTreeMap, BTreeSet};

use pqcnet_telemetry_core::{AttributeValue, Instrument, Kind, Registry};
use proptest::prelude::*;

use super::parser::{ParsedFamily, parse};
use super::{families, options, pages};
use crate::prometheus::pages::format::{Escaping, PageFormat, Syntax};
use crate::prometheus::pages::{PageOptions, Pages, Translation};

/// An instrument with one series, and what is recorded into it.
#[derive(Clone, Debug)]
struct Recorded {
    kind: Kind,
    name: String,
    unit: String,
    description: String,
    attributes: BTreeMap<String, AttributeValue>,
    decimals: u8,
    value: u32,
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let kinds = vec![
        Kind::Counter,
        Kind::UpDownCounter,
        Kind::Gauge,
        Kind::Histogram,
    ];
    let word = prop::sample::select(vec![
        "a", "b", "total", "sum", "count", "bucket", "created", "info", "target", "seconds", "1",
    ]);
    let name = prop::collection::vec((word, "[._/-]{0,2}"), 1..3).prop_map(|parts| {
        let parts = parts
            .into_iter()
            .map(|(word, joint)| format!("{joint}{word}"));
        format!("a{}", parts.collect::<String>())
    });
    let unit = prop_oneof![
        prop::sample::select(vec!["", "s", "By", "1", "By/s", "{x}"]).prop_map(str::to_owned),
        "[!-~]{0,5}",
    ];
    let text = || "([\"\\\\\n\r\0a ]|\\PC){0,6}";
    let key = prop_oneof![
        3 => prop::sample::select(vec![
            "le", "quantile", "__name__", "job", "a.b", "a_b", "otel.scope.name", "trace_id",
        ]).prop_map(str::to_owned),
        1 => "([\"\\\\\n\r\0a ]|\\PC){1,6}",
    ];
    let value = prop_oneof![
        text().prop_map(AttributeValue::from),
        any::<bool>().prop_map(AttributeValue::from),
        any::<i64>().prop_map(AttributeValue::from),
    ];
    let attributes = prop::collection::btree_map(key, value, 0..3);
    let number = prop_oneof![0_u32..2_000, any::<u32>()];
    (
        prop::sample::select(kinds),
        name,
        unit,
        text(),
        attributes,
        0_u8..3,
        number,
    )
        .prop_map(
            |(kind, name, unit, description, attributes, decimals, value)| Recorded {
                kind,
                name,
                unit,
                description,
                attributes,
                decimals,
                value,
            },
        )
}

/// Registers and records what the registry takes, and returns that.
fn record(registry: &Registry, all: &[Recorded]) -> Vec<Recorded> {
    let mut taken = Vec::new();
    for recorded in all {
        let mut instrument = Instrument::new(&*recorded.name)
            .unit(&*recorded.unit)
            .description(&*recorded.description)
            .decimals(recorded.decimals);
        for (key, value) in &recorded.attributes {
            instrument = instrument.attribute(&**key, value.clone());
        }
        let value = recorded.value;
        let is_taken = match recorded.kind {
            Kind::Counter => registry.counter(instrument).map(|to| to.add(value.into())),
            Kind::UpDownCounter => {
                let change = -i64::from(value);
                registry
                    .up_down_counter(instrument)
                    .map(|to| to.add(change))
            }
            Kind::Gauge => registry
                .gauge(instrument)
                .map(|to| to.set(f64::from(value))),
            _ => registry
                .histogram(instrument)
                .map(|to| to.record(value.into())),
        };
        if is_taken.is_ok() {
            taken.push(recorded.clone());
        }
    }
    taken
}

fn formats() -> impl Iterator<Item = PageFormat> {
    let syntaxes = [
        Syntax::Text004,
        Syntax::Text100,
        Syntax::OpenMetrics1,
        Syntax::Protobuf,
    ];
    let escapings = [
        Escaping::Underscores,
        Escaping::Dots,
        Escaping::Values,
        Escaping::AllowUtf8,
    ];
    syntaxes.into_iter().flat_map(move |syntax| {
        escapings
            .into_iter()
            .map(move |escaping| PageFormat::new(syntax, escaping))
    })
}

fn page(pages: &mut Pages, format: PageFormat) -> Vec<ParsedFamily> {
    let mut out = Vec::new();
    pages.render(format, &mut out);
    let page = String::from_utf8(out).unwrap();
    let is_open_metrics = format.syntax() == Syntax::OpenMetrics1;
    parse(&page, is_open_metrics).unwrap_or_else(|error| panic!("{error}\n{page}"))
}

/// The sums of counters and up-down counters, and histograms' counts.
fn sums_of(families: &[ParsedFamily]) -> [f64; 3] {
    let mut sums = [0.0_f64; 3];
    for family in families
        .iter()
        .filter(|family| !family.name.starts_with("target"))
    {
        let suffix = match &*family.kind {
            "histogram" => "_count",
            "counter" => "_total",
            _ => "",
        };
        let name = format!("{}{suffix}", family.name);
        let meant = family.samples.iter().filter(|sample| sample.name == name);
        let sum: f64 = meant.map(|sample| sample.value).sum();
        match &*family.kind {
            "counter" | "unknown" => sums[0] += sum,
            "gauge" => sums[1] += sum,
            _ => sums[2] += sum,
        }
    }
    sums
}

fn check_protobuf(pages: &mut Pages, format: PageFormat) {
    let mut names = BTreeSet::new();
    for family in families(pages, format) {
        assert!(
            names.insert(family.name().to_owned()),
            "{} twice",
            family.name()
        );
        let mut series = BTreeSet::new();
        for metric in &family.metric {
            let labels = metric.label.iter();
            let labels = labels.map(|label| (label.name().to_owned(), label.value().to_owned()));
            let unique: BTreeMap<_, _> = labels.collect();
            assert_eq!(unique.len(), metric.label.len());
            assert!(series.insert(unique));
            if let Some(histogram) = &metric.histogram {
                let last = histogram.bucket.last().unwrap();
                assert_eq!(last.cumulative_count(), histogram.sample_count());
            }
        }
        assert!(!family.metric.is_empty());
    }
}

proptest! {
    #[test]
    fn every_page_is_read(
        all in prop::collection::vec(recorded(), 0..12),
        translation in prop::sample::select(vec![
            Translation::UnderscoreEscapingWithSuffixes,
            Translation::UnderscoreEscapingWithoutSuffixes,
            Translation::NoUtf8EscapingWithSuffixes,
            Translation::NoTranslation,
        ]),
        bounds in prop::collection::vec(any::<f64>(), 0..5),
        has_native_histograms in any::<bool>(),
    ) {
        let registry = Registry::builder().digits(1).build();
        record(&registry, &all);
        let options = PageOptions { bounds, has_native_histograms, translation };
        let mut pages = pages(&options);
        pages.add(&registry.flush());
        for format in formats() {
            if format.syntax() == Syntax::Protobuf {
                check_protobuf(&mut pages, format);
            } else {
                page(&mut pages, format);
            }
        }
    }

    /// Of what is not left out and said to be so, all records are there.
    #[test]
    fn no_record_is_lost(
        all in prop::collection::vec(recorded(), 0..12),
        escaping in prop::sample::select(vec![Escaping::Underscores, Escaping::Dots]),
    ) {
        let registry = Registry::builder().digits(1).build();
        let all: Vec<_> = all.into_iter().filter(|one| one.kind != Kind::Gauge).collect();
        let all: Vec<_> = all.into_iter().map(|one| Recorded { decimals: 0, ..one }).collect();
        let taken = record(&registry, &all);
        let mut pages = pages(&options());
        pages.add(&registry.flush());
        let families = page(&mut pages, PageFormat::new(Syntax::OpenMetrics1, escaping));
        let mut expected = [0.0; 3];
        for recorded in taken {
            match recorded.kind {
                Kind::Counter => expected[0] += f64::from(recorded.value),
                Kind::UpDownCounter => expected[1] -= f64::from(recorded.value),
                _ => expected[2] += 1.0,
            }
        }
        let found = sums_of(&families);
        if pages.dropped_conflicts() == 0 {
            // Whole numbers, exact in doubles.
            prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
        } else {
            let is_less = found[0] <= expected[0] && found[1] >= expected[1] && found[2] <= expected[2];
            prop_assert!(is_less);
        }
    }
}
