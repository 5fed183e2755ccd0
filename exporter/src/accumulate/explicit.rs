//! HDR buckets into counts between fixed bounds.
//!
//! Bounds are upper-inclusive. A whole HDR bucket goes where its least value
//! goes: exact for bounds on an HDR edge and values that fill a bucket alone,
//! off by less than one HDR bucket elsewhere.

use pqcnet_telemetry_core::Layout;

use super::in_unit;

/// Counts between bounds, one more than there are bounds.
#[derive(Clone, Debug)]
pub(crate) struct Explicit {
    pub(crate) counts: Vec<u64>,
}

impl Explicit {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        Self {
            counts: vec![0; bounds.len() + 1],
        }
    }

    /// Adds HDR buckets of so many decimals between bounds in the unit.
    pub(crate) fn add(
        &mut self,
        layout: &Layout,
        decimals: u8,
        bounds: &[f64],
        buckets: &[(u32, u64)],
    ) {
        for &(bucket, count) in buckets {
            let value = in_unit(layout.lowest_of(bucket as usize) as f64, decimals);
            self.counts[bounds.partition_point(|bound| *bound < value)] += count;
        }
    }

    /// Adds counts between the same bounds.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (total, count) in self.counts.iter_mut().zip(&other.counts) {
            *total += count;
        }
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

    proptest! {
        #[test]
        fn counts_are_those_of_the_naive_search(
            values in prop::collection::vec(0_u64..2048, 0..200),
            mut bounds in prop::collection::vec(0_u32..3000, 0..20),
        ) {
            bounds.sort_unstable();
            bounds.dedup();
            let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
            let layout = layout();
            let mut explicit = Explicit::new(&bounds);
            let mut naive = vec![0; bounds.len() + 1];
            for value in values {
                explicit.add(&layout, 0, &bounds, &[(layout.index_of(value) as u32, 1)]);
                let above = bounds.iter().filter(|bound| **bound < value as f64).count();
                naive[above] += 1;
            }
            prop_assert_eq!(explicit.counts, naive);
        }
    }
}
