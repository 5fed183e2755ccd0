//! How long to wait after a failure.

use std::time::Duration;

use fastrand::Rng;

/// Exponential backoff with full jitter: after the n-th failure in a row, any
/// time up to `initial * 2^(n-1)`, and never more than `max`, equally likely.
///
/// Clients that were cut off together so come back apart, and no later than
/// with less jitter (M. Brooker, *Exponential Backoff And Jitter*, 2015).
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    rng: Rng,
}

impl Backoff {
    pub(crate) fn new(initial: Duration, max: Duration, rng: Rng) -> Self {
        Self { initial, max, rng }
    }

    /// The longest wait after this many failures in a row, at least one.
    fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.initial.saturating_mul(1 << doublings).min(self.max)
    }

    /// A wait after this many failures in a row.
    pub(crate) fn wait(&mut self, failures: u32) -> Duration {
        self.ceiling(failures).mul_f64(self.rng.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_secs(1);
    const MAX: Duration = Duration::from_secs(30);

    fn backoff(seed: u64) -> Backoff {
        Backoff::new(INITIAL, MAX, Rng::with_seed(seed))
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_maximum() {
        let backoff = backoff(1);
        let seconds = [1, 2, 3, 4, 5, 6, 7, 1_000, u32::MAX].map(|n| backoff.ceiling(n).as_secs());
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30, 30]);
        let longest = Backoff::new(Duration::MAX, Duration::MAX, Rng::with_seed(1));
        assert_eq!(longest.ceiling(40), Duration::MAX);
    }

    /// The Kolmogorov-Smirnov distance to the uniform distribution, which for
    /// 10,000 draws exceeds 0.0195 once in a thousand seeds.
    fn distance_to_uniform(mut draws: Vec<f64>) -> f64 {
        draws.sort_by(f64::total_cmp);
        let count = draws.len() as f64;
        let distances = draws.iter().enumerate().map(|(index, draw)| {
            let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
            (draw - below).abs().max((above - draw).abs())
        });
        distances.fold(0.0, f64::max)
    }

    #[test]
    fn waits_are_uniform_up_to_the_ceiling() {
        for failures in [1, 3, 20] {
            let mut backoff = backoff(u64::from(failures));
            let ceiling = backoff.ceiling(failures).as_secs_f64();
            let draws = (0..10_000).map(|_| backoff.wait(failures).as_secs_f64() / ceiling);
            let distance = distance_to_uniform(draws.collect());
            assert!(distance < 0.0195, "{distance}");
        }
        // The test can fail: half the jitter is no full jitter.
        let halves = (0..10_000).map(|n| 0.5 + f64::from(n) / 20_000.0);
        assert!(distance_to_uniform(halves.collect()) > 0.4);
    }

    #[test]
    fn two_clients_do_not_wait_in_step() {
        let (mut one, mut other) = (backoff(1), backoff(2));
        let apart = (1..=100).filter(|n| one.wait(*n) != other.wait(*n)).count();
        assert_eq!(apart, 100);
    }
}
