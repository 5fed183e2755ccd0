//! Gauges: the last write wins, and nothing but a write shows.

use loom::thread;

use crate::support::{model, registry};

#[test]
fn a_gauge_shows_no_value_that_was_not_set() {
    model(|| {
        let registry = registry();
        let gauge = registry.gauge("g").unwrap();
        let flusher = {
            let registry = registry.clone();
            thread::spawn(move || registry.flush().gauge("g"))
        };
        gauge.set(1.0);
        gauge.set(2.0);
        let seen = flusher.join().unwrap();
        assert!([None, Some(1.0), Some(2.0)].contains(&seen), "{seen:?}");
        assert_eq!(registry.flush().gauge("g"), Some(2.0));
    });
}
