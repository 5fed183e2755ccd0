//! Seeded sequences of faults: whatever the peer does, what arrives is what was
//! recorded, and what does not is known.
//!
//! `PQCNET_FAULT_SEQUENCES` says how many, `PQCNET_FAULT_SEED` the seed of the
//! first; the next has the next seed. `scripts/faults` runs more of them and
//! shows the figures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

mod answer;
mod events;
mod fault;
mod figures;
mod http;
mod ledger;
mod metrics;
mod otlp;
mod peer;
mod plan;
mod play;
mod sequence;
mod tls;
#[path = "../support/tls.rs"]
mod tls_sink;

use figures::Figures;
use plan::Plan;

/// They wait for each other's threads more than they compute.
const AT_ONCE: u64 = 8;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}"))
    })
}

#[test]
fn after_any_faults_what_arrived_is_what_was_recorded() {
    let sequences = number("PQCNET_FAULT_SEQUENCES", 1_000);
    let first = number("PQCNET_FAULT_SEED", 1);
    let start = Instant::now();
    let (next, figures) = (AtomicU64::new(0), Mutex::default());
    let failed: Mutex<Vec<u64>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(sequences) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= sequences {
                        break;
                    }
                    let seed = first.wrapping_add(number);
                    if !holds(seed, number as u32, &figures) {
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let (figures, failed): (Figures, _) =
        (figures.into_inner().unwrap(), failed.into_inner().unwrap());
    println!("seeds from {first}:\n{figures}");
    println!("{:>9.1} s", start.elapsed().as_secs_f64());
    let count = failed.len();
    assert!(
        failed.is_empty(),
        "{count} of {sequences} sequences fail; alone, with PQCNET_FAULT_SEQUENCES=1, by \
         PQCNET_FAULT_SEED={failed:?}"
    );
    assert_eq!(figures.sequences, sequences);
}

/// Whether the sequence of this seed is as it must be; if not, it is shown.
fn holds(seed: u64, number: u32, figures: &Mutex<Figures>) -> bool {
    let plan = Plan::of(seed);
    let mut evidence = None;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let evidence = evidence.insert(sequence::run(&plan, number));
        ledger::check(evidence);
    }));
    if let Some(evidence) = &evidence {
        figures.lock().unwrap().add(evidence);
    }
    if result.is_err() {
        eprintln!("the sequence of seed {seed} fails: {plan:?}");
        if let Some(evidence) = evidence {
            for (name, plays) in [("metrics", &evidence.metrics), ("logs", &evidence.logs)] {
                for (index, play) in plays.iter().enumerate() {
                    eprintln!("{name} {index}: {play}");
                }
            }
            for report in &evidence.reports {
                eprintln!("{report}");
            }
        }
    }
    result.is_ok()
}
