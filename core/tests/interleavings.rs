//! Small concurrent programs for Miri (`scripts/miri`), which runs each under
//! many schedules; here, on real threads, they run once.

use std::sync::mpsc;
use std::thread;

use pqcnet_telemetry_core::{EventQueue, Registry, Relay};

fn registry() -> Registry {
    // Small, as Miri initialises what the kernel would hand out zeroed.
    Registry::builder()
        .counter_capacity(4)
        .gauge_capacity(2)
        .histogram_capacity(2)
        .range(1, 64)
        .digits(1)
        .build()
}

#[test]
fn records_flushes_and_thread_ends_in_any_order() {
    let registry = registry();
    let counter = registry.counter("c").unwrap();
    let histogram = registry.histogram("h").unwrap();
    let gauge = registry.gauge("g").unwrap();
    let (mut count, mut records, mut sum) = (0, 0, 0);
    let mut add = |epoch: pqcnet_telemetry_core::RetiredEpoch| {
        count += epoch.counter("c").unwrap();
        let found = epoch.distribution("h", &[]).unwrap();
        records += found.count();
        sum += found.sum();
        assert_ne!(epoch.gauge("g"), Some(0.0));
    };
    for _ in 0..2 {
        let threads: Vec<_> = (1..=2)
            .map(|n| {
                let (counter, histogram, gauge) =
                    (counter.clone(), histogram.clone(), gauge.clone());
                thread::spawn(move || {
                    for value in 0..4 {
                        counter.add(n);
                        histogram.record(value * n);
                        gauge.set(n as f64);
                    }
                })
            })
            .collect();
        add(registry.flush());
        add(registry.flush());
        for thread in threads {
            thread.join().unwrap();
        }
    }
    add(registry.flush());
    assert_eq!((count, records, sum), (2 * 4 * 3, 16, 2 * 6 * 3));
}

#[test]
fn registration_and_locals_beside_flushes() {
    let registry = registry();
    let threads: Vec<_> = ["a", "b", "a"]
        .into_iter()
        .map(|name| {
            let registry = registry.clone();
            thread::spawn(move || {
                let counter = registry.counter(name).unwrap();
                let local = registry.local().counter(&counter);
                counter.increment();
                local.increment();
            })
        })
        .collect();
    let mut gains = [0, 0];
    let mut add = |epoch: pqcnet_telemetry_core::RetiredEpoch| {
        for (gain, name) in gains.iter_mut().zip(["a", "b"]) {
            *gain += epoch.counter(name).unwrap_or(0);
        }
    };
    add(registry.flush());
    for thread in threads {
        thread.join().unwrap();
    }
    add(registry.flush());
    assert_eq!(gains, [4, 2]);
}

#[test]
fn a_registry_dropped_under_its_handles() {
    let registry = registry();
    let counter = registry.counter("c").unwrap();
    counter.increment();
    let writer = thread::spawn(move || {
        counter.increment();
        counter.increment();
    });
    drop(registry);
    writer.join().unwrap();
}

#[test]
fn events_are_drained_or_counted() {
    let queue = EventQueue::new(2);
    let mut drained = 0;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for event in 0..4 {
                    queue.push(event);
                }
            });
        }
        drained += u64::from(queue.pop().is_some());
    });
    while queue.pop().is_some() {
        drained += 1;
    }
    assert_eq!(drained + queue.dropped(), 8);
}

#[test]
fn relayed_items_are_taken_or_counted_and_no_batch_is_left() {
    let relay = Relay::new(2, 2, 1);
    let (call, calls) = mpsc::channel();
    let mut taken = 0;
    thread::scope(|scope| {
        for _ in 0..3 {
            let (relay, call) = (&relay, call.clone());
            scope.spawn(move || {
                for item in 0..4 {
                    if relay.push(Box::new(item)) {
                        call.send(()).unwrap();
                    }
                }
            });
        }
        drop(call);
        for () in calls {
            relay.drain(|_| taken += 1);
        }
    });
    assert_eq!(taken + relay.dropped(), 3 * 4);
}
