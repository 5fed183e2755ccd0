//! The event queue: drained once, or counted as dropped once.

use std::sync::Arc;

use loom::thread;
use pqcnet_telemetry_core::EventQueue;

use crate::support::model;

#[test]
fn an_event_is_drained_or_counted_when_the_queue_is_full() {
    model(|| {
        let queue = Arc::new(EventQueue::new(1));
        let pushers = [1, 2].map(|event| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(event))
        });
        let mut drained = Vec::new();
        drained.extend(queue.pop());
        for pusher in pushers {
            pusher.join().unwrap();
        }
        drained.extend(queue.pop());
        assert_eq!(drained.len() as u64 + queue.dropped(), 2);
        assert_eq!(queue.pop(), None);
        drained.dedup();
        assert!(drained.len() as u64 + queue.dropped() == 2, "none twice");
    });
}
