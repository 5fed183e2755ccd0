//! A child of the process delivers its own, and leaves the parent's to it.

#![cfg(unix)]
#![expect(unsafe_code, reason = "fork is unsafe, and there is no other way")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pqcnet_telemetry::TelemetryHandle;

mod support;

use support::read::labels_in;
use support::sink::{Request, Sink};
use support::telemetry::{PATIENT, REFUSING, config, kem};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(child: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(code: i32) -> !;
}

/// One test at a time: a child has a share in the lock of every spool that is
/// open when it begins.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `work` comes to its end in a forked child.
fn succeeds_in_a_child(work: impl FnOnce()) -> bool {
    // SAFETY: the child touches no lock that another thread may have, which is
    // what is tested, but the allocator's, which fork takes care of.
    let child = unsafe { fork() };
    assert_ne!(child, -1);
    if child == 0 {
        // No panic may carry the child back into the harness.
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // SAFETY: ends the process, with none of what the parent would do then.
        unsafe { _exit(i32::from(outcome.is_err())) }
    }
    let mut status = 0;
    // SAFETY: `status` is valid for a write.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    status == 0
}

#[test]
fn a_child_that_drops_the_handle_leaves_the_spool_to_its_parent() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let spooling = |url: &str| {
        let config = config(url)
            .with_spool(folder.path())
            .with_retry(PATIENT, PATIENT);
        TelemetryHandle::from_config(config).unwrap()
    };
    let telemetry = spooling(REFUSING);
    telemetry.record_kem_event(kem("before"));
    telemetry.flush().unwrap_err();
    let mut inherited = Some(telemetry);
    assert!(succeeds_in_a_child(|| drop(inherited.take())));

    let telemetry = inherited.unwrap();
    telemetry.record_kem_event(kem("after"));
    telemetry.flush().unwrap_err();
    let spool = telemetry.delivery_report().spool.unwrap();
    assert_eq!((spool.events, spool.not_spooled, spool.error), (2, 0, None));
    drop(telemetry);

    let sink = Sink::start();
    let telemetry = spooling(&sink.url());
    telemetry.flush().unwrap();
    assert_eq!(labels_in(&sink.received()), ["before", "after"]);
    let files = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(files.count(), 2, "the spool and its lock");
}

#[test]
fn a_child_delivers_its_own_and_in_memory() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start();
    let config = config(&sink.url()).with_spool(folder.path());
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    telemetry.record_kem_event(kem("parent"));
    telemetry.flush().unwrap();
    let parents = sink.received();
    assert_eq!(labels_in(&parents), ["parent"]);
    assert!(succeeds_in_a_child(|| {
        telemetry.record_kem_event(kem("child"));
        telemetry.flush().unwrap();
        assert_eq!(telemetry.delivery_report().spool, None);
    }));
    // The sink is the parent's.
    let childs = sink.received();
    assert_eq!(labels_in(&childs), ["child"]);
    // Two writers of one identity would make one corrupt stream of two.
    let instance = |requests: &[Request]| {
        let body: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
        let attributes = &body["resourceLogs"][0]["resource"]["attributes"];
        let mut attributes = attributes.as_array().unwrap().iter();
        let found = attributes.find(|pair| pair["key"] == "service.instance.id");
        found.unwrap()["value"]["stringValue"].clone()
    };
    assert_ne!(instance(&parents), instance(&childs));
    assert_eq!(telemetry.delivery_report().spool.unwrap().error, None);
}

#[cfg(feature = "prometheus")]
#[test]
fn a_child_serves_metrics_of_its_own_and_leaves_the_parents_to_it() {
    use std::io::{Read, Write};

    use pqcnet_telemetry::{PrometheusConfig, ScrapeEndpoint};

    let page = |endpoint: &ScrapeEndpoint| {
        let mut stream = std::net::TcpStream::connect(endpoint.address()).unwrap();
        stream.set_read_timeout(Some(PATIENT)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    let shows = |page: &str, value: &str| {
        let mut lines = page.lines();
        lines.any(|line| line.starts_with("requests") && line.ends_with(value))
    };
    let _alone = alone();
    let config = config(REFUSING)
        .without_delivery()
        .with_prometheus(PrometheusConfig::new().with_port(0));
    let telemetry = TelemetryHandle::from_config(config).unwrap();
    let endpoint = telemetry.serve_metrics().unwrap();
    telemetry.record_counter("requests", 5).unwrap();
    assert!(shows(&page(&endpoint), " 5"));
    let mut inherited = Some(endpoint);
    assert!(succeeds_in_a_child(|| {
        drop(inherited.take());
        telemetry.flush().unwrap();
        telemetry.record_counter("requests", 2).unwrap();
        let own = telemetry.serve_metrics().unwrap();
        assert!(shows(&page(&own), " 2"), "{}", page(&own));
    }));
    let endpoint = inherited.unwrap();
    telemetry.record_counter("requests", 1).unwrap();
    assert!(shows(&page(&endpoint), " 6"));
}

#[cfg(all(feature = "process", target_os = "linux"))]
#[test]
fn a_child_reports_what_it_uses_itself() {
    use std::sync::mpsc;
    use std::thread;

    use pqcnet_telemetry::build_info;
    use support::read::{metrics_in, points_of, value_of};

    const THREADS: &str = "process.thread.count";

    let _alone = alone();
    let sink = Sink::start();
    let telemetry = TelemetryHandle::from_config(config(&sink.url())).unwrap();
    telemetry.observe_process(&build_info!()).unwrap();
    let on_the_wire = || {
        let requests = sink.received();
        let metrics: Vec<_> = requests.iter().flat_map(metrics_in).collect();
        let threads = metrics.iter().find(|metric| metric.name == THREADS);
        value_of(&points_of(threads.unwrap())[0])
    };
    let (stay, waiting) = mpsc::channel::<()>();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| waiting.lock().unwrap().recv().unwrap_err());
        }
        let parents = telemetry.flush().unwrap();
        assert!(parents.up_down_counters[THREADS] > 50);
        assert!(on_the_wire() > 50);
        let start = parents.gauges["process.start_time"];
        assert!(succeeds_in_a_child(|| {
            // Within a second of its parent's: read all the same, and the same
            // in the second flush.
            for _ in 0..2 {
                let own = telemetry.flush().unwrap();
                let threads = own.up_down_counters[THREADS];
                assert!((1..50).contains(&threads), "{threads}");
                assert!(own.gauges["process.start_time"] > start);
                assert!(own.gauges.keys().any(|name| name.starts_with("build.info")));
            }
        }));
        let childs = on_the_wire();
        assert!((1..50).contains(&childs), "{childs}");
        let parents = telemetry.flush().unwrap();
        assert!(parents.up_down_counters[THREADS] > 50);
        drop(stay);
    });
}
