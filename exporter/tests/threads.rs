//! The threads that deliver: none outlives its handle, or says a word after it.

#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{panic, thread};

use log::{LevelFilter, Log, Metadata, Record};
use pqcnet_telemetry::{TelemetryError, TelemetryHandle, Temporality};

mod support;

use support::sink::{Answer, Sink};
use support::telemetry::{PATIENT, config, kem, status};
use support::threads::delivering;

const SOON: Duration = Duration::from_millis(100);

/// Threads are counted, so one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    wait_until_none_delivers();
    turn
}

fn recorded(url: &str, temporality: Temporality) -> TelemetryHandle {
    let config = config(url).with_temporality(temporality);
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_counter("c", 1).unwrap();
    telemetry.record_kem_event(kem("k"));
    telemetry
}

fn wait_until_none_delivers() {
    let start = Instant::now();
    while delivering() > 0 {
        assert!(start.elapsed() < PATIENT, "{} threads", delivering());
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn none_is_there_before_the_first_flush_and_none_after_the_handle() {
    let _alone = alone();
    let sink = Sink::start();
    let telemetry = recorded(&sink.url(), Temporality::Cumulative);
    assert_eq!(delivering(), 0);
    telemetry.flush().unwrap();
    assert_eq!(delivering(), 2);
    drop(telemetry);
    wait_until_none_delivers();
}

#[test]
fn one_that_waits_after_a_failure_ends_with_the_handle() {
    let _alone = alone();
    let sink = Sink::answering(|_| {
        let later = &[("retry-after", "3600")];
        Answer::Status("503 Service Unavailable", later, String::new())
    });
    let telemetry = recorded(&sink.url(), Temporality::Cumulative);
    telemetry.flush().unwrap_err();
    drop(telemetry);
    wait_until_none_delivers();
}

#[test]
fn none_is_there_after_a_shutdown() {
    let _alone = alone();
    let sink = Sink::start();
    let telemetry = recorded(&sink.url(), Temporality::Cumulative);
    telemetry.shutdown(PATIENT);
    wait_until_none_delivers();
    assert_eq!(telemetry.flush().unwrap_err(), TelemetryError::ShutDown);
    assert_eq!(delivering(), 0);
}

#[test]
fn an_answer_that_comes_after_the_shutdown_ends_them_quietly() {
    static HAS_PANICKED: AtomicBool = AtomicBool::new(false);
    let _alone = alone();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        if thread
            .name()
            .is_some_and(|name| name.starts_with("pqcnet-"))
        {
            HAS_PANICKED.store(true, Ordering::SeqCst);
        }
        before(panic);
    }));
    for line in ["200 OK", "400 Bad Request", "404 Not Found", "503 Busy"] {
        for temporality in [Temporality::Cumulative, Temporality::Delta] {
            let (answer, answered) = channel::<()>();
            let sink = Sink::answering(move |_| {
                let _ = answered.recv();
                status(line)
            });
            let telemetry = recorded(&sink.url(), temporality);
            telemetry.shutdown(SOON);
            drop(answer);
            wait_until_none_delivers();
        }
    }
    assert!(!HAS_PANICKED.load(Ordering::SeqCst));
}

/// Whether a flusher has had something to say.
struct Listening(AtomicBool);

static LISTENING: Listening = Listening(AtomicBool::new(false));

impl Log for Listening {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {
        if thread::current().name() == Some("pqcnet-flusher") {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_flusher_that_outlives_the_shutdown_is_quiet() {
    let _alone = alone();
    log::set_logger(&LISTENING).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let sink = Sink::start();
    let config = config(&sink.url()).with_flush_interval(Duration::from_millis(1));
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.shutdown(PATIENT);
    let (said, results) = channel();
    let flusher = telemetry.spawn_flusher_with(move |result| {
        let _ = said.send(result.clone());
    });
    for _ in 0..3 {
        let result = results.recv_timeout(PATIENT).unwrap();
        assert_eq!(result, Err(TelemetryError::ShutDown));
    }
    drop(flusher);
    assert!(!LISTENING.0.load(Ordering::SeqCst));
}
