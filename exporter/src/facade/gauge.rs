//! Gauges, which in `metrics` rise and fall as well as being set.
//!
//! # Protocol
//!
//! The core's gauge can be set and no more, so the value lives here, in one
//! word that threads set or exchange. A record then raises a flag. Before a
//! flush one thread at a time takes the flag down, reads the value and sets the
//! core's gauge: with one setter there is no order to get wrong.
//!
//! # Orderings
//!
//! The flag is raised with release after the value and taken down with acquire
//! before it is read. A record whose flag was taken down is therefore read; one
//! that comes later raises it again, for the flush after. The value itself is
//! relaxed: its own order of changes is all that counts.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use metrics::GaugeFn;
use pqcnet_telemetry_core::{Gauge, RegisterError};

use super::cache::{Cache, Caches};
use super::series::{Handle, Registration, Series};

/// A gauge, and where it stands.
#[derive(Clone)]
pub(super) struct GaugeSeries(Arc<State>);

struct State {
    gauge: Gauge,
    /// An `f64`'s bits; zero bits are zero.
    value: AtomicU64,
    /// Whether it was recorded into since the core was told.
    has_news: AtomicBool,
}

impl GaugeSeries {
    fn new(gauge: Gauge) -> Self {
        Self(Arc::new(State {
            gauge,
            value: AtomicU64::new(0),
            has_news: AtomicBool::new(false),
        }))
    }

    #[inline]
    fn set(&self, value: f64) {
        self.0.value.store(value.to_bits(), Ordering::Relaxed);
        self.tell();
    }

    #[inline]
    fn add(&self, change: f64) {
        let value = &self.0.value;
        let mut old = value.load(Ordering::Relaxed);
        loop {
            let new = (f64::from_bits(old) + change).to_bits();
            match value.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break,
                Err(current) => old = current,
            }
        }
        self.tell();
    }

    /// Unconditional: to look first would be a load that may pass the store of
    /// the value, and miss that the flag was taken down in between.
    #[inline]
    fn tell(&self) {
        self.0.has_news.store(true, Ordering::Release);
    }
}

impl Series for GaugeSeries {
    fn register(new: &Registration<'_>) -> Result<Self, RegisterError> {
        new.registry.gauge(new.instrument.clone()).map(Self::new)
    }

    fn bind(&self, labels: &[(&str, &str)]) -> Result<Self, RegisterError> {
        self.0.gauge.bind(labels).map(Self::new)
    }

    fn cache(caches: &Caches) -> &RefCell<Cache<Self>> {
        &caches.gauges
    }

    /// For one thread at a time.
    fn settle(&self) {
        let State {
            gauge,
            value,
            has_news,
        } = &*self.0;
        if has_news.load(Ordering::Relaxed) && has_news.swap(false, Ordering::Acquire) {
            gauge.set(f64::from_bits(value.load(Ordering::Relaxed)));
        }
    }
}

impl GaugeFn for Handle<GaugeSeries> {
    fn increment(&self, change: f64) {
        self.series.add(change);
    }

    fn decrement(&self, change: f64) {
        self.series.add(-change);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.series.set(value);
    }
}
