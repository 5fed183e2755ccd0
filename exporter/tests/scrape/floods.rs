//! Many connections at once: who sends a request is served, and recording goes
//! on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::client::{GET, Scraper, assert_at_most_open, page, scrapes, served};

#[test]
fn slow_requests_push_out_one_another_and_no_scraper() {
    const SLOW: usize = 600;
    let (telemetry, endpoint) = served(scrapes().with_max_connections(16));
    telemetry.record_counter("requests", 7).unwrap();
    let address = endpoint.address();
    let mut slow = Vec::new();
    for index in 0..SLOW {
        let mut scraper = Scraper::connect(address);
        scraper.send_all_that_fits(&GET.as_bytes()[..index % GET.len()]);
        slow.push(scraper);
        if index % 20 == 0 {
            assert_eq!(page(address).total("requests"), 7);
        }
    }
    assert_eq!(page(address).total("requests"), 7);
    assert_at_most_open(16, &mut slow);
}

#[test]
fn a_scraper_is_served_while_others_only_connect() {
    let (telemetry, endpoint) = served(scrapes().with_max_connections(8));
    telemetry.record_counter("requests", 7).unwrap();
    let address = endpoint.address();
    let is_over = AtomicBool::new(false);
    let attempts = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let mut scraper = Scraper::connect(address);
                    scraper.send_all_that_fits(b"GET /");
                    attempts.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // A scraper that has to come again does so.
        let mut served = 0;
        while served < 50 || attempts.load(Ordering::SeqCst) < 500 {
            let mut scraper = Scraper::connect(address);
            scraper.send_all_that_fits(GET.as_bytes());
            if let Ok(reply) = scraper.try_reply(true) {
                assert_eq!(reply.total("requests"), 7);
                served += 1;
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn recording_goes_on_through_a_flood_of_scrapes_and_nothing_is_lost() {
    const RECORDERS: u64 = 2;
    let (telemetry, endpoint) = served(scrapes());
    let address = endpoint.address();
    telemetry.record_counter("requests", 1).unwrap();
    let (is_over, pages) = (AtomicBool::new(false), AtomicU64::new(0));
    let content = AtomicU64::new(0);
    let recorded: u64 = thread::scope(|scope| {
        let recorder = || {
            let requests = telemetry.counter("requests").unwrap();
            let (mut records, mut gaps, mut seen) = (0_u64, 0, 0);
            while !is_over.load(Ordering::Relaxed) {
                requests.increment();
                records += 1;
                let now = pages.load(Ordering::Relaxed);
                if now != seen {
                    (seen, gaps) = (now, gaps + 1);
                    // So often it has recorded between two scrapes.
                    content.fetch_add(u64::from(gaps == 10), Ordering::Relaxed);
                }
            }
            records
        };
        let recorders = [scope.spawn(recorder), scope.spawn(recorder)];
        let scraper = || {
            let mut scraper = Scraper::connect(address);
            let mut last = 0;
            for times in 0.. {
                if times >= 250 && content.load(Ordering::Relaxed) == RECORDERS {
                    break;
                }
                let total = scraper.send(GET).reply().total("requests");
                assert!(total >= last, "{total} after {last}");
                last = total;
                pages.fetch_add(1, Ordering::Relaxed);
            }
        };
        for scraper in [(); 4].map(|()| scope.spawn(scraper)) {
            scraper.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        recorders
            .map(|recorder| recorder.join().unwrap())
            .iter()
            .sum()
    });
    assert_eq!(page(address).total("requests"), recorded + 1);
}
