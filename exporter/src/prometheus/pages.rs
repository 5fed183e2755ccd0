//! The pages of a Prometheus scrape endpoint: what a server answers to a
//! `GET /metrics`, without the server.
//!
//! The rules are those of the OpenTelemetry specification's *Prometheus and
//! `OpenMetrics` compatibility* (PCOMPAT) and *Metrics Exporter - Prometheus*
//! (PROM), of `OpenMetrics` 1.0, and of the text and protobuf formats of
//! prometheus.io.
//!
//! What is the same on every page is rendered once per series and format; a
//! page copies it and writes numbers in between. Nothing grows while nobody
//! scrapes but the totals, and those only with the registry.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use pqcnet_telemetry_core::RetiredEpoch;

use crate::accumulate::Accumulator;
use crate::config::{HistogramEncoding, Temporality};
use crate::otlp::resource::Resource;

mod clash;
mod escape;
mod exemplar;
mod family;
mod format;
mod label;
mod member;
mod name;
mod negotiate;
mod number;
mod plan;
mod protobuf;
mod rendered;
#[cfg(test)]
mod tests;
mod text;
mod translation;
mod unit;

use clash::Clashes;
pub(crate) use format::PageFormat;
use format::Syntax;
use plan::{Plan, Target};
use translation::Translation;

/// The totals of a registry since the start, and how they look on pages.
pub(crate) struct Pages {
    /// With classic buckets.
    explicit: Accumulator,
    /// For native histograms, if they are offered.
    exponential: Option<Accumulator>,
    bounds: Vec<f64>,
    translation: Translation,
    target: Target,
    /// Of the formats asked for last, the last first.
    plans: Vec<Plan>,
    clashes: Clashes,
    /// When series ended, and how many had by then.
    ended: VecDeque<(SystemTime, u64)>,
    /// One family's points, while they are written.
    scratch: Vec<u8>,
}

/// What decides how pages look, besides what is on them.
#[derive(Clone, Debug)]
pub(crate) struct PageOptions {
    /// Upper bounds of classic histogram buckets, in the unit of what is
    /// recorded. Those below zero, where no value is, are left out.
    pub(crate) bounds: Vec<f64>,
    /// Whether histograms have native buckets too, where the format has them:
    /// in protobuf.
    pub(crate) has_native_histograms: bool,
    pub(crate) translation: Translation,
}

/// How many formats are kept ready: a Prometheus, and whoever looks over its
/// shoulder.
const KEPT_PLANS: usize = 2;

/// How long a series that has ended stays on pages, by the ends of epochs: long
/// enough for whoever scrapes once a minute to see the last of it.
const LINGER: Duration = Duration::from_secs(90);

impl Pages {
    /// Pages without a series yet. The first `own` instruments of the registry
    /// are what the library says of itself; pages show them like any other.
    pub(crate) fn new(
        resource: &Resource,
        options: &PageOptions,
        start: SystemTime,
        own: usize,
    ) -> Self {
        let bounds = bounds(&options.bounds);
        let accumulator = |histograms: &HistogramEncoding| {
            Accumulator::new(Temporality::Cumulative, histograms, start).with_own(own)
        };
        Self {
            explicit: accumulator(&HistogramEncoding::Explicit(bounds.clone())),
            exponential: options
                .has_native_histograms
                .then(|| accumulator(&HistogramEncoding::Exponential)),
            bounds,
            translation: options.translation,
            target: Target::new(resource),
            plans: Vec::new(),
            clashes: Clashes::default(),
            ended: VecDeque::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds what an epoch has gained. Every epoch goes in, once and in order,
    /// whether or not anybody scrapes.
    pub(crate) fn add(&mut self, epoch: &RetiredEpoch) {
        self.explicit.add(epoch);
        if let Some(exponential) = &mut self.exponential {
            exponential.add(epoch);
        }
        let ended = self.explicit.rows.ended_so_far();
        if !epoch.ended().is_empty() {
            self.ended.push_back((epoch.end(), ended));
        }
        while let Some((end, so_far)) = self.ended.front()
            && epoch
                .end()
                .duration_since(*end)
                .is_ok_and(|age| age >= LINGER)
        {
            self.explicit.forget_ended(*so_far);
            if let Some(exponential) = &mut self.exponential {
                exponential.forget_ended(*so_far);
            }
            self.ended.pop_front();
        }
    }

    /// Appends the page of now to `out`. O(series); the first page of a format,
    /// and the first after a registration, costs a few times as much.
    pub(crate) fn render(&mut self, format: PageFormat, out: &mut Vec<u8>) {
        let known = self.plans.iter().position(|plan| plan.format() == format);
        let mut plan = match known {
            Some(index) => self.plans.remove(index),
            None => Plan::new(format, self.translation, &self.target, &self.bounds),
        };
        plan.follow(&self.explicit.rows, &mut self.clashes);
        match format.syntax() {
            Syntax::Protobuf => {
                let native = self.exponential.as_ref();
                protobuf::write(out, &plan, &self.explicit, native, &mut self.scratch);
            }
            _ => text::write(out, &plan, &self.explicit),
        }
        self.plans.truncate(KEPT_PLANS - 1);
        self.plans.insert(0, plan);
    }

    /// How many instruments are missing, or have series missing, on pages so
    /// far because others have their names.
    pub(crate) fn dropped_conflicts(&self) -> u64 {
        self.clashes.dropped()
    }
}

/// Increasing and finite, from zero on.
fn bounds(given: &[f64]) -> Vec<f64> {
    let usable = given
        .iter()
        .filter(|bound| bound.is_finite() && **bound >= 0.0);
    let mut bounds: Vec<f64> = usable.map(|bound| bound.abs()).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    bounds
}
