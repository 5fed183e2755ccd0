//! Every series of an instrument, in one retired epoch.

use pqcnet_telemetry_core::{Attributes, RetiredEpoch, Value};

/// Every series of `name` with its value, in order of registration.
pub(crate) fn series<'a>(epoch: &'a RetiredEpoch, name: &str) -> Vec<(&'a Attributes, Value<'a>)> {
    let catalog = epoch.catalog();
    let instrument = catalog.instruments().iter().find(|i| i.name() == name);
    let all = instrument.expect("registered").series().iter();
    all.map(|&index| (catalog.series()[index].attributes(), epoch.value(index)))
        .collect()
}

/// What a counter has gained, unsaturated, and over all its series.
pub(crate) fn gain(epoch: &RetiredEpoch, name: &str) -> u128 {
    series(epoch, name)
        .iter()
        .map(|(_, value)| match value {
            Value::Counter(gain) => *gain,
            other => panic!("{name} is {other:?}"),
        })
        .sum()
}
