//! The end of a process while its receiver is in trouble.

use std::thread;

use crate::fixture::{Collector, PATIENCE, lasting_address};
use crate::handle::handle;
use crate::load::Load;
use crate::nginx::{Nginx, url};
use crate::record::kem_event;

#[test]
#[ignore = "needs nginx and the OpenTelemetry Collector: run scripts/interop"]
fn a_shutdown_goes_on_until_nginx_lets_everything_through() {
    for refusal in ["return 503;", "return 502;", "return 429;"] {
        let collector = Collector::start();
        let address = lasting_address();
        let nginx = Nginx::start_at(&address, refusal);
        let telemetry = handle(
            &url(&address),
            "retry-initial-ms = 10\nretry-max-ms = 100\ntemporality = 'delta'",
        );
        let load = Load::register(&telemetry);
        load.run(|| {});
        telemetry.record_kem_event(kem_event("a"));
        assert!(telemetry.flush().is_err());
        load.run(|| {});
        let _passing = thread::scope(|scope| {
            let shutdown = scope.spawn(|| telemetry.shutdown(PATIENCE));
            drop(nginx);
            let passing = Nginx::passing(&address, &collector.url(), "");
            shutdown.join().unwrap();
            passing
        });
        let received = collector.stop();
        Load::assert_sum_is(&received, 2);
        assert_eq!(received.event_ids().len(), 1);
    }
}
