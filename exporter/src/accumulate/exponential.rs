//! HDR buckets into base-2 exponential ones (OpenTelemetry metrics data
//! model, *Exponential Histogram*).
//!
//! Bucket `i` at scale `s` holds the values in `(b^i, b^(i+1)]` with
//! `b = 2^(2^-s)`. A whole HDR bucket goes where its least value goes, so that
//! values which fill a bucket alone, powers of two among them, are placed
//! exactly, and others are off by less than one HDR bucket.

use pqcnet_telemetry_core::Layout;

use super::in_unit;

/// The finest scale used: 2.7 per mille a bucket, which is what Prometheus's
/// native histograms take at most; three HDR digits hold no more either.
pub(crate) const MAX_SCALE: i32 = 8;

/// Most buckets of one histogram: the specification's default.
const MAX_BUCKETS: usize = 160;

/// For every HDR bucket its index at [`MAX_SCALE`], [`ZERO`] for that of zero.
///
/// The index at a coarser scale is this one shifted right, as each step halves
/// the number of buckets exactly. Indices of all numbers fit: 64 octaves of 256,
/// from 30 octaves below one on.
#[derive(Debug)]
pub(crate) struct Table(Box<[i16]>);

/// Less than any index, at any scale.
const ZERO: i16 = i16::MIN;

impl Table {
    /// For values of so many decimals. O(HDR buckets).
    pub(crate) fn new(layout: &Layout, decimals: u8) -> Self {
        let indices = (0..layout.len()).map(|index| match layout.lowest_of(index) {
            0 => ZERO,
            value => index_at_max_scale(in_unit(value as f64, decimals)),
        });
        Self(indices.collect())
    }

    #[inline]
    fn index_of(&self, bucket: u32) -> i16 {
        self.0[bucket as usize]
    }
}

/// Of a normal, positive number.
fn index_at_max_scale(value: f64) -> i16 {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let exponent = (value.to_bits() >> FRACTION_BITS) as i16 - 1023;
    let fraction = value.to_bits() & ((1 << FRACTION_BITS) - 1);
    if fraction == 0 {
        // The upper bound of its bucket; exact where a logarithm may not be.
        return (exponent << MAX_SCALE) - 1;
    }
    // Strictly between two powers of two, whatever the rounding.
    let fraction = f64::from_bits(fraction | 1_f64.to_bits()).log2();
    let steps = 1_i16 << MAX_SCALE;
    let within = (fraction * f64::from(steps)).ceil() as i16 - 1;
    (exponent << MAX_SCALE) + within.clamp(0, steps - 1)
}

/// The positive range of an exponential histogram, and its zeroes.
#[derive(Clone, Debug)]
pub(crate) struct Exponential {
    pub(crate) scale: i32,
    pub(crate) zero_count: u64,
    /// Index of the first of `counts`.
    pub(crate) offset: i32,
    pub(crate) counts: Vec<u64>,
}

impl Default for Exponential {
    fn default() -> Self {
        Self {
            scale: MAX_SCALE,
            zero_count: 0,
            offset: 0,
            counts: Vec::new(),
        }
    }
}

impl Exponential {
    /// Adds HDR buckets and their counts, in any order, the least of which is
    /// `first` and the greatest `last`.
    pub(crate) fn add(&mut self, table: &Table, buckets: &[(u32, u64)], first: u32, last: u32) {
        // Bucket 0 alone is that of zero, which has no place in the range.
        let first = if first == 0 {
            let indices = buckets.iter().map(|(bucket, _)| *bucket);
            indices.filter(|bucket| *bucket > 0).min()
        } else {
            Some(first)
        };
        if let Some(first) = first {
            self.cover(table.index_of(first).into());
            self.cover(table.index_of(last).into());
        }
        let (shift, offset) = (MAX_SCALE - self.scale, self.offset);
        let counts = self.counts.as_mut_slice();
        for (bucket, count) in buckets {
            // That of zero wraps to far above the last.
            let index = i32::from(table.index_of(*bucket)) >> shift;
            match counts.get_mut(index.wrapping_sub(offset) as u32 as usize) {
                Some(total) => *total += count,
                None => self.zero_count += count,
            }
        }
    }

    /// Adds counts of any scale.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.zero_count += other.zero_count;
        if other.counts.is_empty() {
            return;
        }
        while self.scale > other.scale {
            self.coarsen();
        }
        let finer = MAX_SCALE - other.scale;
        let last = other.offset + other.counts.len() as i32 - 1;
        self.cover(other.offset << finer);
        self.cover(last << finer);
        let shift = other.scale - self.scale;
        for (index, count) in (other.offset..).zip(&other.counts) {
            self.counts[((index >> shift) - self.offset) as usize] += count;
        }
    }

    /// Extends the range to the bucket of index `finest` at [`MAX_SCALE`], at a
    /// coarser scale if it takes too many buckets.
    fn cover(&mut self, finest: i32) {
        loop {
            let index = finest >> (MAX_SCALE - self.scale);
            if self.counts.is_empty() {
                self.offset = index;
            }
            let last = self.offset + self.counts.len() as i32 - 1;
            let (low, high) = (self.offset.min(index), last.max(index));
            if (high - low) < MAX_BUCKETS as i32 {
                if low < self.offset {
                    let missing = (self.offset - low) as usize;
                    self.counts.splice(..0, std::iter::repeat_n(0, missing));
                    self.offset = low;
                }
                let len = (high - low + 1) as usize;
                self.counts.resize(len.max(self.counts.len()), 0);
                return;
            }
            self.coarsen();
        }
    }

    /// Merges buckets in pairs.
    fn coarsen(&mut self) {
        if self.counts.is_empty() {
            self.scale -= 1;
            return;
        }
        let offset = self.offset >> 1;
        let last = (self.offset + self.counts.len() as i32 - 1) >> 1;
        let mut merged = vec![0; (last - offset + 1) as usize];
        for (index, count) in (self.offset..).zip(&self.counts) {
            merged[((index >> 1) - offset) as usize] += count;
        }
        self.scale -= 1;
        self.offset = offset;
        self.counts = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout() -> Layout {
        let registry = pqcnet_telemetry_core::Registry::new();
        registry.histogram("x").unwrap();
        *registry.catalog().instruments()[0].layout().unwrap()
    }

    /// `(lower, upper]` of a bucket, from the definition.
    fn bounds(scale: i32, index: i32) -> (f64, f64) {
        let base = 2_f64.powf(2_f64.powi(-scale));
        (base.powi(index), base.powi(index + 1))
    }

    #[test]
    fn powers_of_two_are_upper_bounds() {
        for exponent in -30..64_i16 {
            let power = 2_f64.powi(exponent.into());
            assert_eq!(index_at_max_scale(power), exponent * 256 - 1);
            assert_eq!(index_at_max_scale(power.next_up()) >> 8, exponent);
            assert_eq!(index_at_max_scale(power.next_down()) >> 8, exponent - 1);
        }
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bucket(value in 1_u64..1 << 50, decimals in 0_u8..=9) {
            let value = in_unit(value as f64, decimals);
            let (lower, upper) = bounds(MAX_SCALE, index_at_max_scale(value).into());
            // `powi` of the oracle is off by some parts in 10^12 here.
            prop_assert!(value > lower * (1.0 - 1e-10) && value <= upper * (1.0 + 1e-10));
        }

        #[test]
        fn counts_are_conserved_and_buckets_bounded(
            values in prop::collection::vec((0_u64..1 << 41, 1_u64..1000), 0..400),
        ) {
            let layout = layout();
            let table = Table::new(&layout, 0);
            let mut naive = std::collections::BTreeMap::<i32, u64>::new();
            let mut zeroes = 0;
            let buckets = values.iter().map(|&(value, count)| (layout.index_of(value) as u32, count));
            let buckets: Vec<_> = buckets.collect();
            let mut exponential = Exponential::default();
            for some in buckets.chunks(7) {
                let indices = some.iter().map(|(bucket, _)| *bucket);
                let (first, last) = (indices.clone().min().unwrap(), indices.max().unwrap());
                exponential.add(&table, some, first, last);
            }
            for (bucket, count) in buckets {
                match table.index_of(bucket) {
                    ZERO => zeroes += count,
                    index => *naive.entry(i32::from(index)).or_default() += count,
                }
            }
            prop_assert!(exponential.counts.len() <= MAX_BUCKETS);
            prop_assert_eq!(exponential.zero_count, zeroes);
            let mut expected = vec![0; exponential.counts.len()];
            for (index, count) in naive {
                let index = index >> (MAX_SCALE - exponential.scale);
                expected[(index - exponential.offset) as usize] += count;
            }
            prop_assert_eq!(exponential.counts, expected);
        }

        #[test]
        fn merging_is_adding_everything_to_one(
            parts in prop::collection::vec(
                prop::collection::vec((0_u64..1 << 41, 1_u64..1000), 0..30), 2..4,
            ),
        ) {
            let layout = layout();
            let table = Table::new(&layout, 0);
            let mut all = Exponential::default();
            let mut merged = Exponential::default();
            for values in &parts {
                let buckets = values.iter().map(|&(value, count)| (layout.index_of(value) as u32, count));
                let buckets: Vec<_> = buckets.collect();
                let indices = buckets.iter().map(|(bucket, _)| *bucket);
                let (Some(first), Some(last)) = (indices.clone().min(), indices.max()) else {
                    continue;
                };
                all.add(&table, &buckets, first, last);
                let mut part = Exponential::default();
                part.add(&table, &buckets, first, last);
                merged.merge(&part);
            }
            prop_assert_eq!(merged.zero_count, all.zero_count);
            prop_assert_eq!(merged.scale, all.scale);
            if !all.counts.is_empty() {
                prop_assert_eq!(merged.offset, all.offset);
            }
            prop_assert_eq!(merged.counts, all.counts);
        }
    }
}
