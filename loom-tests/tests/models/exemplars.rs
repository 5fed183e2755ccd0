//! An exemplar is one record's, whole.

use loom::thread;
use pqcnet_telemetry_core::{Exemplar, ExemplarContext, RetiredEpoch};

use crate::support::{flush, model, registry};

fn context(id: &str) -> ExemplarContext {
    ExemplarContext::correlation(id).unwrap()
}

fn check(epoch: &RetiredEpoch) -> usize {
    let is_whole = |exemplar: &Exemplar| match exemplar.context.correlation_id() {
        Some("one") => exemplar.value == 1,
        Some("three") => exemplar.value == 3,
        _ => false,
    };
    for (series, exemplar) in epoch.exemplars() {
        assert!(series == 0 && is_whole(exemplar), "{exemplar:?}");
    }
    epoch.exemplars().len()
}

#[test]
fn a_flush_takes_a_whole_exemplar_or_none() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = {
            let counter = counter.clone();
            thread::spawn(move || counter.add_with_exemplar(3, &context("three")))
        };
        let first = check(&flush(&registry));
        writer.join().unwrap();
        assert_eq!(first + check(&registry.flush()), 1);
    });
}

#[test]
fn two_records_leave_one_of_theirs() {
    model(|| {
        let registry = registry();
        let counter = registry.counter("c").unwrap();
        let writer = {
            let counter = counter.clone();
            thread::spawn(move || counter.add_with_exemplar(3, &context("three")))
        };
        counter.add_with_exemplar(1, &context("one"));
        writer.join().unwrap();
        assert_eq!(check(&registry.flush()), 1);
    });
}
