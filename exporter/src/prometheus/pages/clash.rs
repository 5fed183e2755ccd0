//! What a page can't say because something else has the name.

use std::collections::HashSet;

use foldhash::fast::RandomState;

/// The instruments that clash with an earlier one, each said in the log once.
#[derive(Debug, Default)]
pub(super) struct Clashes {
    /// Of which something is left out, by name.
    dropped: HashSet<String, RandomState>,
    /// Whose description is.
    undescribed: HashSet<String, RandomState>,
}

impl Clashes {
    /// How many instruments are not, or not as a whole, on every page that was
    /// rendered.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.len() as u64
    }

    /// The name is that of a family of another type, or of one of its samples.
    pub(super) fn instrument(&mut self, instrument: &str, name: &str) {
        if self.dropped.insert(instrument.to_owned()) {
            log::warn!("{instrument} is left out of pages: an instrument before it has {name}");
        }
    }

    /// A series has the labels of another, and they can't be added up.
    pub(super) fn series(&mut self, instrument: &str, name: &str) {
        if self.dropped.insert(instrument.to_owned()) {
            log::warn!(
                "series of {instrument} are left out of pages: others have the same labels \
                 under {name}"
            );
        }
    }

    /// The name has a description already.
    pub(super) fn description(&mut self, instrument: &str, name: &str) {
        if self.undescribed.insert(instrument.to_owned()) {
            log::warn!("{name} has another description than {instrument}'s on pages");
        }
    }
}
