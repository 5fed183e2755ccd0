//! Lists of percent-encoded pairs: headers and resource attributes.

/// The `key=value` pairs of a list in W3C Baggage style; `None` for an entry
/// that is none.
pub(super) fn pairs(list: &str) -> impl Iterator<Item = Option<(String, String)>> {
    list.split(',')
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| {
            let (key, value) = entry.split_once('=')?;
            let key = percent_decode(key.trim())?;
            (!key.is_empty()).then_some((key, percent_decode(value.trim())?))
        })
}

fn percent_decode(text: &str) -> Option<String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    Some(text.ok()?.into_owned())
}
