//! What registration takes, what it refuses and says about it, and that one
//! name with one set of attributes is one series.

use std::sync::Barrier;
use std::thread;

use pqcnet_telemetry_core::{Instrument, Kind, RegisterError, Registry, label_set};

label_set! {
    enum Lane: "lane" {
        Fast = "fast",
        Slow = "slow",
    }
}

/// Asserts that the message names each of `culprits`, and that the refusal
/// left nothing behind.
fn assert_refused(registry: &Registry, error: &RegisterError, culprits: &[&str]) {
    let message = error.to_string();
    for culprit in culprits {
        assert!(message.contains(culprit), "{culprit:?} in {message:?}");
    }
    let name = culprits[0];
    let taken = ["a", "b", "c", "d"].contains(&name);
    assert_eq!(registry.flush().catalog().find(name, &[]).is_some(), taken);
    assert_eq!(registry.catalog().series().len(), 4);
    assert_eq!(registry.catalog().instruments().len(), 4);
}

/// A registry with one instrument of each kind: `a`, `b`, `c` and `d`.
fn one_of_each() -> Registry {
    let registry = Registry::new();
    registry.counter("a").unwrap();
    registry.up_down_counter("b").unwrap();
    registry.gauge("c").unwrap();
    registry
        .histogram(Instrument::new("d").unit("ms").range(1, 5_000).digits(2))
        .unwrap();
    registry
}

#[test]
fn an_invalid_name_is_refused() {
    let registry = one_of_each();
    let too_long = "x".repeat(256);
    for name in [
        "", "1a", "_a", ".a", "-a", "/a", "x y", "x\0", "x\n", "äx", "xä", "x:y", "x{y}", &too_long,
    ] {
        let error = registry.counter(name).unwrap_err();
        assert_eq!(error, RegisterError::InvalidName { name: name.into() });
        let quoted = format!("{name:?}");
        assert!(error.to_string().contains(&quoted), "{error}");
        assert_refused(&registry, &error, &[&quoted]);
    }
}

#[test]
fn a_valid_name_is_taken() {
    let registry = Registry::new();
    let longest = "x".repeat(255);
    let names = ["x", "Z", "x1", "x_.-/", "x//..", "relayer.wait", &longest];
    for name in names {
        registry.counter(name).unwrap().increment();
    }
    let epoch = registry.flush();
    for name in names {
        assert_eq!(epoch.counter(name), Some(1), "{name}");
    }
}

#[test]
fn names_that_differ_in_case_are_different() {
    let registry = Registry::new();
    registry.counter("x").unwrap().add(1);
    registry.counter("X").unwrap().add(2);
    let epoch = registry.flush();
    assert_eq!((epoch.counter("x"), epoch.counter("X")), (Some(1), Some(2)));
}

#[test]
fn an_invalid_unit_is_refused() {
    let registry = one_of_each();
    let too_long = "x".repeat(64);
    for unit in ["µs", "m s", "ms\n", "\0", "\u{7f}", &too_long] {
        let error = registry.gauge(Instrument::new("x.y").unit(unit));
        let error = error.unwrap_err();
        let expected = RegisterError::InvalidUnit {
            name: "x.y".into(),
            unit: unit.into(),
        };
        assert_eq!(error, expected);
        assert_refused(&registry, &error, &["x.y", &format!("{unit:?}")]);
    }
}

#[test]
fn a_valid_unit_is_taken() {
    let registry = Registry::new();
    let longest = "x".repeat(63);
    let units = ["", "1", "ms", "By/s", "{message}", "%", "[!~]", &longest];
    for (number, unit) in units.into_iter().enumerate() {
        let instrument = Instrument::new(format!("x{number}")).unit(unit);
        registry.counter(instrument).unwrap();
    }
    let catalog = registry.catalog();
    let registered = catalog.instruments().iter().map(|info| info.unit());
    assert!(registered.eq(units));
}

#[test]
fn an_empty_attribute_key_is_refused() {
    let registry = one_of_each();
    let refused = registry.counter(Instrument::new("x.y").attribute("", "stray"));
    let expected = RegisterError::EmptyAttributeKey {
        name: "x.y".into(),
        value: "stray".into(),
    };
    assert_eq!(refused.unwrap_err(), expected);
    assert_refused(&registry, &expected, &["x.y", "stray"]);

    let counter = registry.counter("a").unwrap();
    let error = counter.bind(&[("fine", "1"), ("", "stray")]).unwrap_err();
    assert_refused(&registry, &error, &["a", "stray"]);
}

#[test]
fn a_duplicate_attribute_key_is_refused() {
    let registry = one_of_each();
    let twice = Instrument::new("x.y")
        .attribute("twice", "1")
        .attribute("between", true)
        .attribute("twice", 2);
    let expected = RegisterError::DuplicateAttributeKey {
        name: "x.y".into(),
        key: "twice".into(),
    };
    assert_eq!(registry.histogram(twice).unwrap_err(), expected);
    assert_refused(&registry, &expected, &["x.y", "twice"]);

    let histogram = registry.histogram(Instrument::new("d").unit("ms"));
    let twice = [("twice", "1"), ("between", "1"), ("twice", "1")];
    let error = histogram.unwrap().bind(&twice).unwrap_err();
    assert_refused(&registry, &error, &["d", "twice"]);

    let labelled = Instrument::new("x.y").attribute("lane", "any");
    let error = registry.counter_family::<Lane>(labelled).unwrap_err();
    assert_refused(&registry, &error, &["x.y", "lane"]);
}

#[test]
fn another_kind_of_the_same_name_is_refused() {
    let registry = one_of_each();
    let kinds = [
        ("a", Kind::Counter),
        ("b", Kind::UpDownCounter),
        ("c", Kind::Gauge),
        ("d", Kind::Histogram),
    ];
    for (name, registered) in kinds {
        for (_, requested) in kinds {
            let instrument = Instrument::new(name).attribute("k", "v");
            let instrument = instrument.unit(if name == "d" { "ms" } else { "" });
            if requested == registered {
                continue;
            }
            let refused = match requested {
                Kind::Counter => registry.counter(instrument).map(drop),
                Kind::UpDownCounter => registry.up_down_counter(instrument).map(drop),
                Kind::Gauge => registry.gauge(instrument).map(drop),
                _ => registry.histogram(instrument).map(drop),
            };
            let expected = RegisterError::KindConflict {
                name: name.into(),
                registered,
                requested,
            };
            assert_eq!(refused.unwrap_err(), expected);
            let culprits = [name, &registered.to_string(), &requested.to_string()];
            assert_refused(&registry, &expected, &culprits);
        }
    }
}

#[test]
fn another_unit_of_the_same_name_is_refused() {
    let registry = one_of_each();
    for requested in ["us", ""] {
        let instrument = Instrument::new("d").unit(requested).attribute("k", "v");
        let expected = RegisterError::UnitConflict {
            name: "d".into(),
            registered: "ms".into(),
            requested: requested.into(),
        };
        assert_eq!(registry.histogram(instrument).unwrap_err(), expected);
        let quoted = format!("{requested:?}");
        assert_refused(&registry, &expected, &["d", "ms", &quoted]);
    }
}

#[test]
fn another_range_of_the_same_name_is_refused() {
    let registry = one_of_each();
    let same = || Instrument::new("d").unit("ms").attribute("k", "v");
    for other in [
        same().range(1, 5_001),
        same().range(2, 5_000),
        same().digits(3),
    ] {
        let expected = RegisterError::RangeConflict { name: "d".into() };
        assert_eq!(registry.histogram(other).unwrap_err(), expected);
        assert_refused(&registry, &expected, &["d", "range", "digit"]);
    }
}

#[test]
fn a_range_left_out_is_the_one_registered() {
    let registry = one_of_each();
    for (number, instrument) in [
        Instrument::new("d"),
        Instrument::new("d").range(1, 5_000),
        Instrument::new("d").digits(2),
    ]
    .into_iter()
    .enumerate()
    {
        let instrument = instrument.unit("ms").attribute("number", number as i64);
        registry.histogram(instrument).unwrap().record(u64::MAX);
    }
    let epoch = registry.flush();
    assert_eq!(epoch.catalog().instruments()[3].series().len(), 4);
    assert_eq!(
        epoch.catalog().instruments()[3].layout().unwrap().digits(),
        2
    );
}

#[test]
fn a_range_that_cannot_be_laid_out_is_refused() {
    let registry = one_of_each();
    for (low, high, digits) in [
        (0, 100, 3),
        (10, 19, 3),
        (100, 10, 3),
        (1, 1, 1),
        (1, 100, 0),
        (1, 100, 6),
        (1 << 62, u64::MAX, 5),
    ] {
        let instrument = Instrument::new("x.y").range(low, high).digits(digits);
        let expected = RegisterError::InvalidRange {
            name: "x.y".into(),
            low,
            high,
            digits,
        };
        assert_eq!(registry.histogram(instrument).unwrap_err(), expected);
        let [low, high, digits] = [low, high, digits.into()].map(|n: u64| n.to_string());
        assert_refused(&registry, &expected, &["x.y", &low, &high, &digits]);
    }
}

#[test]
fn the_builders_range_is_the_default() {
    let registry = Registry::builder().range(10, 2_000).digits(1).build();
    let registered = |instrument: Instrument| {
        let name = instrument.clone();
        registry.histogram(name).unwrap();
        let catalog = registry.catalog();
        *catalog.instruments().last().unwrap().layout().unwrap()
    };
    let of = |layout: pqcnet_telemetry_core::Layout| {
        (layout.lowest(), layout.highest(), layout.digits())
    };
    assert_eq!(of(registered(Instrument::new("a"))), (10, 2_000, 1));
    let own_range = Instrument::new("b").range(1, 99);
    assert_eq!(of(registered(own_range)), (1, 99, 1));
    assert_eq!(
        of(registered(Instrument::new("c").digits(4))),
        (10, 2_000, 4)
    );

    let broken = Registry::builder().range(5, 5).build();
    let error = broken.histogram("x.y").unwrap_err();
    assert!(error.to_string().contains("5..=5"), "{error}");
    broken.counter("counters.know.no.range").unwrap();
    broken
        .histogram(Instrument::new("x.y").range(1, 9))
        .unwrap();
}

#[test]
fn the_wrong_kind_is_named_before_a_range_nobody_asked_for() {
    let registry = Registry::builder().range(5, 5).build();
    registry.counter("a").unwrap();
    let error = registry.histogram("a").unwrap_err();
    assert!(
        matches!(error, RegisterError::KindConflict { .. }),
        "{error}"
    );
}

#[test]
fn a_full_registry_refuses_more_and_leaves_the_rest_working() {
    let registry = Registry::builder()
        .counter_capacity(2)
        .gauge_capacity(1)
        .histogram_capacity(1)
        .build();
    let counter = registry.counter("a").unwrap();
    let level = registry.up_down_counter("b").unwrap();
    let gauge = registry.gauge("c").unwrap();
    let histogram = registry.histogram("d").unwrap();
    let refusals = [
        (registry.counter("x.y").map(drop), Kind::Counter, 2),
        (
            registry.up_down_counter("x.y").map(drop),
            Kind::UpDownCounter,
            2,
        ),
        (registry.gauge("x.y").map(drop), Kind::Gauge, 1),
        (registry.histogram("x.y").map(drop), Kind::Histogram, 1),
    ];
    for (refused, kind, capacity) in refusals {
        let expected = RegisterError::CapacityExhausted {
            name: "x.y".into(),
            kind,
            capacity,
        };
        assert_eq!(refused.unwrap_err(), expected);
        let culprits = ["x.y", &kind.to_string(), &capacity.to_string()];
        assert_refused(&registry, &expected, &culprits);
    }
    let error = counter.bind(&[("k", "v")]).unwrap_err();
    assert_refused(&registry, &error, &["a", "counter", "2"]);

    let again = registry.counter("a").unwrap();
    for epoch in 1..=3 {
        counter.add(1);
        again.add(2);
        level.add(-1);
        gauge.set(4.0);
        histogram.record(5);
        let retired = registry.flush();
        assert_eq!(retired.counter("a"), Some(3), "in epoch {epoch}");
        assert_eq!(retired.up_down_counter("b"), Some(-1));
        assert_eq!(retired.gauge("c"), Some(4.0));
        assert_eq!(retired.histogram("d").unwrap().max(), 5);
    }
}

#[test]
fn every_slot_up_to_the_capacity_works() {
    // Past one word of touched bits, and not a whole number of them.
    const CAPACITY: u32 = 131;
    let registry = Registry::builder()
        .counter_capacity(CAPACITY)
        .gauge_capacity(CAPACITY)
        .histogram_capacity(CAPACITY)
        .build();
    let names: Vec<_> = (0..CAPACITY).map(|n| (n, format!("n{n}"))).collect();
    for (n, name) in &names {
        let counter = registry.counter(format!("counter.{name}")).unwrap();
        counter.add(u64::from(*n) + 1);
        let gauge = registry.gauge(format!("gauge.{name}")).unwrap();
        gauge.set(f64::from(*n));
        let histogram = registry.histogram(format!("histogram.{name}")).unwrap();
        histogram.record(u64::from(*n));
    }
    let epoch = registry.flush();
    for (n, name) in &names {
        let counter = epoch.counter(&format!("counter.{name}"));
        assert_eq!(counter, Some(u64::from(*n) + 1));
        let gauge = epoch.gauge(&format!("gauge.{name}"));
        assert_eq!(gauge, Some(f64::from(*n)));
        let name = format!("histogram.{name}");
        let found = epoch.distribution(&name, &[]).unwrap();
        assert_eq!((found.count(), found.sum()), (1, u128::from(*n)));
    }
    for late in 0..3 {
        assert!(registry.counter(format!("late{late}")).is_err());
    }
}

#[test]
fn a_registry_may_have_no_room_at_all() {
    let registry = Registry::builder()
        .counter_capacity(0)
        .gauge_capacity(0)
        .histogram_capacity(0)
        .build();
    assert!(registry.counter("a").is_err());
    assert!(registry.gauge("a").is_err());
    assert!(registry.histogram("a").is_err());
    drop(registry.local());
    assert!(registry.flush().catalog().series().is_empty());
}

#[test]
fn the_same_name_and_attributes_are_the_same_series() {
    let registry = Registry::new();
    let described = || Instrument::new("a").unit("By").description("Bytes read");
    let one = described().attribute("x", 1).attribute("y", true);
    let other = described().attribute("y", true).attribute("x", 1);
    registry.counter(one.clone()).unwrap().add(1);
    registry.counter(one).unwrap().add(2);
    registry.counter(other).unwrap().add(4);
    registry.counter(described()).unwrap().add(8);
    let epoch = registry.flush();
    let catalog = epoch.catalog();
    assert_eq!(
        (catalog.instruments().len(), catalog.series().len()),
        (1, 2)
    );
    assert_eq!(catalog.instruments()[0].series(), [0, 1]);
    let pairs: Vec<_> = catalog.series()[0]
        .attributes()
        .iter()
        .map(|(key, value)| (key, value.to_string()))
        .collect();
    assert_eq!(pairs, [("x", "1".into()), ("y", "true".into())]);
    let gains = [0, 1].map(|series| format!("{:?}", epoch.value(series)));
    assert_eq!(gains, ["Counter(7)", "Counter(8)"]);
}

#[test]
fn the_catalog_says_what_was_registered() {
    let registry = one_of_each();
    let catalog = registry.catalog();
    let kinds = catalog.instruments().iter().map(|info| info.kind());
    let expected = [
        Kind::Counter,
        Kind::UpDownCounter,
        Kind::Gauge,
        Kind::Histogram,
    ];
    assert!(kinds.eq(expected));
    let histogram = &catalog.instruments()[3];
    assert_eq!((histogram.name(), histogram.unit()), ("d", "ms"));
    assert_eq!(histogram.layout().unwrap().highest(), 5_000);
    assert!(catalog.instruments()[0].layout().is_none());
    for (index, series) in catalog.series().iter().enumerate() {
        assert_eq!(series.instrument(), index);
        assert!(series.attributes().is_empty());
    }
    assert_eq!(catalog.find("d", &[]), Some(3));
    assert_eq!(catalog.find("d", &[("k", "v")]), None);
    assert_eq!(catalog.find("e", &[]), None);
}

#[test]
fn a_longer_description_wins() {
    let registry = Registry::new();
    let description = || registry.catalog().instruments()[0].description().to_owned();
    for (given, kept) in [
        ("", ""),
        ("short", "short"),
        ("", "short"),
        ("tiny", "short"),
        ("other", "short"),
        ("longer", "longer"),
        ("short", "longer"),
    ] {
        let instrument = Instrument::new("a").description(given);
        registry.counter(instrument).unwrap();
        assert_eq!(description(), kept, "after {given:?}");
    }
    let other_series = Instrument::new("a").attribute("k", "v");
    let longest = other_series.description("the longest of all");
    registry.counter(longest).unwrap();
    assert_eq!(description(), "the longest of all");
}

#[test]
fn threads_that_register_one_name_get_one_series() {
    const THREADS: usize = 8;
    const NAMES: usize = 50;
    let registry = Registry::builder()
        .counter_capacity(NAMES as u32)
        .histogram_capacity(NAMES as u32)
        .build();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for number in 0..NAMES {
                    let counter = registry.counter(format!("c{number}"));
                    counter.expect("one slot a name").increment();
                    let histogram = registry.histogram(format!("h{number}"));
                    histogram.expect("one slot a name").record(7);
                }
            });
        }
    });
    let epoch = registry.flush();
    assert_eq!(epoch.catalog().series().len(), 2 * NAMES);
    for number in 0..NAMES {
        let count = epoch.counter(&format!("c{number}"));
        assert_eq!(count, Some(THREADS as u64));
        let histogram = epoch.histogram(&format!("h{number}")).unwrap();
        assert_eq!(histogram.len(), THREADS as u64);
    }
}

#[test]
fn decimals_are_part_of_an_instrument() {
    let registry = Registry::new();
    let wait = || Instrument::new("wait").unit("s");
    registry.histogram(wait().decimals(6)).unwrap();
    assert_eq!(registry.catalog().instruments()[0].decimals(), 6);
    assert_eq!(
        registry.histogram(wait().decimals(3)).unwrap_err(),
        RegisterError::DecimalsConflict {
            name: "wait".into(),
            registered: 6,
            requested: 3,
        }
    );
    assert_eq!(
        registry
            .counter(Instrument::new("x").decimals(10))
            .unwrap_err(),
        RegisterError::InvalidDecimals {
            name: "x".into(),
            decimals: 10,
        }
    );
}
