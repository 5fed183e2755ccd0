//! What the table's lock guards.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use metrics::Unit;
use pqcnet_telemetry_core::{RegisterError, Registry};

use super::instrument::Registered;
use crate::facade::drops::{Drops, Reason};
use crate::facade::name::Labels;
use crate::facade::resolution::Rules;
use crate::facade::series::{Handle, Series};

/// How many descriptions are kept; the names that a program describes are its
/// own, and far fewer.
const MOST_DESCRIBED: usize = 16_384;

/// What a macro asks for.
pub(super) struct Asked<'a> {
    /// The name, as the macro was given it.
    pub(super) given: &'a str,
    /// The instrument's.
    pub(super) name: &'a str,
    pub(super) labels: &'a Labels<'a>,
    pub(super) stripe: usize,
}

pub(super) enum Found<S> {
    Own(Arc<Handle<S>>),
    /// The overflow series': of keys without end, so none is remembered.
    Shared(Arc<Handle<S>>),
}

/// Why there is no handle, or no such unit.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    error: Option<RegisterError>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        let error = None;
        Self { reason, error }
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        let reason = match error {
            RegisterError::CapacityExhausted { .. } => Reason::NoRoom,
            RegisterError::InvalidName { .. } => Reason::InvalidName,
            _ => Reason::Conflict,
        };
        let error = Some(error);
        Self { reason, error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return write!(f, "not recorded: {error}");
        }
        f.write_str(match self.reason {
            Reason::InvalidName => {
                "not recorded: a name has 1 to 255 characters, with an \"m_\" that is put in \
                 front where it does not start with a letter"
            }
            Reason::InvalidLabel => "not recorded: a label without a key",
            Reason::Conflict => "not recorded: another kind has the name",
            Reason::NoRoom => "not recorded: no room left",
            Reason::LateUnit => "its unit was described before, or after its first record: kept",
            Reason::Value => "a value was not recorded",
        })
    }
}

pub(super) struct State<S> {
    /// By the instrument's name.
    metrics: HashMap<Box<str>, Metric<S>, RandomState>,
    described: usize,
    /// Whether the registry had no slot left for this kind, when last asked.
    is_full: bool,
}

/// One name.
struct Metric<S> {
    unit: Option<Unit>,
    description: Box<str>,
    is_described: bool,
    status: Status<S>,
}

enum Status<S> {
    Unregistered,
    Registered(Box<Registered<S>>),
    /// Another kind has the name.
    Refused,
}

impl<S> Default for State<S> {
    fn default() -> Self {
        Self {
            metrics: HashMap::default(),
            described: 0,
            is_full: false,
        }
    }
}

impl<S> Default for Metric<S> {
    fn default() -> Self {
        Self {
            unit: None,
            description: Box::default(),
            is_described: false,
            status: Status::Unregistered,
        }
    }
}

impl<S: Series> State<S> {
    /// `None` if it has to be registered, or made for this stripe.
    pub(super) fn find(&self, asked: &Asked<'_>) -> Option<Result<Found<S>, Refusal>> {
        let status = self.metrics.get(asked.name).map(|metric| &metric.status);
        let is_known = match status {
            Some(Status::Refused) => return Some(Err(Reason::Conflict.into())),
            Some(Status::Registered(registered)) => {
                if let Some(found) = registered.find(asked) {
                    return Some(Ok(found));
                }
                registered.has(asked.labels)
            }
            Some(Status::Unregistered) | None => false,
        };
        (self.is_full && !is_known).then(|| Err(Reason::NoRoom.into()))
    }

    /// The handle, and the unit that the registry has where that is another
    /// than was described.
    pub(super) fn find_or_register(
        &mut self,
        asked: &Asked<'_>,
        rules: &Rules,
        registry: &Registry,
        drops: &Arc<Drops>,
    ) -> Result<(Found<S>, Option<Arc<str>>), Refusal> {
        // Another thread may have been faster.
        if let Some(found) = self.find(asked) {
            return found.map(|found| (found, None));
        }
        let metric = self.metrics.entry(asked.name.into()).or_default();
        let mut other_unit = None;
        let made = metric
            .registered(asked, rules, registry, drops)
            .and_then(|(registered, other)| {
                other_unit = other;
                registered.find_or_bind(asked, registry)
            })
            .map_err(Refusal::from);
        match made.as_ref().map_err(|refusal| refusal.reason) {
            Err(Reason::NoRoom) => {
                self.is_full = true;
                // Names that found no slot may be any number.
                if !metric.is_kept() {
                    self.metrics.remove(asked.name);
                }
            }
            Err(_) if !metric.is_registered() => metric.status = Status::Refused,
            Ok(_) | Err(_) => {}
        }
        made.map(|found| (found, other_unit))
    }

    pub(super) fn describe(
        &mut self,
        name: &str,
        unit: Option<Unit>,
        description: &str,
        registry: &Registry,
        drops: &Arc<Drops>,
    ) -> Result<(), Refusal> {
        let is_described = self.metrics.get(name).is_some_and(|m| m.is_described);
        if !is_described && self.described == MOST_DESCRIBED {
            return Err(Reason::NoRoom.into());
        }
        self.described += usize::from(!is_described);
        let metric = self.metrics.entry(name.into()).or_default();
        metric.is_described = true;
        if description.len() > metric.description.len() {
            metric.description = description.into();
            if let Status::Registered(registered) = &metric.status {
                registered.describe(description, registry, drops);
            }
        }
        let is_fixed = metric.unit.is_some() || metric.is_registered();
        match unit {
            Some(unit) if !is_fixed => metric.unit = Some(unit),
            Some(unit) if metric.unit != Some(unit) => return Err(Reason::LateUnit.into()),
            _ => {}
        }
        Ok(())
    }

    /// Every series that is registered.
    pub(super) fn series(&self) -> impl Iterator<Item = &S> {
        let registered = self
            .metrics
            .values()
            .filter_map(|metric| match &metric.status {
                Status::Registered(registered) => Some(&**registered),
                Status::Unregistered | Status::Refused => None,
            });
        registered.flat_map(Registered::series)
    }

    pub(super) fn forget_unused(&mut self, now: Instant, idle: Duration) {
        // There may be room now, and a name's other kind may be gone.
        self.is_full = false;
        self.metrics.retain(|_, metric| {
            let is_left = match &mut metric.status {
                Status::Registered(registered) => !registered.forget_unused(now, idle),
                Status::Unregistered | Status::Refused => false,
            };
            if !is_left {
                metric.status = Status::Unregistered;
            }
            metric.is_kept()
        });
    }
}

impl<S: Series> Metric<S> {
    /// Whether there is more to it than a name that somebody asked for.
    fn is_kept(&self) -> bool {
        self.is_described || self.is_registered()
    }

    fn is_registered(&self) -> bool {
        matches!(self.status, Status::Registered(_))
    }

    /// Its instrument, registered if need be.
    fn registered(
        &mut self,
        asked: &Asked<'_>,
        rules: &Rules,
        registry: &Registry,
        drops: &Arc<Drops>,
    ) -> Result<(&mut Registered<S>, Option<Arc<str>>), RegisterError> {
        let mut other_unit = None;
        if !self.is_registered() {
            let (registered, other) =
                Registered::register(asked, self.unit, &self.description, rules, registry, drops)?;
            other_unit = other;
            self.status = Status::Registered(Box::new(registered));
        }
        match &mut self.status {
            Status::Registered(registered) => Ok((registered, other_unit)),
            Status::Unregistered | Status::Refused => unreachable!("it was just registered"),
        }
    }
}
