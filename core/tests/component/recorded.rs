//! What a component's records come to, and those above a level to nothing.

use std::thread;

use pqcnet_telemetry_core::component::Level;
use pqcnet_telemetry_core::{ExemplarContext, Instrument, Kind, RegisterError, Registry};

use crate::{Direction, Relayer, names, record};

#[test]
fn a_component_records_like_handles_registered_by_hand() {
    let (declared, by_hand) = (Registry::new(), Registry::new());
    let metrics = Relayer::register(&declared).unwrap();
    record(&metrics, &declared).unwrap();

    let new = |name: &'static str| Instrument::new(name);
    let instruments = [
        new("relayer.ingest")
            .unit("{message}")
            .description("Messages taken in from clients, as they come."),
        new("relayer.connections")
            .unit("{connection}")
            .description("Clients now."),
        new("relayer.fill")
            .unit("1")
            .description("How full the queue is."),
        new("relayer.wait")
            .unit("s")
            .decimals(6)
            .description("Time a message waits.")
            .range(1, 60_000_000)
            .digits(2),
        new("relayer.bytes").unit("By").description("Bytes moved."),
        new("relayer.chunk")
            .unit("By")
            .description("Sizes of chunks."),
        new("relayer.by_peer").description("Messages of each peer."),
    ];
    let [ingest, connections, fill, wait, bytes, chunk, by_peer] = instruments;
    by_hand.counter(ingest).unwrap().add(4);
    by_hand.up_down_counter(connections).unwrap().add(0);
    by_hand.gauge(fill).unwrap().set(0.5);
    let wait = by_hand.histogram(wait).unwrap();
    for value in [7, 8, 8, 9] {
        wait.record(value);
    }
    let bytes = by_hand.counter_family(bytes).unwrap();
    bytes.add(Direction::Upstream, 5);
    bytes.add(Direction::Downstream, 6);
    let chunk = by_hand.histogram_family(chunk).unwrap();
    chunk.record(Direction::Upstream, 1_024);
    let by_peer = by_hand.counter(by_peer).unwrap();
    let peer = [("peer", "a"), ("peer.zone", "b")];
    by_peer.bind(&peer).unwrap().increment();

    let (declared, by_hand) = (declared.flush(), by_hand.flush());
    let (one, other) = (declared.catalog(), by_hand.catalog());
    assert_eq!(one.instruments().len(), 7);
    for (one, other) in one.instruments().iter().zip(other.instruments()) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    assert_eq!(one.series().len(), other.series().len());
    for index in 0..one.series().len() {
        let (one, other) = (&one.series()[index], &other.series()[index]);
        assert_eq!(one.attributes(), other.attributes());
        let values = [declared.value(index), by_hand.value(index)];
        assert_eq!(format!("{:?}", values[0]), format!("{:?}", values[1]));
    }
}

#[test]
fn instruments_above_the_level_have_no_series() {
    for (limit, expected) in [
        (Level::Off, &[][..]),
        (Level::Warn, &["relayer.ingest"]),
        (
            Level::Info,
            &[
                "relayer.ingest",
                "relayer.connections",
                "relayer.wait",
                "relayer.bytes",
                "relayer.by_peer",
            ],
        ),
    ] {
        let registry = Registry::new();
        let metrics = Relayer::register_at(&registry, limit).unwrap();
        for _ in 0..3 {
            record(&metrics, &registry).unwrap();
            // On threads that come and go too.
            thread::scope(|scope| {
                scope.spawn(|| record(&metrics, &registry).unwrap());
            });
            let epoch = registry.flush();
            let is_counted = epoch.counter("relayer.ingest") == Some(8);
            assert_eq!(is_counted, limit >= Level::Warn);
        }
        assert_eq!(names(&registry), expected, "{limit:?}");
    }
}

#[test]
fn what_goes_nowhere_does_not_mix_with_what_is_counted() {
    let registry = Registry::new();
    let live = Relayer::register(&registry).unwrap();
    let muted = Relayer::register_at(&registry, Level::Off).unwrap();
    let example = ExemplarContext::correlation("nowhere").unwrap();
    for _ in 0..1_000 {
        live.ingest.increment();
        muted.ingest.increment();
        muted.wait.record(u64::MAX);
        muted.wait.record_with_exemplar(5, &example);
        live.wait.record(3);
    }
    let epoch = registry.flush();
    assert_eq!(epoch.counter("relayer.ingest"), Some(1_000));
    assert_eq!(epoch.histogram("relayer.wait").unwrap().len(), 1_000);
    assert_eq!(epoch.histogram("relayer.wait").unwrap().max(), 3);
    assert_eq!(epoch.exemplars().len(), 0);
}

#[test]
fn a_timer_above_the_level_still_says_the_time() {
    let registry = Registry::new();
    let muted = Relayer::register_at(&registry, Level::Off).unwrap();
    let has_measured = (0..24).any(|doublings| {
        let timer = muted.wait.start_timer();
        (0..1 << doublings).for_each(|_| std::hint::spin_loop());
        // In its unit, microseconds.
        timer.stop() > 0
    });
    assert!(has_measured);
}

#[test]
fn a_level_refuses_what_the_others_refuse() {
    let registry = Registry::new();
    registry.gauge("relayer.ingest").unwrap();
    let error = Relayer::register(&registry).unwrap_err();
    assert!(
        matches!(error, RegisterError::KindConflict { .. }),
        "{error}"
    );

    // Muted, it meets only what was muted.
    let muted = Relayer::register_at(&registry, Level::Off).unwrap();
    let error = muted.ingest.bind(&[("", "stray")]).unwrap_err();
    assert!(error.to_string().contains("relayer.ingest"), "{error}");
    let error = muted
        .by_peer
        .bind(&[("twice", 1), ("twice", 1)])
        .unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn registering_again_finds_the_same_series() {
    let registry = Registry::new();
    let (one, other) = (
        Relayer::register_at(&registry, Level::Warn).unwrap(),
        Relayer::register(&registry).unwrap(),
    );
    one.ingest.increment();
    other.ingest.increment();
    other.clone().bytes.increment(Direction::Upstream);
    let epoch = registry.flush();
    assert_eq!(epoch.counter("relayer.ingest"), Some(2));
    let upstream = [("direction", "upstream")];
    assert_eq!(epoch.counter_with("relayer.bytes", &upstream), Some(1));
}

#[test]
fn what_finds_no_slot_is_named_and_the_rest_found_again() {
    let registry = Registry::builder().counter_capacity(4).build();
    let error = Relayer::register(&registry).unwrap_err();
    assert_eq!(
        error,
        RegisterError::CapacityExhausted {
            name: "relayer.by_peer".into(),
            kind: Kind::Counter,
            capacity: 4
        }
    );
    let metrics = Relayer::register_at(&registry, Level::Warn).unwrap();
    metrics.ingest.increment();
    assert_eq!(registry.flush().counter("relayer.ingest"), Some(1));
}
