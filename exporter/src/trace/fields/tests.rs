use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::owned::Owned;
use super::*;

const NO_LIMITS: AttributeLimits = AttributeLimits {
    count: u32::MAX,
    value_length: u32::MAX,
};

fn values() -> impl Strategy<Value = Owned> {
    prop_oneof![
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(Owned::Int),
        (-1e9_f64..1e9).prop_map(Owned::Double),
        ".{0,12}".prop_map(Owned::Text),
        vec(any::<u8>(), 0..12).prop_map(Owned::Bytes),
    ]
}

fn keys() -> impl Strategy<Value = Result<usize, String>> {
    prop_oneof![(0_usize..6).prop_map(Ok), "[a-c]{0,2}".prop_map(Err)]
}

fn key(key: &Result<usize, String>) -> Key<'_> {
    match key {
        Ok(index) => Key::Field(*index),
        Err(name) => Key::Text(name),
    }
}

proptest! {
    /// As a map would: the last of each key, those past the limit counted.
    #[test]
    fn later_values_take_the_place_of_earlier_ones(
        rounds in vec((keys(), values()), 0..40),
        count in 0_u32..8,
    ) {
        let limits = AttributeLimits { count, ..NO_LIMITS };
        let mut fields = Fields::default();
        let mut naive = BTreeMap::new();
        let mut dropped = 0;
        for (name, value) in &rounds {
            let mut later = Fields::default();
            later.add(key(name), value.value(), NO_LIMITS);
            fields.set_all(&later, limits);
            if naive.len() < count as usize || naive.contains_key(name) {
                naive.insert(name.clone(), value);
            } else {
                dropped += 1;
            }
        }
        prop_assert_eq!(fields.entries().count(), naive.len());
        prop_assert_eq!(fields.dropped(), dropped);
        for entry in fields.entries() {
            let name = match entry.key {
                Key::Field(index) => Ok(index),
                Key::Text(name) => Err(name.to_owned()),
            };
            prop_assert_eq!(entry.value, naive[&name].value());
        }
    }

    #[test]
    fn texts_are_cut_between_characters(text in ".{0,20}", characters in 0_u32..20) {
        let limits = AttributeLimits { count: 2, value_length: characters };
        let mut fields = Fields::default();
        fields.add(Key::Text("given"), FieldValue::Text(&text), limits);
        fields.add_formatted(Key::Text("formatted"), format_args!("{}{}", &text, text), limits);
        let found: Vec<_> = fields.entries().map(|entry| entry.value).collect();
        let given: String = text.chars().take(characters as usize).collect();
        let twice: String = text.chars().chain(text.chars()).take(characters as usize).collect();
        prop_assert_eq!(found, [FieldValue::Text(&given), FieldValue::Text(&twice)]);
    }
}

#[test]
fn bytes_are_cut_and_the_rest_is_counted() {
    let limits = AttributeLimits {
        count: 1,
        value_length: 2,
    };
    let mut fields = Fields::default();
    fields.add(Key::Field(3), FieldValue::Bytes(&[255, 0, 7]), limits);
    fields.add(Key::Field(4), FieldValue::Bool(true), limits);
    fields.add_formatted(Key::Field(5), format_args!("x"), limits);
    assert_eq!(fields.dropped(), 2);
    let entries: Vec<_> = fields.entries().collect();
    let [only] = &entries[..] else {
        panic!("{} entries", entries.len());
    };
    assert_eq!(only.key, Key::Field(3));
    assert_eq!(only.value, FieldValue::Bytes(&[255, 0]));
}
