//! The exemplars of a data point.

use std::time::SystemTime;

use pqcnet_telemetry_core::Exemplar;

use super::{double, hex, string, time};
use crate::accumulate::exemplars::time_within;
use crate::otlp::points::{CORRELATION_KEY, Number};

/// Adds exemplars, with their values, to a point that was written to its end
/// and covers these times.
pub(super) fn add(
    out: &mut Vec<u8>,
    exemplars: &[(&Exemplar, Number)],
    times: impl Fn() -> (SystemTime, SystemTime),
) {
    if exemplars.is_empty() {
        return;
    }
    let (start, end) = times();
    let closed = out.pop();
    debug_assert_eq!(closed, Some(b'}'));
    out.extend_from_slice(b",\"exemplars\":[");
    for (index, (exemplar, value)) in exemplars.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"timeUnixNano\":");
        time(out, time_within(exemplar, start, end));
        match value {
            Number::Int(value) => {
                out.extend_from_slice(b",\"asInt\":\"");
                out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
                out.push(b'"');
            }
            Number::Double(value) => {
                out.extend_from_slice(b",\"asDouble\":");
                double(out, *value);
            }
        }
        if let Some((trace, span)) = exemplar.context.span() {
            out.extend_from_slice(b",\"traceId\":");
            hex(out, trace);
            out.extend_from_slice(b",\"spanId\":");
            hex(out, span);
        }
        if let Some(id) = exemplar.context.correlation_id() {
            out.extend_from_slice(b",\"filteredAttributes\":[{\"key\":");
            string(out, CORRELATION_KEY);
            out.extend_from_slice(b",\"value\":{\"stringValue\":");
            string(out, id);
            out.extend_from_slice(b"}}]");
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}
