//! What does one record cost, and against what?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench record
//! ```
//!
//! Every line is the time of one record on one thread, in the mean of all
//! threads that record at once. Only ratios within one run say anything, as the
//! machine's clock and its other work are in all of them: each group has the
//! plain way of doing the same thing, ours, and the rivals that can do it.
//!
//! | group | threads | plain | ours |
//! |---|---|---|---|
//! | `counter_*` | 1, 2, 4 | `thread_local_cell`, `fetch_add`, `arc_swap` | `increment`, `local` |
//! | `labelled_*` | 1, 2, 4 | | `family`, `bound` |
//! | `named_*` | 1, 2, 4 | | `record_counter`, `record_latency_ms` |
//! | `histogram_*` | 1, 2, 4 | `hdrhistogram`, `hdrhistogram_mutex`, `hdrhistogram_sync` | `record`, `local`, `family` |
//! | `up_down_*` | 1, 2, 4 | `fetch_add` | `increment`, `local` |
//! | `gauge_*` | 1, 2, 4 | `store` | `set` |
//! | `timer_*` | 1, 2, 4 | `instant` | `timer` |
//! | `series` | 1 | | `series/*`, `shards/*` |
//!
//! The rest of a group's lines are named after the rival's crate. What each of
//! them does differently is said at the top of the group's file.
//!
//! One cell is recorded into again and again, so each record waits for the
//! store of the one before. Records to different series overlap, and cost less.
//!
//! Handles and labels pass through `black_box`, for ours and rivals alike, so
//! that each record loads all it needs anew; the compiler knows the 1 of an
//! increment, as it does at a caller's `increment()`. Four threads share this
//! machine's cores if it has fewer: their times are those of the wall clock.

mod bench;
mod counter;
mod gauge;
mod histogram;
mod labelled;
mod named;
mod rivals;
mod series;
mod timer;
mod up_down;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(30)
        .configure_from_args();
    counter::run(&mut criterion);
    labelled::run(&mut criterion);
    named::run(&mut criterion);
    histogram::run(&mut criterion);
    up_down::run(&mut criterion);
    gauge::run(&mut criterion);
    timer::run(&mut criterion);
    series::run(&mut criterion);
    criterion.final_summary();
}
