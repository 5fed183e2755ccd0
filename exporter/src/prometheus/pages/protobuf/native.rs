//! Exponential buckets into those of native histograms: PCOMPAT, *Exponential
//! Histograms*.

use super::messages::{BucketSpan, Histogram};
use crate::accumulate::exponential::Exponential;
use crate::accumulate::{Buckets, HistogramTotal};

/// Where OpenTelemetry says none: values are zero up to this.
const ZERO_THRESHOLD: f64 = 1e-128;

/// The schemas that Prometheus takes.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// Empty buckets that are cheaper to send than a span of two fields.
const MOST_EMPTY: i32 = 2;

impl Histogram {
    /// Adds the native buckets, unless they are coarser than Prometheus takes.
    pub(super) fn fill_native(&mut self, total: &HistogramTotal) {
        let Buckets::Exponential(buckets) = &total.buckets else {
            unreachable!("given totals with exponential buckets");
        };
        self.fill_exponential(buckets);
    }

    pub(in crate::prometheus::pages) fn fill_exponential(&mut self, buckets: &Exponential) {
        if !SCHEMAS.contains(&buckets.scale) {
            return;
        }
        self.schema = Some(buckets.scale);
        self.zero_threshold = Some(ZERO_THRESHOLD);
        self.zero_count = Some(buckets.zero_count);
        let mut last = 0;
        let mut next = None;
        // Prometheus numbers buckets by their upper bounds.
        let numbered = (buckets.offset + 1..).zip(&buckets.counts);
        for (index, count) in numbered.filter(|(_, count)| **count > 0) {
            let gap = next.map_or(index, |next| index - next);
            match self.positive_span.last_mut() {
                Some(span) if gap <= MOST_EMPTY => {
                    span.length = Some(span.length() + gap as u32 + 1);
                    for _ in 0..gap {
                        self.positive_delta.push(-last);
                        last = 0;
                    }
                }
                _ => self.positive_span.push(BucketSpan {
                    offset: Some(gap),
                    length: Some(1),
                }),
            }
            // No bucket has 2^63 records.
            let count = *count as i64;
            self.positive_delta.push(count - last);
            last = count;
            next = Some(index + 1);
        }
    }
}
