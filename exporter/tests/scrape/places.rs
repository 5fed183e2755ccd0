//! Where an endpoint listens, for how long, and what keeps it from it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use pqcnet_telemetry::{PrometheusConfig, ScrapeError, TelemetryConfig, TelemetryHandle};

use crate::client::{page, scrapes, served};

fn handle(scrapes: PrometheusConfig) -> TelemetryHandle {
    let config = TelemetryConfig::default().without_delivery();
    TelemetryHandle::from_config(config.with_prometheus(scrapes)).unwrap()
}

/// This machine's address on a network, if it has any. Sends nothing.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[test]
fn it_listens_on_loopback_alone_unless_asked() {
    let (_telemetry, endpoint) = served(scrapes());
    let address = endpoint.address();
    assert_eq!(address.ip().to_string(), "127.0.0.1");
    assert_ne!(address.port(), 0);
    assert_eq!(page(address).status, 200);
    if has_ipv6() {
        let address = (Ipv6Addr::LOCALHOST, address.port()).into();
        assert_eq!(page(address).status, 200);
    }
    if let Some(outer) = outer_address() {
        let outer = SocketAddr::new(outer, address.port());
        let tried = TcpStream::connect_timeout(&outer, Duration::from_secs(60));
        assert!(tried.is_err(), "{outer} is open");
    }
}

#[test]
fn it_listens_elsewhere_if_asked() {
    let (_telemetry, endpoint) = served(scrapes().with_host("0.0.0.0"));
    let port = endpoint.address().port();
    assert!(endpoint.address().ip().is_unspecified());
    let address = outer_address().unwrap_or([127, 0, 0, 1].into());
    assert_eq!(page((address, port).into()).status, 200);
    if has_ipv6() {
        for host in ["::1", "[::1]"] {
            let (_telemetry, endpoint) = served(scrapes().with_host(host));
            assert_eq!(endpoint.address().ip(), Ipv6Addr::LOCALHOST);
            assert_eq!(page(endpoint.address()).status, 200);
        }
    }
}

#[test]
fn a_port_in_use_is_an_error_of_the_start() {
    for holder in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(holder) = TcpListener::bind(holder) else {
            continue; // no IPv6
        };
        let address = holder.local_addr().unwrap();
        let telemetry = handle(scrapes().with_port(address.port()));
        let error = telemetry.serve_metrics().unwrap_err();
        assert_eq!(error, ScrapeError::AddressInUse { address });
        let said = error.to_string();
        assert!(said.contains(&address.to_string()), "{said}");
        assert!(said.contains("prometheus.port"), "{said}");
        drop(holder);
        let endpoint = telemetry.serve_metrics().unwrap();
        assert_eq!(endpoint.address().port(), address.port());
        assert_eq!(page(endpoint.address()).status, 200);
    }
}

#[test]
fn an_address_that_is_none_of_this_machine_is_named() {
    let error = handle(scrapes().with_host("192.0.2.1")).serve_metrics();
    let error = error.unwrap_err();
    assert!(
        matches!(error, ScrapeError::Unavailable { address, .. } if address.ip() == IpAddr::from([192, 0, 2, 1])),
        "{error:?}"
    );
    assert!(error.to_string().contains("192.0.2.1:0"), "{error}");
}

#[test]
fn a_host_that_nobody_knows_is_named() {
    let error = handle(scrapes().with_host("no-such-host.invalid")).serve_metrics();
    let error = error.unwrap_err();
    assert!(
        matches!(&error, ScrapeError::UnknownHost { host, .. } if host == "no-such-host.invalid"),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
}

#[test]
fn a_handle_has_one_endpoint_at_a_time() {
    let (telemetry, endpoint) = served(scrapes());
    let address = endpoint.address();
    assert_eq!(
        telemetry.clone().serve_metrics().unwrap_err(),
        ScrapeError::AlreadyServing { address }
    );
    endpoint.shutdown();
    let endpoint = telemetry.serve_metrics().unwrap();
    assert_eq!(page(endpoint.address()).status, 200);
}

#[test]
fn a_handle_that_is_not_configured_says_how_to() {
    let telemetry = TelemetryHandle::from_config(TelemetryConfig::default()).unwrap();
    let error = telemetry.serve_metrics().unwrap_err();
    assert_eq!(error, ScrapeError::NotConfigured);
    assert!(error.to_string().contains("[telemetry.prometheus]"));
}

#[test]
fn dropping_it_cuts_its_connections_and_frees_the_port() {
    let (telemetry, endpoint) = served(scrapes());
    let address = endpoint.address();
    let mut idle = crate::client::Scraper::connect(address);
    idle.send(crate::client::GET).reply();
    let mut half = crate::client::Scraper::connect(address);
    half.send("GET /met");
    drop(endpoint);
    assert!(idle.is_ended());
    assert!(half.is_ended());
    assert!(TcpStream::connect(address).is_err());
    let again = handle(scrapes().with_port(address.port()));
    assert_eq!(again.serve_metrics().unwrap().address(), address);
    telemetry.record_counter("requests", 1).unwrap();
    telemetry.flush().unwrap();
}

#[test]
fn it_serves_on_after_a_shutdown_and_without_its_handle() {
    let (telemetry, endpoint) = served(scrapes());
    let requests = telemetry.counter("requests").unwrap();
    requests.add(1);
    telemetry.shutdown(Duration::ZERO);
    requests.add(1);
    assert_eq!(page(endpoint.address()).total("requests"), 2);
    drop(telemetry);
    requests.add(1);
    assert_eq!(page(endpoint.address()).total("requests"), 3);
}
