//! Native histograms.

use std::collections::BTreeMap;

use pqcnet_telemetry_core::{Instrument, Registry};
use proptest::prelude::*;

use super::{PROTOBUF, families, options, pages};
use crate::accumulate::exponential::Exponential;
use crate::prometheus::pages::PageOptions;
use crate::prometheus::pages::protobuf::{Bucket, Histogram};

fn native(buckets: &Exponential) -> Histogram {
    let mut histogram = Histogram::default();
    histogram.fill_exponential(buckets);
    histogram
}

/// Index and count of every bucket that has any, as a reader finds them.
fn read(histogram: &Histogram) -> BTreeMap<i32, u64> {
    let mut buckets = BTreeMap::new();
    let (mut index, mut count) = (0, 0);
    let mut deltas = histogram.positive_delta.iter();
    for span in &histogram.positive_span {
        index += span.offset();
        for _ in 0..span.length() {
            count += deltas.next().expect("a delta for each bucket of the spans");
            if count != 0 {
                buckets.insert(index, u64::try_from(count).unwrap());
            }
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    buckets
}

fn exponential(scale: i32, offset: i32, counts: &[u64]) -> Exponential {
    Exponential {
        scale,
        zero_count: 2,
        offset,
        counts: counts.to_vec(),
    }
}

#[test]
fn the_specification_s_example_holds() {
    // PCOMPAT, "Exponential Histograms", where gaps of two are spans as well.
    let histogram = native(&exponential(3, 3, &[10, 0, 0, 20, 5, 2]));
    let buckets = [(4, 10), (7, 20), (8, 5), (9, 2)];
    assert_eq!(read(&histogram), BTreeMap::from(buckets));
    assert_eq!(histogram.positive_delta, [10, -10, 0, 20, -15, -3]);
    let histogram = native(&exponential(3, 3, &[10, 0, 0, 0, 20, 5, 2, 0]));
    let spans = histogram.positive_span.iter();
    let spans: Vec<_> = spans.map(|span| (span.offset(), span.length())).collect();
    assert_eq!(spans, [(4, 1), (3, 3)]);
    assert_eq!(histogram.positive_delta, [10, 10, -15, -3]);
    assert_eq!((histogram.schema, histogram.zero_count), (Some(3), Some(2)));
    assert_eq!(histogram.zero_threshold, Some(1e-128));
}

#[test]
fn what_is_coarser_than_prometheus_takes_is_classic_only() {
    assert_eq!(native(&exponential(-5, 0, &[1])), Histogram::default());
    assert_eq!(native(&exponential(-4, 0, &[1])).schema, Some(-4));
    assert_eq!(native(&exponential(8, 0, &[1])).schema, Some(8));
}

#[test]
fn one_message_has_both_kinds_of_buckets() {
    let registry = Registry::new();
    let wait = registry
        .histogram(Instrument::new("wait").unit("s").decimals(3))
        .unwrap();
    for value in [0, 2, 2, 1_000] {
        wait.record(value);
    }
    let mut both = pages(&options());
    let mut classic = pages(&PageOptions {
        has_native_histograms: false,
        ..options()
    });
    let epoch = registry.flush();
    for pages in [&mut both, &mut classic] {
        pages.add(&epoch);
    }
    let both = families(&mut both, PROTOBUF).pop().unwrap();
    assert_eq!(both.name(), "wait_seconds");
    let both = both.metric[0].histogram.as_ref().unwrap();
    assert_eq!((both.sample_count(), both.sample_sum()), (4, 1.004));
    let below = both.bucket.iter().map(Bucket::cumulative_count);
    assert!(below.eq([3, 3, 4, 4, 4, 4]));
    // Nine octaves of 16 buckets fit in 160.
    assert_eq!((both.schema(), both.zero_count()), (4, 1));
    // One is the upper bound of bucket 0.
    let buckets = read(both);
    assert_eq!(buckets.values().sum::<u64>(), 3);
    assert_eq!(buckets[&0], 1);
    let classic = families(&mut classic, PROTOBUF).pop().unwrap();
    let classic = classic.metric[0].histogram.as_ref().unwrap();
    assert_eq!(classic.bucket, both.bucket);
    assert_eq!(classic.schema, None);
    assert_eq!(classic.zero_threshold, None);
    assert!(classic.positive_span.is_empty());
}

proptest! {
    #[test]
    fn buckets_are_read_back(
        offset in -3_000_i32..3_000,
        counts in prop::collection::vec(prop_oneof![3 => Just(0_u64), 2 => 1..u64::MAX >> 1], 0..40),
    ) {
        let histogram = native(&exponential(0, offset, &counts));
        let expected = (offset + 1..).zip(&counts).filter(|(_, count)| **count > 0);
        let expected = expected.map(|(index, count)| (index, *count));
        prop_assert_eq!(read(&histogram), expected.collect::<BTreeMap<_, _>>());
        // No span but the first begins where the one before ends.
        prop_assert!(histogram.positive_span.iter().skip(1).all(|span| span.offset() > 2));
    }
}
