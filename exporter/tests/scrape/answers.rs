//! What a request gets, by its method, path and headers.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::client::{GET, Scraper, ask, ask_with, page, scrapes, served};

#[test]
fn a_page_has_the_totals_of_its_moment_though_nobody_flushes() {
    let (telemetry, endpoint) = served(scrapes());
    for total in 1..=3 {
        telemetry.record_counter("requests", 1).unwrap();
        assert_eq!(page(endpoint.address()).total("requests"), total);
        assert_eq!(page(endpoint.address()).total("requests"), total, "again");
    }
}

#[test]
fn without_a_format_it_is_text_and_with_one_that_one() {
    let (telemetry, endpoint) = served(scrapes());
    telemetry.record_counter("requests", 1).unwrap();
    let reply = page(endpoint.address());
    let text = reply.header("content-type").unwrap();
    assert!(text.starts_with("text/plain; version=0.0.4"), "{text}");
    assert_eq!(reply.header("vary"), Some("accept, accept-encoding"));
    let accept = "accept: application/openmetrics-text;version=1.0.0";
    let reply = ask_with(endpoint.address(), accept);
    let open = reply.header("content-type").unwrap();
    assert!(
        open.starts_with("application/openmetrics-text; version=1.0.0"),
        "{open}"
    );
    assert!(reply.text().ends_with("# EOF\n"));
    assert_eq!(reply.total("requests"), 1);
}

#[test]
fn a_format_may_be_asked_for_in_several_headers() {
    let (_telemetry, endpoint) = served(scrapes());
    let accept =
        "accept: application/json;q=0.1\r\naccept: application/openmetrics-text;version=1.0.0";
    let reply = ask_with(endpoint.address(), accept);
    let open = reply.header("content-type").unwrap();
    assert!(open.starts_with("application/openmetrics-text"), "{open}");
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let (telemetry, endpoint) = served(scrapes());
    telemetry.record_counter("requests", 1).unwrap();
    // Until a page tells of the scrape before, it grows.
    page(endpoint.address());
    page(endpoint.address());
    let mut scraper = Scraper::connect(endpoint.address());
    scraper.send("HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    let head = scraper.reply_to_head();
    assert_eq!(head.status, 200);
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert!(length > 0);
    // What follows is the next answer, not a body.
    let get = scraper.send(GET).reply();
    assert_eq!(get.header("content-type"), head.header("content-type"));
    assert_eq!(get.total("requests"), 1);
}

#[test]
fn a_page_is_compressed_for_who_takes_it_so() {
    let (telemetry, endpoint) = served(scrapes());
    for index in 0..100 {
        telemetry
            .record_counter(&format!("a.long.name.{index}"), 1)
            .unwrap();
    }
    let plain = page(endpoint.address());
    assert_eq!(plain.header("content-encoding"), None);
    let packed = ask_with(endpoint.address(), "accept-encoding: gzip");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len() / 2);
    let mut text = String::new();
    GzDecoder::new(&packed.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("a_long_name_99"));
}

#[test]
fn other_paths_say_where_the_page_is() {
    let (_telemetry, endpoint) = served(scrapes().with_path("/node/metrics"));
    let ask = |path| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        ask(endpoint.address(), &request)
    };
    assert_eq!(ask("/node/metrics").status, 200);
    assert_eq!(ask("/node/metrics?x=1").status, 200);
    for (path, status) in [
        ("/", 200),
        ("/metrics", 404),
        ("/node/metrics/", 404),
        ("//node/metrics", 404),
        ("*", 404),
    ] {
        let reply = ask(path);
        assert_eq!(reply.status, status, "{path}");
        assert!(reply.text().contains("/node/metrics"), "{path}");
    }
    assert_eq!(ask("http://other.host/node/metrics").status, 200);
}

#[test]
fn other_methods_are_told_which_there_are() {
    let (_telemetry, endpoint) = served(scrapes());
    for method in [
        "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW", "get",
    ] {
        let request = format!("{method} /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        let reply = ask(endpoint.address(), &request);
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method}");
    }
    let reply = ask(
        endpoint.address(),
        "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
    );
    assert_eq!(reply.status, 405);
}

#[test]
fn old_clients_need_no_host_and_new_ones_exactly_one() {
    let (_telemetry, endpoint) = served(scrapes());
    let mut scraper = Scraper::connect(endpoint.address());
    let reply = scraper.send("GET /metrics HTTP/1.0\r\n\r\n").reply();
    assert_eq!(reply.status, 200);
    assert!(scraper.is_ended(), "it asked for no more");
    for headers in ["", "host: a\r\nhost: b\r\n"] {
        let request = format!("GET /metrics HTTP/1.1\r\n{headers}\r\n");
        assert_eq!(ask(endpoint.address(), &request).status, 400, "{headers:?}");
    }
}

#[test]
fn a_connection_takes_one_request_after_the_other() {
    let (telemetry, endpoint) = served(scrapes());
    let mut scraper = Scraper::connect(endpoint.address());
    for total in 1..=50 {
        telemetry.record_counter("requests", 1).unwrap();
        assert_eq!(scraper.send(GET).reply().total("requests"), total);
    }
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    const AHEAD: usize = 40;
    let (telemetry, endpoint) = served(scrapes());
    telemetry.record_counter("requests", 7).unwrap();
    let mut scraper = Scraper::connect(endpoint.address());
    let other = "GET /other HTTP/1.1\r\nhost: x\r\n\r\n";
    scraper.send(&[GET, other].concat().repeat(AHEAD));
    for _ in 0..AHEAD {
        assert_eq!(scraper.reply().total("requests"), 7);
        assert_eq!(scraper.reply().status, 404);
    }
}

#[test]
fn who_says_that_nothing_follows_is_answered() {
    let (telemetry, endpoint) = served(scrapes());
    telemetry.record_counter("requests", 7).unwrap();
    let mut scraper = Scraper::connect(endpoint.address());
    let reply = scraper.send(GET).half_close().reply();
    assert_eq!(reply.total("requests"), 7);
    assert!(scraper.is_ended());
}

#[test]
fn a_body_is_not_waited_for() {
    let (_telemetry, endpoint) = served(scrapes());
    for (method, status) in [("GET", 200), ("POST", 405)] {
        let mut scraper = Scraper::connect(endpoint.address());
        scraper.send(&format!(
            "{method} /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\nx"
        ));
        let reply = scraper.reply();
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(scraper.is_ended());
    }
}
