//! The HTTP around a request: its first line, its headers, and the connection,
//! byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use pqcnet_telemetry::{Compression, Protocol, TelemetryConfig, TelemetryHandle};
use prost::Message;

/// A request line, headers in lower case, and a body.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// Takes one connection, and no other, and answers all that comes on it. The
/// requests are the thread's result when the client has gone.
fn one_connection() -> (String, JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        drop(listener);
        let mut stream = BufReader::new(stream);
        let mut requests = Vec::new();
        while let Some(request) = read_request(&mut stream) {
            requests.push(request);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            stream.get_mut().write_all(answer).unwrap();
        }
        requests
    });
    (url, server)
}

fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let headers: Vec<_> = lines.iter().map(|line| line.to_ascii_lowercase()).collect();
    let mut lengths = headers
        .iter()
        .filter_map(|h| h.strip_prefix("content-length: "));
    let mut body = vec![0; lengths.next()?.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Request {
        line,
        headers,
        body,
    })
}

fn config(url: &str) -> TelemetryConfig {
    TelemetryConfig::new(url)
        .with_timeout(Duration::from_secs(60))
        .with_self_metrics(false)
}

#[test]
fn flushes_share_a_connection_and_post_to_it() {
    let (url, server) = one_connection();
    let telemetry = TelemetryHandle::from_config(config(&url)).unwrap();
    for _ in 0..5 {
        telemetry.record_counter("c", 1).unwrap();
        telemetry.flush().unwrap();
    }
    drop(telemetry);
    let requests = server.join().unwrap();
    assert_eq!(requests.len(), 5);
    for request in requests {
        assert_eq!(request.line, "POST /v1/metrics HTTP/1.1");
    }
}

#[test]
fn bodies_are_what_their_headers_say() {
    for (protocol, content_type) in [
        (Protocol::HttpJson, "content-type: application/json"),
        (
            Protocol::HttpProtobuf,
            "content-type: application/x-protobuf",
        ),
    ] {
        for compression in [Compression::None, Compression::Gzip] {
            let (url, server) = one_connection();
            let config = config(&url)
                .with_protocol(protocol)
                .with_compression(compression);
            let telemetry = TelemetryHandle::from_config(config).unwrap();
            telemetry.record_counter("c", 1).unwrap();
            telemetry.flush().unwrap();
            drop(telemetry);
            let request = server.join().unwrap().remove(0);

            let of = |name: &str| -> Vec<&str> {
                let headers = request.headers.iter().map(String::as_str);
                headers.filter(|header| header.starts_with(name)).collect()
            };
            assert_eq!(of("content-type:"), [content_type]);
            let mut body = Vec::new();
            if compression == Compression::Gzip {
                assert_eq!(of("content-encoding:"), ["content-encoding: gzip"]);
                let mut packed = GzDecoder::new(&request.body[..]);
                packed.read_to_end(&mut body).unwrap();
            } else {
                assert_eq!(of("content-encoding:"), [""; 0]);
                body = request.body.clone();
            }
            let decoded: ExportMetricsServiceRequest = match protocol {
                Protocol::HttpProtobuf => Message::decode(&body[..]).unwrap(),
                _ => serde_json::from_slice(&body).unwrap(),
            };
            let metrics = &decoded.resource_metrics[0].scope_metrics[0].metrics;
            assert_eq!(metrics[0].name, "c");
        }
    }
}
