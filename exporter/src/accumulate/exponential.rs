//! HDR buckets into base-2 exponential ones (OpenTelemetry metrics data
//! model, *Exponential Histogram*).
//!
//! Bucket `i` at scale `s` holds the values in `(b^i, b^(i+1)]` with
//! `b = 2^(2^-s)`. A whole HDR bucket goes where its least value goes, so that
//! values which fill a bucket alone, powers of two among them, are placed
//! exactly, and others are off by less than one HDR bucket.

use pqcnet_telemetry_core::Layout;

/// The finest scale used: 2.7 per mille a bucket, which is what Prometheus's
/// native histograms take at most; three HDR digits hold no more either.
pub(crate) const MAX_SCALE: i32 = 8;

/// Most buckets of one histogram: the specification's default.
const MAX_BUCKETS: usize = 160;

/// Where HDR buckets go at [`MAX_SCALE`].
///
/// All values of one mantissa have the same place in their octave, and an HDR
/// bucket's least value has a mantissa of few bits: one entry for each of them
/// serves all octaves, 2 KiB for three digits.
///
/// The index at a coarser scale is this one shifted right, as each step halves
/// the number of buckets exactly.
#[derive(Debug)]
pub(crate) struct Table(Box<[i16]>);

impl Table {
    /// O(HDR buckets of one octave).
    pub(crate) fn new(layout: &Layout) -> Self {
        let one = 1_u64 << layout.mantissa_bits();
        Self((0..one).map(|fraction| place(one | fraction)).collect())
    }

    /// `None` for zero.
    #[inline]
    fn index_of(&self, layout: &Layout, bucket: u32) -> Option<i32> {
        let (exponent, fraction) = layout.binary_of(bucket as usize)?;
        Some((exponent << MAX_SCALE) as i32 + i32::from(self.0[fraction]))
    }
}

/// The bucket of `mantissa` within its octave, -1 for the last of the octave
/// below.
fn place(mantissa: u64) -> i16 {
    if mantissa.is_power_of_two() {
        // The upper bound of its bucket; exact where a logarithm may not be.
        return -1;
    }
    // Strictly between two powers of two, whatever the rounding.
    let fraction = (mantissa as f64 / (1_u64 << mantissa.ilog2()) as f64).log2();
    let steps = 1 << MAX_SCALE;
    let within = (fraction * f64::from(steps)).ceil() as i16 - 1;
    within.clamp(0, steps - 1)
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
    pub(crate) fn add(&mut self, layout: &Layout, table: &Table, mut buckets: &[(u32, u64)]) {
        while let Some((outside, rest)) = self.add_inside(layout, table, buckets) {
            self.add_outside(outside.0, outside.1);
            buckets = rest;
        }
    }

    /// Adds the buckets that lie in the present range, up to the first that
    /// does not: returns its index at [`MAX_SCALE`], its count, and the rest.
    fn add_inside<'a>(
        &mut self,
        layout: &Layout,
        table: &Table,
        buckets: &'a [(u32, u64)],
    ) -> Option<((i32, u64), &'a [(u32, u64)])> {
        // Copies, which no write to `counts` can change.
        let (shift, offset) = (MAX_SCALE - self.scale, self.offset);
        let counts = self.counts.as_mut_slice();
        for (place, &(bucket, count)) in buckets.iter().enumerate() {
            let Some(finest) = table.index_of(layout, bucket) else {
                self.zero_count += count;
                continue;
            };
            // Below the offset wraps to far above the last.
            let position = (finest >> shift).wrapping_sub(offset) as u32 as usize;
            match counts.get_mut(position) {
                Some(total) => *total += count,
                None => return Some(((finest, count), &buckets[place + 1..])),
            }
        }
        None
    }

    #[cold]
    fn add_outside(&mut self, finest: i32, count: u64) {
        let index = finest >> (MAX_SCALE - self.scale);
        if self.counts.is_empty() {
            self.offset = index;
        }
        let index = self.make_room(index, finest);
        self.counts[(index - self.offset) as usize] += count;
    }

    /// Extends the range to `index`, at a coarser scale if it takes too many
    /// buckets; returns the index at the scale it ends up with.
    fn make_room(&mut self, mut index: i32, finest: i32) -> i32 {
        loop {
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
                return index;
            }
            self.coarsen();
            index = finest >> (MAX_SCALE - self.scale);
        }
    }

    /// Merges buckets in pairs.
    fn coarsen(&mut self) {
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
        let layout = layout();
        let table = Table::new(&layout);
        let index_of = |value| table.index_of(&layout, layout.index_of(value) as u32);
        assert_eq!(index_of(0), None);
        for exponent in 0..41 {
            assert_eq!(index_of(1 << exponent), Some(exponent * 256 - 1));
        }
        for value in [3, 5, 1_023, 1_025, 2_047] {
            assert_eq!(index_of(value).unwrap() >> 8, value.ilog2() as i32);
        }
    }

    proptest! {
        #[test]
        fn every_bucket_holds_the_least_value_of_its_hdr_bucket(value in 1_u64..1 << 41) {
            let layout = layout();
            let bucket = layout.index_of(value);
            let index = Table::new(&layout).index_of(&layout, bucket as u32);
            let (lower, upper) = bounds(MAX_SCALE, index.unwrap());
            let least = layout.lowest_of(bucket) as f64;
            // `powi` of the oracle is off by some parts in 10^12 here.
            prop_assert!(least > lower * (1.0 - 1e-10) && least <= upper * (1.0 + 1e-10));
        }

        #[test]
        fn counts_are_conserved_and_buckets_bounded(
            values in prop::collection::vec((0_u64..1 << 41, 1_u64..1000), 0..400),
        ) {
            let layout = layout();
            let table = Table::new(&layout);
            let mut naive = std::collections::BTreeMap::<i32, u64>::new();
            let mut zeroes = 0;
            let buckets = values.iter().map(|&(value, count)| (layout.index_of(value) as u32, count));
            let buckets: Vec<_> = buckets.collect();
            let mut exponential = Exponential::default();
            for some in buckets.chunks(7) {
                exponential.add(&layout, &table, some);
            }
            for (bucket, count) in buckets {
                match table.index_of(&layout, bucket) {
                    None => zeroes += count,
                    Some(index) => *naive.entry(index).or_default() += count,
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
    }
}
