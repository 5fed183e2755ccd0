//! The relay: taken once, or counted as dropped once, and a full batch is never
//! left behind by a collector that comes when it is called, and only then.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle};
use pqcnet_telemetry_core::Relay;

use crate::support::model;

type Shared = Arc<Relay<u32>>;

fn relay(lanes: usize, capacity: usize, batch: usize) -> Shared {
    Arc::new(Relay::new(lanes, capacity, batch))
}

/// Whether the push is told to call comes with the join, as it would come with
/// an unpark.
fn push_elsewhere(relay: &Shared, item: u32) -> JoinHandle<bool> {
    let relay = Arc::clone(relay);
    thread::spawn(move || relay.push(item))
}

/// What a visit finds. No yield comes before it, as before a flush: after one,
/// loom shows no count again that was seen and is old by now.
fn visit(relay: &Shared) -> Vec<u32> {
    let mut taken = Vec::new();
    relay.drain(|item| taken.push(item));
    taken
}

/// Of two threads that push one item each and a visit meanwhile.
fn taken_and_dropped(capacity: usize) -> (Vec<u32>, u64) {
    let relay = relay(1, capacity, capacity);
    let pushers = [1, 2].map(|item| push_elsewhere(&relay, item));
    let mut taken = visit(&relay);
    for pusher in pushers {
        pusher.join().unwrap();
    }
    taken.extend(visit(&relay));
    assert_eq!(visit(&relay), []);
    taken.sort_unstable();
    (taken, relay.dropped())
}

#[test]
fn an_item_is_taken_once_while_there_is_room() {
    model(|| assert_eq!(taken_and_dropped(2), (vec![1, 2], 0)));
}

#[test]
fn an_item_is_taken_or_counted_when_its_lane_is_full() {
    model(|| {
        let (mut taken, dropped) = taken_and_dropped(1);
        assert_eq!(taken.len() as u64 + dropped, 2);
        taken.dedup();
        assert_eq!(taken.len() as u64 + dropped, 2, "none twice");
    });
}

/// This thread pushes, and is the collector when that calls; another pushes
/// meanwhile. Each push fills a batch.
fn no_batch_is_left_behind(lanes: usize) {
    let relay = relay(lanes, 2, 1);
    let pusher = push_elsewhere(&relay, 2);
    let mut taken = Vec::new();
    let is_called = relay.push(1);
    if is_called {
        taken = visit(&relay);
    }
    if pusher.join().unwrap() {
        // Whoever called last, it is this call that the collector comes for.
        taken.extend(visit(&relay));
    } else {
        assert!(is_called, "somebody calls");
    }
    taken.sort_unstable();
    assert_eq!(taken, [1, 2]);
}

#[test]
fn no_batch_is_left_in_a_lane_that_two_share() {
    model(|| no_batch_is_left_behind(1));
}

#[test]
fn no_batch_is_left_in_lanes_of_their_own() {
    model(|| no_batch_is_left_behind(2));
}

/// The collector comes once unasked, at any moment, and then for a call only.
/// `is_called` stands for the park and unpark of its thread.
fn no_batch_is_left_by_a_visit_at_an_interval(lanes: usize, batch: usize) {
    let relay = relay(lanes, 2, batch);
    let is_called = Arc::new(AtomicBool::new(false));
    let pushers = [vec![1, 2], vec![3]].map(|items| {
        let (relay, is_called) = (Arc::clone(&relay), Arc::clone(&is_called));
        thread::spawn(move || {
            for item in items {
                if relay.push(item) {
                    is_called.swap(true, Ordering::Release);
                }
            }
        })
    });
    is_called.swap(false, Ordering::Acquire);
    let mut taken = visit(&relay);
    for pusher in pushers {
        pusher.join().unwrap();
    }
    if is_called.load(Ordering::Acquire) {
        taken.extend(visit(&relay));
    }
    let left = visit(&relay).len();
    assert!(left <= (batch - 1) * lanes, "{left} left");
    assert_eq!((taken.len() + left) as u64 + relay.dropped(), 3);
}

#[test]
fn no_batch_is_left_in_a_shared_lane_by_a_visit_at_an_interval() {
    model(|| no_batch_is_left_by_a_visit_at_an_interval(1, 2));
}

#[test]
fn no_batch_is_left_in_either_lane_by_a_visit_at_an_interval() {
    model(|| no_batch_is_left_by_a_visit_at_an_interval(2, 1));
}

#[test]
fn two_who_fill_a_batch_together_call_for_it() {
    model(|| {
        let relay = relay(1, 3, 2);
        let pusher = push_elsewhere(&relay, 2);
        let is_called = relay.push(1);
        // By the one whose item came second.
        assert!(is_called ^ pusher.join().unwrap());
        assert_eq!(visit(&relay).len(), 2);
        // Less than a batch is nothing to call for.
        assert!(!relay.push(3));
    });
}

fn one_of_two_calls(lanes: usize) {
    let relay = relay(lanes, 2, 1);
    for _ in 0..2 {
        let pusher = push_elsewhere(&relay, 2);
        let is_called = relay.push(1);
        assert!(is_called ^ pusher.join().unwrap());
        assert_eq!(visit(&relay).len(), 2);
    }
}

#[test]
fn one_of_two_in_a_lane_calls() {
    model(|| one_of_two_calls(1));
}

#[test]
fn one_of_two_in_lanes_of_their_own_calls() {
    model(|| one_of_two_calls(2));
}
