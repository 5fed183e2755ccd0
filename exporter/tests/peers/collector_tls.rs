//! A Collector behind TLS that wants to know its clients.

use std::fs;
use std::path::Path;

use pqcnet_telemetry::{Failure, Signal, TelemetryError};
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::certificates::{Authority, Signed};
use crate::fixture::{ANY_PORT, Collector};
use crate::handle::handle;
use crate::load::Load;
use crate::process::Folder;
use crate::record::{failure, kem_event};

/// A Collector, and whom it trusts.
struct Secured {
    collector: Collector,
    authority: Authority,
    folder: Folder,
}

impl Secured {
    /// A Collector that takes TLS, from certified clients only.
    fn start() -> Self {
        let folder = Folder::new("tls");
        let authority = Authority::new("ours", &folder);
        let server = authority.sign("server", &folder);
        let tls = format!(
            "receivers::otlp::protocols::http::tls: \
             {{cert_file: {}, key_file: {}, client_ca_file: {}}}",
            server.certificate.display(),
            server.key.display(),
            authority.certificate.display(),
        );
        let collector = Collector::start_at(ANY_PORT, &[&tls]);
        let asking = agent(&authority, &authority.sign("test", &folder));
        Self {
            collector: collector.secured(asking),
            authority,
            folder,
        }
    }

    /// The lines of `[telemetry]` of a client that it trusts, and that trusts
    /// what `authority` has signed.
    fn lines(&self, authority: &Authority) -> String {
        let client = self.authority.sign("client", &self.folder);
        format!("{}\n{}", trusting(authority), showing(&client))
    }
}

fn trusting(authority: &Authority) -> String {
    format!("certificate = '{}'", authority.certificate.display())
}

fn showing(client: &Signed) -> String {
    format!(
        "client-certificate = '{}'\nclient-key = '{}'",
        client.certificate.display(),
        client.key.display(),
    )
}

/// An agent that is `client`, and trusts what `authority` has signed.
fn agent(authority: &Authority, client: &Signed) -> Agent {
    let certificate = |path: &Path| Certificate::from_pem(&fs::read(path).unwrap()).unwrap();
    let key = PrivateKey::from_pem(&fs::read(&client.key).unwrap()).unwrap();
    let own = ClientCert::new_with_certs(&[certificate(&client.certificate)], key);
    let roots = RootCerts::new_with_certs(&[certificate(&authority.certificate)]);
    let tls = TlsConfig::builder()
        .root_certs(roots)
        .client_cert(Some(own));
    Agent::config_builder()
        .tls_config(tls.build())
        .build()
        .new_agent()
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_that_knows_its_client_takes_everything() {
    for lines in ["", "protocol = 'http/protobuf'\ncompression = 'gzip'"] {
        let secured = Secured::start();
        let lines = format!("{lines}\n{}", secured.lines(&secured.authority));
        let telemetry = handle(&secured.collector.url(), &lines);
        let load = Load::register(&telemetry);
        for label in ["a", "b"] {
            load.run(|| {});
            telemetry.record_kem_event(kem_event(label));
            telemetry.flush().unwrap();
        }
        let received = secured.collector.stop();
        Load::assert_last_is(&received, 2);
        assert_eq!(received.event_ids().len(), 2);
    }
}

/// Flushes to `secured` under `lines`. Nothing arrives, and the failure of each
/// signal, which tells no secret, is returned.
fn failures_of(secured: Secured, lines: &str) -> [Failure; 2] {
    let lines = format!("{lines}\nheaders = {{authorization = 'Bearer hunter2'}}");
    let telemetry = handle(&secured.collector.url(), &lines);
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.record_kem_event(kem_event("a"));
    let flushed = telemetry.flush();
    let Err(TelemetryError::Export(error)) = &flushed else {
        panic!("{flushed:?}");
    };
    for text in [error.to_string(), format!("{error:?}")] {
        for secret in ["hunter2", "Bearer", "PRIVATE KEY", "client.key"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!(secured.collector.stop().requests.len(), 0);
    [Signal::Metrics, Signal::Logs].map(|signal| failure(flushed.clone(), signal).unwrap())
}

fn no_connection_comes_about(secured: Secured, lines: &str) {
    for failure in failures_of(secured, lines) {
        assert!(matches!(failure, Failure::Connect { .. }), "{failure:?}");
    }
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_of_another_authority_is_not_spoken_to() {
    let secured = Secured::start();
    let other = Authority::new("other", &secured.folder);
    let lines = secured.lines(&other);
    no_connection_comes_about(secured, &lines);
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_of_an_authority_that_the_web_does_not_know_is_not_spoken_to() {
    no_connection_comes_about(Secured::start(), "");
}

/// The lines of a client that trusts `secured`, which has no reason to trust it:
/// one without a certificate, and one of another authority.
fn strangers(secured: &Secured) -> [String; 2] {
    let anonymous = trusting(&secured.authority);
    let other = Authority::new("other", &secured.folder);
    let client = other.sign("client", &secured.folder);
    [
        anonymous.clone(),
        format!("{anonymous}\n{}", showing(&client)),
    ]
}

#[test]
#[ignore = "needs the OpenTelemetry Collector: run scripts/interop"]
fn a_client_that_is_a_stranger_delivers_nothing() {
    for which in 0..2 {
        let secured = Secured::start();
        let lines = &strangers(&secured)[which];
        // The client is done with its part before the server has looked at its
        // certificate: whether it sees the server's no, or the end of the
        // connection, is luck.
        for failure in failures_of(secured, lines) {
            assert!(
                matches!(failure, Failure::Connect { .. } | Failure::Broken { .. }),
                "{failure:?}"
            );
        }
    }
}
