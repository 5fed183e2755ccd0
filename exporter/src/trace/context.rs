//! Which span this is, in this process and beyond it.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

use pqcnet_telemetry_core::ExemplarContext;

/// The id of a trace; never zero. Displayed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub(crate) NonZeroU128);

/// The id of a span; never zero. Displayed as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub(crate) NonZeroU64);

/// What a span passes on to its children, in this process and in others
/// (`OpenTelemetry`, *Span context*; W3C *Trace Context*).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpanContext {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) flags: u8,
    pub(crate) is_remote: bool,
    /// The `tracestate` header, as it came.
    pub(crate) state: Option<Arc<str>>,
}

/// The bit of `flags` that says that the span is recorded.
pub(crate) const SAMPLED: u8 = 1;

/// The bit that says that the right-most 56 bits of the trace's id are random
/// (W3C *Trace Context*, level 2), as those of ids made here are.
pub(crate) const RANDOM: u8 = 2;

/// The flags of a span: what its parent's say of the trace, and whether it is
/// sampled itself.
pub(crate) fn flags(parent: Option<&SpanContext>, is_sampled: bool) -> u8 {
    let of_trace = parent.map_or(RANDOM, |parent| parent.flags & RANDOM);
    of_trace | if is_sampled { SAMPLED } else { 0 }
}

impl TraceId {
    /// `None` if all bytes are zero.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        NonZeroU128::new(u128::from_be_bytes(bytes)).map(Self)
    }

    /// As on the wire.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }
}

impl SpanId {
    /// `None` if all bytes are zero.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        NonZeroU64::new(u64::from_be_bytes(bytes)).map(Self)
    }

    /// As on the wire.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }
}

impl SpanContext {
    /// A span of another process, whose ids came by a way of one's own: for
    /// headers there is [`extract_context`](crate::TelemetryHandle::extract_context).
    /// To be the parent of a span here, or linked to.
    pub fn remote(trace_id: TraceId, span_id: SpanId, is_sampled: bool) -> Self {
        Self {
            trace_id,
            span_id,
            flags: if is_sampled { SAMPLED } else { 0 },
            is_remote: true,
            state: None,
        }
    }

    /// The trace.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span.
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Whether the span is recorded and sent.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// What leads from a metric to this span; `None` if it is not sampled, as
    /// then there is nothing to lead to.
    pub fn exemplar(&self) -> Option<ExemplarContext> {
        let (trace, span) = (self.trace_id.to_bytes(), self.span_id.to_bytes());
        let exemplar = ExemplarContext::trace(trace, span);
        exemplar.filter(|_| self.is_sampled())
    }

    /// Whether it came from another process.
    pub fn is_remote(&self) -> bool {
        self.is_remote
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
