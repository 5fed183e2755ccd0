//! Requests that are none, or not at all as they should be: each gets a clear
//! answer or an end, and the next scraper its page.

use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::client::{GET, GET_ONCE, Scraper, ask_with, page, scrapes, served};
use crate::support::telemetry::PATIENT;

/// The status that `bytes` get; `None` where the connection just ends.
fn status_of(scraper: &mut Scraper, bytes: &[u8]) -> Option<u16> {
    scraper.send_all_that_fits(bytes);
    scraper.try_reply(false).ok().map(|reply| reply.status)
}

#[test]
fn what_is_no_request_is_refused_and_cut() {
    let (_telemetry, endpoint) = served(scrapes());
    for bytes in [
        &b"\r\n\r\n \r\n\r\n"[..],
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /metrics FTP/1.1\r\nhost: x\r\n\r\n",
        b"G\x00T /metrics HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /met\x7frics HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nhost: x\r\nbad header: x\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nhost: x\r\nx: \x00\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        // TLS.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let mut scraper = Scraper::connect(endpoint.address());
        let status = status_of(&mut scraper, bytes);
        assert_eq!(status, Some(400), "{}", bytes.escape_ascii());
        assert!(scraper.is_ended());
    }
    // HTTP/2, of which no answer would be understood.
    let mut scraper = Scraper::connect(endpoint.address());
    let status = status_of(&mut scraper, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(matches!(status, None | Some(400)), "{status:?}");
    assert_eq!(page(endpoint.address()).status, 200);
}

#[test]
fn heads_that_do_not_end_are_refused_while_they_come() {
    let (_telemetry, endpoint) = served(scrapes());
    let begin = "GET /metrics HTTP/1.1\r\nhost: x\r\n";
    let bombs = [
        format!("{begin}x: {}", "x".repeat(4 << 20)),
        begin.to_owned() + &"x: y\r\n".repeat(1 << 18),
        begin.to_owned() + &"a: b\r\n".repeat(100) + "\r\n",
        format!("GET /{} HTTP/1.1\r\n", "x".repeat(4 << 20)),
        "x".repeat(4 << 20),
    ];
    for bomb in bombs {
        let mut scraper = Scraper::connect(endpoint.address());
        let status = status_of(&mut scraper, bomb.as_bytes());
        let shown = &bomb[..40];
        assert!(matches!(status, Some(414 | 431)), "{status:?} to {shown:?}");
        assert!(scraper.is_ended(), "{shown:?}");
    }
    assert_eq!(page(endpoint.address()).status, 200);
}

#[test]
fn an_accept_header_that_is_broken_gets_a_page() {
    let (telemetry, endpoint) = served(scrapes());
    telemetry.record_counter("requests", 7).unwrap();
    for accept in [
        "",
        ",,,;;;===",
        ";q=",
        "text/plain;q=NaN",
        "text/plain;version=;q=1e999",
        "application/openmetrics-text;version=9.9.9;q=-1",
        "\"",
        "*/*;q=\"",
        "a/b/c/d",
        "text/plain; version=\"0.0.4",
        "\u{1f980}/\u{e9};q=\u{660}",
        &"*/*,".repeat(2_000),
    ] {
        let reply = ask_with(
            endpoint.address(),
            &format!("accept: {accept}\r\naccept-encoding: {accept}"),
        );
        assert_eq!(reply.total("requests"), 7, "{accept:?}");
        assert!(reply.header("content-type").is_some());
    }
}

#[test]
fn who_does_not_finish_a_request_is_told_so_and_cut() {
    let hasty = scrapes().with_header_timeout(Duration::from_millis(50));
    let (_telemetry, endpoint) = served(hasty);
    let mut scraper = Scraper::connect(endpoint.address());
    let reply = scraper.send("GET /met").reply();
    assert_eq!(reply.status, 408);
    assert!(scraper.is_ended());
    // The same, after an answer.
    let mut scraper = Scraper::connect(endpoint.address());
    assert_eq!(scraper.send(GET).reply().status, 200);
    assert_eq!(scraper.send("GET /met").reply().status, 408);
    assert!(scraper.is_ended());
    // And who has said nothing at all.
    assert!(Scraper::connect(endpoint.address()).is_ended());
}

#[test]
fn a_byte_now_and_then_gains_no_time() {
    let hasty = scrapes().with_header_timeout(Duration::from_millis(50));
    let (_telemetry, endpoint) = served(hasty);
    let mut scraper = Scraper::connect(endpoint.address());
    // Until the other side ends it, however long that takes.
    while scraper.is_silent() {
        scraper.send_all_that_fits(b"x");
        thread::yield_now();
    }
}

#[test]
fn who_does_not_read_its_pages_is_cut() {
    const AHEAD: usize = 4_000;
    let (telemetry, endpoint) = served(scrapes().with_timeout(Duration::from_millis(200)));
    for index in 0..200 {
        let name = format!("{}.{index}", "n".repeat(200));
        telemetry.record_counter(&name, 1).unwrap();
    }
    let mut scraper = Scraper::connect(endpoint.address());
    // Of some 40 KB each: more than sockets hold. Sending them ends when the
    // other side has had enough, or reads no more.
    scraper.send_all_that_fits(GET.repeat(AHEAD).as_bytes());
    // Meanwhile, others are served; one of them sees it cut.
    let deadline = Instant::now() + PATIENT;
    let is_cut = |line: &str| {
        line.starts_with("pqcnet_telemetry_scrape_connections_cut") && line.ends_with(" 1")
    };
    while !page(endpoint.address()).text().lines().any(is_cut) {
        assert!(Instant::now() < deadline, "it is kept");
        thread::yield_now();
    }
    let mut pages = 0;
    while scraper.try_reply(true).is_ok() {
        pages += 1;
    }
    assert!(pages < AHEAD, "{pages} of {AHEAD} pages were kept");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let (_telemetry, endpoint) = served(scrapes());
        let mut scraper = Scraper::connect(endpoint.address());
        scraper.send_all_that_fits(&bytes);
        drop(scraper);
        prop_assert_eq!(page(endpoint.address()).status, 200);
    }

    #[test]
    fn a_request_may_come_in_any_pieces(cuts in prop::collection::vec(0..GET_ONCE.len(), 0..6)) {
        let (_telemetry, endpoint) = served(scrapes());
        let mut scraper = Scraper::connect(endpoint.address());
        let mut cuts = cuts;
        cuts.extend([0, GET_ONCE.len()]);
        cuts.sort_unstable();
        for piece in cuts.windows(2) {
            scraper.send(&GET_ONCE[piece[0]..piece[1]]);
        }
        prop_assert_eq!(scraper.reply().status, 200);
    }
}
