//! Which spans are recorded.

use super::context::{SpanContext, TraceId};

/// How many of a trace id's bits are random, the right-most ones (W3C, *Trace
/// Context* level 2, *Randomness of trace-id*).
const RANDOM_BITS: u32 = 56;

/// One more than the greatest of them.
const RANGE: u64 = 1 << RANDOM_BITS;

/// Which spans are recorded and sent, decided when they start (OpenTelemetry,
/// *Built-in samplers*).
///
/// A span that is not recorded has its ids all the same, and passes them on.
///
/// ```
/// use pqcnet_telemetry::TelemetryConfig;
/// use pqcnet_telemetry::trace::Sampler;
///
/// // One trace in a hundred, whole: a span is recorded if its parent is.
/// let sampler = Sampler::parent_based(Sampler::ratio(0.01));
/// let config = TelemetryConfig::default().with_sampler(sampler);
/// config.validate()?;
/// # Ok::<(), pqcnet_telemetry::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Sampler {
    /// The share of traces, as it was asked for.
    share: f64,
    /// The least randomness that is recorded; `RANGE` if none is.
    threshold: u64,
    /// Whether a parent, if there is one, decides instead.
    is_parent_based: bool,
}

impl Sampler {
    /// Records every span: `always_on`.
    pub fn always_on() -> Self {
        Self::ratio(1.0)
    }

    /// Records no span: `always_off`.
    pub fn always_off() -> Self {
        Self::ratio(0.0)
    }

    /// Records this share of traces, 0 to 1, and ignores the parent:
    /// `traceidratio`.
    ///
    /// The trace's id decides, by its right-most 56 bits, as every process with
    /// such a sampler would (OpenTelemetry, *Probability sampling*): with a
    /// higher share, it records all that one with a lower share does. They are
    /// taken to be random, which the specification presumes, whatever the
    /// random flag says; randomness in a `tracestate` is not looked at. A share
    /// below 2^-57 is as none.
    ///
    /// Any other number is refused by
    /// [`TelemetryConfig::validate`](crate::TelemetryConfig::validate).
    pub fn ratio(share: f64) -> Self {
        // Exact, as a product with a power of two; a share that is none
        // becomes one.
        let recorded = (share * RANGE as f64).round() as u64;
        Self {
            share,
            threshold: RANGE - recorded.min(RANGE),
            is_parent_based: false,
        }
    }

    /// Records a span if its parent is recorded, in this process or another,
    /// and asks `root` where there is no parent: `parentbased_…`.
    pub fn parent_based(root: Self) -> Self {
        Self {
            is_parent_based: true,
            ..root
        }
    }

    /// The share of traces that was asked for, whether there can be such a
    /// share or not.
    pub(crate) fn share(&self) -> f64 {
        self.share
    }

    /// Whether a span of this trace is recorded. A parent is of the same trace.
    #[inline]
    pub(crate) fn is_sampled(&self, parent: Option<&SpanContext>, trace_id: TraceId) -> bool {
        match parent {
            Some(parent) if self.is_parent_based => parent.is_sampled(),
            _ => randomness(trace_id) >= self.threshold,
        }
    }
}

fn randomness(trace_id: TraceId) -> u64 {
    trace_id.0.get() as u64 % RANGE
}

#[cfg(test)]
mod tests;
