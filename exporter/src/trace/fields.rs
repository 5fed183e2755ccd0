//! Attributes of a span or an event, as they were recorded: one buffer for all.
//!
//! A key is the index of its field, which the call site's metadata names, or,
//! where it is given at run time, text. Adding one is a copy; reading them is
//! for the thread that sends.
//!
//! An entry is its key, a tag, and what the tag says:
//!
//! | key | tag | value |
//! |---|---|---|
//! | index of the field, 1 byte | `FALSE`, `TRUE` | nothing |
//! | `NAMED`, length in 4 bytes, text | `INT`, `DOUBLE` | 8 bytes |
//! | | `TEXT`, `BYTES` | length in 4 bytes, as many bytes |

use std::fmt::{self, Write};

use tracing::Metadata;

const NAMED: u8 = u8::MAX;

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const INT: u8 = 2;
const DOUBLE: u8 = 3;
const TEXT: u8 = 4;
const BYTES: u8 = 5;

/// Attributes, each key once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    len: u32,
    /// Attributes left out, as there were too many.
    dropped: u32,
}

/// How much one span or event may have (OpenTelemetry, *Attribute limits*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttributeLimits {
    /// Attributes.
    pub(crate) count: u32,
    /// Characters of a text, bytes of other values with a length.
    pub(crate) value_length: u32,
}

/// The value of a span's attribute, as it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A number, which may be infinite or none.
    Double(f64),
    /// Text, cut after `attribute-value-length-limit` characters.
    Text(&'a str),
    /// Bytes, cut after as many of them.
    Bytes(&'a [u8]),
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl<'a> From<$type> for FieldValue<'a> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Bool,
    i64 => Int, i32 => Int, i16 => Int, i8 => Int, u32 => Int, u16 => Int, u8 => Int,
    f64 => Double, f32 => Double,
    &'a str => Text,
    &'a [u8] => Bytes,
}

impl<'a> From<&'a String> for FieldValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

/// What names an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// The field of the call site with this index.
    Field(usize),
    Text(&'a str),
}

impl Fields {
    /// Makes room for so many small ones.
    pub(crate) fn reserve(&mut self, attributes: usize) {
        // A key, a tag, and a number or a short text.
        const SMALL: usize = 18;
        self.bytes.reserve(attributes * SMALL);
    }

    /// Forgets them, and keeps the room that they took, unless that is much.
    pub(crate) fn clear(&mut self) {
        const MUCH: usize = 1_024;
        if self.bytes.capacity() > MUCH {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        (self.len, self.dropped) = (0, 0);
    }

    /// How many were left out.
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Adds an attribute whose key is not among them.
    #[inline]
    pub(crate) fn add(&mut self, key: Key<'_>, value: FieldValue<'_>, limits: AttributeLimits) {
        let tag = match value {
            FieldValue::Bool(false) => FALSE,
            FieldValue::Bool(true) => TRUE,
            FieldValue::Int(_) => INT,
            FieldValue::Double(_) => DOUBLE,
            FieldValue::Text(_) => TEXT,
            FieldValue::Bytes(_) => BYTES,
        };
        if !self.open(key, tag, limits) {
            return;
        }
        match value {
            FieldValue::Bool(_) => {}
            FieldValue::Int(value) => self.bytes.extend_from_slice(&value.to_le_bytes()),
            FieldValue::Double(value) => self.bytes.extend_from_slice(&value.to_le_bytes()),
            FieldValue::Text(text) => self.sized(cut(text, limits.value_length).as_bytes()),
            FieldValue::Bytes(bytes) => {
                self.sized(&bytes[..bytes.len().min(limits.value_length as usize)]);
            }
        }
    }

    /// The same, of a text that is written here. What is past the limit is not
    /// even formatted.
    pub(crate) fn add_formatted(
        &mut self,
        key: Key<'_>,
        value: fmt::Arguments<'_>,
        limits: AttributeLimits,
    ) {
        if !self.open(key, TEXT, limits) {
            return;
        }
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let mut text = Bounded {
            out: |text: &str| self.bytes.extend_from_slice(text.as_bytes()),
            rest: limits.value_length,
        };
        // Fails where it is full.
        let _ = text.write_fmt(value);
        let len = (self.bytes.len() - at - 4) as u32;
        self.bytes[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }

    /// Takes all of `later` in, over those of the same keys.
    pub(crate) fn set_all(&mut self, later: &Self, limits: AttributeLimits) {
        for entry in later.entries() {
            let same = self.entries().find(|other| other.key == entry.key);
            if let Some(same) = same.map(|same| same.at) {
                self.bytes.drain(same);
                self.len -= 1;
            }
            if self.len < limits.count {
                self.bytes.extend_from_slice(&later.bytes[entry.at]);
                self.len += 1;
            } else {
                self.dropped += 1;
            }
        }
        self.dropped += later.dropped;
    }

    /// Each with its name, by the metadata of the call site that recorded them.
    pub(crate) fn iter<'a>(
        &'a self,
        metadata: &'static Metadata<'static>,
    ) -> impl Iterator<Item = (&'a str, FieldValue<'a>)> {
        self.entries().map(move |entry| {
            let name = match entry.key {
                Key::Text(name) => name,
                Key::Field(index) => {
                    let field = metadata.fields().iter().nth(index);
                    field.map_or("", |field| field.name())
                }
            };
            (name, entry.value)
        })
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str, metadata: &'static Metadata<'static>) -> bool {
        self.iter(metadata).any(|(other, _)| other == name)
    }

    /// Counts one that is not even tried.
    pub(crate) fn refuse(&mut self) {
        self.dropped += 1;
    }

    fn entries(&self) -> Entries<'_> {
        Entries {
            bytes: &self.bytes,
            at: 0,
        }
    }

    /// Writes a key and a tag down, if there is room for one more.
    #[inline]
    fn open(&mut self, key: Key<'_>, tag: u8, limits: AttributeLimits) -> bool {
        if self.len >= limits.count {
            self.dropped += 1;
            return false;
        }
        self.len += 1;
        let name = match key {
            Key::Field(index) if index < NAMED.into() => {
                self.bytes.extend_from_slice(&[index as u8, tag]);
                return true;
            }
            // `tracing` has no call sites with so many.
            Key::Field(_) => "",
            Key::Text(name) => name,
        };
        self.bytes.push(NAMED);
        self.sized(name.as_bytes());
        self.bytes.push(tag);
        true
    }

    fn sized(&mut self, bytes: &[u8]) {
        self.bytes
            .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}

/// The first characters of a text, so many at most.
pub(crate) fn cut(text: &str, characters: u32) -> &str {
    let characters = characters as usize;
    if text.len() <= characters {
        return text;
    }
    let end = text.char_indices().nth(characters);
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

/// Writes characters, so many at most; then it fails, and formatting ends.
struct Bounded<W> {
    out: W,
    rest: u32,
}

impl<W: FnMut(&str)> Write for Bounded<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.rest == u32::MAX {
            // No limit, so nothing to count.
            (self.out)(text);
            return Ok(());
        }
        let taken = cut(text, self.rest);
        (self.out)(taken);
        if taken.len() < text.len() {
            self.rest = 0;
            return Err(fmt::Error);
        }
        self.rest -= taken.chars().count() as u32;
        Ok(())
    }
}

/// What `text` displays, so many characters of it at most.
pub(crate) fn bounded_text(text: fmt::Arguments<'_>, characters: u32) -> String {
    let mut all = String::new();
    let mut out = Bounded {
        out: |text: &str| all.push_str(text),
        rest: characters,
    };
    // Fails where it is full.
    let _ = out.write_fmt(text);
    all
}

struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Entry<'a> {
    key: Key<'a>,
    value: FieldValue<'a>,
    /// Where in the buffer it is.
    at: std::ops::Range<usize>,
}

impl<'a> Entries<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.bytes[self.at..].first_chunk();
        self.at += N;
        *taken.expect("entries are written whole")
    }

    fn sized(&mut self) -> &'a [u8] {
        let len = u32::from_le_bytes(self.take()) as usize;
        self.at += len;
        &self.bytes[self.at - len..self.at]
    }

    fn text(&mut self) -> &'a str {
        str::from_utf8(self.sized()).expect("it was a str, cut between characters")
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let start = self.at;
        if start == self.bytes.len() {
            return None;
        }
        let [key] = self.take();
        let key = if key == NAMED {
            Key::Text(self.text())
        } else {
            Key::Field(key.into())
        };
        let value = match self.take() {
            [FALSE] => FieldValue::Bool(false),
            [TRUE] => FieldValue::Bool(true),
            [INT] => FieldValue::Int(i64::from_le_bytes(self.take())),
            [DOUBLE] => FieldValue::Double(f64::from_le_bytes(self.take())),
            [TEXT] => FieldValue::Text(self.text()),
            _ => FieldValue::Bytes(self.sized()),
        };
        Some(Entry {
            key,
            value,
            at: start..self.at,
        })
    }
}

#[cfg(test)]
pub(crate) mod owned;
#[cfg(test)]
mod tests;
