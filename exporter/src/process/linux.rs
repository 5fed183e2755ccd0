//! Linux: `/proc/self`, anew at each reading, so that a forked child reads its
//! own.

use std::fs;
use std::time::Duration;

use procfs::process::Process;
use procfs::{Current, ProcResult, Uptime, page_size, ticks_per_second};

use super::reading::Reading;

const DESCRIPTORS: &str = "/proc/self/fd";

pub(super) fn read() -> ProcResult<Reading> {
    // First: the reading of the rest opens files.
    let descriptors = descriptors()?;
    let stat = Process::myself()?.stat()?;
    let started = milliseconds(stat.starttime);
    let now = Uptime::current()?.uptime_duration();
    Ok(Reading {
        user: milliseconds(stat.utime),
        system: milliseconds(stat.stime),
        memory: stat.rss.saturating_mul(page_size()),
        threads: u64::try_from(stat.num_threads).unwrap_or_default(),
        descriptors,
        // Both since the system's boot.
        uptime: now.saturating_sub(Duration::from_millis(started)),
    })
}

/// As the folder's size, which Linux has from 6.2 on; before it is zero.
fn descriptors() -> ProcResult<u64> {
    match fs::metadata(DESCRIPTORS)?.len() {
        // Without the one that looks.
        0 => Ok((fs::read_dir(DESCRIPTORS)?.count() as u64).saturating_sub(1)),
        open => Ok(open),
    }
}

fn milliseconds(ticks: u64) -> u64 {
    let milliseconds = u128::from(ticks) * 1_000 / u128::from(ticks_per_second());
    u64::try_from(milliseconds).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_so_many_milliseconds() {
        let second = ticks_per_second();
        assert_eq!(milliseconds(0), 0);
        assert_eq!(milliseconds(second), 1_000);
        assert_eq!(milliseconds(second / 4), 250);
        assert_eq!(milliseconds(u64::MAX), u64::MAX);
    }

    #[test]
    fn descriptors_are_as_many_as_the_folder_lists() {
        // Other tests open files meanwhile: equal in one of many tries.
        let is_equal = || {
            let listed = fs::read_dir(DESCRIPTORS).unwrap().count() as u64 - 1;
            descriptors().unwrap() == listed
        };
        assert!((0..1_000).any(|_| is_equal()));
    }
}
