use std::num::{NonZeroU64, NonZeroU128};

use proptest::prelude::*;

use super::*;
use crate::trace::context::{SAMPLED, SpanId};

fn trace(id: u128) -> TraceId {
    TraceId(NonZeroU128::new(id).unwrap())
}

/// An id with these random bits, and all others set.
fn with_randomness(randomness: u64) -> TraceId {
    trace(u128::MAX << RANDOM_BITS | u128::from(randomness))
}

fn parent(is_sampled: bool, is_remote: bool) -> SpanContext {
    SpanContext {
        trace_id: trace(1),
        span_id: SpanId(NonZeroU64::MIN),
        // The random flag, which decides nothing.
        flags: if is_sampled { SAMPLED | 2 } else { 2 },
        is_remote,
        state: None,
    }
}

fn is_root_sampled(sampler: Sampler, id: TraceId) -> bool {
    sampler.is_sampled(None, id)
}

#[test]
fn everything_is_everything_and_nothing_nothing() {
    for id in [
        trace(1),
        trace(u128::MAX),
        with_randomness(0),
        with_randomness(RANGE - 1),
        trace(u128::from(RANGE)),
    ] {
        for all in [Sampler::always_on(), Sampler::ratio(1.0)] {
            assert!(is_root_sampled(all, id), "{id}");
        }
        for none in [Sampler::always_off(), Sampler::ratio(0.0)] {
            assert!(!is_root_sampled(none, id), "{id}");
        }
    }
}

/// Those of *Probability sampling* that have a finite number of digits.
#[test]
fn thresholds_are_the_specifications() {
    for (share, threshold) in [
        (1.0 / 2.0, 0x80_0000_0000_0000),
        (1.0 / 4.0, 0xc0_0000_0000_0000),
        (1.0 / 8.0, 0xe0_0000_0000_0000),
        (1.0 / 16.0, 0xf0_0000_0000_0000),
        (3.0 / 4.0, 0x40_0000_0000_0000),
        (f64::powi(2.0, -56), RANGE - 1),
    ] {
        let sampler = Sampler::ratio(share);
        assert!(is_root_sampled(sampler, with_randomness(threshold)));
        assert!(!is_root_sampled(sampler, with_randomness(threshold - 1)));
    }
    // To five digits.
    for (share, digits) in [(1.0 / 3.0, 0xaaaab), (0.2, 0xccccd), (0.1, 0xe6666)] {
        let rounded = (Sampler::ratio(share).threshold + (1 << 35)) >> 36;
        assert_eq!(rounded, digits);
    }
}

#[test]
fn the_left_part_of_an_id_decides_nothing() {
    let half = Sampler::ratio(0.5);
    for left in [0, 1, u128::MAX >> 56] {
        let left = left << RANDOM_BITS;
        assert!(is_root_sampled(half, trace(left | 0x80_0000_0000_0000)));
        assert!(!is_root_sampled(half, trace(left | 0x7f_ffff_ffff_ffff)));
    }
}

#[test]
fn the_share_of_random_ids_is_the_ratio() {
    const IDS: u32 = 100_000;
    let mut random = fastrand::Rng::with_seed(7);
    let ids: Vec<_> = (0..IDS).map(|_| trace(random.u128(1..))).collect();
    for ratio in [0.001, 0.01, 0.1, 0.5, 0.9] {
        let sampler = Sampler::ratio(ratio);
        let kept = ids.iter().filter(|id| is_root_sampled(sampler, **id));
        let kept = kept.count() as f64;
        let expected = f64::from(IDS) * ratio;
        let deviation = (expected * (1.0 - ratio)).sqrt();
        assert!(
            (kept - expected).abs() < 5.0 * deviation,
            "{kept} of {IDS} at {ratio}"
        );
    }
}

#[test]
fn a_parent_decides_for_a_sampler_that_is_based_on_it() {
    for (is_sampled, is_remote) in [(true, true), (true, false), (false, true), (false, false)] {
        let parent = parent(is_sampled, is_remote);
        for root in [
            Sampler::always_on(),
            Sampler::always_off(),
            Sampler::ratio(0.5),
        ] {
            for id in [with_randomness(0), with_randomness(RANGE - 1)] {
                let decided = Sampler::parent_based(root).is_sampled(Some(&parent), id);
                assert_eq!(decided, is_sampled);
                // Others don't ask it.
                let decided = root.is_sampled(Some(&parent), id);
                assert_eq!(decided, is_root_sampled(root, id));
            }
        }
    }
}

#[test]
fn the_root_sampler_decides_where_there_is_no_parent() {
    for root in [
        Sampler::always_on(),
        Sampler::always_off(),
        Sampler::ratio(0.5),
    ] {
        for id in [with_randomness(0), with_randomness(RANGE - 1)] {
            let based = is_root_sampled(Sampler::parent_based(root), id);
            assert_eq!(based, is_root_sampled(root, id));
        }
    }
}

#[test]
fn a_share_that_is_none_records_what_the_nearest_does() {
    for (share, is_sampled) in [(f64::NAN, false), (-1.0, false), (1.5, true)] {
        let sampler = Sampler::ratio(share);
        for id in [with_randomness(0), with_randomness(RANGE - 1)] {
            assert_eq!(is_root_sampled(sampler, id), is_sampled);
        }
    }
}

proptest! {
    #[test]
    fn a_lower_ratios_sample_is_a_part_of_a_highers(
        ratios in [0.0..=1.0, 0.0..=1.0],
        ids in prop::collection::vec(1_u128.., 1..50),
    ) {
        let [low, high] = if ratios[0] < ratios[1] { ratios } else { [ratios[1], ratios[0]] };
        for id in ids {
            let id = trace(id);
            prop_assert!(
                !is_root_sampled(Sampler::ratio(low), id)
                    || is_root_sampled(Sampler::ratio(high), id)
            );
        }
    }

    /// Against the rule as the specification writes it, in decimals.
    #[test]
    fn a_trace_is_sampled_if_its_randomness_reaches_the_threshold(
        ratio in 0.0..=1.0,
        id in 1_u128..,
    ) {
        let share_below = (id as u64 & (RANGE - 1)) as f64 / RANGE as f64;
        let distance: f64 = share_below - (1.0 - ratio);
        // Not at the threshold, where the decimals are too coarse.
        prop_assume!(distance.abs() > 1e-9);
        prop_assert_eq!(is_root_sampled(Sampler::ratio(ratio), trace(id)), distance > 0.0);
    }
}
