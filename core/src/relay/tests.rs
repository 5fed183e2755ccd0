use std::thread;

use super::*;

/// On a thread that has pushed nothing before.
fn elsewhere<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}

fn taken(relay: &Relay<u32>) -> Vec<u32> {
    let mut taken = Vec::new();
    relay.drain(|item| taken.push(item));
    taken
}

/// More lanes than threads of all tests here, which share the numbers.
const LANES: usize = 100;

#[test]
fn threads_have_lanes_in_turn_and_keep_them() {
    let relay = Relay::new(LANES, 1, 1);
    for thread in 0..10 {
        let dropped = elsewhere(|| {
            [0; 2].map(|_| {
                let _ = relay.push(thread);
                relay.dropped()
            })
        });
        let before = u64::from(thread);
        assert_eq!(dropped, [before, before + 1], "one lane, of its own");
    }
    assert_eq!(taken(&relay), (0..10).collect::<Vec<_>>());
}

#[test]
fn lanes_are_told_apart_whichever_relay_a_thread_knew_first() {
    let [one, other] = [0, 1].map(|_| Relay::new(LANES, 1, 1));
    for relays in [[&one, &other], [&other, &one]] {
        elsewhere(|| relays.map(|relay| relay.push(0)));
    }
    assert_eq!((one.dropped(), other.dropped()), (0, 0));
}

#[test]
fn each_lane_has_room_for_its_capacity_and_what_is_beyond_is_counted() {
    let relay = Relay::new(LANES, 2, 2);
    for dropped in [3, 6] {
        elsewhere(|| (0..5).for_each(|item| _ = relay.push(item)));
        assert_eq!(relay.dropped(), dropped);
    }
    assert_eq!(taken(&relay), [0, 1, 0, 1]);
    assert_eq!(relay.dropped(), 6, "of all visits");
}

#[test]
fn a_batch_calls_once_until_the_collector_comes() {
    let relay = Relay::new(1, 4, 2);
    for _ in 0..3 {
        let calls = [0; 6].map(|item| relay.push(item));
        assert_eq!(calls, [false, true, false, false, false, false]);
        assert_eq!(taken(&relay).len(), 4);
    }
}

#[test]
fn of_two_lanes_with_a_batch_one_calls() {
    let relay = Relay::new(LANES, 1, 1);
    for _ in 0..3 {
        assert!(elsewhere(|| relay.push(1)));
        assert!(!elsewhere(|| relay.push(2)));
        assert_eq!(taken(&relay).len(), 2);
    }
}

#[test]
fn a_batch_is_one_item_at_least_and_a_lane_at_most() {
    for (batch, expected) in [(0, 1), (1, 1), (3, 3), (4, 3), (usize::MAX, 3)] {
        let relay = Relay::new(1, 3, batch);
        let calls = [1, 2, 3].map(|nth| relay.push(nth).then_some(nth));
        let caller = calls.into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(caller, [expected], "batch {batch}");
    }
}

#[test]
fn a_drain_leaves_what_comes_later_to_the_next() {
    let relay = Relay::new(1, 3, 3);
    for item in [1, 2, 3] {
        let _ = relay.push(item);
    }
    let mut first = Vec::new();
    relay.drain(|item| {
        first.push(item);
        let _ = relay.push(item + 10);
    });
    assert_eq!(first, [1, 2, 3]);
    assert_eq!(taken(&relay), [11, 12, 13]);
    assert_eq!(taken(&relay), []);
}

#[test]
fn a_batch_that_comes_during_a_visit_calls_for_the_next() {
    let relay = Relay::new(1, 1, 1);
    assert!(relay.push(1));
    let mut calls = Vec::new();
    relay.drain(|_| calls.push(relay.push(2)));
    assert_eq!(calls, [true]);
    assert_eq!(taken(&relay), [2]);
}

#[test]
#[should_panic = "a relay has lanes"]
fn a_relay_without_lanes_is_refused() {
    let _ = Relay::<u32>::new(0, 1, 1);
}

#[test]
#[should_panic = "capacity must be non-zero"]
fn a_relay_without_room_is_refused() {
    let _ = Relay::<u32>::new(1, 0, 1);
}
