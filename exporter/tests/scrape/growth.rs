//! That nothing grows: in a process of its own, as what others in this one do
//! would be counted too.

#![cfg(target_os = "linux")]

use std::fs;

use crate::client::{GET, Scraper, assert_at_most_open, page, scrapes, served};
use crate::support::again::this_program;

/// What a process's memory may grow by that does not grow with what was done:
/// the allocator's arenas, sockets' buffers, pages being sent.
const SLACK: u64 = 24 << 20;

/// Bytes in memory.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// The files that this process may have.
fn file_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap();
    soft.parse().unwrap_or(usize::MAX)
}

fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.trim() == name).count()
}

#[track_caller]
fn assert_grows_little(what: &str, work: impl FnOnce()) {
    let before = resident();
    work();
    let grown = resident().saturating_sub(before);
    assert!(grown < SLACK, "{what}: {} MiB more", grown >> 20);
}

#[track_caller]
fn succeeds_alone(test: &str) {
    let status = this_program(test).status().unwrap();
    assert!(status.success(), "{test}");
}

#[test]
fn ten_thousand_connections_take_no_memory() {
    succeeds_alone("growth::alone_ten_thousand_connections");
}

#[test]
fn neither_flushes_nor_scrapes_take_memory() {
    succeeds_alone("growth::alone_flushes_and_scrapes");
}

#[test]
fn the_thread_ends_with_the_endpoint() {
    succeeds_alone("growth::alone_thread");
}

#[test]
#[ignore = "run by ten_thousand_connections_take_no_memory"]
fn alone_ten_thousand_connections() {
    // As many as there are files for, less what the rest of this needs.
    let most = file_limit().saturating_sub(300).min(10_000);
    let (telemetry, endpoint) = served(scrapes());
    let requests = telemetry.counter("requests").unwrap();
    let address = endpoint.address();
    page(address);
    let mut open = Vec::with_capacity(most);
    assert_grows_little("connections", || {
        for index in 0..most {
            let mut scraper = Scraper::connect(address);
            scraper.send_all_that_fits(&GET.as_bytes()[..index % GET.len()]);
            requests.increment();
            open.push(scraper);
        }
        let total = page(address).total("requests");
        assert_eq!(total, most as u64, "recorded with {most} connections");
    });
    assert_at_most_open(64, &mut open);
}

#[test]
#[ignore = "run by neither_flushes_nor_scrapes_take_memory"]
fn alone_flushes_and_scrapes() {
    const TIMES: u64 = 5_000;
    let (telemetry, endpoint) = served(scrapes());
    let requests = telemetry.counter("requests").unwrap();
    let wait = telemetry.histogram("wait").unwrap();
    let record = |index: u64| {
        requests.increment();
        wait.record(index % 1_000 + 1);
    };
    let mut scraper = Scraper::connect(endpoint.address());
    for index in 0..1_000 {
        record(index);
    }
    scraper.send(GET).reply();
    assert_grows_little("flushes that nobody scrapes", || {
        for index in 0..TIMES {
            record(index);
            telemetry.flush().unwrap();
        }
    });
    assert_grows_little("scrapes without a flush", || {
        for index in 0..TIMES {
            record(index);
            scraper.send(GET).reply();
        }
    });
    let total = scraper.send(GET).reply().total("requests");
    assert_eq!(total, 2 * TIMES + 1_000);
}

#[test]
#[ignore = "run by the_thread_ends_with_the_endpoint"]
fn alone_thread() {
    let (telemetry, endpoint) = served(scrapes());
    page(endpoint.address());
    assert_eq!(threads_named("pqcnet-scrape"), 1);
    drop(endpoint);
    assert_eq!(threads_named("pqcnet-scrape"), 0);
    for _ in 0..20 {
        let endpoint = telemetry.serve_metrics().unwrap();
        page(endpoint.address());
        endpoint.shutdown();
    }
    assert_eq!(threads_named("pqcnet-scrape"), 0);
}
