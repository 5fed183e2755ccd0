//! The scrape endpoint's table, variables and calls.

use crate::support::{assert_names, refusal};

#[cfg(not(feature = "prometheus"))]
#[test]
fn a_build_without_the_endpoint_refuses_its_table() {
    for body in [
        "[telemetry.prometheus]",
        "prometheus = \"hunter2 is not shown\"",
    ] {
        let said = refusal(body);
        assert_names(&said, &["`prometheus`", "cargo feature prometheus"]);
    }
}

#[cfg(feature = "prometheus")]
mod with_the_feature {
    use std::time::Duration;

    use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig, TranslationStrategy};

    use super::*;
    use crate::support::{
        assert_hides_secret, assert_names_without_secret, only_warning, parse, parse_under,
        refusal_of, under,
    };

    const HOST: &str = "OTEL_EXPORTER_PROMETHEUS_HOST";
    const PORT: &str = "OTEL_EXPORTER_PROMETHEUS_PORT";

    /// What is said about a table that holds `body`.
    fn refusal_in_table(body: &str) -> String {
        refusal(&format!("[telemetry.prometheus]\n{body}"))
    }

    fn refusal_of_call(prometheus: PrometheusConfig) -> String {
        refusal_of(TelemetryConfig::default().with_prometheus(prometheus))
    }

    #[test]
    fn every_documented_key_is_read() {
        let config = parse(
            r#"
            [telemetry.prometheus]
            host = "0.0.0.0"
            port = 9100
            path = "/node"
            token = "hunter2"
            max-connections = 11
            header-timeout-ms = 12
            timeout-ms = 13
            histogram-bounds = [1, 2.5]
            native-histograms = false
            translation-strategy = "NoUTF8EscapingWithSuffixes"
            "#,
        );
        assert_names_without_secret(
            &format!("{:?}", config.unwrap()),
            &[
                "\"0.0.0.0\"",
                "9100",
                "\"/node\"",
                "Text(***)",
                "Some(11)",
                "Some(12ms)",
                "Some(13ms)",
                "Some([1.0, 2.5])",
                "has_native_histograms: Some(false)",
                "NoUtf8EscapingWithSuffixes",
            ],
        );
        let config = parse("[telemetry.prometheus]\ntoken-file = \"/token\"").unwrap();
        assert_names(&format!("{config:?}"), &["File(\"/token\")"]);
    }

    #[test]
    fn calls_say_the_same() {
        let prometheus = PrometheusConfig::new()
            .with_host("::1")
            .with_port(9100)
            .with_path("/node")
            .with_token_file("/token")
            .with_token("hunter2")
            .with_max_connections(11)
            .with_header_timeout(Duration::from_millis(12))
            .with_timeout(Duration::from_millis(13))
            .with_histogram_bounds([1.0, 2.5])
            .with_native_histograms(false)
            .with_translation_strategy(TranslationStrategy::NoTranslation);
        let config = TelemetryConfig::default().with_prometheus(prometheus);
        config.validate().unwrap();
        assert_names_without_secret(
            &format!("{config:?}"),
            &[
                "\"::1\"",
                "Text(***)",
                "Some(12ms)",
                "Some(13ms)",
                "NoTranslation",
            ],
        );
    }

    #[test]
    fn every_strategy_of_the_specification_is_taken_by_its_name() {
        for (name, shown) in [
            (
                "UnderscoreEscapingWithSuffixes",
                "UnderscoreEscapingWithSuffixes",
            ),
            (
                "UnderscoreEscapingWithoutSuffixes",
                "UnderscoreEscapingWithoutSuffixes",
            ),
            ("NoUTF8EscapingWithSuffixes", "NoUtf8EscapingWithSuffixes"),
            ("NoTranslation", "NoTranslation"),
        ] {
            let text = format!("[telemetry.prometheus]\ntranslation-strategy = \"{name}\"");
            let config = format!("{:?}", parse(&text).unwrap());
            assert_names(&config, &[&format!("translation: Some({shown})")]);
        }
        let said = refusal_in_table("translation-strategy = \"None\"");
        assert_names(
            &said,
            &["`prometheus.translation-strategy`", "NoTranslation"],
        );
    }

    #[test]
    fn variables_are_over_toml_and_calls_over_variables_key_by_key() {
        let text = "[telemetry.prometheus]\nhost = \"from-toml\"\nport = 1\npath = \"/toml\"";
        let variables = [(HOST, " from-env "), (PORT, "2")];
        let config = parse_under(text, &variables).unwrap();
        let shown = format!("{config:?}");
        assert_names(&shown, &["\"from-env\"", "port: Some(2)", "\"/toml\""]);
        let config = config.with_prometheus(PrometheusConfig::new().with_port(3));
        let shown = format!("{config:?}");
        assert_names(&shown, &["\"from-env\"", "port: Some(3)", "\"/toml\""]);
        let token = PrometheusConfig::new().with_token("hunter2");
        let file = parse("[telemetry.prometheus]\ntoken-file = \"/token\"").unwrap();
        let shown = format!("{:?}", file.with_prometheus(token));
        assert_names_without_secret(&shown, &["Text(***)"]);
        assert!(!shown.contains("/token"));
    }

    #[test]
    fn a_variable_that_can_not_be_read_is_warned_of_and_ignored() {
        for value in ["65536", "-1", "http", "9464/metrics"] {
            let config = under(&[(PORT, value)]);
            assert_names(only_warning(&config), &[PORT, value, "65535"]);
            assert_names(&format!("{config:?}"), &["prometheus: None"]);
        }
        for value in ["localhost:9464", "http://localhost", "a b"] {
            let config = under(&[(HOST, value)]);
            assert_names(only_warning(&config), &[HOST, value, "address"]);
            assert_names(&format!("{config:?}"), &["prometheus: None"]);
        }
        assert!(under(&[(HOST, ""), (PORT, " ")]).warnings().is_empty());
    }

    #[test]
    fn hosts_are_names_or_addresses_and_never_nothing() {
        for host in [
            "localhost",
            "node-1.example",
            "0.0.0.0",
            "::",
            "::1",
            "[::1]",
        ] {
            let config = PrometheusConfig::new().with_host(host);
            let config = TelemetryConfig::default().with_prometheus(config);
            config.validate().unwrap();
        }
        for host in [
            "",
            " ",
            "localhost:1",
            "http://x",
            "a/b",
            "[::1",
            "[127.0.0.1]",
            "é",
        ] {
            let rule = "name or an address";
            let said = refusal_in_table(&format!("host = \"{host}\""));
            assert_names(&said, &["`prometheus.host`", rule]);
            let said = refusal_of_call(PrometheusConfig::new().with_host(host));
            assert_names(&said, &["`prometheus.host`", rule]);
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        for (body, parts) in [
            ("port = 65536", ["`prometheus.port`", "65536"]),
            ("port = -1", ["`prometheus.port`", "-1"]),
            ("port = \"9464\"", ["`prometheus.port`", "9464"]),
            ("path = \"metrics\"", ["`prometheus.path`", "metrics"]),
            ("path = \"/a?b\"", ["`prometheus.path`", "/a?b"]),
            ("path = \"/a b\"", ["`prometheus.path`", "/a b"]),
            ("max-connections = 0", ["`prometheus.max-connections`", "0"]),
            (
                "max-connections = 65537",
                ["`prometheus.max-connections`", "65537"],
            ),
            ("timeout-ms = 0", ["`prometheus.timeout-ms`", "0"]),
            (
                "header-timeout-ms = 0",
                ["`prometheus.header-timeout-ms`", "0"],
            ),
            (
                "histogram-bounds = [2, 1]",
                ["`prometheus.histogram-bounds`", "increasing"],
            ),
            (
                "native-histograms = 1",
                ["`prometheus.native-histograms`", "true or false"],
            ),
            ("token-file = \"\"", ["`prometheus.token-file`", "path"]),
            (
                "address = 1",
                ["`telemetry.prometheus.address`", "max-connections"],
            ),
        ] {
            assert_names(&refusal_in_table(body), &parts);
        }
        assert_names(&refusal("prometheus = true"), &["`prometheus`", "table"]);
        let new = PrometheusConfig::new;
        for (config, key) in [
            (new().with_path("metrics"), "`prometheus.path`"),
            (
                new().with_max_connections(0),
                "`prometheus.max-connections`",
            ),
            (new().with_timeout(Duration::ZERO), "`prometheus.timeout`"),
            (
                new().with_header_timeout(Duration::ZERO),
                "`prometheus.header-timeout`",
            ),
            (
                new().with_histogram_bounds([f64::NAN]),
                "`prometheus.histogram-bounds`",
            ),
        ] {
            assert_names(&refusal_of_call(config), &[key]);
        }
    }

    #[test]
    fn a_token_that_is_none_is_refused_unseen() {
        for body in [
            "token = \"\"",
            "token = \"hunter2 hunter2\"",
            "token = \"hunter2\\n\"",
            "token = [\"hunter2\"]",
            "token = { hunter2 = 1 }",
        ] {
            let said = refusal_in_table(body);
            assert_names_without_secret(&said, &["`prometheus.token`", "***"]);
        }
        let said = refusal_of_call(PrometheusConfig::new().with_token("hunter2\u{e9}"));
        assert_names_without_secret(&said, &["`prometheus.token`"]);
        let said = refusal_in_table("token = \"hunter2\"\ntoken-file = \"/token\"");
        assert_names_without_secret(&said, &["`prometheus.token-file`", "given too"]);
        assert_hides_secret(&refusal_in_table(
            "token = \"hunter2\"\ntoken = \"hunter2\"",
        ));
    }
}
