//! Pages, as the programs see them that say what a page must be: `promtool check
//! metrics`, and the parsers of Prometheus's Python client.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use pqcnet_telemetry::core::{ExemplarContext, Instrument};
use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig, TelemetryHandle, TranslationStrategy};

use super::{OPEN_METRICS, TEXT, page, serve, served};

/// What the program that the environment names as `variable` says of a page.
fn said(variable: &str, arguments: &[&str], page: &str) -> Output {
    let binary = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} must name a program: run scripts/interop"));
    let mut child = Command::new(&binary)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{variable}={}: {error}", binary.display()));
    let mut input = child.stdin.take().unwrap();
    input.write_all(page.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

fn lint(page: &str) -> Output {
    said("PQCNET_PROMTOOL", &["check", "metrics"], page)
}

#[track_caller]
fn assert_clean(page: &str) {
    let output = lint(page);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}\n{page}");
    assert_eq!(text, "");
}

/// That the parser takes the page and finds as many samples as it has lines.
#[track_caller]
fn assert_parsed(format: &str, page: &str) {
    let output = said("PQCNET_OPENMETRICS", &[format], page);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}\n{page}");
    let samples = page
        .split('\n')
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let expected = format!(" {} samples\n", samples.count());
    assert!(text.ends_with(&expected), "{text}, not {expected}\n{page}");
}

/// Something of everything, named and described as it should be.
fn record(telemetry: &TelemetryHandle) {
    let described = |name: &str, unit: &str| {
        let instrument = Instrument::new(name.to_owned()).unit(unit.to_owned());
        instrument.description(format!("What \"{name}\" is,\nby C:\\node"))
    };
    let requests = telemetry.counter(described("node.requests", "{request}"));
    let requests = requests.unwrap();
    let trace = ExemplarContext::trace([0xab; 16], [0xcd; 8]).unwrap();
    let peers = [("peer.id", "\"\\\n🦀"), ("lane", "")];
    requests.bind(&peers).unwrap().add_with_exemplar(3, &trace);
    let time = telemetry.counter(described("cpu.time", "s").decimals(9));
    time.unwrap().add(1_500_000_000);
    let open = described("node.sessions", "{session}");
    telemetry.up_down_counter(open).unwrap().add(-4);
    let load = telemetry.gauge(described("node.load", "1")).unwrap();
    load.set(f64::NAN);
    let limit = telemetry.gauge(described("memory.limit", "By")).unwrap();
    limit.set(f64::INFINITY);
    telemetry.gauge(described("never.set", "By")).unwrap();
    let wait = described("node.wait", "s").decimals(3);
    let wait = telemetry.histogram(wait).unwrap();
    // Not a quote: the strict parser takes it for the end, escaped or not, in
    // exemplars. `exemplars` shows one to Prometheus.
    let id = ExemplarContext::correlation("é \\ # {session}\n").unwrap();
    for milliseconds in [0, 5, 6, 500, 1_000, 30_000, u64::MAX >> 20] {
        wait.record_with_exemplar(milliseconds, &id);
    }
}

#[test]
#[ignore = "needs promtool: run scripts/interop"]
fn promtool_finds_nothing_in_a_page_with_every_kind() {
    let (telemetry, endpoint) = served(PrometheusConfig::new());
    assert_clean(&page(endpoint.address(), TEXT));
    record(&telemetry);
    assert_clean(&page(endpoint.address(), TEXT));
    // It does find what is wrong.
    telemetry.counter("undescribed").unwrap().add(1);
    let output = lint(&page(endpoint.address(), TEXT));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("undescribed_total no help"),
        "{text}"
    );
}

#[test]
#[ignore = "needs promtool: run scripts/interop"]
fn promtool_finds_nothing_in_what_the_library_says_of_itself() {
    // Something of each of its instruments, failures among them.
    let config = TelemetryConfig::new("http://127.0.0.1:1")
        .with_prometheus(PrometheusConfig::new().with_host("127.0.0.1").with_port(0));
    let (telemetry, endpoint) = serve(config);
    telemetry.record_kem_event(crate::record::kem_event("a"));
    record(&telemetry);
    telemetry.flush().unwrap_err();
    for _ in 0..3 {
        assert_clean(&page(endpoint.address(), TEXT));
    }
    assert_parsed("openmetrics", &page(endpoint.address(), OPEN_METRICS));
}

#[test]
#[ignore = "needs Python's prometheus-client: run scripts/interop"]
fn python_parses_every_page_strictly() {
    for strategy in [
        TranslationStrategy::UnderscoreEscapingWithSuffixes,
        TranslationStrategy::UnderscoreEscapingWithoutSuffixes,
        TranslationStrategy::NoUtf8EscapingWithSuffixes,
        TranslationStrategy::NoTranslation,
    ] {
        let scrapes = PrometheusConfig::new().with_translation_strategy(strategy);
        let (telemetry, endpoint) = served(scrapes);
        let formats = |check: &dyn Fn(&str, &str)| {
            for escaping in ["underscores", "dots", "values", "allow-utf-8"] {
                let open_metrics = format!("{OPEN_METRICS}; escaping={escaping}");
                check("openmetrics", &page(endpoint.address(), &open_metrics));
            }
            check("text", &page(endpoint.address(), TEXT));
        };
        formats(&assert_parsed);
        record(&telemetry);
        formats(&|format, page| {
            let has_exemplars = page.contains(" # {");
            assert_eq!(has_exemplars, format == "openmetrics", "{page}");
            assert_parsed(format, page);
        });
        record_hostile(&telemetry);
        formats(&assert_parsed);
    }
}

/// Names, units and labels that a page must not be taken in by.
fn record_hostile(telemetry: &TelemetryHandle) {
    const TEXTS: [&str; 8] = [
        "",
        "\"",
        "\\",
        "\n",
        "a\"} 1\n# EOF\n",
        "le=\"1\"",
        " # {x=\"y\"} 1",
        "\u{2028}é🦀",
    ];
    let names = [
        "a.total",
        "a_total",
        "a",
        "a.sum",
        "a.count",
        "a.bucket",
        "a.created",
        "a.info",
        "target.info",
        "target",
        "up",
        "total",
        "b-c/d",
        "b.c_d",
        "histogram",
        "counter_total",
    ];
    let keys = [
        "le",
        "quantile",
        "a.b",
        "a_b",
        "job",
        "otel.scope.name",
        "é",
        "{\"=",
        "9",
    ];
    for (place, name) in names.into_iter().enumerate() {
        let text = TEXTS[place % TEXTS.len()];
        let instrument = || Instrument::new(name).description(text.to_owned());
        let pairs = [
            (keys[place % keys.len()], text),
            (
                keys[(place + 1) % keys.len()],
                TEXTS[(place + 3) % TEXTS.len()],
            ),
        ];
        // A name that is taken by another kind is its first one's.
        match place % 4 {
            0 => {
                let counter = telemetry.counter(instrument().unit("s")).unwrap();
                counter.bind(&pairs).unwrap().add(1);
            }
            1 => {
                let histogram = telemetry.histogram(instrument().unit("By/s")).unwrap();
                histogram.bind(&pairs).unwrap().record(1);
            }
            2 => {
                let gauge = telemetry.gauge(instrument().unit("%\"#\\")).unwrap();
                gauge.bind(&pairs).unwrap().set(-0.0);
            }
            _ => {
                let level = telemetry.up_down_counter(instrument()).unwrap();
                level.bind(&pairs).unwrap().add(i64::MIN);
            }
        }
    }
}
