//! nginx in front of the Collector: its refusals are typed failures, its
//! silences go unnoticed, and afterwards nothing is missing.

use std::net::{TcpListener, TcpStream};

use pqcnet_telemetry::{Failure, Signal, TelemetryHandle};

use crate::fixture::{Collector, lasting_address};
use crate::handle::{deliver, handle};
use crate::load::Load;
use crate::process::{Folder, Process, eventually};
use crate::record::{failure, kem_event};

/// An nginx of this test's own.
pub(crate) struct Nginx {
    _process: Process,
    address: String,
    _folder: Folder,
}

impl Nginx {
    /// One at `address` that answers by what `location` says. One process: no
    /// worker outlives it.
    pub(crate) fn start_at(address: &str, location: &str) -> Self {
        let folder = Folder::new("nginx");
        let config = folder.write(
            "nginx.conf",
            &format!(
                "daemon off;
                master_process off;
                pid pid;
                events {{ worker_connections 64; }}
                http {{
                    access_log off;
                    client_body_temp_path body;
                    proxy_temp_path proxy;
                    fastcgi_temp_path fastcgi;
                    uwsgi_temp_path uwsgi;
                    scgi_temp_path scgi;
                    server {{
                        listen {address};
                        location / {{ {location} }}
                        location = /status {{ stub_status; }}
                    }}
                }}"
            ),
        );
        let prefix = folder.at("");
        let arguments = [
            "-p".as_ref(),
            prefix.as_os_str(),
            "-c".as_ref(),
            config.as_os_str(),
            "-e".as_ref(),
            "stderr".as_ref(),
        ];
        let is_ready = || TcpStream::connect(address).is_ok();
        let process = Process::start("PQCNET_NGINX", arguments, &folder, is_ready);
        Self {
            _process: process,
            address: address.into(),
            _folder: folder,
        }
    }

    /// One at `address` that passes everything on to `to`.
    pub(crate) fn passing(address: &str, to: &str, directives: &str) -> Self {
        Self::start_at(address, &format!("proxy_pass {to}; {directives}"))
    }

    /// The connections it has open, but for the one that asks.
    fn connections(&self) -> usize {
        let mut status = ureq::get(format!("http://{}/status", self.address))
            .header("connection", "close")
            .call()
            .unwrap();
        let status = status.body_mut().read_to_string().unwrap();
        let (_, rest) = status.split_once("Active connections: ").unwrap();
        let count: usize = rest.split_whitespace().next().unwrap().parse().unwrap();
        count - 1
    }
}

pub(crate) fn url(address: &str) -> String {
    format!("http://{address}")
}

/// Records through an nginx that refuses, in front of a Collector that would
/// take it, and again through one that passes everything on. Each refusal has
/// `status`, of both signals, and afterwards nothing is missing.
fn nothing_is_missing_after(
    status: u16,
    lines: &str,
    refusing: impl FnOnce(&str, &Collector) -> Nginx,
) {
    let collector = Collector::start();
    let address = lasting_address();
    let telemetry = handle(&url(&address), lines);
    let load = Load::register(&telemetry);

    let nginx = refusing(&address, &collector);
    load.run(|| {});
    telemetry.record_kem_event(kem_event("refused"));
    assert_refused(&telemetry, status);
    drop(nginx);

    let _nginx = Nginx::passing(&address, &collector.url(), "");
    load.run(|| {});
    telemetry.record_kem_event(kem_event("taken"));
    deliver(&telemetry);
    let received = collector.stop();
    Load::assert_last_is(&received, 2);
    // A 413 of an event alone is about that event: it is set aside.
    let expected = if status == 413 { 1 } else { 2 };
    assert_eq!(received.event_ids().len(), expected);
}

/// Flushes, and both signals fail with `status`.
fn assert_refused(telemetry: &TelemetryHandle, status: u16) {
    let flushed = telemetry.flush();
    for signal in [Signal::Metrics, Signal::Logs] {
        let failure = failure(flushed.clone(), signal);
        let Some(Failure::Status { status: found, .. }) = failure else {
            panic!("{signal}: {failure:?}");
        };
        assert_eq!(found, status, "{signal}");
    }
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn everything_arrives_through_nginx() {
    let collector = Collector::start();
    let address = lasting_address();
    let _nginx = Nginx::passing(&address, &collector.url(), "");
    let telemetry = handle(&url(&address), "");
    let load = Load::register(&telemetry);
    for label in ["a", "b", "c"] {
        load.run(|| {});
        telemetry.record_kem_event(kem_event(label));
        telemetry.flush().unwrap();
    }
    let received = collector.stop();
    Load::assert_last_is(&received, 3);
    assert_eq!(received.points("load.total").len(), 3);
    assert_eq!(received.event_ids().len(), 3);
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_that_is_down_is_502_and_costs_nothing() {
    nothing_is_missing_after(502, "", |address, _| {
        let nobody = lasting_address();
        Nginx::passing(address, &url(&nobody), "")
    });
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn an_nginx_that_asks_to_come_back_costs_nothing() {
    nothing_is_missing_after(503, "", |address, _| {
        let answer = "add_header Retry-After 1 always; return 503;";
        Nginx::start_at(address, answer)
    });
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_collector_that_hangs_is_504_and_costs_nothing() {
    // Connections are made, and nobody takes them.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = url(&hanging.local_addr().unwrap().to_string());
    nothing_is_missing_after(504, "", |address, _| {
        Nginx::passing(address, &to, "proxy_read_timeout 1s;")
    });
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_request_past_nginxs_limit_is_413_and_costs_no_total_once_there_is_room() {
    nothing_is_missing_after(413, "", |address, collector| {
        Nginx::passing(address, &collector.url(), "client_max_body_size 100;")
    });
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn requests_split_below_nginxs_limit_arrive() {
    let collector = Collector::start();
    let address = lasting_address();
    let limit = "client_max_body_size 1k;";
    let _nginx = Nginx::passing(&address, &collector.url(), limit);
    let telemetry = handle(
        &url(&address),
        "max-request-bytes = 1024\nself-metrics = false",
    );
    let requests = telemetry.counter("requests").unwrap();
    for peer in 0..50 {
        let bound = requests.bind(&[("peer", peer)]).unwrap();
        bound.add(1 << peer);
    }
    telemetry.flush().unwrap();
    let received = collector.stop();
    assert!(received.requests.len() > 5, "{}", received.requests.len());
    let counts = received.integers("requests", "asInt");
    assert_eq!(counts.iter().sum::<i128>(), (1 << 50) - 1);
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_connection_that_nginx_closes_between_flushes_goes_unnoticed() {
    let collector = Collector::start();
    let address = lasting_address();
    let nginx = Nginx::passing(&address, &collector.url(), "keepalive_timeout 1s;");
    let telemetry = handle(&url(&address), "temporality = 'delta'");
    for n in 1..=2 {
        telemetry.record_counter("requests", n).unwrap();
        telemetry.flush().unwrap();
        // Whether the connection was kept at all is not this test's.
        assert!(eventually(|| nginx.connections() == 0));
    }
    let received = collector.stop();
    assert_eq!(received.integers("requests", "asInt"), [1, 2]);
}

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_connection_for_each_request_goes_unnoticed() {
    let collector = Collector::start();
    let address = lasting_address();
    let _nginx = Nginx::passing(&address, &collector.url(), "keepalive_requests 1;");
    let telemetry = handle(&url(&address), "temporality = 'delta'");
    for n in 1..=5 {
        telemetry.record_counter("requests", n).unwrap();
        telemetry.flush().unwrap();
    }
    let received = collector.stop();
    assert_eq!(received.integers("requests", "asInt"), [1, 2, 3, 4, 5]);
}
