//! Whatever is read, nothing panics and nothing shows a secret.

use proptest::prelude::*;

use crate::env::NAMES;
use crate::support::{SECRET, SEED, parse, parse_under, under};

/// A text like [`SEED`], with a secret in its last line.
const SECRETIVE: &str = "[telemetry]
endpoint = \"http://collector:4318\"
histogram-bounds = [1, 2]
histograms = \"explicit\"
[telemetry.labels]
zone = \"é\"
[telemetry.headers]
authorization = \"hunter2\"
";

/// Pieces of TOML, to be put where they do not belong.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "[",
                "]",
                "=",
                "\"",
                "'",
                "\n",
                "#",
                ".",
                ",",
                "{",
                "}",
                "\\",
                "\0",
                "é",
                "\"\"\"",
                "'''",
                "\r",
                "\u{feff}",
                "[telemetry]\n",
                "[[telemetry]]\n",
                "headers = ",
                "1979-05-27",
                "-0x",
                "nan",
                "zone = \"é\"\n",
            ][..]
        )
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ]
}

/// Puts `piece` at about `at`, in place of `cut` characters.
fn edited(text: &str, at: usize, cut: usize, piece: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let end = (at + cut).min(chars.len());
    let (before, after) = (&chars[..at], &chars[end..]);
    let piece = piece.chars();
    before
        .iter()
        .copied()
        .chain(piece)
        .chain(after.iter().copied())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&format!("[telemetry]\n{text}"));
    }

    #[test]
    fn no_text_of_toml_pieces_panics(pieces in prop::collection::vec(piece(), 0..20)) {
        let _ = parse(&pieces.concat());
        let _ = parse(&format!("{SECRETIVE}{}", pieces.concat()));
    }

    #[test]
    fn no_edit_panics_or_makes_an_error_show_a_header(
        edits in prop::collection::vec((any::<usize>(), 0_usize..4, piece()), 1..4),
    ) {
        let mut text = SECRETIVE.to_owned();
        for (at, cut, piece) in edits {
            text = edited(&text, at, cut, &piece);
        }
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().contains(SECRET), "{text}\n{error}");
            let shown = format!("{error:?}");
            prop_assert!(!shown.contains(SECRET), "{text}\n{shown}");
        }
    }
}

proptest! {
    #[test]
    fn no_value_panics(
        values in prop::collection::vec(
            (
                prop::sample::select(NAMES),
                prop_oneof![
                    any::<String>(),
                    "[a-z=,%0-9 é\u{0}]{0,30}",
                    "https?://[a-z@:/?#\\[\\]0-9%é]{0,20}",
                    "-?[0-9]{1,25}",
                ],
            ),
            0..6,
        ),
    ) {
        let values: Vec<_> = values.iter().map(|(n, v)| (*n, &**v)).collect();
        if let Ok(config) = parse_under(SEED, &values) {
            let _ = (format!("{config:?}"), config.validate());
        }
    }

    #[test]
    fn no_value_of_headers_is_shown(
        before in "[a-z=,%0-9 \n]{0,12}",
        after in "[a-z=,%0-9 \n]{0,12}",
    ) {
        let headers = format!("{before}={SECRET}{after}");
        let config = under(&[("OTEL_EXPORTER_OTLP_HEADERS", &headers)]);
        // Beyond a ',' stands the next pair; its name is no secret.
        prop_assume!(!before.contains(','));
        prop_assert!(!config.warnings().concat().contains(SECRET));
        let shown = format!("{config:?}");
        prop_assert!(!shown.contains(SECRET));
        if let Err(error) = config.validate() {
            prop_assert!(!error.to_string().contains(SECRET));
        }
    }
}
