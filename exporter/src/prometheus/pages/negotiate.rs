//! From an `Accept` header to a page's format: prometheus.io, *Scrape protocol
//! content negotiation*, on the rules of RFC 9110, 12.5.1.

use super::format::{Escaping, PageFormat, Syntax};

/// The protocol of `application/vnd.google.protobuf` that is spoken here.
const MESSAGE: &str = "io.prometheus.client.MetricFamily";

impl PageFormat {
    /// The format that a client with this `Accept` header wants most; empty
    /// stands for no header.
    ///
    /// Never fails: what can't be read counts as not there, and where nothing
    /// is left or nothing offered is wanted, it is text 0.0.4 with underscores.
    /// O(length).
    pub(crate) fn negotiate(accept: &str) -> Self {
        choose(
            accept,
            &[
                Syntax::Text004,
                Syntax::OpenMetrics1,
                Syntax::Text100,
                Syntax::Protobuf,
            ],
        )
    }

    /// The same without protobuf, which has nothing over text on pages without
    /// native histograms.
    pub(crate) fn negotiate_text(accept: &str) -> Self {
        choose(
            accept,
            &[Syntax::Text004, Syntax::OpenMetrics1, Syntax::Text100],
        )
    }
}

/// Of equally wanted formats the one whose range comes first in the header,
/// and of those that one range names the first of `offers`.
fn choose(accept: &str, offers: &[Syntax]) -> PageFormat {
    let ranges: Vec<Range<'_>> = split(accept, b',').filter_map(Range::parse).collect();
    let mut best: Option<(u16, usize, PageFormat)> = None;
    for offer in offers {
        // The most specific range decides, wherever it stands.
        let matching = ranges.iter().enumerate().filter_map(|(place, range)| {
            let specificity = range.specificity_for(*offer)?;
            Some((specificity, place, range))
        });
        let found = matching.reduce(|first, next| if next.0 > first.0 { next } else { first });
        let Some((_, place, range)) = found.filter(|(.., range)| range.quality > 0) else {
            continue;
        };
        let is_better = best.is_none_or(|(quality, earlier, _)| {
            range.quality > quality || (range.quality == quality && place < earlier)
        });
        if is_better {
            let format = PageFormat::new(*offer, range.escaping);
            best = Some((range.quality, place, format));
        }
    }
    let last_resort = PageFormat::new(Syntax::Text004, Escaping::Underscores);
    best.map_or(last_resort, |(.., format)| format)
}

/// One media range of the header with its parameters.
#[derive(Default)]
struct Range<'a> {
    media_type: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    message: Option<&'a str>,
    encoding: Option<&'a str>,
    escaping: Escaping,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split(text, b';');
        let (media_type, subtype) = parts.next()?.trim().split_once('/')?;
        if !(is_token(media_type) && is_token(subtype)) {
            return None;
        }
        let mut range = Self {
            media_type,
            subtype,
            quality: 1_000,
            ..Self::default()
        };
        for parameter in parts {
            let parameter = parameter.trim();
            if parameter.is_empty() {
                continue; // RFC 9110 lets them be
            }
            let (name, value) = parameter.split_once('=')?;
            let value = unquoted(value)?;
            match name {
                _ if !is_token(name) => return None,
                _ if name.eq_ignore_ascii_case("q") => range.quality = quality(value)?,
                _ if name.eq_ignore_ascii_case("version") => range.version = Some(value),
                _ if name.eq_ignore_ascii_case("proto") => range.message = Some(value),
                _ if name.eq_ignore_ascii_case("encoding") => range.encoding = Some(value),
                _ if name.eq_ignore_ascii_case("escaping") => {
                    range.escaping = Escaping::named(value).unwrap_or_default();
                }
                // `charset`, and what is not known.
                _ => {}
            }
        }
        Some(range)
    }

    /// How closely the range describes what is offered; `None` if it does not.
    /// No wildcard means a format that is only for those who ask for it.
    fn specificity_for(&self, offer: Syntax) -> Option<u8> {
        let (media_type, subtype) = match offer {
            Syntax::Text004 | Syntax::Text100 => ("text", "plain"),
            Syntax::OpenMetrics1 => ("application", "openmetrics-text"),
            Syntax::Protobuf => ("application", "vnd.google.protobuf"),
        };
        if self.subtype == "*" {
            let is_for_all = matches!(offer, Syntax::Text004 | Syntax::OpenMetrics1);
            return match self.media_type {
                "*" if is_for_all => Some(0),
                known if is_for_all && known.eq_ignore_ascii_case(media_type) => Some(1),
                _ => None,
            };
        }
        let is_named = self.media_type.eq_ignore_ascii_case(media_type)
            && self.subtype.eq_ignore_ascii_case(subtype);
        if !is_named {
            return None;
        }
        match (offer, self.version) {
            (Syntax::Protobuf, _) => {
                let is_known = self.message == Some(MESSAGE) && self.encoding == Some("delimited");
                is_known.then_some(3)
            }
            // Without a version it is the oldest, as both standards say.
            (Syntax::Text004 | Syntax::OpenMetrics1, None) => Some(2),
            (Syntax::Text004, Some("0.0.4"))
            | (Syntax::Text100 | Syntax::OpenMetrics1, Some("1.0.0")) => Some(3),
            _ => None,
        }
    }
}

/// RFC 9110, 12.4.2: 0 to 1 with up to three decimals, in thousandths.
fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// A token, or a quoted string in which nothing needs to be escaped: no value
/// that matters here does.
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest
            .strip_suffix('"')
            .filter(|text| !text.contains(['"', '\\'])),
        None => Some(value).filter(|value| is_token(value)),
    }
}

/// Splits at `separator` where it is not in a quoted string.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut is_quoted, mut is_escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            if is_escaped {
                is_escaped = false;
            } else if is_quoted && byte == b'\\' {
                is_escaped = true;
            } else if byte == b'"' {
                is_quoted = !is_quoted;
            }
            byte == separator && !is_quoted
        });
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}
