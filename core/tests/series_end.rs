//! Series that end: reported once more, their slots reused, and no handle ever
//! writes into another series.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use pqcnet_telemetry_core::{
    Counter, Histogram, Instrument, Registry, RetiredEpoch, UpDownCounter, Value,
};
use proptest::prelude::*;

/// What each series has, as `peer -> total`, and which of them have ended.
fn totals(epoch: &RetiredEpoch) -> (HashMap<String, i128>, Vec<String>) {
    let catalog = epoch.catalog();
    let peer_of = |index: usize| {
        let attributes = catalog.series()[index].attributes();
        let peer = attributes.iter().next().map(|(_, value)| value.to_string());
        peer.unwrap_or_default()
    };
    let changes = epoch.changes().map(|(index, value)| {
        let total = match value {
            Value::Counter(gain) => gain.cast_signed(),
            Value::UpDownCounter(change) => change,
            Value::Histogram(found) => i128::from(found.count()),
            other => panic!("{other:?}"),
        };
        (peer_of(index), total)
    });
    let ended = epoch.ended().iter().map(|index| peer_of(*index));
    (changes.collect(), ended.collect())
}

fn small(registry_capacity: u32) -> Registry {
    Registry::builder()
        .counter_capacity(registry_capacity)
        .gauge_capacity(registry_capacity)
        .histogram_capacity(registry_capacity)
        .build()
}

#[test]
fn an_ended_series_is_reported_once_more_and_its_slot_is_another_s() {
    let registry = small(2);
    let messages = registry.counter("messages").unwrap();
    for peer in 0..1_000 {
        let counter = messages.bind(&[("peer", peer.to_string())]).unwrap();
        counter.add(peer + 1);
        counter.end();
        let epoch = registry.flush();
        let expected = (
            HashMap::from([(peer.to_string(), i128::from(peer + 1))]),
            vec![peer.to_string()],
        );
        assert_eq!(totals(&epoch), expected);
        assert!(epoch.catalog().series().len() <= 2);
    }
    let epoch = registry.flush();
    assert_eq!(totals(&epoch), (HashMap::new(), Vec::new()));
    assert_eq!(epoch.catalog().instruments()[0].series().len(), 1);
}

#[test]
fn a_handle_kept_by_mistake_begins_its_own_series_anew() {
    let registry = small(2);
    let messages = registry.counter("messages").unwrap();
    let kept = messages.bind(&[("peer", "a")]).unwrap();
    kept.add(1);
    kept.clone().end();
    let epoch = registry.flush();
    assert_eq!(totals(&epoch).1, ["a"]);
    let first = epoch.catalog().series()[epoch.ended()[0]].created();
    assert_eq!(epoch.catalog().find("messages", &[("peer", "a")]), Some(1));
    // Its slot is not for another.
    messages.bind(&[("peer", "b")]).unwrap_err();
    kept.add(2);
    let epoch = registry.flush();
    assert_eq!(totals(&epoch).0, HashMap::from([("a".into(), 2)]));
    let again = epoch.catalog().find("messages", &[("peer", "a")]).unwrap();
    let begun = epoch.catalog().series()[again].created();
    assert!(begun > first && begun == epoch.start());
    kept.end();
    assert_eq!(totals(&registry.flush()).1, ["a"]);
    messages.bind(&[("peer", "b")]).unwrap().add(4);
    assert_eq!(
        totals(&registry.flush()).0,
        HashMap::from([("b".into(), 4)])
    );
}

#[test]
fn a_record_after_the_end_is_reported_even_if_its_handle_is_gone() {
    let registry = small(2);
    let messages = registry.counter("messages").unwrap();
    let kept = messages.bind(&[("peer", "a")]).unwrap();
    kept.clone().end();
    registry.flush();
    kept.add(7);
    drop(kept);
    let epoch = registry.flush();
    assert_eq!(totals(&epoch).0, HashMap::from([("a".into(), 7)]));
    assert_eq!(totals(&epoch).1, ["a"]);
    messages.bind(&[("peer", "b")]).unwrap();
}

#[test]
fn a_series_bound_again_before_the_flush_goes_on() {
    let registry = Registry::new();
    let messages = registry.counter("messages").unwrap();
    let counter = messages.bind(&[("peer", "a")]).unwrap();
    counter.add(1);
    counter.end();
    messages.bind(&[("peer", "a")]).unwrap().add(2);
    let expected = (HashMap::from([("a".into(), 3)]), Vec::new());
    assert_eq!(totals(&registry.flush()), expected);
}

#[test]
fn an_overflow_series_stands_for_many_and_does_not_end() {
    let registry = Registry::builder().cardinality_limit(2).build();
    let messages = registry.counter("messages").unwrap();
    let _first = messages.bind(&[("peer", "a")]).unwrap();
    let over = messages.bind(&[("peer", "b")]).unwrap();
    over.add(1);
    over.end();
    assert!(registry.flush().ended().is_empty());
    // What has ended makes room below the limit.
    messages.bind(&[("peer", "a")]).unwrap().end();
    registry.flush();
    messages.bind(&[("peer", "c")]).unwrap().add(5);
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("messages", &[("peer", "c")]), Some(5));
}

#[test]
fn local_handles_keep_their_slots() {
    let registry = small(2);
    let messages = registry.counter("messages").unwrap();
    let waits = registry.histogram("wait").unwrap();
    let local = registry.local();
    let a = [("peer", "a")];
    let counter = local.counter(&messages.bind(&a).unwrap());
    let histogram = local.histogram(&waits.bind(&a).unwrap());
    messages.bind(&a).unwrap().end();
    waits.bind(&a).unwrap().end();
    registry.flush();
    messages.bind(&[("peer", "b")]).unwrap_err();
    waits.bind(&[("peer", "b")]).unwrap_err();
    counter.add(3);
    histogram.record(3);
    let epoch = registry.flush();
    assert_eq!(epoch.counter_with("messages", &a), Some(3));
    assert_eq!(epoch.distribution("wait", &a).unwrap().count(), 1);
    // Those began anew, and go on.
    drop((counter, histogram));
    messages.bind(&[("peer", "b")]).unwrap_err();
    messages.bind(&a).unwrap().end();
    waits.bind(&a).unwrap().end();
    registry.flush();
    messages.bind(&[("peer", "b")]).unwrap();
    waits.bind(&[("peer", "b")]).unwrap();
}

#[test]
fn a_gauge_begins_unset_whatever_was_in_its_slot() {
    let registry = small(2);
    let load = registry.gauge("load").unwrap();
    let a = load.bind(&[("peer", "a")]).unwrap();
    a.set(7.0);
    a.clone().end();
    let epoch = registry.flush();
    let ended = epoch.ended()[0];
    assert!(matches!(epoch.value(ended), Value::Gauge(Some(7.0))));
    // Not set since: not there.
    assert_eq!(registry.flush().changes().count(), 0);
    a.set(8.0);
    assert_eq!(registry.flush().changes().count(), 1);
    a.end();
    registry.flush();
    let _b = load.bind(&[("peer", "b")]).unwrap();
    assert_eq!(registry.flush().changes().count(), 0);
}

#[test]
fn a_histogram_s_slot_goes_to_its_layout_only() {
    let registry = small(1);
    let wide = registry.histogram(Instrument::new("wide").range(1, 1_000_000));
    wide.unwrap().end();
    registry.flush();
    let narrow = || Instrument::new("narrow").range(1, 100);
    registry.histogram(narrow()).unwrap_err();
    let same = Instrument::new("same").range(1, 1_000_000);
    let same = registry.histogram(same).unwrap();
    same.record(1_000_000);
    assert_eq!(registry.flush().histogram("same").unwrap().len(), 1);
}

#[test]
fn a_slot_serves_another_kind_of_scalar() {
    let registry = small(1);
    let counter = registry.counter("c").unwrap();
    counter.add(u64::MAX);
    counter.add(3);
    counter.end();
    registry.flush();
    let level = registry.up_down_counter("l").unwrap();
    level.add(-5);
    assert_eq!(registry.flush().up_down_counter("l"), Some(-5));
    level.add(-5);
    level.end();
    registry.flush();
    let counter = registry.counter("c").unwrap();
    counter.add(9);
    assert_eq!(registry.flush().counter("c"), Some(9));
}

/// Of every kind; by the times of epochs, which always move on.
#[test]
fn idle_series_end_and_those_in_use_do_not() {
    let registry = Registry::new();
    let brief = |name: &'static str| Instrument::new(name).idle_expiry(Duration::from_nanos(1));
    let counter = registry.counter(brief("c")).unwrap();
    let gauge = registry.gauge(brief("g")).unwrap();
    let histogram = registry.histogram(brief("h")).unwrap();
    let lasting = registry.counter("lasting").unwrap();
    let names = |epoch: &RetiredEpoch| {
        let catalog = epoch.catalog();
        let ended = epoch.ended().iter();
        let ended = ended.map(|index| catalog.series()[*index].instrument());
        let names = ended.map(|index| catalog.instruments()[index].name().to_owned());
        names.collect::<Vec<_>>()
    };
    lasting.add(1);
    for _ in 0..3 {
        counter.add(1);
        gauge.set(1.0); // the same value is a record too
        histogram.record(1);
        assert!(names(&registry.flush()).is_empty());
    }
    gauge.set(2.0);
    assert_eq!(names(&registry.flush()), ["c", "h"]);
    assert_eq!(names(&registry.flush()), ["g"]);
    assert!(names(&registry.flush()).is_empty());
    counter.add(1);
    let epoch = registry.flush();
    assert_eq!(epoch.counter("c"), Some(1));
    assert_eq!(epoch.gauge("g"), None);
    assert_eq!(epoch.counter("lasting"), Some(0));
}

#[test]
fn an_index_is_not_asked_for_after_its_series_ended() {
    let registry = small(1);
    registry.counter("c").unwrap().end();
    registry.flush();
    let epoch = registry.flush();
    let asked = std::panic::catch_unwind(|| epoch.value(0));
    let message = *asked.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("ended with an earlier epoch"), "{message}");
}

#[derive(Clone, Debug)]
enum Step {
    Bind(u8),
    Clone(usize),
    Record(usize, u16),
    /// On a thread of its own, which ends.
    RecordElsewhere(usize, u16),
    Drop(usize),
    End(usize),
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let any_handle = || 0_usize..8;
    let step = prop_oneof![
        4 => (0_u8..6).prop_map(Step::Bind),
        1 => any_handle().prop_map(Step::Clone),
        6 => (any_handle(), 1_u16..1_000).prop_map(|(at, n)| Step::Record(at, n)),
        1 => (any_handle(), 1_u16..1_000).prop_map(|(at, n)| Step::RecordElsewhere(at, n)),
        2 => any_handle().prop_map(Step::Drop),
        2 => any_handle().prop_map(Step::End),
        3 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 1..120)
}

/// The handles of one peer; each record goes into all three.
#[derive(Clone)]
struct Peer {
    name: u8,
    messages: Counter,
    open: UpDownCounter,
    waits: Histogram,
}

impl Peer {
    fn record(&self, n: u16) {
        self.messages.add(n.into());
        self.open.add(-i64::from(n));
        self.waits.record_n(n.into(), n.into());
    }
}

/// What was reported of each peer.
#[derive(Default)]
struct Reported {
    messages: HashMap<String, i128>,
    open: HashMap<String, i128>,
    waits: HashMap<String, i128>,
}

impl Reported {
    fn add(&mut self, epoch: &RetiredEpoch) {
        let catalog = epoch.catalog();
        for (index, value) in epoch.changes() {
            let attributes = catalog.series()[index].attributes();
            let peer = attributes.iter().next().unwrap().1.to_string();
            let (map, n) = match value {
                Value::Counter(gain) => (&mut self.messages, gain.cast_signed()),
                Value::UpDownCounter(change) => (&mut self.open, change),
                Value::Histogram(found) => (&mut self.waits, found.sum().cast_signed()),
                other => panic!("{other:?}"),
            };
            *map.entry(peer).or_default() += n;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// With fewer slots than peers, so that most are somebody else's before.
    #[test]
    fn every_record_is_reported_of_the_peer_it_was_made_for(steps in steps()) {
        let registry = small(6);
        let messages = registry.counter("messages").unwrap();
        let open = registry.up_down_counter("open").unwrap();
        let waits = registry.histogram("waits").unwrap();
        let mut peers: Vec<Peer> = Vec::new();
        let (mut sums, mut squares) = (HashMap::<String, i128>::new(), HashMap::<String, i128>::new());
        let mut reported = Reported::default();
        for step in steps {
            let len = peers.len().max(1);
            match step {
                Step::Bind(name) => {
                    let pairs = [("peer", i64::from(name))];
                    let bound = (messages.bind(&pairs), open.bind(&pairs), waits.bind(&pairs));
                    if let (Ok(messages), Ok(open), Ok(waits)) = bound {
                        peers.push(Peer { name, messages, open, waits });
                    }
                }
                Step::Clone(at) => peers.extend(peers.get(at % len).cloned()),
                Step::Record(at, n) | Step::RecordElsewhere(at, n) => {
                    let Some(peer) = peers.get(at % len) else { continue };
                    if matches!(step, Step::Record(..)) {
                        peer.record(n);
                    } else {
                        let peer = peer.clone();
                        thread::spawn(move || peer.record(n)).join().unwrap();
                    }
                    *sums.entry(peer.name.to_string()).or_default() += i128::from(n);
                    *squares.entry(peer.name.to_string()).or_default() += i128::from(n).pow(2);
                }
                Step::Drop(at) if !peers.is_empty() => drop(peers.swap_remove(at % len)),
                Step::End(at) if !peers.is_empty() => {
                    let peer = peers.swap_remove(at % len);
                    peer.messages.end();
                    peer.open.end();
                    peer.waits.end();
                }
                Step::Drop(_) | Step::End(_) => {}
                Step::Flush => reported.add(&registry.flush()),
            }
        }
        reported.add(&registry.flush());
        prop_assert_eq!(reported.messages, sums.clone());
        let down: HashMap<_, _> = sums.into_iter().map(|(peer, sum)| (peer, -sum)).collect();
        prop_assert_eq!(reported.open, down);
        prop_assert_eq!(reported.waits, squares);
    }
}

/// Peers come and go on four threads while a fifth flushes.
#[test]
fn a_churn_of_peers_loses_nothing_and_takes_no_more_slots() {
    let registry = small(64);
    let messages = registry.counter("messages").unwrap();
    let mut reported = HashMap::<String, i128>::new();
    let mut add = |epoch: &RetiredEpoch| {
        for (peer, n) in totals(epoch).0 {
            *reported.entry(peer).or_default() += n;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let messages = messages.clone();
                scope.spawn(move || {
                    for peer in 0..2_000 {
                        let pairs = [("peer", format!("{thread}.{}", peer % 10))];
                        // Full while the flusher is behind.
                        let Ok(counter) = messages.bind(&pairs) else {
                            thread::yield_now();
                            continue;
                        };
                        let kept = counter.clone();
                        counter.add(1);
                        counter.end();
                        kept.add(2);
                    }
                })
            })
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            add(&registry.flush());
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
    add(&registry.flush());
    // All handles are gone, so the second flush finds all slots free.
    registry.flush();
    let records: i128 = reported.values().sum();
    assert_eq!(records % 3, 0);
    assert!(records > 0);
    let more: Vec<_> = (0..63_i64)
        .map(|peer| messages.bind(&[("peer", 1_000 + peer)]).unwrap())
        .collect();
    drop(more);
}
