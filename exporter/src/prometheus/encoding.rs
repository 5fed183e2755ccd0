//! `Accept-Encoding`: whether an answer may be compressed.

/// Whether the header asks for gzip, or takes anything; RFC 9110, 12.5.3.
/// What can't be read is passed over.
pub(super) fn takes_gzip(header: &str) -> bool {
    let mut anything = false;
    for part in header.split(',') {
        let mut pieces = part.split(';');
        let name = pieces.next().unwrap_or_default().trim();
        let is_wanted = pieces.all(|piece| !is_zero(piece));
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return is_wanted;
        }
        anything |= name == "*" && is_wanted;
    }
    anything
}

/// Whether a parameter is a weight of nothing.
fn is_zero(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, weight)| {
        let weight = weight.trim().parse::<f64>();
        name.trim().eq_ignore_ascii_case("q") && weight.is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_by_name_or_by_a_star_unless_its_weight_is_zero() {
        for header in [
            "gzip",
            "GZIP",
            "x-gzip",
            "deflate, gzip;q=0.5, br",
            "gzip ; q = 0.001",
            "*",
            "identity;q=0, *;q=1",
            "gzip;q=nonsense",
            ",,;;,gzip",
        ] {
            assert!(takes_gzip(header), "{header:?}");
        }
        for header in [
            "",
            "identity",
            "br, deflate",
            "gzip;q=0",
            "gzip;q=0.000, *",
            "*;q=0",
            "gzipped",
            "q=1;gzip",
            "\u{fffd}\u{fffd}",
        ] {
            assert!(!takes_gzip(header), "{header:?}");
        }
    }
}
