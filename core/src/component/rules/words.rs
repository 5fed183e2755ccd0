//! Bytes compared in constants, where `==` and iterators are not to be had.

/// Whether two texts are the same words, with anything but letters and digits
/// in between: Prometheus's translation makes one `_` of each such gap.
pub(super) const fn are_twins(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let (mut a, mut b) = (next_word(one, 0), next_word(other, 0));
    while a.0 < a.1 && b.0 < b.1 {
        if !is_equal(part(one, a), part(other, b)) {
            return false;
        }
        a = next_word(one, a.1);
        b = next_word(other, b.1);
    }
    a.0 == a.1 && b.0 == b.1
}

/// Begin and end of the next run of letters and digits at `from` or behind;
/// `(0, 0)` if there is none.
pub(super) const fn next_word(bytes: &[u8], from: usize) -> (usize, usize) {
    let mut begin = from;
    while begin < bytes.len() && !bytes[begin].is_ascii_alphanumeric() {
        begin += 1;
    }
    let mut end = begin;
    while end < bytes.len() && bytes[end].is_ascii_alphanumeric() {
        end += 1;
    }
    if begin == end { (0, 0) } else { (begin, end) }
}

/// The bytes between two positions.
pub(super) const fn part(bytes: &[u8], (begin, end): (usize, usize)) -> &[u8] {
    bytes.split_at(end).0.split_at(begin).1
}

pub(super) const fn is_equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// How many, in UTF-8.
pub(super) const fn characters(bytes: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < bytes.len() {
        // Not one that continues a character.
        if bytes[at] & 0xc0 != 0x80 {
            count += 1;
        }
        at += 1;
    }
    count
}
