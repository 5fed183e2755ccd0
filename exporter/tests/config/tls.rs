//! Certificates and keys: they are read when a handle is made, and what is
//! wrong with one is said by its key, its path and without what is in it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pqcnet_telemetry::{DestinationConfig, TelemetryConfig, TelemetryHandle};

use crate::support::{SECRET, assert_hides_secret, assert_names, parse, under};
use crate::tls_sink::{Pki, TlsSink, server};

/// Checks that no handle comes of `config`, though it is valid as far as can
/// be seen without reading files, and says why.
#[track_caller]
fn refusal_by_handle(config: TelemetryConfig) -> String {
    config.validate().unwrap();
    TelemetryHandle::from_config(config)
        .unwrap_err()
        .to_string()
}

#[track_caller]
fn assert_refused(config: TelemetryConfig, key: &str, path: &Path, reason: &str) {
    let said = refusal_by_handle(config);
    assert_names(
        &said,
        &[&format!("`{key}`"), path.to_str().unwrap(), reason],
    );
    assert_hides_secret(&said);
    assert!(!said.contains("-----"), "{said}");
}

#[test]
fn files_that_fit_make_a_handle() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let ca = pki.ca();
    // Several certificates, and what is neither certificate nor key, fit too.
    let bundle =
        fs::read_to_string(&ca).unwrap() + "text\n" + &fs::read_to_string(&certificate).unwrap();
    let bundle = pki.write("bundle.pem", &bundle);
    for ca in [&ca, &bundle] {
        let config = TelemetryConfig::default()
            .with_certificate(ca)
            .with_client_certificate(&certificate, &key);
        TelemetryHandle::from_config(config).unwrap();
    }
    let both = fs::read_to_string(&certificate).unwrap() + &fs::read_to_string(&key).unwrap();
    let both = pki.write("both.pem", &both);
    let config = TelemetryConfig::default().with_client_certificate(&both, &both);
    TelemetryHandle::from_config(config).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_key() {
    let path = Path::new("/does/not/exist.pem");
    let text = |key: &str| format!("[telemetry]\n{key} = {path:?}");
    for key in ["certificate", "metrics.certificate", "logs.certificate"] {
        let config = parse(&text(key)).unwrap();
        assert_refused(config, key, path, "cannot be read: No such file");
    }
    for name in [
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
    ] {
        let config = under(&[(name, path.to_str().unwrap())]);
        assert_refused(config, name, path, "cannot be read");
    }
    let config = TelemetryConfig::default().with_certificate(path);
    assert_refused(config, "certificate", path, "cannot be read");
    let destination = DestinationConfig::new("b", "https://b").with_certificate(path);
    let config = TelemetryConfig::default().with_destination(destination);
    assert_refused(config, "destination.b.certificate", path, "cannot be read");
}

#[test]
fn a_file_without_what_it_is_for_is_refused() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let config = TelemetryConfig::default;
    for text in ["", SECRET, &fs::read_to_string(&key).unwrap()] {
        let path = pki.write("none.pem", text);
        let reason = "holds no certificate";
        assert_refused(
            config().with_certificate(&path),
            "certificate",
            &path,
            reason,
        );
        let client = config().with_client_certificate(&path, &key);
        assert_refused(client, "client-certificate", &path, reason);
    }
    let client = config().with_client_certificate(&certificate, &certificate);
    assert_refused(client, "client-key", &certificate, "holds no private key");
}

#[test]
fn a_file_that_is_broken_is_refused_without_its_text() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let config = TelemetryConfig::default;
    for text in [
        "-----BEGIN CERTIFICATE-----\nhunter2",
        "-----BEGIN hunter2",
        "-----BEGIN CERTIFICATE-----\n!hunter2!\n-----END CERTIFICATE-----",
    ] {
        let path = pki.write("broken.pem", text);
        let broken = config().with_certificate(&path);
        assert_refused(broken, "certificate", &path, "PEM");
        let broken = config().with_client_certificate(&certificate, &path);
        assert_refused(broken, "client-key", &path, "PEM");
    }
    // PEM of something else: base64, and no certificate in it.
    let text = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
    let path = pki.write("other.pem", text);
    let other = config().with_certificate(&path);
    assert_refused(other, "certificate", &path, "certificate 1 of the file");
    let other = config().with_client_certificate(&path, &key);
    assert_refused(other, "client-certificate", &path, "cannot be read");
    let path = pki.write("other-key.pem", &text.replace("CERTIFICATE", "PRIVATE KEY"));
    let other = config().with_client_certificate(&certificate, &path);
    assert_refused(other, "client-key", &path, "of no kind");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let pki = Pki::new();
    let (certificate, _) = pki.sign("one", "one");
    let (_, key) = pki.sign("other", "other");
    let config = TelemetryConfig::default().with_client_certificate(&certificate, &key);
    assert_refused(config, "client-key", &key, "one.pem");
}

#[test]
fn a_client_certificate_and_its_key_go_together() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    for (own, path, other) in [
        ("client-certificate", &certificate, "client key"),
        ("client-key", &key, "client certificate"),
    ] {
        let config = parse(&format!("[telemetry]\n{own} = {path:?}")).unwrap();
        let reason = format!("goes with a {other}, which is missing");
        assert_refused(config, own, path, &reason);
    }
    // Each of them may come from another place.
    let config = under(&[
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.to_str().unwrap()),
        (
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            certificate.to_str().unwrap(),
        ),
    ]);
    let name = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
    assert_refused(config, name, &key, "which is missing");
}

#[test]
fn debug_output_shows_no_key() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let text = fs::read_to_string(&key).unwrap();
    let config = TelemetryConfig::default().with_client_certificate(&certificate, &key);
    let telemetry = TelemetryHandle::from_config(config.clone()).unwrap();
    for shown in [format!("{config:?}"), format!("{telemetry:#?}")] {
        assert_names(&shown, &["node-key.pem"]);
        let mut lines = text.lines();
        assert!(lines.all(|line| !shown.contains(line)), "{shown}");
    }
}

/// Flushes a counter as `with` says to a receiver that asks for certificates of
/// the CA; the paths of the requests it took, and whether the flush succeeded.
fn flush_over_tls(
    pki: &Pki,
    with: impl Fn(TelemetryConfig) -> TelemetryConfig,
) -> (Vec<String>, bool) {
    let sink = TlsSink::start(server(&pki.sign("server", "127.0.0.1"), Some(&pki.ca())));
    let config = TelemetryConfig::default()
        .with_endpoint(&sink.url())
        .with_timeout(Duration::from_secs(60));
    let telemetry = TelemetryHandle::from_config(with(config)).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    let is_delivered = telemetry.flush().is_ok();
    let received = sink.received().into_iter();
    (received.map(|(path, _)| path).collect(), is_delivered)
}

#[test]
fn a_receiver_of_ones_own_ca_is_reached_with_ones_own_certificate() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let (paths, is_delivered) = flush_over_tls(&pki, |config| {
        config
            .with_certificate(pki.ca())
            .with_client_certificate(&certificate, &key)
    });
    assert_eq!(paths, ["/v1/metrics"]);
    assert!(is_delivered);
}

#[test]
fn a_receiver_of_another_ca_is_not_trusted() {
    let (pki, other) = (Pki::new(), Pki::new());
    let (certificate, key) = pki.sign("node", "node");
    for ca in [None, Some(other.ca())] {
        let (paths, is_delivered) = flush_over_tls(&pki, |config| {
            let config = config.with_client_certificate(&certificate, &key);
            match &ca {
                Some(ca) => config.with_certificate(ca),
                None => config,
            }
        });
        assert!(paths.is_empty(), "{paths:?}");
        assert!(!is_delivered);
    }
}
