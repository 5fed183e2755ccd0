//! Units as UCUM writes them: terms of codes, with `.` and `/` in between and
//! annotations in braces.
//!
//! The codes are those of <https://ucum.org/ucum>, case-sensitive. Codes in
//! brackets are taken as they are, and so is any prefix before any code: what
//! this is to find are the words that UCUM has codes for (`bytes`), and what is
//! counted but not in braces (`messages`).

use super::words::{is_equal, part};

const ASCII: &str = "a unit is at most 63 visible ASCII characters (OpenTelemetry)";
const PAIRS: &str = "braces, brackets and parentheses come in pairs, and none but parentheses \
                     within each other (UCUM)";
const EMPTY: &str = "there is something between braces, brackets and parentheses (UCUM)";
const OPERATORS: &str = "there is one of '.' and '/' between two codes, and a code behind (UCUM)";
const CODE: &str = "a unit is made of UCUM's codes, and what is counted is in braces: \
                    `s`, `ms`, `By`, `KiBy/s`, `%`, `1`, `{message}`";

/// The rule of UCUM or of OpenTelemetry that `unit` breaks.
pub(super) const fn broken_rule(unit: &str) -> Option<&'static str> {
    let bytes = unit.as_bytes();
    if !is_visible(bytes) || bytes.len() > 63 {
        return Some(ASCII);
    }
    if bytes.is_empty() {
        return None;
    }
    let mut depth = 0_u32;
    let mut has_code = false;
    let mut has_annotation = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' if has_code || has_annotation => return Some(OPERATORS),
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(PAIRS),
            b')' if !has_code && !has_annotation => return Some(EMPTY),
            b')' => {
                depth -= 1;
                (has_code, has_annotation) = (true, false);
            }
            b'.' if !has_code && !has_annotation => return Some(OPERATORS),
            b'/' if !has_code && !has_annotation && !begins_term(bytes, at) => {
                return Some(OPERATORS);
            }
            b'.' | b'/' => (has_code, has_annotation) = (false, false),
            b'{' if has_annotation => return Some(OPERATORS),
            b'{' => {
                let end = match closing(bytes, at, b'{', b'}') {
                    Ok(end) => end,
                    Err(rule) => return Some(rule),
                };
                has_annotation = true;
                at = end;
            }
            b'}' | b']' => return Some(PAIRS),
            _ if has_code || has_annotation => return Some(OPERATORS),
            _ => {
                let end = match end_of_code(bytes, at) {
                    Ok(end) => end,
                    Err(rule) => return Some(rule),
                };
                if !is_code(part(bytes, (at, end))) {
                    return Some(CODE);
                }
                has_code = true;
                at = end - 1;
            }
        }
        at += 1;
    }
    if depth > 0 {
        return Some(PAIRS);
    }
    if !has_code && !has_annotation {
        return Some(OPERATORS);
    }
    None
}

const fn is_visible(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_graphic() {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether a term begins at `at`: there it may begin with `/`.
const fn begins_term(bytes: &[u8], at: usize) -> bool {
    at == 0 || bytes[at - 1] == b'('
}

/// Where the pair that opens at `at` is closed.
const fn closing(bytes: &[u8], at: usize, open: u8, close: u8) -> Result<usize, &'static str> {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != close {
        if bytes[end] == open {
            return Err(PAIRS);
        }
        end += 1;
    }
    if end == bytes.len() {
        return Err(PAIRS);
    }
    if end == at + 1 {
        return Err(EMPTY);
    }
    Ok(end)
}

const fn end_of_code(bytes: &[u8], begin: usize) -> Result<usize, &'static str> {
    let mut end = begin;
    while end < bytes.len() && !matches!(bytes[end], b'.' | b'/' | b'(' | b')' | b'{' | b'}') {
        if bytes[end] == b']' {
            return Err(PAIRS);
        }
        if bytes[end] == b'[' {
            end = match closing(bytes, end, b'[', b']') {
                Ok(end) => end,
                Err(rule) => return Err(rule),
            };
        }
        end += 1;
    }
    Ok(end)
}

/// A number, or a code with a prefix and an exponent.
const fn is_code(bytes: &[u8]) -> bool {
    let base = without_exponent(bytes);
    // `10*6` is ten to the sixth.
    if base.is_empty() || is_equal(base, b"10*") || is_equal(base, b"10^") {
        return true;
    }
    // In brackets, with or without something before.
    if base[base.len() - 1] == b']' {
        return true;
    }
    if is_one_of(base, CODES) {
        return true;
    }
    let mut len = 1;
    while len <= 2 && len < base.len() {
        let (prefix, code) = base.split_at(len);
        if is_one_of(prefix, PREFIXES) && is_one_of(code, CODES) {
            return true;
        }
        len += 1;
    }
    false
}

/// Without the digits at the end, and their sign.
const fn without_exponent(bytes: &[u8]) -> &[u8] {
    let mut end = bytes.len();
    while end > 0 && bytes[end - 1].is_ascii_digit() {
        end -= 1;
    }
    let has_digits = end < bytes.len();
    if has_digits && end > 1 && matches!(bytes[end - 1], b'+' | b'-') {
        end -= 1;
    }
    bytes.split_at(end).0
}

const fn is_one_of(bytes: &[u8], all: &[&str]) -> bool {
    let mut number = 0;
    while number < all.len() {
        if is_equal(bytes, all[number].as_bytes()) {
            return true;
        }
        number += 1;
    }
    false
}

#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "Q", "R", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p",
    "f", "a", "z", "y", "r", "q", "Ki", "Mi", "Gi", "Ti",
];

/// All that are not in brackets.
#[rustfmt::skip]
const CODES: &[&str] = &[
    // Base units, numbers.
    "m", "s", "g", "rad", "K", "C", "cd", "%", "10*", "10^",
    // SI.
    "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F", "Ohm", "S", "Wb", "Cel", "T", "H",
    "lm", "lx", "Bq", "Gy", "Sv",
    // ISO 1000, ISO 2955, ANSI X3.50.
    "gon", "deg", "'", "''", "l", "L", "ar", "min", "h", "d", "a_t", "a_j", "a_g", "a", "wk",
    "mo_s", "mo_j", "mo_g", "mo", "t", "bar", "u", "eV", "AU", "pc",
    // CGS.
    "Ky", "Gal", "dyn", "erg", "P", "Bi", "St", "Mx", "G", "Oe", "Gb", "sb", "Lmb", "ph", "Ci",
    "R", "RAD", "REM",
    // Chemistry, clinics, heat.
    "eq", "osm", "kat", "U", "g%", "cal_IT", "cal_th", "cal_m", "cal",
    // Levels, information, and the rest.
    "Np", "B", "bit_s", "bit", "By", "Bd", "st", "Ao", "b", "att", "mho", "circ", "sph", "tex",
    "smoot",
];
