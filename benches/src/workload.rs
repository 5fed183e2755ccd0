//! The same work for ours and for every rival.

use pqcnet_telemetry_core::label_set;

/// Values in one pass of a timed loop.
pub const VALUES: usize = 200;

label_set! {
    /// A label of three values.
    pub enum Outcome: "outcome" {
        /// Taken.
        Accepted = "accepted",
        /// Put off.
        Deferred = "deferred",
        /// Sent back.
        Rejected = "rejected",
    }
}

/// From a microsecond to 16 milliseconds in nanoseconds, 5 % apart, in no
/// order.
pub fn values() -> [u64; VALUES] {
    let mut values = [0; VALUES];
    let mut value = 1_000;
    for step in 0..VALUES {
        // 73 and 200 have no common divisor, so every place is filled.
        values[step * 73 % VALUES] = value;
        value += value / 20;
    }
    values
}

/// `distinct` values from a millisecond in nanoseconds, each `ratio` times the
/// one before: from 1.002 on each has an HDR bucket of three digits to itself.
pub fn geometric(distinct: usize, ratio: f64) -> Vec<u64> {
    let values = (0..distinct as i32).map(|step| 1_000_000.0 * ratio.powi(step));
    values.map(|value| value as u64).collect()
}
