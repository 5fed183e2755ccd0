//! Counters.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::CounterFn;
use pqcnet_telemetry_core::{Counter, RegisterError};

use super::cache::{Cache, Caches};
use super::series::{Handle, Registration, Series};

/// A counter, and the highest value it was set to.
#[derive(Clone)]
pub(super) struct CounterSeries {
    counter: Counter,
    /// What `absolute` was called with at most. Each call that raises it adds
    /// the rise, so the rises add up to the highest value, whoever calls in
    /// whatever order.
    ///
    /// Relaxed: the rises of one word telescope, and nothing else is read.
    highest: Arc<AtomicU64>,
}

impl CounterSeries {
    fn new(counter: Counter) -> Self {
        Self {
            counter,
            highest: Arc::default(),
        }
    }
}

impl Series for CounterSeries {
    fn register(new: &Registration<'_>) -> Result<Self, RegisterError> {
        new.registry.counter(new.instrument.clone()).map(Self::new)
    }

    fn bind(&self, labels: &[(&str, &str)]) -> Result<Self, RegisterError> {
        self.counter.bind(labels).map(Self::new)
    }

    fn cache(caches: &Caches) -> &RefCell<Cache<Self>> {
        &caches.counters
    }
}

impl CounterFn for Handle<CounterSeries> {
    #[inline]
    fn increment(&self, n: u64) {
        self.series.counter.add(n);
    }

    fn absolute(&self, value: u64) {
        let before = self.series.highest.fetch_max(value, Ordering::Relaxed);
        self.series.counter.add(value.saturating_sub(before));
    }
}
