//! Which series nothing was recorded into for long.

use std::time::SystemTime;

use crate::catalog::Catalog;
use crate::gauge::GaugeCell;
use crate::retired::RetiredEpoch;
use crate::series::Slot;

/// When each series was last recorded into, by the ends of epochs; kept for
/// registries with an instrument whose idle series end.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// By series.
    last: Vec<SystemTime>,
}

impl Idle {
    /// The series whose time is up with `epoch`, ascending by instrument.
    ///
    /// O(changes + series of instruments with an expiry).
    pub(crate) fn find(&mut self, epoch: &RetiredEpoch, gauges: &[GaugeCell]) -> Vec<usize> {
        let catalog = &*epoch.catalog;
        if !catalog.has_expiry() {
            return Vec::new();
        }
        self.last
            .resize(catalog.series().len(), SystemTime::UNIX_EPOCH);
        for (series, _) in epoch.changes() {
            if was_recorded(catalog, series, gauges) {
                self.last[series] = epoch.end;
            }
        }
        let mut idle = Vec::new();
        for instrument in catalog.instruments() {
            let Some(expiry) = instrument.idle_expiry() else {
                continue;
            };
            let series = instrument.series().iter();
            idle.extend(series.filter(|&&series| {
                // An index may have had another series before.
                let last = self.last[series].max(catalog.series()[series].created());
                let elapsed = epoch.end.duration_since(last);
                elapsed.is_ok_and(|elapsed| elapsed >= expiry)
            }));
        }
        idle
    }
}

/// A gauge is among the changes once it was ever set.
fn was_recorded(catalog: &Catalog, series: usize, gauges: &[GaugeCell]) -> bool {
    match catalog.series()[series].slot {
        Slot::Gauge(slot) => gauges[slot.0 as usize].take_news(),
        _ => true,
    }
}
