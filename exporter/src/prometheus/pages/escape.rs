//! Names and texts as the formats take them.

use std::borrow::Cow;
use std::fmt::Write;

use super::format::{Escaping, Syntax};

/// What a name is for: labels may have no colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameOf {
    Metric,
    Label,
}

impl NameOf {
    /// Whether a name is one that needs no quotes: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub(super) fn is_plain(self, name: &str) -> bool {
        !name.is_empty()
            && name
                .char_indices()
                .all(|(at, char)| self.has_plain(char, at))
    }

    fn has_plain(self, char: char, at: usize) -> bool {
        match char {
            'a'..='z' | 'A'..='Z' | '_' => true,
            ':' => self == Self::Metric,
            '0'..='9' => at > 0,
            _ => false,
        }
    }

    /// The name under a scheme. Where prometheus.io's text and the Prometheus
    /// project's own libraries differ, the libraries: other characters are two
    /// underscores under `dots`, and plain names stay as they are under
    /// `values`.
    pub(super) fn escaped(self, name: &str, escaping: Escaping) -> Cow<'_, str> {
        let is_kept = match escaping {
            // Prometheus's own reader ends a page at a NUL in a name.
            Escaping::AllowUtf8 => !name.contains('\0'),
            Escaping::Dots => false,
            Escaping::Underscores | Escaping::Values => self.is_plain(name),
        };
        if is_kept {
            return Cow::Borrowed(name);
        }
        let mut out = String::with_capacity(name.len() + 8);
        if escaping == Escaping::Values {
            out.push_str("U__");
        }
        for (at, char) in name.char_indices() {
            match escaping {
                Escaping::Dots | Escaping::Values if char == '_' => out.push_str("__"),
                _ if self.has_plain(char, at) => out.push(char),
                Escaping::Dots if char == '.' => out.push_str("_dot_"),
                Escaping::Dots => out.push_str("__"),
                Escaping::Values => {
                    write!(out, "_{:x}_", u32::from(char)).expect("a String takes all");
                }
                Escaping::AllowUtf8 if char != '\0' => out.push(char),
                Escaping::Underscores | Escaping::AllowUtf8 => out.push('_'),
            }
        }
        Cow::Owned(out)
    }

    /// A name in a text format: with quotes if it needs them.
    pub(super) fn write(self, out: &mut Vec<u8>, name: &str) {
        if self.is_plain(name) {
            out.extend_from_slice(name.as_bytes());
        } else {
            quoted(out, name);
        }
    }
}

/// A text between quotes: a label's value, or a name.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text, true);
    out.push(b'"');
}

/// The text of a `HELP` line. `OpenMetrics` escapes quotes there too.
pub(super) fn help(out: &mut Vec<u8>, text: &str, syntax: Syntax) {
    escaped(out, text, syntax.is_open_metrics());
}

fn escaped(out: &mut Vec<u8>, text: &str, with_quotes: bool) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' if with_quotes => out.extend_from_slice(b"\\\""),
            other => out.push(other),
        }
    }
}
