//! Exemplars: their labels, and which bucket or counter has them.

use std::time::{Duration, UNIX_EPOCH};

use super::labels::NAMES;
use crate::prometheus::pages::exemplar::Exemplar;
use crate::prometheus::pages::protobuf::ExemplarMessage;
use crate::prometheus::pages::text::write_exemplar;

fn exemplar<'a>(attributes: &'a [(&'a str, &'a str)]) -> Exemplar<'a> {
    Exemplar {
        trace_id: Some([0x0a; 16]),
        span_id: Some([0xff; 8]),
        attributes: attributes.to_vec(),
        value: 0.67,
        time: UNIX_EPOCH + Duration::from_millis(1_520_879_607_789),
    }
}

fn written(exemplar: &Exemplar<'_>) -> String {
    let mut out = Vec::new();
    write_exemplar(&mut out, exemplar, NAMES);
    String::from_utf8(out).unwrap()
}

const IDS: &str = "trace_id=\"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\",span_id=\"ffffffffffffffff\"";

#[test]
fn an_exemplar_has_labels_a_value_and_a_time() {
    let expected = format!(" # {{{IDS}}} 0.67 1520879607.789");
    assert_eq!(written(&exemplar(&[])), expected);
    let expected = format!(" # {{{IDS},peer=\"a\\\"\"}} 0.67 1520879607.789");
    assert_eq!(written(&exemplar(&[("peer", "a\"")])), expected);
    let anonymous = Exemplar {
        trace_id: None,
        span_id: None,
        ..exemplar(&[])
    };
    assert_eq!(written(&anonymous), " # {} 0.67 1520879607.789");
}

#[test]
fn ids_win_over_attributes_of_their_name() {
    let expected = format!(" # {{{IDS}}} 0.67 1520879607.789");
    let attributes = [("trace_id", "x"), ("span.id", "y")];
    assert_eq!(written(&exemplar(&attributes)), expected);
}

#[test]
fn labels_have_128_characters_at_most() {
    // The ids have 63 with their names.
    let fits = "é".repeat(128 - 63 - "a".len());
    let attributes = [("a", &*fits)];
    assert_eq!(exemplar(&attributes).labels(NAMES).len(), 3);
    let too_long = format!("{fits}x");
    let attributes = [("a", &*too_long), ("b", "short")];
    let labels = exemplar(&attributes).labels(NAMES);
    assert_eq!(labels.len(), 3);
    assert_eq!(labels[2].0, "b");
}

#[test]
fn the_message_says_the_same() {
    let message = ExemplarMessage::new(&exemplar(&[("peer", "a")]), NAMES);
    let labels = message
        .label
        .iter()
        .map(|label| label.name.as_deref().unwrap());
    assert!(labels.eq(["trace_id", "span_id", "peer"]));
    assert_eq!(message.value, Some(0.67));
    let time = message.timestamp.unwrap();
    assert_eq!((time.seconds, time.nanos), (1_520_879_607, 789_000_000));
}
