//! When a report ends: close to its last epoch, and apart from the one before.

use pqcnet_telemetry_core::Registry;
use proptest::prelude::*;

use super::*;

const MILLISECOND: Duration = Duration::from_millis(1);

fn accumulator(temporality: Temporality) -> (Registry, Accumulator) {
    let histograms = HistogramEncoding::Exponential;
    let accumulator = Accumulator::new(temporality, &histograms, SystemTime::now());
    (Registry::new(), accumulator)
}

#[test]
fn epochs_between_reports_do_not_push_the_time_ahead_of_the_clock() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let (registry, mut accumulator) = accumulator(temporality);
        let earliest = accumulator.window.start + MILLISECOND;
        for _ in 0..10_000 {
            let epoch = registry.flush();
            accumulator.add(&epoch);
            assert_eq!(accumulator.window.end, epoch.end().max(earliest));
        }
    }
}

proptest! {
    #[test]
    fn reports_are_a_millisecond_apart_and_never_fall(
        is_report in prop::collection::vec(any::<bool>(), 1..200),
        is_delta in any::<bool>(),
    ) {
        let temporality = if is_delta { Temporality::Delta } else { Temporality::Cumulative };
        let (registry, mut accumulator) = accumulator(temporality);
        let mut last = accumulator.window.end;
        for is_report in is_report {
            let before = accumulator.window.end;
            accumulator.add(&registry.flush());
            prop_assert!(accumulator.window.end >= before);
            if is_report {
                prop_assert!(accumulator.window.end >= last + MILLISECOND);
                last = accumulator.window.end;
                accumulator.close_window();
                if is_delta {
                    prop_assert_eq!(accumulator.window.start, last);
                }
            }
        }
    }
}
