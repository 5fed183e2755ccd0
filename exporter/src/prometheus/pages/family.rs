//! Instruments into families: what shares a name on a page is together on it,
//! and says one thing.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use pqcnet_telemetry_core::{InstrumentInfo, Kind};

use super::clash::Clashes;
use super::escape::NameOf;
use super::format::PageFormat;
use super::member::Member;
use super::name::MetricName;
use super::translation::Translation;
use crate::config::Temporality;
use crate::otlp::points::{Point, points};
use crate::rows::Rows;

/// The type of a family, in Prometheus's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyType {
    /// One whose samples end in `_total`.
    Counter,
    /// A counter that is not called so: `OpenMetrics` has no such counters.
    Unnamed,
    Gauge,
    Histogram,
}

/// What there is to say under one name.
#[derive(Debug)]
pub(super) struct Family {
    /// Escaped; a counter's with `_total`.
    pub(super) name: String,
    /// In words; only if the name ends with it.
    pub(super) unit: String,
    pub(super) help: Arc<str>,
    pub(super) kind: FamilyType,
    pub(super) members: Vec<Member>,
}

/// The name of the resource's metric, and of its family in `OpenMetrics`.
pub(super) const TARGET_INFO: &str = "target_info";

impl Family {
    /// The name of the family in `OpenMetrics`: that of its samples without
    /// the suffix of its type.
    pub(super) fn open_metrics_name(&self) -> &str {
        match self.kind {
            FamilyType::Counter => stem_of(&self.name),
            _ => &self.name,
        }
    }

    fn new(instrument: &InstrumentInfo, translation: Translation, format: PageFormat) -> Self {
        let MetricName { name, unit } = MetricName::new(
            instrument.name(),
            instrument.unit(),
            instrument.kind(),
            translation,
        );
        let name = NameOf::Metric
            .escaped(&name, format.escaping())
            .into_owned();
        let kind = match instrument.kind() {
            Kind::Counter if name.len() > "_total".len() && name.ends_with("_total") => {
                FamilyType::Counter
            }
            Kind::Counter => FamilyType::Unnamed,
            Kind::Histogram => FamilyType::Histogram,
            _ => FamilyType::Gauge,
        };
        let mut family = Self {
            name,
            unit,
            help: instrument.description().into(),
            kind,
            members: Vec::new(),
        };
        let before = family.open_metrics_name().strip_suffix(&*family.unit);
        if !before.is_some_and(|stem| stem.ends_with('_')) {
            family.unit.clear();
        }
        family
    }

    /// The names that no other family may have: those of its samples, and in
    /// `OpenMetrics` the family's too.
    fn claims(&self, format: PageFormat) -> Vec<String> {
        let name = self.open_metrics_name();
        let suffixes: &[&str] = match (self.kind, format.syntax().is_open_metrics()) {
            (FamilyType::Histogram, false) => &["", "_bucket", "_sum", "_count"],
            (FamilyType::Histogram, true) => &["", "_bucket", "_sum", "_count", "_created"],
            (FamilyType::Counter, true) => &["", "_total", "_created"],
            _ => return vec![self.name.clone()],
        };
        suffixes
            .iter()
            .map(|suffix| format!("{name}{suffix}"))
            .collect()
    }
}

fn stem_of(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

/// The families of a catalog, by name.
///
/// The first instrument of a name decides the type. One of another type, or
/// with a name that is another family's sample, is left out. The first that
/// has a unit and a description decides those.
pub(super) fn families<'a>(
    rows: &Rows,
    labels: impl Fn(usize) -> &'a [u8],
    translation: Translation,
    format: PageFormat,
    clashes: &mut Clashes,
) -> Vec<Family> {
    let catalog = rows.catalog();
    let mut families: Vec<Family> = Vec::new();
    // What a name stands for; the resource's metric is no family of these.
    let mut claimed: HashMap<String, Option<usize>, RandomState> = HashMap::default();
    for name in target_names(format) {
        claimed.insert(name, None);
    }
    let mut family_of = Vec::with_capacity(catalog.instruments().len());
    for instrument in catalog.instruments() {
        let found = Family::new(instrument, translation, format);
        let same = claimed.get(&found.name).copied().flatten();
        let same = same.filter(|index| {
            let family = &families[*index];
            family.name == found.name && family.kind == found.kind
        });
        if let Some(index) = same {
            let family = &mut families[index];
            if family.help.is_empty() {
                family.help = Arc::clone(&found.help);
            } else if !found.help.is_empty() && family.help != found.help {
                clashes.description(instrument.name(), &family.name);
            }
            if family.unit.is_empty() {
                family.unit = found.unit;
            }
            family_of.push(Some(index));
            continue;
        }
        let claims = found.claims(format);
        if claims.iter().any(|claim| claimed.contains_key(claim)) {
            clashes.instrument(instrument.name(), &found.name);
            family_of.push(None);
            continue;
        }
        let index = families.len();
        claimed.extend(claims.into_iter().map(|claim| (claim, Some(index))));
        families.push(found);
        family_of.push(Some(index));
    }
    add_members(&mut families, &family_of, rows, labels, clashes);
    families.sort_by(|one, other| one.name.cmp(&other.name));
    families
}

/// Series with the labels of one before are added to it, or left out. Of a
/// series that has ended and begun anew, only its life of now is there.
fn add_members<'a>(
    families: &mut [Family],
    family_of: &[Option<usize>],
    rows: &Rows,
    labels: impl Fn(usize) -> &'a [u8],
    clashes: &mut Clashes,
) {
    let mut known: HashMap<(usize, &[u8]), usize, RandomState> = HashMap::default();
    known.reserve(rows.len());
    for point in points(rows, Temporality::Cumulative) {
        let Some(family) = family_of[point.instrument] else {
            continue;
        };
        let members = &mut families[family].members;
        let instrument = &rows.catalog().instruments()[point.instrument];
        let labels = labels(point.row);
        let index = *known.entry((family, labels)).or_insert(members.len());
        match members.get_mut(index) {
            None => members.push(Member::new(point, instrument.kind())),
            Some(same) => match lives(rows, &same.point, &point) {
                Some((before, now)) if before < now => same.replace(point),
                Some(_) => {}
                None => {
                    if !same.adopt(point, instrument.kind()) {
                        clashes.series(instrument.name(), &families[family].name);
                    }
                }
            },
        }
    }
}

/// Which life each of them is, if they are lives of one series.
fn lives(rows: &Rows, one: &Point, other: &Point) -> Option<(u64, u64)> {
    let (one, other) = (rows.get(one.row)?, rows.get(other.row)?);
    let is_one = one.series.instrument() == other.series.instrument()
        && one.series.attributes() == other.series.attributes();
    is_one.then_some((one.id, other.id))
}

fn target_names(format: PageFormat) -> Vec<String> {
    let name = NameOf::Metric
        .escaped(TARGET_INFO, format.escaping())
        .into_owned();
    let family = name.strip_suffix("_info").map(str::to_owned);
    let family = family.filter(|_| format.syntax().is_open_metrics());
    family.into_iter().chain([name]).collect()
}
