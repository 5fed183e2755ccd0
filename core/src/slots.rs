//! Which slots are taken: new ones up to the capacity, vacated ones first.

use crate::bank::{GaugeSlot, HistogramSlot, ScalarSlot};
use crate::catalog::Capacity;
use crate::error::RegisterError;
use crate::histogram::layout::Layout;
use crate::series::{Kind, Slot};

/// The slots of every bank of a registry.
///
/// Cells are never reset: a vacated slot's go on from where they stand, at
/// their baselines. A histogram's cells are laid out for its range and digits,
/// so its slot goes to a histogram of the same layout only.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    scalars: Pool,
    gauges: Pool,
    histograms: u32,
    vacant_histograms: Vec<(Layout, Vec<u32>)>,
}

#[derive(Debug, Default)]
struct Pool {
    /// How many were ever taken.
    used: u32,
    vacant: Vec<u32>,
}

impl Pool {
    fn take(&mut self, capacity: usize) -> Option<u32> {
        self.vacant
            .pop()
            .or_else(|| fresh(&mut self.used, capacity))
    }
}

fn fresh(used: &mut u32, capacity: usize) -> Option<u32> {
    let slot = *used;
    ((slot as usize) < capacity).then(|| {
        *used += 1;
        slot
    })
}

impl Slots {
    /// A slot for a series of this kind; histograms have a layout.
    pub(crate) fn take(
        &mut self,
        name: &str,
        kind: Kind,
        layout: Option<&Layout>,
        capacity: &Capacity,
    ) -> Result<Slot, RegisterError> {
        let (taken, capacity) = match kind {
            Kind::Counter | Kind::UpDownCounter => {
                let slot = self.scalars.take(capacity.scalars);
                (slot.map(ScalarSlot).map(Slot::Scalar), capacity.scalars)
            }
            Kind::Gauge => {
                let slot = self.gauges.take(capacity.gauges);
                (slot.map(GaugeSlot).map(Slot::Gauge), capacity.gauges)
            }
            Kind::Histogram => {
                let layout = layout.expect("histograms have a layout");
                let slot = self.vacant(layout).pop();
                let slot = slot.or_else(|| fresh(&mut self.histograms, capacity.histograms));
                let slot = slot.map(HistogramSlot).map(Slot::Histogram);
                (slot, capacity.histograms)
            }
        };
        taken.ok_or_else(|| RegisterError::CapacityExhausted {
            name: name.into(),
            kind,
            capacity,
        })
    }

    /// Takes back the slot of a series that has ended: all its cells are at
    /// their baselines, and nobody holds a handle.
    pub(crate) fn vacate(&mut self, slot: Slot, layout: Option<&Layout>) {
        match slot {
            Slot::Scalar(slot) => self.scalars.vacant.push(slot.0),
            Slot::Gauge(slot) => self.gauges.vacant.push(slot.0),
            Slot::Histogram(slot) => {
                let layout = layout.expect("histograms have a layout");
                self.vacant(layout).push(slot.0);
            }
        }
    }

    /// A registry has few layouts, mostly one.
    fn vacant(&mut self, layout: &Layout) -> &mut Vec<u32> {
        let mut known = self.vacant_histograms.iter();
        let known = known.position(|(known, _)| known == layout);
        let index = known.unwrap_or_else(|| {
            self.vacant_histograms.push((*layout, Vec::new()));
            self.vacant_histograms.len() - 1
        });
        &mut self.vacant_histograms[index].1
    }
}
