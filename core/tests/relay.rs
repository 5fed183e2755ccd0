//! The relay on real threads: every item is taken once or counted as dropped
//! once, and a collector that comes for calls alone leaves no batch behind.

use std::sync::{Barrier, mpsc};
use std::thread;

use pqcnet_telemetry_core::Relay;

const THREADS: usize = 4;

/// How a relay is made, and what each thread pushes onto it.
struct Run {
    lanes: usize,
    capacity: usize,
    batch: usize,
    items: u32,
}

impl Run {
    /// What was dropped, once everything pushed is accounted for.
    fn dropped(&self) -> u64 {
        let relay = Relay::new(self.lanes, self.capacity, self.batch);
        let mut taken = vec![Vec::new(); THREADS];
        let (call, calls) = mpsc::channel();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (relay, call) = (&relay, call.clone());
                scope.spawn(move || {
                    for item in 0..self.items {
                        if relay.push((thread, Box::new(item))) {
                            call.send(()).unwrap();
                        }
                    }
                });
            }
            drop(call);
            for () in calls {
                relay.drain(|(thread, item)| taken[thread].push(*item));
            }
        });
        let mut left = 0;
        relay.drain(|(thread, item)| {
            left += 1;
            taken[thread].push(*item);
        });
        assert!(left <= self.lanes * (self.batch - 1), "{left} left");
        for items in &taken {
            assert!(
                items.is_sorted_by(|item, next| item < next),
                "none twice, and in order"
            );
        }
        let taken: usize = taken.iter().map(Vec::len).sum();
        assert_eq!(
            taken as u64 + relay.dropped(),
            THREADS as u64 * u64::from(self.items)
        );
        relay.dropped()
    }
}

#[test]
fn what_finds_its_lane_full_is_counted_and_nothing_else_is_missing() {
    let run = Run {
        lanes: 2,
        capacity: 64,
        batch: 16,
        items: 200_000,
    };
    run.dropped();
}

#[test]
fn nothing_is_dropped_while_there_is_room() {
    for lanes in [1, THREADS] {
        let run = Run {
            lanes,
            capacity: THREADS * 50_000,
            batch: 512,
            items: 50_000,
        };
        assert_eq!(run.dropped(), 0);
    }
}

enum Message {
    Call,
    Done,
}

/// The last call is the one that is easily missed, so all is quiet ten thousand
/// times. With room for one item, a visit ends while the next is pushed.
#[test]
fn no_batch_is_left_when_all_is_quiet() {
    const PUSHERS: usize = 2;
    const ROUNDS: usize = 10_000;
    for lanes in [1, PUSHERS] {
        let relay = Relay::new(lanes, 1, 1);
        let round = Barrier::new(PUSHERS + 1);
        let (send, messages) = mpsc::channel();
        let (mut taken, mut left) = (0, 0);
        thread::scope(|scope| {
            for _ in 0..PUSHERS {
                let (relay, round, send) = (&relay, &round, send.clone());
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        for item in 0..4 {
                            if relay.push(item) {
                                send.send(Message::Call).unwrap();
                            }
                        }
                        send.send(Message::Done).unwrap();
                        round.wait();
                    }
                });
            }
            for _ in 0..ROUNDS {
                let mut done = 0;
                while done < PUSHERS {
                    match messages.recv().unwrap() {
                        Message::Done => done += 1,
                        Message::Call => relay.drain(|_| {
                            taken += 1;
                            thread::yield_now();
                        }),
                    }
                }
                // A failure here would leave the pushers waiting.
                relay.drain(|_| left += 1);
                round.wait();
            }
        });
        assert_eq!(left, 0, "lanes: {lanes}");
        assert_eq!(taken + relay.dropped(), (PUSHERS * ROUNDS * 4) as u64);
    }
}
