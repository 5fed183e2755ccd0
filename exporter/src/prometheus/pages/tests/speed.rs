//! How long pages take.

use std::time::Instant;

use pqcnet_telemetry_core::{Counter, Instrument, Registry};

use super::{OPEN_METRICS, PROTOBUF, TEXT, options, pages};

const COUNTERS: u32 = 50;
const SERIES_EACH: u32 = 1_999; // under the cardinality limit
const HISTOGRAM_SERIES: u32 = 1_000;

fn counter(registry: &Registry, index: u32) -> Counter {
    let counter = Instrument::new(format!("messages.{index}")).unit("{message}");
    registry.counter(counter.description("Messages")).unwrap()
}

/// `cargo test --release -p pqcnet-telemetry --features prometheus --lib -- \
/// --ignored --nocapture page_times`
#[test]
#[ignore = "takes times, and a release build"]
fn page_times() {
    let registry = Registry::builder()
        .counter_capacity(COUNTERS * 2_001)
        .histogram_capacity(2_000)
        .build();
    for index in 0..COUNTERS {
        let counter = counter(&registry, index);
        for peer in 0..SERIES_EACH {
            let attributes = [("peer", i64::from(peer)), ("lane", i64::from(peer % 7))];
            let bound = counter.bind(&attributes[..]).unwrap();
            bound.add(u64::from(peer) * 1_000);
        }
    }
    let wait = Instrument::new("wait").unit("s").decimals(6).digits(2);
    let wait = registry.histogram(wait).unwrap();
    for peer in 0..HISTOGRAM_SERIES {
        let bound = wait.bind(&[("peer", i64::from(peer))]).unwrap();
        for value in 0..50 {
            bound.record(value * u64::from(peer));
        }
    }
    let mut pages = pages(&options());
    pages.add(&registry.flush());
    let mut out = Vec::new();
    for (index, format) in [TEXT, OPEN_METRICS, PROTOBUF].into_iter().enumerate() {
        for page in [
            "the first page",
            "the next",
            "the next",
            "one with a series more",
        ] {
            if page.starts_with("one") {
                let bound = counter(&registry, index as u32).bind(&[("more", true)]);
                bound.unwrap().add(1);
                pages.add(&registry.flush());
            }
            out.clear();
            let start = Instant::now();
            pages.render(format, &mut out);
            let took = start.elapsed();
            let series = registry.catalog().series().len();
            println!(
                "{}: {page} of {series} series in {took:?}, {} ns a series, {} bytes",
                format.content_type().split(';').next().unwrap_or_default(),
                took.as_nanos() / series as u128,
                out.len(),
            );
        }
    }
}
