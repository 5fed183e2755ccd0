//! What the operating system says of this process, under the names of the
//! OpenTelemetry semantic conventions (`process.*`, status Development).
//!
//! | instrument | kind | unit | on a Prometheus page |
//! |---|---|---|---|
//! | `process.cpu.time`, by `cpu.mode`: `user`, `system` | counter | `s` | `process_cpu_time_seconds_total` |
//! | `process.memory.usage`, resident | up-down counter | `By` | `process_memory_usage_bytes` |
//! | `process.thread.count` | up-down counter | `{thread}` | `process_thread_count` |
//! | `process.unix.file_descriptor.count` | up-down counter | `{file_descriptor}` | `process_unix_file_descriptor_count` |
//! | `process.uptime` | gauge | `s` | `process_uptime_seconds` |
//! | `process.start_time`, since 1970 | gauge | `s` | `process_start_time_seconds` |
//! | `build.info`, by what [`BuildInfo`] has | gauge, 1 | | `build_info` |
//!
//! The last two are Prometheus's own conventions; OpenTelemetry has resource
//! attributes in their place.
//!
//! # When they are read
//!
//! Just before an epoch is cut, and at most once a second however often that
//! happens: a handful of system calls, whose number does not grow with threads
//! or descriptors from Linux 6.2 on. Where a reading fails, the values stay
//! what they were, and the flush goes on.

use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pqcnet_telemetry_core::{Counter, Gauge, Instrument, RegisterError, Registry, UpDownCounter};

mod build_info;
mod error;
#[cfg(target_os = "linux")]
mod linux;
mod reading;

pub use build_info::BuildInfo;
pub use error::ProcessError;

use reading::Reading;

/// The least time between two readings.
const REST: Duration = Duration::from_secs(1);

/// The instruments, and what they were last told.
pub(crate) struct ProcessMetrics {
    user: Counter,
    system: Counter,
    memory: UpDownCounter,
    threads: UpDownCounter,
    descriptors: UpDownCounter,
    uptime: Gauge,
    start_time: Gauge,
    told: Mutex<Told>,
}

/// What the registry was told of a process; of a new one, nothing.
struct Told {
    process: u32,
    at: Option<Instant>,
    last: Reading,
    start_time: Option<f64>,
    has_failed: bool,
}

impl Told {
    fn nothing() -> Self {
        Self {
            process: process::id(),
            at: None,
            last: Reading::default(),
            start_time: None,
            has_failed: false,
        }
    }
}

impl ProcessMetrics {
    /// Registers them, if this process can be read.
    pub(crate) fn register(registry: &Registry, build: &BuildInfo) -> Result<Self, ProcessError> {
        reading::read()?;
        let metrics = Self::instruments(registry)?;
        build.register(registry)?;
        Ok(metrics)
    }

    fn instruments(registry: &Registry) -> Result<Self, RegisterError> {
        let named = |name: &'static str, unit: &'static str, description: &'static str| {
            Instrument::new(name).unit(unit).description(description)
        };
        let cpu = |mode| {
            let instrument = named("process.cpu.time", "s", "CPU time used, by mode");
            registry.counter(instrument.decimals(3).attribute("cpu.mode", mode))
        };
        Ok(Self {
            user: cpu("user")?,
            system: cpu("system")?,
            memory: registry.up_down_counter(named(
                "process.memory.usage",
                "By",
                "Physical memory in use",
            ))?,
            threads: registry.up_down_counter(named(
                "process.thread.count",
                "{thread}",
                "Threads of the process",
            ))?,
            descriptors: registry.up_down_counter(named(
                "process.unix.file_descriptor.count",
                "{file_descriptor}",
                "File descriptors that are open",
            ))?,
            uptime: registry.gauge(named(
                "process.uptime",
                "s",
                "Time since the process started",
            ))?,
            start_time: registry.gauge(named(
                "process.start_time",
                "s",
                "When the process started, since 1970 began",
            ))?,
            told: Mutex::new(Told::nothing()),
        })
    }

    /// Whether the process that was told of last is this one's parent.
    pub(crate) fn is_the_parents(&self) -> bool {
        self.told().process != process::id()
    }

    /// Reads the process, unless that was done within a second before `now`.
    pub(crate) fn observe(&self, now: Instant) {
        self.observe_by(now, reading::read);
    }

    fn observe_by(&self, now: Instant, read: impl FnOnce() -> Result<Reading, ProcessError>) {
        let mut told = self.told();
        if told.process != process::id() {
            *told = Told::nothing();
        }
        let is_fresh = |at| now.saturating_duration_since(at) < REST;
        if told.at.is_some_and(is_fresh) {
            return;
        }
        told.at = Some(now);
        match read() {
            Ok(reading) => {
                self.tell(&mut told, reading);
                told.has_failed = false;
            }
            // Once, until it works again.
            Err(error) if !told.has_failed => {
                told.has_failed = true;
                log::warn!("process metrics stay what they were: {error}");
            }
            Err(_) => {}
        }
    }

    fn tell(&self, told: &mut Told, new: Reading) {
        let last = std::mem::replace(&mut told.last, new);
        // The kernel scales the two so that their sum is right; a part may
        // fall back a little.
        told.last.user = new.user.max(last.user);
        told.last.system = new.system.max(last.system);
        self.user.add(told.last.user - last.user);
        self.system.add(told.last.system - last.system);
        self.memory.add(change(last.memory, new.memory));
        self.threads.add(change(last.threads, new.threads));
        let descriptors = change(last.descriptors, new.descriptors);
        self.descriptors.add(descriptors);
        let uptime = new.uptime.as_secs_f64();
        self.uptime.set(uptime);
        // Computed once, or it would tremble with the clocks.
        let start_time = told.start_time.get_or_insert_with(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.unwrap_or_default().as_secs_f64() - uptime
        });
        self.start_time.set(*start_time);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both are far below `i64::MAX`: bytes of memory, or fewer.
fn change(last: u64, new: u64) -> i64 {
    new.wrapping_sub(last).cast_signed()
}

#[cfg(test)]
mod tests;
