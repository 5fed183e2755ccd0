//! What is known before anything is recorded, at whatever level the build has.

use std::any::TypeId;

use pqcnet_telemetry_core::component::level::{self, STATIC_MAX_LEVEL};
use pqcnet_telemetry_core::component::{Descriptor, Label, Level, LocalOf, Off, Options};
use pqcnet_telemetry_core::{Counter, Family, Gauge, Histogram, Kind, Registry};

use crate::{Direction, Relayer, names, record};

#[test]
fn descriptors_say_what_was_declared() {
    let all = Relayer::DESCRIPTORS;
    let described: Vec<_> = all
        .iter()
        .map(|d| (d.name, d.kind, d.unit, d.level))
        .collect();
    assert_eq!(
        described,
        [
            ("relayer.ingest", Kind::Counter, "{message}", Level::Warn),
            (
                "relayer.connections",
                Kind::UpDownCounter,
                "{connection}",
                Level::Info
            ),
            ("relayer.fill", Kind::Gauge, "1", Level::Debug),
            ("relayer.wait", Kind::Histogram, "s", Level::Info),
            ("relayer.bytes", Kind::Counter, "By", Level::Info),
            ("relayer.chunk", Kind::Histogram, "By", Level::Debug),
            ("relayer.by_peer", Kind::Counter, "", Level::Info),
            ("relayer.old", Kind::Counter, "", Level::Off),
        ]
    );
    assert_eq!(
        all[0].description,
        "Messages taken in from clients, as they come."
    );
    assert_eq!((all[0].group, all[1].group), (Some("Traffic"), None));
    assert_eq!(
        (all[3].decimals, all[3].range, all[3].digits),
        (6, Some((1, 60_000_000)), Some(2))
    );
    assert_eq!(
        (all[0].decimals, all[0].range, all[0].digits),
        (0, None, None)
    );
    let [direction] = all[4].labels else {
        panic!("{:?}", all[4].labels)
    };
    assert_eq!(direction.key, "direction");
    assert_eq!(direction.values, Some(&["upstream", "downstream"][..]));
    assert_eq!(all[5].labels, all[4].labels);
    assert_eq!(
        all[6].labels,
        [Label::open("peer"), Label::open("peer.zone")]
    );
    assert_eq!(
        (all[0].deprecated, all[7].deprecated),
        (None, Some("use relayer.ingest"))
    );
}

#[test]
fn a_descriptor_can_be_made_in_a_constant() {
    const WAIT: Descriptor = Descriptor::of::<Histogram>(
        "relayer.wait",
        "Time a message waits.",
        Options {
            unit: "s",
            decimals: 6,
            range: Some((1, 60_000_000)),
            digits: Some(2),
            ..Options::DEFAULT
        },
    );
    assert_eq!(WAIT, Relayer::DESCRIPTORS[3]);
}

#[test]
fn a_family_has_the_label_of_its_enum_alone() {
    const PEER: Options = Options {
        labels: &[Label::open("peer")],
        ..Options::DEFAULT
    };
    let made = std::panic::catch_unwind(|| {
        Descriptor::of::<Family<Direction, Counter>>("relayer.bytes", "Bytes.", PEER)
    });
    assert!(made.is_err());
}

#[test]
fn handles_have_the_type_of_their_level() {
    fn is<Field: 'static, Handle: 'static>() -> bool {
        TypeId::of::<Field>() == TypeId::of::<Handle>()
    }
    fn of<T: 'static>(_: &T) -> TypeId {
        TypeId::of::<T>()
    }
    assert_eq!(
        is::<level::Warn<Counter>, Counter>(),
        STATIC_MAX_LEVEL >= Level::Warn
    );
    assert_eq!(
        is::<level::Info<Counter>, Counter>(),
        STATIC_MAX_LEVEL >= Level::Info
    );
    assert_eq!(
        is::<level::Debug<Counter>, Counter>(),
        STATIC_MAX_LEVEL >= Level::Debug
    );
    assert_eq!(
        is::<level::Warn<Counter>, Off<Counter>>(),
        STATIC_MAX_LEVEL < Level::Warn
    );
    assert_eq!(
        is::<level::Info<Counter>, Off<Counter>>(),
        STATIC_MAX_LEVEL < Level::Info
    );
    assert_eq!(
        is::<level::Debug<Counter>, Off<Counter>>(),
        STATIC_MAX_LEVEL < Level::Debug
    );
    let metrics = Relayer::register(&Registry::new()).unwrap();
    assert_eq!(of(&metrics.ingest), TypeId::of::<level::Warn<Counter>>());
    assert_eq!(of(&metrics.wait), TypeId::of::<level::Info<Histogram>>());
    assert_eq!(of(&metrics.fill), TypeId::of::<level::Debug<Gauge>>());
    assert_eq!(of(&metrics.old), TypeId::of::<Off<Counter>>());
    let family = TypeId::of::<level::Info<Family<Direction, Counter>>>();
    assert_eq!(of(&metrics.bytes), family);
}

#[test]
fn what_is_off_is_nothing() {
    assert_eq!(size_of::<Off<Counter>>(), 0);
    assert_eq!(size_of::<Off<Histogram>>(), 0);
    assert_eq!(size_of::<Off<Family<Direction, Histogram>>>(), 0);
    assert_eq!(size_of::<LocalOf<Off<Histogram>>>(), 0);
}

/// At the level that this build takes, whatever that is.
#[test]
fn what_is_registered_is_what_its_level_lets_by() {
    let registry = Registry::new();
    let metrics = Relayer::register(&registry).unwrap();
    record(&metrics, &registry).unwrap();
    let expected = Relayer::DESCRIPTORS.iter();
    let expected = expected.filter(|d| d.level != Level::Off && d.level <= STATIC_MAX_LEVEL);
    let expected: Vec<_> = expected.map(|d| d.name).collect();
    assert_eq!(names(&registry), expected);
}

#[test]
#[should_panic(expected = "belongs to another registry")]
fn a_live_handle_of_another_registry_is_no_local_one() {
    let counter = Registry::new().counter("relayer.ingest").unwrap();
    Registry::new().local().of(&counter);
}
