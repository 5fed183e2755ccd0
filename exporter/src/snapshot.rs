//! What a successful flush hands back: the recent past, for people and logs.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::SystemTime;

use pqcnet_telemetry_core::Layout;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::deliver::DeliveryReport;
use crate::kem::KemUsageRecord;

/// What was recorded since the last successful flush.
///
/// A series with attributes is named `name{key=value,…}`. Series that did not
/// change are left out; up-down counters and gauges show where they stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TelemetrySnapshot {
    /// When the flush before ended.
    #[serde(with = "rfc3339")]
    pub start: SystemTime,
    /// When this flush cut its epoch.
    #[serde(with = "rfc3339")]
    pub timestamp: SystemTime,
    /// The resource's labels, as configured.
    pub labels: BTreeMap<String, String>,
    /// What each counter has gained.
    pub counters: BTreeMap<String, u64>,
    /// Where each up-down counter stands.
    pub up_down_counters: BTreeMap<String, i64>,
    /// Where each gauge stands; not those that are not finite, as JSON has no
    /// such numbers.
    pub gauges: BTreeMap<String, f64>,
    /// Distributions of the histograms in milliseconds.
    pub latencies_ms: BTreeMap<String, Distribution>,
    /// Distributions of all others, in their own units, or in the last of the
    /// decimals that an instrument has of its unit.
    pub histograms: BTreeMap<String, Distribution>,
    /// KEM events, oldest first.
    pub kem_events: Vec<KemEvent>,
    /// KEM events dropped since the handle was made, because too many were
    /// undelivered, or because one was larger than a request may be.
    pub dropped_kem_events: u64,
    /// What became of everything that was to be delivered, since the flush
    /// before, for each destination and signal.
    #[serde(default)]
    pub delivery: DeliveryReport,
}

impl TelemetrySnapshot {
    /// One that shows nothing of the time between two moments.
    pub(crate) fn empty(
        start: SystemTime,
        timestamp: SystemTime,
        labels: BTreeMap<String, String>,
    ) -> Self {
        Self {
            start,
            timestamp,
            labels,
            counters: BTreeMap::new(),
            up_down_counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            latencies_ms: BTreeMap::new(),
            histograms: BTreeMap::new(),
            kem_events: Vec::new(),
            dropped_kem_events: 0,
            delivery: DeliveryReport::default(),
        }
    }
}

/// A distribution in numbers. All but `count` and `sum` are exact to the
/// histogram's digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Distribution {
    /// Number of records.
    pub count: u64,
    /// Their sum; `u64::MAX` if it is more.
    pub sum: u64,
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
    /// The median.
    pub p50: u64,
    /// Nine in ten are no greater.
    pub p90: u64,
    /// 99 in a hundred are no greater.
    pub p99: u64,
    /// 999 in a thousand are no greater.
    #[serde(rename = "p99.9")]
    pub p99_9: u64,
}

impl Distribution {
    /// Of HDR buckets with their counts, by index, none of them empty. `None`
    /// if there are none.
    ///
    /// Quantiles are those of hdrhistogram: the greatest value of the bucket
    /// that holds the record of that rank. O(buckets).
    pub(crate) fn new(layout: &Layout, buckets: &[(u32, u64)], sum: u128) -> Option<Self> {
        let (first, last) = (buckets.first()?.0, buckets.last()?.0);
        let count: u128 = buckets.iter().map(|(_, count)| u128::from(*count)).sum();
        let mut below = 0;
        let mut rest = buckets.iter();
        let mut reached = first;
        // In ascending order, so that one pass finds all.
        let mut quantile = |per_mille: u128| {
            let rank = (count * per_mille).div_ceil(1_000);
            while below < rank {
                let (index, count) = rest.next().expect("the counts add up to the last rank");
                below += u128::from(*count);
                reached = *index;
            }
            layout.highest_of(reached as usize)
        };
        Some(Self {
            count: u64::try_from(count).unwrap_or(u64::MAX),
            sum: u64::try_from(sum).unwrap_or(u64::MAX),
            min: layout.lowest_of(first as usize),
            p50: quantile(500),
            p90: quantile(900),
            p99: quantile(990),
            p99_9: quantile(999),
            max: layout.highest_of(last as usize),
        })
    }
}

/// A KEM record with the time and the id it goes out with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KemEvent {
    /// Unique; a receiver that sees it twice got one event twice
    /// (`log.record.uid`).
    pub id: Uuid,
    /// When it was recorded.
    #[serde(with = "rfc3339")]
    pub timestamp: SystemTime,
    /// The record.
    #[serde(flatten)]
    pub record: KemUsageRecord,
}

impl Deref for KemEvent {
    type Target = KemUsageRecord;

    fn deref(&self) -> &KemUsageRecord {
        &self.record
    }
}

impl PartialEq<KemUsageRecord> for KemEvent {
    fn eq(&self, record: &KemUsageRecord) -> bool {
        self.record == *record
    }
}

pub(crate) mod rfc3339 {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // What a year of four digits can't say is not worth a panic.
        let latest = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let time = (*time).clamp(UNIX_EPOCH, latest);
        serializer.collect_str(&humantime::format_rfc3339_nanos(time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distributions_are_those_of_hdrhistogram(
            counts in prop::collection::btree_map(0_u32..5_000, 1_u64..2_000, 0..100),
        ) {
            let registry = pqcnet_telemetry_core::Registry::new();
            registry.histogram("x").unwrap();
            let layout = *registry.catalog().instruments()[0].layout().unwrap();
            let buckets: Vec<_> = counts.into_iter().collect();
            let mut hdr = layout.empty();
            for (index, count) in &buckets {
                hdr.record_n(layout.lowest_of(*index as usize), *count).unwrap();
            }
            let expected = (!buckets.is_empty()).then(|| Distribution {
                count: hdr.len(),
                sum: 7,
                min: hdr.min(),
                max: hdr.max(),
                p50: hdr.value_at_quantile(0.5),
                p90: hdr.value_at_quantile(0.9),
                p99: hdr.value_at_quantile(0.99),
                p99_9: hdr.value_at_quantile(0.999),
            });
            prop_assert_eq!(Distribution::new(&layout, &buckets, 7), expected);
        }
    }
}
