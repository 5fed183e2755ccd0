//! TLS that does not come about: nothing was sent, so nothing is in doubt, and
//! all of it arrives once the receiver has put it right.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use pqcnet_telemetry::{
    Failure, KemUsageReason, KemUsageRecord, Protocol, Signal, SimulatedClock, TelemetryConfig,
    TelemetryError, TelemetryHandle, Temporality,
};
use rustls::ServerConfig;

use crate::answer::SECRET;
use crate::otlp;
use crate::tls_sink::{Identity, Pki, TlsSink, server};

const HERE: &str = "127.0.0.1";

/// A client that trusts a CA, and may show a certificate.
struct Client<'a> {
    trusts: &'a Pki,
    shows: Option<&'a Identity>,
}

fn record(telemetry: &TelemetryHandle, count: u64, label: &str) {
    telemetry.record_counter("c", count).unwrap();
    telemetry.record_kem_event(KemUsageRecord {
        label: label.into(),
        scheme: "ml-kem-768".into(),
        reason: KemUsageReason::Normal,
        backup_only: false,
    });
}

/// Flushes to a receiver that is as in `broken` until it is as in `fixed`.
fn check(client: &Client, broken: &Arc<ServerConfig>, fixed: &Arc<ServerConfig>, said: &str) {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let sink = TlsSink::start(Arc::clone(broken));
        let mut config = TelemetryConfig::default()
            .with_endpoint(&sink.url())
            .with_timeout(Duration::from_secs(60))
            .with_connect_timeout(Duration::from_secs(60))
            .with_self_metrics(false)
            .with_temporality(temporality)
            .with_header("authorization", SECRET)
            .with_certificate(client.trusts.ca());
        if let Some((certificate, key)) = client.shows {
            config = config.with_client_certificate(certificate, key);
        }
        let telemetry = TelemetryHandle::simulated(config, &SimulatedClock::new()).unwrap();
        for count in [3, 4] {
            record(&telemetry, count, &count.to_string());
            let error = telemetry.flush().unwrap_err();
            assert_is_connect(&error, said);
            assert_hides_secrets(&error, client);
        }
        assert_eq!(sink.received(), [], "nothing was sent");

        sink.set(Arc::clone(fixed));
        record(&telemetry, 5, "5");
        let is_delivered = (0..1_000).any(|_| telemetry.flush().is_ok());
        assert!(is_delivered, "{:?}", telemetry.flush());
        assert_all_arrived(&sink, temporality);
        for report in telemetry.delivery_report().signals {
            assert_eq!(report.total_dropped(), 0, "{report}");
        }
    }
}

#[track_caller]
fn assert_is_connect(error: &TelemetryError, said: &str) {
    let TelemetryError::Export(error) = error else {
        panic!("{error}");
    };
    let signals: Vec<_> = error.failures().map(|(signal, ..)| signal).collect();
    assert_eq!(signals, [Signal::Logs, Signal::Metrics]);
    for (.., failure) in error.failures() {
        let Failure::Connect { message } = failure else {
            panic!("{failure:?}");
        };
        assert!(message.contains(said), "{said:?} is not in: {message}");
    }
}

fn assert_hides_secrets(error: &TelemetryError, client: &Client) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    if let Some((_, key)) = client.shows {
        let key = fs::read_to_string(key).unwrap();
        assert!(key.lines().all(|line| !shown.contains(line)), "{shown}");
    }
}

/// All that was recorded, and nothing that counts twice.
fn assert_all_arrived(sink: &TlsSink, temporality: Temporality) {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (path, body) in sink.received() {
        if path == "/v1/logs" {
            let events = otlp::events(Protocol::HttpJson, &body);
            labels.extend(events.into_iter().map(|(_, label)| label));
        } else {
            let points = otlp::points(Protocol::HttpJson, &body);
            values.extend(points.iter().map(|point| point.value.count));
        }
    }
    assert_eq!(labels, ["3", "4", "5"]);
    match temporality {
        Temporality::Delta => assert_eq!(values.iter().sum::<i128>(), 12, "{values:?}"),
        _ => assert_eq!(values.last(), Some(&12), "{values:?}"),
    }
}

#[test]
fn an_expired_certificate_keeps_all_until_there_is_a_new_one() {
    let pki = Pki::new();
    let broken = server(&pki.sign_until("old", HERE, 2020), None);
    let fixed = server(&pki.sign("new", HERE), None);
    let client = Client {
        trusts: &pki,
        shows: None,
    };
    check(&client, &broken, &fixed, "xpired");
}

#[test]
fn a_certificate_of_another_host_keeps_all_until_it_is_this_ones() {
    let pki = Pki::new();
    let broken = server(&pki.sign("other", "collector.example"), None);
    let fixed = server(&pki.sign("this", HERE), None);
    let client = Client {
        trusts: &pki,
        shows: None,
    };
    check(&client, &broken, &fixed, "not valid for name");
}

#[test]
fn a_certificate_of_an_unknown_ca_keeps_all_until_it_is_of_a_known_one() {
    let (pki, unknown) = (Pki::new(), Pki::new());
    let broken = server(&unknown.sign("server", HERE), None);
    let fixed = server(&pki.sign("server", HERE), None);
    let client = Client {
        trusts: &pki,
        shows: None,
    };
    check(&client, &broken, &fixed, "certificate");
}

#[test]
fn a_missing_client_certificate_keeps_all_until_none_is_asked_for() {
    let pki = Pki::new();
    let identity = pki.sign("server", HERE);
    let broken = server(&identity, Some(&pki.ca()));
    let fixed = server(&identity, None);
    let client = Client {
        trusts: &pki,
        shows: None,
    };
    check(&client, &broken, &fixed, "ertificate");
}

#[test]
fn a_wrong_client_certificate_keeps_all_until_it_is_accepted() {
    let (pki, other) = (Pki::new(), Pki::new());
    let (identity, shown) = (pki.sign("server", HERE), other.sign("node", "node"));
    let broken = server(&identity, Some(&pki.ca()));
    let fixed = server(&identity, Some(&other.ca()));
    let client = Client {
        trusts: &pki,
        shows: Some(&shown),
    };
    check(&client, &broken, &fixed, "");
}
