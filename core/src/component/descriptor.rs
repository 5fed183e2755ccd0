//! What is known of an instrument before there is a registry.

use super::handle::Handle;
use super::level::Level;
use crate::series::{Instrument, Kind};

/// An instrument as [`instruments!`](crate::instruments) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Descriptor {
    /// The name.
    pub name: &'static str,
    /// The kind.
    pub kind: Kind,
    /// The unit, as UCUM writes it; empty if it has none.
    pub unit: &'static str,
    /// Decimal places of the unit that are recorded; see
    /// [`Instrument::decimals`].
    pub decimals: u8,
    /// What is measured: the doc comment, on one line.
    pub description: &'static str,
    /// The attributes of its series.
    pub labels: &'static [Label],
    /// How important it is.
    pub level: Level,
    /// Why it should not be used any more, and what to use instead; `None` for
    /// one in use.
    pub deprecated: Option<&'static str>,
    /// The group of panels that it is shown in.
    pub group: Option<&'static str>,
    /// Range of a histogram that has its own; see [`Instrument::range`].
    pub range: Option<(u64, u64)>,
    /// Digits of a histogram that has its own; see [`Instrument::digits`].
    pub digits: Option<u8>,
}

/// An attribute's key, and its values as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Label {
    /// The attribute key.
    pub key: &'static str,
    /// Every value, of an enum by [`label_set!`](crate::label_set); `None`
    /// where they are known only at run time.
    pub values: Option<&'static [&'static str]>,
}

impl Label {
    /// A label whose values are known only at run time, for `bind`.
    pub const fn open(key: &'static str) -> Self {
        Self { key, values: None }
    }

    pub(super) const fn of_set(key: &'static str, values: &'static [&'static str]) -> Self {
        Self {
            key,
            values: Some(values),
        }
    }
}

/// What an instrument may say of itself beyond name, kind and description.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// See [`Descriptor::unit`].
    pub unit: &'static str,
    /// See [`Descriptor::decimals`].
    pub decimals: u8,
    /// The labels that it is bound with; a family has that of its enum.
    pub labels: &'static [Label],
    /// See [`Descriptor::level`].
    pub level: Level,
    /// See [`Descriptor::deprecated`].
    pub deprecated: Option<&'static str>,
    /// See [`Descriptor::group`].
    pub group: Option<&'static str>,
    /// See [`Descriptor::range`].
    pub range: Option<(u64, u64)>,
    /// See [`Descriptor::digits`].
    pub digits: Option<u8>,
}

impl Options {
    /// No unit, no labels, level `info`, in use, and so on.
    pub const DEFAULT: Self = Self {
        unit: "",
        decimals: 0,
        labels: &[],
        level: Level::Info,
        deprecated: None,
        group: None,
        range: None,
        digits: None,
    };
}

impl Descriptor {
    /// Of an instrument whose handle is `H`. Checks none of the rules; see
    /// [`instruments!`](crate::instruments).
    ///
    /// # Panics
    ///
    /// If `options` has labels and `H` is a family, which has its enum's.
    pub const fn of<H: Handle>(
        name: &'static str,
        description: &'static str,
        options: Options,
    ) -> Self {
        assert!(
            H::LABELS.is_empty() || options.labels.is_empty(),
            "the label of a family is its enum; `labels` are for `bind`"
        );
        Self {
            name,
            kind: H::KIND,
            unit: options.unit,
            decimals: options.decimals,
            description,
            labels: if H::LABELS.is_empty() {
                options.labels
            } else {
                H::LABELS
            },
            level: options.level,
            deprecated: options.deprecated,
            group: options.group,
            range: options.range,
            digits: options.digits,
        }
    }

    /// What to register.
    pub fn instrument(&self) -> Instrument {
        let mut instrument = Instrument::new(self.name)
            .unit(self.unit)
            .decimals(self.decimals)
            .description(self.description);
        if let Some((low, high)) = self.range {
            instrument = instrument.range(low, high);
        }
        if let Some(digits) = self.digits {
            instrument = instrument.digits(digits);
        }
        instrument
    }
}
