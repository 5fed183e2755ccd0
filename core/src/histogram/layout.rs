//! Which bucket a value falls into: hdrhistogram's own layout.
//!
//! Live cells are indexed as `hdrhistogram::Histogram` indexes its counts, so
//! a retired epoch turns into one bucket by bucket. The arithmetic is
//! restated here because hdrhistogram keeps it private; a property test holds
//! the two together for every digit count and several ranges.

use std::num::NonZeroU64;

use hdrhistogram::Histogram as Hdr;

use crate::error::RegisterError;

/// Value range and resolution of a histogram, and the bucket arithmetic that
/// follows from them.
///
/// Values are unsigned integers in the series' unit. A bucket is no wider than
/// its least value divided by 10^digits, or than one unit of the low end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    low: u64,
    high: u64,
    /// All bits that values of the first octave may have.
    mask: NonZeroU64,
    /// What bucket 0 has for a place.
    origin: u32,
    half_count_magnitude: u32,
    unit_magnitude: u32,
    len: u32,
    digits: u8,
}

impl Layout {
    /// Three digits from 1 to 3.6e12: an hour in nanoseconds, 3.6 terabytes.
    pub const DEFAULT_DIGITS: u8 = 3;
    /// Lowest and highest value of the default range.
    pub const DEFAULT_RANGE: (u64, u64) = (1, 3_600_000_000_000);

    pub(crate) fn new(name: &str, low: u64, high: u64, digits: u8) -> Result<Self, RegisterError> {
        let invalid = || RegisterError::InvalidRange {
            name: name.into(),
            low,
            high,
            digits,
        };
        if !(1..=5).contains(&digits) || low == 0 || low > high / 2 {
            return Err(invalid());
        }
        // HdrHistogram: the sub-buckets of one octave pair are the power of
        // two that resolves 2 * 10^digits units.
        let unit_magnitude = low.ilog2();
        let count_magnitude = (2 * 10_u64.pow(digits.into()) - 1).ilog2() + 1;
        if unit_magnitude + count_magnitude > 63 {
            return Err(invalid());
        }
        let half_count_magnitude = count_magnitude - 1;
        let top_bit = unit_magnitude + half_count_magnitude;
        let mut octaves = 1_u32;
        let mut untrackable = 1_u64 << (count_magnitude + unit_magnitude);
        while untrackable <= high {
            octaves += 1;
            if untrackable > u64::MAX / 2 {
                break;
            }
            untrackable <<= 1;
        }
        Ok(Self {
            low,
            high,
            mask: NonZeroU64::MIN | ((2 << top_bit) - 1),
            origin: unit_magnitude << half_count_magnitude,
            half_count_magnitude,
            unit_magnitude,
            len: (octaves + 1) << half_count_magnitude,
            digits,
        })
    }

    /// Number of buckets.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Highest value recorded as it is; above it, records are clamped.
    #[inline(always)]
    pub fn highest(&self) -> u64 {
        self.high
    }

    /// Lowest value that can be told from zero.
    pub fn lowest(&self) -> u64 {
        self.low
    }

    /// Significant decimal digits kept, 1 to 5.
    pub fn digits(&self) -> u8 {
        self.digits
    }

    /// The bucket of `value`, which must not pass [`highest`](Self::highest).
    #[inline(always)]
    pub fn index_of(&self, value: u64) -> usize {
        self.place_of(value) - self.origin()
    }

    /// The bucket of `value` with octaves counted from bit 0, not from that of
    /// the lowest value: [`origin`](Self::origin) too many, which a pointer can
    /// have subtracted once for all.
    #[inline(always)]
    pub(crate) fn place_of(&self, value: u64) -> usize {
        // The leading bit's position tells the octave, the bits from there on
        // the place in it.
        let octave = (self.mask | value).ilog2() - self.half_count_magnitude;
        let sub_bucket = (value >> octave) as usize;
        ((octave as usize) << self.half_count_magnitude) + sub_bucket
    }

    /// The place of bucket 0.
    #[inline(always)]
    pub(crate) fn origin(&self) -> usize {
        self.origin as usize
    }

    /// The least value of bucket `index`.
    pub fn lowest_of(&self, index: usize) -> u64 {
        let (octave, sub_bucket) = self.locate(index);
        sub_bucket << (octave + self.unit_magnitude)
    }

    /// The greatest value of bucket `index`.
    pub fn highest_of(&self, index: usize) -> u64 {
        let (octave, _) = self.locate(index);
        self.lowest_of(index) + ((1_u64 << (octave + self.unit_magnitude)) - 1)
    }

    /// A value that stands for bucket `index`: its least, or where that is zero
    /// its greatest, so that only a bucket of nothing but zero counts as zero.
    pub fn value_of(&self, index: usize) -> u64 {
        match self.lowest_of(index) {
            0 => self.highest_of(index).min(self.high),
            lowest => lowest,
        }
    }

    fn locate(&self, index: usize) -> (u32, u64) {
        let half_count = 1_usize << self.half_count_magnitude;
        let row = index >> self.half_count_magnitude;
        if row == 0 {
            (0, index as u64)
        } else {
            let within = index & (half_count - 1);
            (row as u32 - 1, (within + half_count) as u64)
        }
    }

    /// An empty `hdrhistogram::Histogram` of this range and resolution.
    pub fn empty(&self) -> Hdr<u64> {
        match Hdr::new_with_bounds(self.low, self.high, self.digits) {
            Ok(hdr) => hdr,
            Err(error) => unreachable!("hdrhistogram refuses a checked layout: {error:?}"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layouts() -> impl Strategy<Value = Layout> {
        (0_u32..20, 1_u32..44, 1_u8..=5)
            .prop_flat_map(|(low, span, digits)| {
                let low = 1_u64 << low;
                (low..low * 2, low.saturating_mul(2 << span).., Just(digits))
            })
            .prop_map(|(low, high, digits)| Layout::new("x", low, high, digits).unwrap())
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_hdrhistogram(
            layout in layouts(),
            values in prop::collection::vec((any::<u64>(), 0_u32..64), 1..50),
        ) {
            let empty = layout.empty();
            prop_assert_eq!(layout.len(), empty.distinct_values());
            for (bits, shift) in values {
                let value = (bits >> shift).min(layout.highest());
                let index = layout.index_of(value);
                prop_assert!(index < layout.len());
                prop_assert_eq!(layout.lowest_of(index), empty.lowest_equivalent(value));
                // hdrhistogram is one short at the end of all numbers.
                let highest = layout.highest_of(index);
                prop_assert!(highest == empty.highest_equivalent(value) || highest == u64::MAX);
            }
        }
    }

    #[test]
    fn ranges_hdrhistogram_refuses_are_refused() {
        for (low, high, digits) in [
            (0, 10, 3),
            (10, 19, 3),
            (1, 1, 3),
            (1, 100, 6),
            (1 << 60, u64::MAX, 5),
        ] {
            assert!(Layout::new("x", low, high, digits).is_err());
            assert!(Hdr::<u64>::new_with_bounds(low, high, digits).is_err());
        }
        // hdrhistogram takes 0 digits, for powers of two; nobody else knows it.
        assert!(Layout::new("x", 1, 100, 0).is_err());
        assert!(Layout::new("x", 1, u64::MAX, 5).is_ok());
    }
}
