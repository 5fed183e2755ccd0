//! What becomes of series over several pages.

use pqcnet_telemetry_core::{ExemplarContext, Instrument, Registry};

use super::parser::parse;
use super::{OPEN_METRICS, PROTOBUF, TEXT, families, lines, options, pages, text};
use crate::prometheus::pages::format::{Escaping, PageFormat, Syntax};
use crate::prometheus::pages::plan::Plan;
use crate::prometheus::pages::protobuf::MetricFamily;
use crate::prometheus::pages::{KEPT_PLANS, PageOptions, Translation};

#[test]
fn an_empty_page_has_the_resource_alone() {
    let mut pages = pages(&options());
    let page = text(&mut pages, TEXT);
    let families = parse(&page, false).unwrap();
    assert_eq!((families.len(), &*families[0].name), (1, "target_info"));
    assert_eq!(families[0].samples[0].labels["component"], "relayer");
    assert_eq!(
        families[0].samples[0].labels["service_name"],
        "unknown_service"
    );
    assert!(
        !families[0].samples[0]
            .labels
            .contains_key("otel_scope_name")
    );
    let families = parse(&text(&mut pages, OPEN_METRICS), true).unwrap();
    assert_eq!((&*families[0].name, &*families[0].kind), ("target", "info"));
}

#[test]
fn totals_grow_from_page_to_page_and_new_series_come_in() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let mut pages = pages(&options());
    for round in 1..=3 {
        counter.add(2);
        let bound = counter.bind(&[("round", round)]).unwrap();
        bound.increment();
        // Epochs go in whether or not somebody asks.
        pages.add(&registry.flush());
        counter.add(1);
        pages.add(&registry.flush());
        let page = text(&mut pages, TEXT);
        let expected = format!("a_total{{}} {}", round * 3);
        assert_eq!(lines(&page, "a_total")[0], expected);
        assert_eq!(lines(&page, "a_total").len() as i64, round + 1);
        assert_eq!(text(&mut pages, TEXT), page);
    }
}

#[test]
fn what_says_nothing_is_not_there() {
    let registry = Registry::new();
    registry.gauge("never.set").unwrap();
    let base = registry.counter("base").unwrap();
    registry.counter("idle").unwrap();
    base.bind(&[("a", "b")]).unwrap();
    let mut pages = pages(&options());
    pages.add(&registry.flush());
    for format in [TEXT, OPEN_METRICS] {
        let page = text(&mut pages, format);
        assert!(!page.contains("never"));
        assert_eq!(lines(&page, "base_total"), ["base_total{a=\"b\"} 0"]);
        assert_eq!(lines(&page, "idle_total"), ["idle_total{} 0"]);
    }
    let names = families(&mut pages, PROTOBUF);
    let names: Vec<_> = names.iter().map(MetricFamily::name).collect();
    assert_eq!(names, ["target_info", "base_total", "idle_total"]);
    base.add(1);
    pages.add(&registry.flush());
    assert_eq!(lines(&text(&mut pages, TEXT), "base_total").len(), 2);
}

#[test]
fn a_series_that_ended_stays_for_the_next_scrape_and_its_next_life_replaces_it() {
    let registry = Registry::new();
    let messages = registry.counter("a").unwrap();
    let mut pages = pages(&options());
    let bound = |peer: &str| messages.bind(&[("peer", peer)]).unwrap();
    for (n, peer) in [(1, "x"), (2, "y")] {
        let counter = bound(peer);
        counter.add(n);
        counter.end();
        pages.add(&registry.flush());
    }
    let values = |page: &str| {
        let lines = lines(page, "a_total").into_iter();
        let values = lines.map(|line| line.rsplit(' ').next().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    assert_eq!(values(&text(&mut pages, TEXT)), ["1", "2"]);
    // At the index of one of them.
    bound("z").add(3);
    pages.add(&registry.flush());
    assert_eq!(values(&text(&mut pages, TEXT)), ["1", "2", "3"]);
    bound("x").add(5);
    pages.add(&registry.flush());
    let page = text(&mut pages, TEXT);
    assert_eq!(lines(&page, "a_total").len(), 3);
    let x = lines(&page, "a_total").into_iter();
    let x: Vec<_> = x.filter(|line| line.contains("peer=\"x\"")).collect();
    assert!(matches!(&x[..], [line] if line.ends_with(" 5")), "{page}");
}

#[test]
fn exemplars_are_on_the_lines_of_their_buckets() {
    let registry = Registry::new();
    let wait = registry
        .histogram(Instrument::new("wait").unit("s").decimals(3))
        .unwrap();
    let count = registry.counter("c").unwrap();
    let mut pages = pages(&PageOptions {
        bounds: vec![0.01, 0.1],
        ..options()
    });
    let id = |text: &str| ExemplarContext::correlation(text).unwrap();
    wait.record_with_exemplar(5, &id("fast"));
    wait.record_with_exemplar(70, &id("slow"));
    wait.record(1_000);
    count.add_with_exemplar(3, &ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap());
    pages.add(&registry.flush());
    let page = text(&mut pages, OPEN_METRICS);
    let parsed = parse(&page, true).unwrap();
    let samples = parsed.iter().flat_map(|family| &family.samples);
    let exemplars: Vec<_> = samples.filter_map(|sample| sample.exemplar).collect();
    assert_eq!(exemplars, [3.0, 0.005, 0.07]);
    let found = lines(&page, "wait_seconds_bucket");
    assert!(
        found[0].contains(" # {correlation_id=\"fast\"} 0.005 "),
        "{page}"
    );
    assert!(
        found[1].contains(" # {correlation_id=\"slow\"} 0.07 "),
        "{page}"
    );
    assert!(!found[2].contains('#'), "{page}");
    let trace = format!(
        "# {{trace_id=\"{}\",span_id=\"{}\"}} 3",
        "ab".repeat(16),
        "cd".repeat(8)
    );
    assert!(lines(&page, "c_total")[0].contains(&trace), "{page}");
    // Text 0.0.4 has none.
    assert!(!text(&mut pages, TEXT).contains("correlation_id"));
    let families = families(&mut pages, PROTOBUF);
    let wait = families
        .iter()
        .find(|family| family.name() == "wait_seconds")
        .unwrap();
    let buckets = &wait.metric[0].histogram.as_ref().unwrap().bucket;
    let has_exemplar: Vec<_> = buckets
        .iter()
        .map(|bucket| bucket.exemplar.is_some())
        .collect();
    assert_eq!(&has_exemplar[..2], [true, true]);
}

#[test]
fn created_is_when_the_series_was_registered() {
    let registry = Registry::new();
    registry.counter("a").unwrap();
    registry.histogram("b").unwrap();
    let mut pages = pages(&options());
    pages.add(&registry.flush());
    let catalog = registry.catalog();
    let page = text(&mut pages, OPEN_METRICS);
    for (index, name) in ["a_created", "b_created"].into_iter().enumerate() {
        let mut expected = format!("{name}{{}} ").into_bytes();
        crate::prometheus::pages::number::seconds(&mut expected, catalog.series()[index].created());
        assert_eq!(lines(&page, name), [String::from_utf8(expected).unwrap()]);
    }
    let families = families(&mut pages, PROTOBUF);
    let counter = families[1].metric[0].counter.as_ref().unwrap();
    assert_eq!(
        counter.created_timestamp,
        Some(catalog.series()[0].created().into())
    );
    let histogram = families[2].metric[0].histogram.as_ref().unwrap();
    assert_eq!(
        histogram.created_timestamp,
        Some(catalog.series()[1].created().into())
    );
}

#[test]
fn names_may_stay_as_they_are() {
    let registry = Registry::new();
    let counter = Instrument::new("foo.bar").unit("By").description("x");
    registry.counter(counter.attribute("a.b", "c")).unwrap();
    registry.histogram("wait.time").unwrap();
    let mut pages = pages(&PageOptions {
        translation: Translation::NoUtf8EscapingWithSuffixes,
        ..options()
    });
    pages.add(&registry.flush());
    let open_metrics = PageFormat::new(Syntax::OpenMetrics1, Escaping::AllowUtf8);
    let page = text(&mut pages, open_metrics);
    parse(&page, true).unwrap();
    assert!(page.contains("# TYPE \"foo.bar_bytes\" counter\n# UNIT \"foo.bar_bytes\" bytes\n"));
    assert_eq!(
        lines(&page, "{\"foo")[0],
        "{\"foo.bar_bytes_total\",\"a.b\"=\"c\"} 0"
    );
    assert!(lines(&page, "{\"foo")[1].starts_with("{\"foo.bar_bytes_created\",\"a.b\"=\"c\"} "));
    let bucket = "{\"wait.time_bucket\",le=\"0.005\"} 0";
    let buckets = lines(&page, "{\"wait.time_bucket\"");
    assert_eq!(buckets[0].replace(",,", ","), bucket);
    let values = PageFormat::new(Syntax::Text004, Escaping::Values);
    let page = text(&mut pages, values);
    parse(&page, false).unwrap();
    assert_eq!(
        lines(&page, "U__foo"),
        ["U__foo_2e_bar__bytes__total{U__a_2e_b=\"c\"} 0"]
    );
}

#[test]
fn a_counter_without_total_is_unknown_to_open_metrics() {
    let registry = Registry::new();
    // Which has exemplars on counters and buckets only.
    let trace = ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap();
    registry
        .counter("foo")
        .unwrap()
        .add_with_exemplar(3, &trace);
    let mut pages = pages(&PageOptions {
        translation: Translation::UnderscoreEscapingWithoutSuffixes,
        ..options()
    });
    pages.add(&registry.flush());
    let page = text(&mut pages, OPEN_METRICS);
    parse(&page, true).unwrap();
    assert_eq!(lines(&page, "# TYPE foo"), ["# TYPE foo unknown"]);
    assert_eq!(lines(&page, "foo"), ["foo{} 3"]);
    assert_eq!(
        lines(&text(&mut pages, TEXT), "# TYPE foo"),
        ["# TYPE foo counter"]
    );
}

#[test]
fn few_formats_are_kept() {
    let mut pages = pages(&options());
    let mut seen = Vec::new();
    for syntax in [
        Syntax::Text004,
        Syntax::Text100,
        Syntax::OpenMetrics1,
        Syntax::Protobuf,
    ] {
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            let format = PageFormat::new(syntax, escaping);
            pages.render(format, &mut Vec::new());
            seen.push(format);
            let kept: Vec<_> = pages.plans.iter().map(Plan::format).collect();
            let expected: Vec<_> = seen.iter().rev().take(KEPT_PLANS).copied().collect();
            assert_eq!(kept, expected);
        }
    }
}

#[test]
fn a_total_past_64_bits_is_exact() {
    let registry = Registry::new();
    let counter = registry.counter("a").unwrap();
    let mut pages = pages(&options());
    for _ in 0..3 {
        counter.add(u64::MAX);
        pages.add(&registry.flush());
    }
    let expected = format!("a_total{{}} {}", u128::from(u64::MAX) * 3);
    assert_eq!(lines(&text(&mut pages, TEXT), "a_total"), [expected]);
}
