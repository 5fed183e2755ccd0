//! A series as the facade holds it, and the handles it gives out.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pqcnet_telemetry_core::{Instrument, RegisterError, Registry};

use super::cache::{Cache, Caches};
use super::drops::Drops;
use super::resolution::{Resolution, Rules};

/// The core's handle of one series, and what `metrics` asks for beyond it.
/// Clones share that.
pub(super) trait Series: Clone + Send + Sync + 'static {
    /// The series without attributes.
    fn register(registration: &Registration<'_>) -> Result<Self, RegisterError>;

    /// The series with these attributes, or the overflow series.
    fn bind(&self, labels: &[(&str, &str)]) -> Result<Self, RegisterError>;

    /// This thread's handles of this kind.
    fn cache(caches: &Caches) -> &RefCell<Cache<Self>>;

    /// How histograms of this name are recorded.
    fn resolution(_rules: &Rules, _name: &str, _unit: Option<metrics::Unit>) -> Option<Resolution> {
        None
    }

    /// Tells the core what it has not been told yet.
    fn settle(&self) {}
}

/// What it takes to register an instrument.
pub(super) struct Registration<'a> {
    pub(super) registry: &'a Registry,
    pub(super) name: &'a str,
    pub(super) instrument: &'a Instrument,
    /// The instrument's.
    pub(super) decimals: u8,
    pub(super) drops: &'a Arc<Drops>,
}

/// What `metrics` hands out, shared by the threads of one stripe.
///
/// `metrics` counts references to it at every macro call. The alignment keeps
/// those counts on a cache line of their own.
#[repr(align(64))]
pub(super) struct Handle<S> {
    pub(super) series: S,
    is_used: AtomicBool,
}

impl<S> Handle<S> {
    pub(super) fn new(series: S) -> Self {
        Self {
            series,
            is_used: AtomicBool::new(true),
        }
    }

    /// Takes down that a macro has asked for it.
    ///
    /// Relaxed: a note that is missed costs a registration.
    #[inline]
    pub(super) fn note_use(&self) {
        if !self.is_used.load(Ordering::Relaxed) {
            self.is_used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a macro has asked for it since the last call.
    pub(super) fn take_use(&self) -> bool {
        self.is_used.swap(false, Ordering::Relaxed)
    }
}
