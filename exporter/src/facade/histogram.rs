//! Histograms, whose values are fractions in `metrics` and whole numbers in
//! the core.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics::HistogramFn;
use pqcnet_telemetry_core::{Histogram, RegisterError};

use super::cache::{Cache, Caches};
use super::drops::{Drops, Reason};
use super::resolution::{Resolution, Rules};
use super::series::{Handle, Registration, Series};

/// A histogram, and by what its values are multiplied.
#[derive(Clone)]
pub(super) struct HistogramSeries {
    histogram: Histogram,
    scale: f64,
    shared: Arc<Shared>,
}

struct Shared {
    name: Box<str>,
    has_warned: AtomicBool,
    drops: Arc<Drops>,
}

impl HistogramSeries {
    #[inline]
    fn record(&self, value: f64, n: u64) {
        match whole(value * self.scale) {
            Some(value) => self.histogram.record_n(value, n),
            None => self.drop(value, n),
        }
    }

    #[cold]
    fn drop(&self, value: f64, n: u64) {
        let Shared {
            name,
            has_warned,
            drops,
        } = &*self.shared;
        drops.count(Reason::Value, n);
        if !has_warned.swap(true, Ordering::Relaxed) {
            log::warn!("histogram {name:?} takes numbers from zero, not {value}");
        }
    }
}

/// The nearest whole number, of two the even one; `None` where there is none
/// that is not negative. Past `u64::MAX` it is that, which every histogram's
/// range clamps.
#[inline]
fn whole(value: f64) -> Option<u64> {
    /// 2^52: from here on every `f64` is whole.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    if (0.0..WHOLE).contains(&value) {
        // The sum is rounded to a whole number, and its lower bits are the value.
        Some((value + WHOLE).to_bits() - WHOLE.to_bits())
    } else if value >= WHOLE {
        Some(value as u64)
    } else {
        None
    }
}

impl Series for HistogramSeries {
    fn register(new: &Registration<'_>) -> Result<Self, RegisterError> {
        Ok(Self {
            histogram: new.registry.histogram(new.instrument.clone())?,
            scale: 10_f64.powi(new.decimals.into()),
            shared: Arc::new(Shared {
                name: new.name.into(),
                has_warned: AtomicBool::new(false),
                drops: Arc::clone(new.drops),
            }),
        })
    }

    fn bind(&self, labels: &[(&str, &str)]) -> Result<Self, RegisterError> {
        Ok(Self {
            histogram: self.histogram.bind(labels)?,
            ..self.clone()
        })
    }

    fn cache(caches: &Caches) -> &RefCell<Cache<Self>> {
        &caches.histograms
    }

    fn resolution(rules: &Rules, name: &str, unit: Option<metrics::Unit>) -> Option<Resolution> {
        Some(rules.resolution_of(name, unit))
    }
}

impl HistogramFn for Handle<HistogramSeries> {
    #[inline]
    fn record(&self, value: f64) {
        self.series.record(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.series.record(value, count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_rounded_to_the_nearest_whole_number() {
        for (value, expected) in [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (0.499_999_999_999_999_94, Some(0)),
            (0.5, Some(0)),
            (1.5, Some(2)),
            (2.5, Some(2)),
            (41.999_9, Some(42)),
            (4_503_599_627_370_495.5, Some(4_503_599_627_370_496)),
            (4_503_599_627_370_497.0, Some(4_503_599_627_370_497)),
            (1e19, Some(10_000_000_000_000_000_000)),
            (1e20, Some(u64::MAX)),
            (f64::INFINITY, Some(u64::MAX)),
            (f64::MIN_POSITIVE, Some(0)),
            (-f64::MIN_POSITIVE, None),
            (-1.0, None),
            (f64::NEG_INFINITY, None),
            (f64::NAN, None),
        ] {
            assert_eq!(whole(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn rounding_is_that_of_the_standard_library(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let expected = (value >= 0.0).then(|| value.round_ties_even() as u64);
            prop_assert_eq!(whole(value), expected);
        }

        #[test]
        fn rounding_small_values_is_too(value in 0.0..1e6_f64) {
            prop_assert_eq!(whole(value), Some(value.round_ties_even() as u64));
        }
    }
}
