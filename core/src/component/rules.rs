//! The rules that a component is held to, at compile time.
//!
//! Registration asks for what OpenTelemetry asks for: it may have to take names
//! and labels as they come, and receivers that are not Prometheus take more.
//! What is declared by a macro is there to be corrected, so this asks for what
//! Prometheus makes of it too: a name or a label key that is still one, and
//! still another than its neighbour's, after every other character has become
//! `_`.

use super::descriptor::{Descriptor, Label};
use crate::series::{Kind, MAX_DECIMALS, is_name};

mod unit;
mod words;

use words::{are_twins, characters, is_equal, next_word, part};

/// A rule, and what breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) instrument: &'static str,
    pub(super) culprit: Culprit,
    pub(super) rule: &'static str,
}

/// What breaks a rule within an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Culprit {
    /// Something that is missing, or is there and should not be.
    Itself,
    /// What a part of it says.
    Part(&'static str, &'static str),
}

/// As long as a message may be: two names, of 255 bytes, and a rule.
const MESSAGE: usize = 1024;

impl Broken {
    /// `instrument: part "culprit": rule`, and its length.
    pub(super) const fn message(&self) -> ([u8; MESSAGE], usize) {
        let texts = match self.culprit {
            Culprit::Itself => [self.instrument, ": ", "", "", "", self.rule],
            Culprit::Part(part, culprit) => [self.instrument, ": ", part, culprit, ": ", self.rule],
        };
        let mut message = [0; MESSAGE];
        let mut len = 0;
        let mut number = 0;
        while number < texts.len() {
            let mut rest = texts[number].as_bytes();
            while let [byte, after @ ..] = rest
                && len < MESSAGE
            {
                message[len] = *byte;
                len += 1;
                rest = after;
            }
            number += 1;
        }
        (message, len)
    }
}

const NAME: &str =
    "a name is a letter, then at most 254 letters, digits, '_', '.', '-' or '/' (OpenTelemetry)";
const TWIN: &str = "no two instruments have one name, nor one that is the same once every \
                    character but letters and digits is '_' (Prometheus)";
const DESCRIPTION: &str = "an instrument has a doc comment, which is its description";
const DECIMALS: &str = "decimals go from 0 to 9";
const FRACTIONS: &str = "a gauge takes fractions as they are, and no decimals";
const SHAPE: &str = "a range and digits are for histograms";
const RANGE: &str = "a range begins at 1 or above, and ends at twice its begin or above";
const DIGITS: &str = "digits go from 1 to 5";
const REASON: &str = "what is deprecated says why, or what to use instead";
const GROUP: &str = "a group has a name";
const KEY: &str = "a label key has a letter or a digit, and no digit first (Prometheus)";
const RESERVED: &str = "a label key does not begin with two '_' once every character but letters \
                        and digits is '_': Prometheus keeps those to itself";
const OF_HISTOGRAMS: &str = "`le` and `quantile` are Prometheus's own labels of a histogram";
const KEY_TWIN: &str = "no two label keys are one, nor one once every character but letters and \
                        digits is '_' (Prometheus)";
const VALUE: &str = "a label value is not empty: to Prometheus that is no label";
const VALUE_TWIN: &str = "no two values of a label are one";

/// The first rule that one of them breaks.
pub(super) const fn first_broken(descriptors: &[Descriptor]) -> Option<Broken> {
    let mut number = 0;
    while number < descriptors.len() {
        let descriptor = &descriptors[number];
        if let Some((culprit, rule)) = first_broken_of(descriptor) {
            return Some(Broken {
                instrument: descriptor.name,
                culprit,
                rule,
            });
        }
        let mut other = 0;
        while other < number {
            if are_twins(descriptors[other].name, descriptor.name) {
                return Some(Broken {
                    instrument: descriptor.name,
                    culprit: Culprit::Part("beside ", descriptors[other].name),
                    rule: TWIN,
                });
            }
            other += 1;
        }
        number += 1;
    }
    None
}

type Found = (Culprit, &'static str);

const fn first_broken_of(descriptor: &Descriptor) -> Option<Found> {
    let Descriptor { name, unit, .. } = *descriptor;
    if !is_name(name) {
        return Some((Culprit::Itself, NAME));
    }
    if let Some(rule) = unit::broken_rule(unit) {
        return Some((Culprit::Part("unit ", unit), rule));
    }
    if descriptor.description.is_empty() {
        return Some((Culprit::Itself, DESCRIPTION));
    }
    if let Some(rule) = broken_number(descriptor) {
        return Some((Culprit::Itself, rule));
    }
    if let Some(reason) = descriptor.deprecated
        && reason.is_empty()
    {
        return Some((Culprit::Itself, REASON));
    }
    if let Some(group) = descriptor.group
        && group.is_empty()
    {
        return Some((Culprit::Itself, GROUP));
    }
    broken_label(descriptor.labels, descriptor.kind)
}

const fn broken_number(descriptor: &Descriptor) -> Option<&'static str> {
    let Descriptor { kind, decimals, .. } = *descriptor;
    if decimals > MAX_DECIMALS {
        return Some(DECIMALS);
    }
    if decimals > 0 && matches!(kind, Kind::Gauge) {
        return Some(FRACTIONS);
    }
    let has_shape = descriptor.range.is_some() || descriptor.digits.is_some();
    if has_shape && !matches!(kind, Kind::Histogram) {
        return Some(SHAPE);
    }
    if let Some((low, high)) = descriptor.range
        && (low == 0 || high / 2 < low)
    {
        return Some(RANGE);
    }
    if let Some(digits) = descriptor.digits
        && (digits == 0 || digits > 5)
    {
        return Some(DIGITS);
    }
    None
}

const fn broken_label(labels: &'static [Label], kind: Kind) -> Option<Found> {
    let mut number = 0;
    while number < labels.len() {
        let key = labels[number].key;
        if let Some(rule) = broken_key(key, kind) {
            return Some((Culprit::Part("label ", key), rule));
        }
        if is_among(labels, number) {
            return Some((Culprit::Part("label ", key), KEY_TWIN));
        }
        if let Some(values) = labels[number].values
            && let Some(found) = broken_value(key, values)
        {
            return Some(found);
        }
        number += 1;
    }
    None
}

const fn broken_value(key: &'static str, values: &'static [&'static str]) -> Option<Found> {
    let mut number = 0;
    while number < values.len() {
        let value = values[number];
        if value.is_empty() {
            return Some((Culprit::Part("label ", key), VALUE));
        }
        let mut other = 0;
        while other < number {
            if is_equal(values[other].as_bytes(), value.as_bytes()) {
                return Some((Culprit::Part("label value ", value), VALUE_TWIN));
            }
            other += 1;
        }
        number += 1;
    }
    None
}

/// Whether the key of label `number` is that of one before it, to Prometheus.
const fn is_among(labels: &[Label], number: usize) -> bool {
    let mut other = 0;
    while other < number {
        if are_twins(labels[other].key, labels[number].key) {
            return true;
        }
        other += 1;
    }
    false
}

const fn broken_key(key: &str, kind: Kind) -> Option<&'static str> {
    let bytes = key.as_bytes();
    let (begin, end) = next_word(bytes, 0);
    if begin == end || bytes[0].is_ascii_digit() {
        return Some(KEY);
    }
    if characters(part(bytes, (0, begin))) > 1 {
        return Some(RESERVED);
    }
    let is_of_histograms = is_equal(bytes, b"le") || is_equal(bytes, b"quantile");
    if is_of_histograms && matches!(kind, Kind::Histogram) {
        return Some(OF_HISTOGRAMS);
    }
    None
}

#[cfg(all(test, not(loom)))]
mod tests;
