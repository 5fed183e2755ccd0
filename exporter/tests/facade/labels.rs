//! Labels.

use std::collections::BTreeSet;

use metrics::{Label, counter, gauge};

use crate::fixture::Fixture;

#[test]
fn labels_in_another_order_are_the_same_series() {
    let arrived = Fixture::new().recorded(|| {
        counter!("c", "a" => "1", "b" => "2").increment(1);
        counter!("c", "b" => "2", "a" => "1").increment(2);
    });
    assert_eq!(arrived.counters("c").len(), 1);
    let series = [("a", "1"), ("b", "2")];
    assert_eq!(arrived.counter_with("c", &series), Some(3));
}

#[test]
fn of_a_label_given_twice_the_last_counts() {
    let arrived = Fixture::new().recorded(|| {
        counter!("c", "a" => "1", "a" => "2").increment(1);
        counter!("c", "a" => "2", "a" => "1").increment(10);
    });
    assert_eq!(arrived.counter_with("c", &[("a", "2")]), Some(1));
    assert_eq!(arrived.counter_with("c", &[("a", "1")]), Some(10));
}

#[test]
fn a_label_without_a_key_drops_the_handle() {
    let fixture = Fixture::new();
    let arrived = fixture.recorded(|| {
        counter!("c", "" => "x").increment(1);
        counter!("c", "a" => "").increment(1);
    });
    assert_eq!(arrived.counters("c").len(), 1);
    assert_eq!(arrived.counter_with("c", &[("a", "")]), Some(1));
    assert_eq!(fixture.recorder.dropped().invalid_labels, 1);
}

#[test]
fn any_number_of_labels_makes_a_series() {
    let labels = |n: usize| (0..n).map(|n| Label::new(format!("k{n}"), format!("v{n}")));
    let arrived = Fixture::new().recorded(|| {
        for n in 0..20 {
            counter!("c", labels(n).collect::<Vec<_>>()).increment(1);
            counter!("c", labels(n).rev().collect::<Vec<_>>()).increment(1);
        }
    });
    let totals: Vec<_> = arrived.counters("c").into_values().collect();
    assert_eq!(totals, [2; 20]);
}

#[test]
fn past_the_cardinality_limit_sets_share_a_series_and_nothing_is_lost() {
    let fixture = Fixture::limited(10);
    let arrived = fixture.recorded(|| {
        for _ in 0..2 {
            for user in 0..1_000 {
                counter!("c", "user" => user.to_string()).increment(1);
                gauge!("g", "user" => user.to_string()).set(user);
            }
        }
    });
    let series = arrived.counters("c");
    // The overflow series' attribute is no text.
    let own: BTreeSet<_> = series.keys().filter(|a| !a.is_empty()).collect();
    assert_eq!(own.len(), 9);
    assert_eq!(series.values().sum::<i64>(), 2_000);
    assert_eq!(arrived.counter("c"), Some(2_000 - 2 * 9));
    assert_eq!(arrived.gauge("g"), Some(999.0));
    assert_eq!(fixture.recorder.dropped().no_room, 0);
}

#[test]
fn absolute_values_past_the_limit_are_the_highest_of_all() {
    let fixture = Fixture::limited(1);
    let arrived = fixture.recorded(|| {
        for _ in 0..2 {
            for user in 0..100_u64 {
                counter!("c", "user" => user.to_string()).absolute(user);
            }
        }
    });
    assert_eq!(arrived.counter("c"), Some(99));
}
