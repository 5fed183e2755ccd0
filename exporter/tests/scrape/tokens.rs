//! Who is served, where there is a token.

use std::fs;

use pqcnet_telemetry::{PrometheusConfig, TelemetryConfig, TelemetryHandle};

use crate::client::{ask, ask_with, page, scrapes, served};

const TOKEN: &str = "hunter2-._~+/==";

#[test]
fn the_token_opens_the_page_and_nothing_else_does() {
    let (_telemetry, endpoint) = served(scrapes().with_token(TOKEN));
    let address = endpoint.address();
    for right in [
        format!("authorization: Bearer {TOKEN}"),
        format!("AUTHORIZATION: bearer   {TOKEN}  "),
    ] {
        assert_eq!(ask_with(address, &right).status, 200, "{right}");
    }
    let cases = [
        (String::new(), false),
        ("authorization: Basic aHVudGVyMg==".into(), false),
        (format!("authorization: {TOKEN}"), false),
        ("authorization: Bearer".into(), false),
        ("authorization: Bearer hunter2".into(), true),
        (format!("authorization: Bearer {TOKEN}x"), true),
        (format!("authorization: Bearer x{TOKEN}"), true),
        (
            format!("authorization: Bearer {}", TOKEN.to_uppercase()),
            true,
        ),
        ("authorization: Bearer \u{e9}".into(), true),
        (
            format!("authorization: Bearer x\r\nauthorization: Bearer {TOKEN}"),
            true,
        ),
    ];
    for (headers, is_wrong) in cases {
        let headers = if headers.is_empty() {
            "x: y".into()
        } else {
            headers
        };
        let reply = ask_with(address, &headers);
        assert_eq!(reply.status, 401, "{headers}");
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm="), "{challenge}");
        assert_eq!(challenge.contains("invalid_token"), is_wrong, "{headers}");
        assert!(!reply.text().contains("hunter2"));
    }
}

#[test]
fn without_the_token_nobody_learns_what_there_is() {
    let (_telemetry, endpoint) = served(scrapes().with_token(TOKEN));
    for line in ["GET /", "GET /other", "POST /metrics", "HEAD /metrics"] {
        let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        if line.starts_with("HEAD") {
            let mut scraper = crate::client::Scraper::connect(endpoint.address());
            assert_eq!(scraper.send(&request).reply_to_head().status, 401);
        } else {
            assert_eq!(ask(endpoint.address(), &request).status, 401, "{line}");
        }
    }
}

#[test]
fn a_token_from_a_file_is_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, format!("\n {TOKEN}\r\n")).unwrap();
    let (_telemetry, endpoint) = served(scrapes().with_token_file(&file));
    let right = format!("authorization: Bearer {TOKEN}");
    assert_eq!(ask_with(endpoint.address(), &right).status, 200);
    assert_eq!(page(endpoint.address()).status, 401);
}

#[test]
fn a_file_that_holds_no_token_is_named_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let refusal = |scrapes: PrometheusConfig| {
        let config = TelemetryConfig::default().with_prometheus(scrapes);
        TelemetryHandle::from_config(config)
            .unwrap_err()
            .to_string()
    };
    let said = refusal(PrometheusConfig::new().with_token_file(&file));
    assert!(said.contains("`prometheus.token-file`"), "{said}");
    assert!(said.contains("cannot be read"), "{said}");
    for (text, reason) in [
        ("", "empty"),
        (" \n", "empty"),
        ("hunter2 hunter3", "letters, digits"),
        ("hunter2\u{e9}", "letters, digits"),
        (&*"hunter2".repeat(20_000), "too large"),
    ] {
        fs::write(&file, text).unwrap();
        let said = refusal(PrometheusConfig::new().with_token_file(&file));
        assert!(said.contains(reason), "{said}");
        assert!(said.contains(&*file.to_string_lossy()), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_token_is_in_nothing_that_is_printed() {
    let (telemetry, endpoint) = served(scrapes().with_token("hunter2"));
    let second = telemetry.serve_metrics().unwrap_err();
    for said in [
        format!("{telemetry:?}"),
        format!("{endpoint:?}"),
        format!("{second:?} {second}"),
        format!("{:?}", scrapes().with_token("hunter2")),
    ] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}
