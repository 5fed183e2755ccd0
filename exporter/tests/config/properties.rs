//! Whatever is read, nothing panics and nothing shows a secret.

use proptest::prelude::*;

use crate::env;
use crate::support::{SECRET, SEED, parse, parse_under, under};

/// A text with every table there is in any build, and a secret wherever one can
/// be.
const SECRETIVE: &str = "[telemetry]
endpoint = \"http://collector:4318\"
histogram-bounds = [1, 2]
histograms = \"explicit\"
protocol = \"http/protobuf\"
compression = \"gzip\"
certificate = '/ca.pem'
client-certificate = '/cert.pem'
client-key = '/key.pem'
timeout-ms = 5
connect-timeout-ms = 5
retry-initial-ms = 5
retry-max-ms = 5
queue-bytes = 5
queue-items = 5
spool-dir = '/spool'
spool-max-bytes = 5
spool-sync = 'never'
self-metrics = false
[telemetry.labels]
zone = \"é\"
[telemetry.headers]
authorization = \"hunter2\"
[telemetry.metrics]
endpoint = \"http://m\"
headers = { a = \"hunter2\", b = 'hunter2' }
[telemetry.logs.headers]
authorization = 'hunter2'
[[telemetry.destination]]
name = \"backup\"
endpoint = \"http://b\"
signals = [\"metrics\", \"logs\"]
temporality = \"delta\"
logs = { headers = { c = \"hunter2\" } }
[telemetry.destination.headers]
authorization = \"hunter2\"
";

/// The same with every table of this build.
fn secretive() -> String {
    let traces = if cfg!(feature = "tracing") {
        "[telemetry.traces]
endpoint = \"http://t\"
headers = { d = \"hunter2\" }
[telemetry.spans]
sampler = \"traceidratio\"
sampler-ratio = 0.5
capacity = 5
batch = 5
[telemetry.log-records]
enabled = false
attribute-count-limit = 5
"
    } else {
        ""
    };
    SECRETIVE.to_owned() + traces
}

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
                "[telemetry.metrics]\n",
                "[telemetry.traces]\n",
                "[telemetry.spans]\n",
                "sampler = ",
                "[[telemetry.destination]]\n",
                "headers = ",
                "signals = ",
                "destination",
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

#[test]
fn the_text_that_is_edited_is_valid() {
    parse(&secretive()).unwrap().validate().unwrap();
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
        let _ = parse(&(secretive() + &pieces.concat()));
    }

    #[test]
    fn no_edit_panics_or_makes_an_error_show_a_header(
        edits in prop::collection::vec((any::<usize>(), 0_usize..4, piece()), 1..4),
    ) {
        let mut text = secretive();
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
                prop::sample::select(env::names()),
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
        name in prop::sample::select(&[
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        ][..]),
        before in "[a-z=,%0-9 \n]{0,12}",
        after in "[a-z=,%0-9 \n]{0,12}",
    ) {
        let headers = format!("{before}={SECRET}{after}");
        let config = under(&[(name, &headers)]);
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
