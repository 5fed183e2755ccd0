//! Endpoints: what is refused as one, what is never shown of one, and which
//! paths requests go to.

use pqcnet_telemetry::TelemetryConfig;

use crate::sink::Sink;
use crate::support::{
    assert_names, assert_names_without_secret, flush_to, parse, paths, refusal, refusal_of,
};

/// Checks that `url` is refused by its key, shown, and that `parts` are said.
#[track_caller]
fn assert_refused(url: &str, parts: &[&str]) {
    let said = refusal(&format!("endpoint = \"{url}\""));
    assert_names(&said, &["`endpoint`", &format!("{url:?}")]);
    assert_names(&said, parts);
}

/// Checks that `url` is refused by its key, without its secret, and that
/// `parts` are said.
#[track_caller]
fn assert_refused_unseen(url: &str, parts: &[&str]) {
    let said = refusal(&format!("endpoint = \"{url}\""));
    assert_names(&said, &["`endpoint`"]);
    assert_names_without_secret(&said, parts);
}

#[test]
fn a_url_without_a_scheme_is_refused() {
    for url in ["collector:4318", "localhost", "//collector", ""] {
        assert_refused(url, &["scheme"]);
    }
}

#[test]
fn a_scheme_other_than_http_is_refused() {
    for url in ["grpc://collector:4317", "unix:///run/otel", " http://h"] {
        assert_refused(url, &["http"]);
    }
}

#[test]
fn a_url_without_a_host_is_refused() {
    for url in ["http://", "http:///v1", "http://:4318", "http://[::1"] {
        assert_refused(url, &["host"]);
    }
}

#[test]
fn a_port_out_of_range_is_refused() {
    for port in ["0", "65536", "99999999999999999999"] {
        assert_refused(&format!("http://collector:{port}"), &["port"]);
    }
}

#[test]
fn a_port_that_is_no_number_is_refused() {
    for port in ["http", "43l8", "-1", "+1", "4318x"] {
        for host in ["collector", "[::1]"] {
            assert_refused(&format!("http://{host}:{port}"), &[]);
        }
    }
}

#[test]
fn every_endpoint_is_named_by_its_own_key() {
    for key in ["endpoint", "metrics-endpoint", "logs-endpoint"] {
        let said = refusal(&format!("{key} = \"collector\""));
        assert_names(&said, &[&format!("`{key}`"), "\"collector\""]);
        let said = refusal(&format!("{key} = 4318"));
        assert_names(&said, &[&format!("`{key}`"), "\"4318\"", "string"]);
    }
}

#[test]
fn a_call_with_a_bad_endpoint_is_refused() {
    let said = refusal_of(TelemetryConfig::default().with_endpoint("collector"));
    assert_names(&said, &["`endpoint`", "\"collector\"", "scheme"]);
}

#[test]
fn user_info_is_refused_and_not_shown() {
    for url in [
        "http://user:hunter2@collector:4318",
        "https://hunter2@collector/path",
        "user:hunter2@collector",
        "http://us@er:hunter2@collector",
    ] {
        assert_refused_unseen(url, &["collector", "headers"]);
    }
}

#[test]
fn a_password_of_delimiters_is_refused_and_not_shown() {
    for password in ["hunter2/", "a/hunter2", "hunter2#", "hunter2?", "1/hunter2"] {
        assert_refused_unseen(&format!("http://user:{password}@collector"), &[]);
    }
}

#[test]
fn a_query_is_refused_and_not_shown() {
    for url in [
        "http://collector?token=hunter2",
        "http://collector/x?hunter2",
        "http://collector/#hunter2",
    ] {
        assert_refused_unseen(url, &["collector", "query"]);
    }
}

#[test]
fn the_signals_paths_follow_that_of_the_endpoint() {
    let sink = Sink::start();
    for base in ["/tenant", "/tenant/"] {
        let url = format!("{}{base}", sink.url());
        let config = TelemetryConfig::default().with_endpoint(&url);
        let requests = flush_to(&sink, config);
        assert_eq!(paths(&requests), ["/tenant/v1/logs", "/tenant/v1/metrics"]);
    }
}

#[test]
fn endpoints_of_one_signal_are_used_as_they_are() {
    let sink = Sink::start();
    let url = sink.url();
    let text = format!(
        "[telemetry]\nendpoint = \"http://127.0.0.1:9\"\n\
         metrics-endpoint = \"{url}/m\"\nlogs-endpoint = \"{url}\"\n"
    );
    let requests = flush_to(&sink, parse(&text).unwrap());
    assert_eq!(paths(&requests), ["/", "/m"]);
}

#[test]
fn an_endpoint_by_call_is_that_of_both_signals() {
    let sink = Sink::start();
    let text = "[telemetry]\nmetrics-endpoint = \"http://127.0.0.1:9\"\n\
                logs-endpoint = \"http://127.0.0.1:9\"\n";
    let config = parse(text).unwrap().with_endpoint(&sink.url());
    assert_eq!(paths(&flush_to(&sink, config)), ["/v1/logs", "/v1/metrics"]);
}
