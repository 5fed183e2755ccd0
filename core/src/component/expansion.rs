//! What [`instruments!`](crate::instruments) expands to, besides what it is for.

use std::ops::RangeInclusive;
use std::slice;

use super::descriptor::Descriptor;
use super::handle::Handle;
use super::level::Level;
use super::rules;
use crate::error::RegisterError;
use crate::registry::Registry;

/// The ends of a range, in a constant.
pub const fn ends(range: &RangeInclusive<u64>) -> Option<(u64, u64)> {
    Some((*range.start(), *range.end()))
}

/// A doc comment's lines as one: each white space is one space, and there is
/// none at the ends. Returns what fits into `N` bytes, and the whole length.
pub const fn join<const N: usize>(lines: &[&str]) -> ([u8; N], usize) {
    let mut joined = [0; N];
    let mut len = 0;
    let mut line = 0;
    while line < lines.len() {
        let bytes = lines[line].as_bytes();
        let mut is_word = false;
        let mut at = 0;
        while at < bytes.len() {
            let continues = is_word;
            is_word = !bytes[at].is_ascii_whitespace();
            if is_word {
                if !continues && len > 0 {
                    put(&mut joined, len, b' ');
                    len += 1;
                }
                put(&mut joined, len, bytes[at]);
                len += 1;
            }
            at += 1;
        }
        line += 1;
    }
    (joined, len)
}

const fn put<const N: usize>(bytes: &mut [u8; N], at: usize, byte: u8) {
    if at < N {
        bytes[at] = byte;
    }
}

/// What [`join`] made.
///
/// # Panics
///
/// Never: it joins texts at white space.
pub const fn text(joined: &[u8]) -> &str {
    match str::from_utf8(joined) {
        Ok(text) => text,
        Err(_) => panic!("a doc comment is no text"),
    }
}

/// Fails the build where `descriptors` break a rule, and says which.
///
/// # Panics
///
/// That is how.
pub const fn check(descriptors: &[Descriptor]) {
    if let Some(broken) = rules::first_broken(descriptors) {
        let (message, len) = broken.message();
        match str::from_utf8(message.split_at(len).0) {
            Ok(message) => panic!("{}", message),
            Err(_) => panic!("{}", broken.rule),
        }
    }
}

/// A component's registration under way: one descriptor a field, in order.
#[derive(Debug)]
pub struct Registration<'a> {
    registry: &'a Registry,
    level: Level,
    descriptors: slice::Iter<'static, Descriptor>,
}

impl<'a> Registration<'a> {
    /// Of all of `descriptors`, up to `level`.
    pub fn new(registry: &'a Registry, level: Level, descriptors: &'static [Descriptor]) -> Self {
        Self {
            registry,
            level,
            descriptors: descriptors.iter(),
        }
    }

    /// The handle of the next descriptor.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[expect(
        clippy::should_implement_trait,
        reason = "each handle has its own type"
    )]
    pub fn next<H: Handle>(&mut self) -> Result<H, RegisterError> {
        let descriptor = self.descriptors.next().expect("one descriptor a field");
        if descriptor.level <= self.level {
            H::register(self.registry, descriptor)
        } else {
            H::register(&self.registry.muted(), descriptor)
        }
    }
}
