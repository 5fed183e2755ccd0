//! Certificates and keys: they are read when a handle is made, and what is
//! wrong with one is said by its key, its path and without what is in it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pqcnet_telemetry::{DestinationConfig, TelemetryConfig, TelemetryHandle};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::support::{SECRET, assert_hides_secret, assert_names, parse, under};

/// A CA, and files of certificates that it signed.
struct Pki {
    dir: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        Self { dir, ca }
    }

    /// Signs a certificate for `name`, in `<file>.pem` and `<file>-key.pem`.
    fn sign(&self, file: &str, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let certificate = self.write(&format!("{file}.pem"), &certificate.pem());
        (
            certificate,
            self.write(&format!("{file}-key.pem"), &key.serialize_pem()),
        )
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path(file);
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

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
    let ca = pki.path("ca.pem");
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

/// Answers one request over TLS to who shows a certificate of the CA; the
/// request line is the thread's result.
fn serve_one(pki: &Pki, certificate: &Path, key: &Path) -> (String, thread::JoinHandle<String>) {
    let ca = CertificateDer::from_pem_file(pki.path("ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .build()
        .unwrap();
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(config.into()).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() {
            return "refused".into();
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let _ = reader.get_mut().write_all(answer);
        line
    });
    (url, server)
}

/// Flushes a counter to `url` as `with` says; what the server saw, and whether
/// it succeeded.
fn flush_over_tls(pki: &Pki, with: impl Fn(TelemetryConfig) -> TelemetryConfig) -> (String, bool) {
    let (certificate, key) = pki.sign("server", "127.0.0.1");
    let (url, server) = serve_one(pki, &certificate, &key);
    let config = TelemetryConfig::default()
        .with_endpoint(&url)
        .with_timeout(Duration::from_secs(60));
    let telemetry = TelemetryHandle::from_config(with(config)).unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    let is_delivered = telemetry.flush().is_ok();
    (server.join().unwrap(), is_delivered)
}

#[test]
fn a_receiver_of_ones_own_ca_is_reached_with_ones_own_certificate() {
    let pki = Pki::new();
    let (certificate, key) = pki.sign("node", "node");
    let (line, is_delivered) = flush_over_tls(&pki, |config| {
        config
            .with_certificate(pki.path("ca.pem"))
            .with_client_certificate(&certificate, &key)
    });
    assert_eq!(line, "POST /v1/metrics HTTP/1.1\r\n");
    assert!(is_delivered);
}

#[test]
fn a_receiver_of_another_ca_is_not_trusted() {
    let (pki, other) = (Pki::new(), Pki::new());
    let (certificate, key) = pki.sign("node", "node");
    for ca in [None, Some(other.path("ca.pem"))] {
        let (line, is_delivered) = flush_over_tls(&pki, |config| {
            let config = config.with_client_certificate(&certificate, &key);
            match &ca {
                Some(ca) => config.with_certificate(ca),
                None => config,
            }
        });
        assert_eq!(line, "refused");
        assert!(!is_delivered);
    }
}
