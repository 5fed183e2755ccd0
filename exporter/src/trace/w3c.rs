//! Headers by which a trace goes from process to process (W3C *Trace Context*,
//! level 2).
//!
//! `traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`, and
//! `tracestate`, a list of which nothing is ours and all is passed on.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

use super::context::{RANDOM, SAMPLED, SpanContext, SpanId, TraceId};

/// The header that names trace and span.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The header of the vendors.
pub(crate) const TRACESTATE: &str = "tracestate";

/// Bytes of a `tracestate` that must be passed on (*tracestate Limits*); a longer
/// one is not.
const LONGEST_STATE: usize = 512;

/// Members of a `tracestate`, at most.
const MOST_MEMBERS: usize = 32;

/// Bits of the flags that have a meaning.
const KNOWN_FLAGS: u8 = SAMPLED | RANDOM;

/// The header is not one that names a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads a `traceparent` and what there is of `tracestate`, whose headers are to
/// be joined by commas.
pub(crate) fn parse(parent: &[u8], state: Option<&[u8]>) -> Result<SpanContext, Malformed> {
    let parent = str::from_utf8(parent).map_err(|_| Malformed)?;
    let mut parts = parent.trim_matches([' ', '\t']).splitn(4, '-');
    let mut next = || parts.next().ok_or(Malformed);
    let (version, trace, span, rest) = (next()?, next()?, next()?, next()?);
    let version = hex(version, 2)?;
    let flags = match rest.split_once('-') {
        // What later versions add comes after another dash.
        Some((flags, _)) if version > 0 => flags,
        Some(_) => return Err(Malformed),
        None => rest,
    };
    if version == 0xff {
        return Err(Malformed);
    }
    let trace = NonZeroU128::new(hex(trace, 32)?).ok_or(Malformed)?;
    let span = NonZeroU64::new(hex(span, 16)? as u64).ok_or(Malformed)?;
    Ok(SpanContext {
        trace_id: TraceId(trace),
        span_id: SpanId(span),
        flags: hex(flags, 2)? as u8 & KNOWN_FLAGS,
        is_remote: true,
        state: state.and_then(state_of),
    })
}

/// So many hexadecimal digits, in lower case.
fn hex(text: &str, digits: usize) -> Result<u128, Malformed> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(is_digit) {
        return Err(Malformed);
    }
    u128::from_str_radix(text, 16).map_err(|_| Malformed)
}

/// A `tracestate` as it is passed on: whole, or not at all (*tracestate Header
/// Field Values*: a vendor that can't parse it discards it).
fn state_of(state: &[u8]) -> Option<Arc<str>> {
    let text = str::from_utf8(state).ok()?.trim_matches([' ', '\t']);
    if text.is_empty() || text.len() > LONGEST_STATE {
        return None;
    }
    let members = text
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']));
    let members = members.filter(|member| !member.is_empty());
    let mut keys = Vec::new();
    for member in members {
        let (key, value) = member.split_once('=')?;
        if !is_key(key) || !is_value(value) || keys.contains(&key) || keys.len() == MOST_MEMBERS {
            return None;
        }
        keys.push(key);
    }
    (!keys.is_empty()).then(|| text.into())
}

fn is_key(key: &str) -> bool {
    let is_allowed =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let first = key.bytes().next();
    let begins_well = first.is_some_and(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    begins_well && key.len() <= 256 && key.bytes().all(is_allowed)
}

fn is_value(value: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b',' | b'=');
    !value.is_empty() && value.len() <= 256 && value.bytes().all(is_allowed)
}

/// The value of `traceparent`, when displayed.
pub(crate) struct TraceParent<'a>(pub(crate) &'a SpanContext);

impl fmt::Display for TraceParent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SpanContext {
            trace_id,
            span_id,
            flags,
            ..
        } = self.0;
        write!(f, "00-{trace_id}-{span_id}-{flags:02x}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parent(text: &str) -> Result<SpanContext, Malformed> {
        parse(text.as_bytes(), None)
    }

    #[test]
    fn the_specifications_example_comes_back() {
        let context = parent(EXAMPLE).unwrap();
        assert_eq!(
            context.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(TraceParent(&context).to_string(), EXAMPLE);
        let unsampled = parent(&EXAMPLE.replace("-01", "-00")).unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn a_later_version_is_read_as_this_one() {
        for text in [
            EXAMPLE.replacen("00", "cc", 1),
            EXAMPLE.replacen("00", "cc", 1) + "-what-the-future-will-be-like",
            format!(" {EXAMPLE}\t"),
            EXAMPLE.replace("-01", "-ff"),
        ] {
            let context = parent(&text).unwrap();
            assert!(context.is_sampled(), "{text}");
            assert_eq!(context.flags & !KNOWN_FLAGS, 0);
        }
    }

    #[test]
    fn what_names_no_span_is_malformed() {
        for text in [
            "",
            "00",
            "-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        ] {
            assert_eq!(parent(text), Err(Malformed), "{text}");
        }
        assert_eq!(parse(&[0xff; 55], None), Err(Malformed));
    }

    #[test]
    fn a_state_is_passed_on_whole_or_not_at_all() {
        let long = format!("a={}", "x".repeat(LONGEST_STATE));
        let many: Vec<_> = (0..33).map(|n| format!("k{n}=v")).collect();
        for (text, is_kept) in [
            ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true),
            ("rojo=1 , congo=2", true),
            ("tenant@system=x y", true),
            ("a=1,,b=2", true),
            ("", false),
            (",", false),
            ("a", false),
            ("a=", false),
            ("A=1", false),
            ("a=1,a=2", false),
            ("a=b=c", false),
            ("a=\u{e9}", false),
            (&long, false),
            (&many.join(","), false),
            (&many[1..].join(","), true),
        ] {
            let context = parse(EXAMPLE.as_bytes(), Some(text.as_bytes())).unwrap();
            assert_eq!(context.state.as_deref(), is_kept.then_some(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., flags in 0_u8..4) {
            let context = SpanContext {
                trace_id: TraceId(NonZeroU128::new(trace).unwrap()),
                span_id: SpanId(NonZeroU64::new(span).unwrap()),
                flags,
                is_remote: true,
                state: None,
            };
            prop_assert_eq!(parent(&TraceParent(&context).to_string()), Ok(context));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, state: Vec<u8>, at in 0_usize..55, byte: u8) {
            let _ = parse(&bytes, Some(&state));
            let mut almost = EXAMPLE.as_bytes().to_vec();
            almost[at] = byte;
            if let Ok(context) = parse(&almost, None) {
                let again = TraceParent(&context).to_string();
                prop_assert_eq!(parent(&again), Ok(context));
            }
        }
    }
}
