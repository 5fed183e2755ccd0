//! What the specifications say of whole pages, for the reader of the tests.

use std::collections::BTreeSet;

use super::parser::ParsedFamily;

pub(super) fn suffixes(kind: &str, is_open_metrics: bool) -> &'static [&'static str] {
    match (kind, is_open_metrics) {
        ("counter", true) => &["_total", "_created"],
        ("histogram", true) => &["_bucket", "_sum", "_count", "_created"],
        ("histogram", false) => &["_bucket", "_sum", "_count"],
        ("info", _) => &["_info"],
        _ => &[""],
    }
}

/// No name may stand for two things.
pub(super) fn check_names(families: &[ParsedFamily], is_open_metrics: bool) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for family in families {
        let suffixes = suffixes(&family.kind, is_open_metrics).iter().chain([&""]);
        let own: BTreeSet<_> = suffixes
            .map(|suffix| format!("{}{suffix}", family.name))
            .collect();
        if let Some(name) = own.iter().find(|name| names.contains(*name)) {
            return Err(format!("{name} is two things"));
        }
        names.extend(own);
    }
    Ok(())
}

pub(super) fn check_family(family: &ParsedFamily, is_open_metrics: bool) -> Result<(), String> {
    if family.samples.is_empty() {
        return Err("nothing in it".to_owned());
    }
    if !family.unit.is_empty() && !family.name.ends_with(&format!("_{}", family.unit)) {
        return Err("the unit is no suffix".to_owned());
    }
    if family
        .samples
        .iter()
        .any(|sample| sample.labels.values().any(String::is_empty))
    {
        return Err("a label that is none".to_owned());
    }
    let values = family.samples.iter().map(|sample| sample.value);
    match &*family.kind {
        "counter" if !values.clone().all(|value| value >= 0.0) => Err("below zero".to_owned()),
        "info" if values.clone().any(|value| differ(value, 1.0)) => Err("not one".to_owned()),
        "histogram" => check_histograms(family, is_open_metrics),
        _ => Ok(()),
    }
}

fn check_histograms(family: &ParsedFamily, is_open_metrics: bool) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut rest = &family.samples[..];
    while let Some(first) = rest.first() {
        let mut labels = first.labels.clone();
        labels.remove("le");
        if !seen.insert(labels.clone()) {
            return Err("not in one place".to_owned());
        }
        let (mut bound, mut below) = (f64::NEG_INFINITY, 0.0);
        while rest
            .first()
            .is_some_and(|sample| sample.name.ends_with("_bucket"))
        {
            let text = &rest[0].labels["le"];
            let le: f64 = text.parse().map_err(|_| "no bound")?;
            if is_open_metrics && !text.contains(['.', 'e', 'I']) {
                return Err("not canonical".to_owned());
            }
            if le <= bound || rest[0].value < below || rest[0].value.fract() != 0.0 {
                return Err("out of order".to_owned());
            }
            (bound, below) = (le, rest[0].value);
            rest = &rest[1..];
        }
        let others: &[&str] = if is_open_metrics {
            &["_sum", "_count", "_created"]
        } else {
            &["_sum", "_count"]
        };
        for suffix in others {
            let sample = rest.first().ok_or("too few samples")?;
            let is_right = sample.name.ends_with(suffix) && sample.labels == labels;
            if !is_right || sample.value < 0.0 || sample.value.is_nan() {
                return Err(format!("no {suffix}"));
            }
            if *suffix == "_count" && (bound < f64::INFINITY || differ(sample.value, below)) {
                return Err("the last bucket is not all".to_owned());
            }
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// To the last bit: all of these are whole numbers.
fn differ(one: f64, other: f64) -> bool {
    one.to_bits() != other.to_bits()
}
