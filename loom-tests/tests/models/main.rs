//! Models of the real core: each claims something of every interleaving that
//! loom finds, with up to three preemptions.
//!
//! `scripts/loom` runs them, `scripts/mutants` shows that each ordering and
//! each step they rest on is needed. Without `--cfg loom` this is one ignored
//! test that says so, so that green never means empty.

#[cfg(not(loom))]
#[test]
#[ignore = "models need --cfg loom: run scripts/loom"]
fn models() {
    panic!("run scripts/loom");
}

#[cfg(loom)]
mod counters;
#[cfg(loom)]
mod events;
#[cfg(loom)]
mod exemplars;
#[cfg(loom)]
mod flushes;
#[cfg(loom)]
mod gauges;
#[cfg(loom)]
mod handover;
#[cfg(loom)]
mod histograms;
#[cfg(loom)]
mod registration;
#[cfg(loom)]
mod relay;
#[cfg(loom)]
mod series_end;

#[cfg(loom)]
mod support {
    use pqcnet_telemetry_core::{Registry, RetiredEpoch};

    /// One slot a kind (two counters), and histograms of the fewest buckets:
    /// every word is a state to explore.
    pub(crate) fn registry() -> Registry {
        Registry::builder()
            .counter_capacity(2)
            .gauge_capacity(1)
            .histogram_capacity(1)
            .range(1, 2)
            .digits(1)
            .build()
    }

    /// Explores every interleaving of up to three preemptions; `LOOM_*`
    /// variables override.
    pub(crate) fn model(check: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound.get_or_insert(3);
        builder.check(check);
    }

    /// A flush, after the other threads have had their chance: without the
    /// yield, loom's search leaves out schedules in which they run first.
    pub(crate) fn flush(registry: &Registry) -> RetiredEpoch {
        loom::thread::yield_now();
        registry.flush()
    }

    pub(crate) fn gain(epoch: &RetiredEpoch, name: &str) -> u64 {
        epoch.counter(name).unwrap_or(0)
    }
}
