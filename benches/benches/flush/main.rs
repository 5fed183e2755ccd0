//! What does one flush cost, and what does it grow with?
//!
//! ```text
//! cargo bench -p pqcnet-telemetry-benches --bench flush
//! ```
//!
//! Every line is the time of one flush; what was recorded before it is not
//! timed. Each series is recorded into before the first flush, so all of them
//! have something to be looked at; then `all` or a `tenth` of them before each
//! flush that is timed.
//!
//! | group | work |
//! |---|---|
//! | `harvest` | `Registry::flush` |
//! | `harvest_and_json` | the same, accumulated and encoded as OTLP JSON, exponential histograms, cumulative |
//! | `snapshot` | `TelemetryHandle::flush` with delivery switched off: harvest, accumulate, and the snapshot for people |
//! | `against_opentelemetry` | `harvest_and_json` on one shard, beside `opentelemetry_sdk` collecting the same records and `opentelemetry-proto` writing its JSON |
//!
//! `1000+100_all/16` is 1,000 counters and 100 histograms on 16 shards. In the
//! first three groups each shard has 20 distinct values in each histogram; in
//! the last, `ours/200` and the lines beside it have 200: the milliseconds from
//! 1 on. `spread` are as many values 1 % apart, of which no two share a cache
//! line of HDR buckets; that is the worst case for ours, and a flush then waits
//! for memory.

mod ours;
mod rival;
mod shards;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};
use pqcnet_telemetry_benches::opentelemetry;
use pqcnet_telemetry_benches::workload::geometric;

use ours::{Flush, Size, Touched};
use shards::Shards;

const SIZES: [Size; 3] = [
    Size::new(100, 10),
    Size::new(1_000, 100),
    Size::new(10_000, 1_000),
];
const SHARDS: [usize; 4] = [1, 4, 16, 64];
/// Distinct values of a histogram in each shard, where shards are counted.
const FEW: usize = 20;

fn by_size_and_shards(criterion: &mut Criterion) {
    for flush in [Flush::Harvest, Flush::Json, Flush::Snapshot] {
        let mut group = criterion.benchmark_group(flush.group());
        // The largest take a second to record into what is flushed.
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        for size in SIZES {
            for shards in SHARDS {
                // A snapshot is made of totals: shards are the harvest's.
                if flush == Flush::Snapshot && shards > 1 {
                    continue;
                }
                for touched in [Touched::All, Touched::Tenth] {
                    let id = format!("{}+{}_{touched}", size.counters, size.histograms);
                    bench(
                        &mut group,
                        BenchmarkId::new(id, shards),
                        || ours::Work::new(flush, size, touched, &geometric(FEW, 1.01)),
                        shards,
                    );
                }
            }
        }
        group.finish();
    }
}

fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: BenchmarkId,
    work: impl Fn() -> ours::Work,
    shards: usize,
) {
    group.bench_function(id, |bencher| {
        let mut work = work();
        let (everything, some) = work.records();
        let shards = Shards::new(shards, &everything, some);
        work.flush();
        bencher.iter_custom(|iterations| {
            let mut time = Duration::ZERO;
            for _ in 0..iterations {
                shards.record();
                time += work.flush();
            }
            time
        });
    });
}

fn against_opentelemetry(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("against_opentelemetry");
    let size = Size::new(1_000, 100);
    let sets = [
        ("200", (1..=200).collect()),
        ("1000", (1..=1_000).collect()),
        ("200_spread", geometric(200, 1.01)),
        ("1000_spread", geometric(1_000, 1.01)),
    ];
    for (distinct, values) in sets {
        bench(
            &mut group,
            BenchmarkId::new("ours", distinct),
            || ours::Work::new(Flush::Json, size, Touched::All, &values),
            1,
        );
        for (id, aggregation) in [
            ("opentelemetry_exponential", opentelemetry::exponential()),
            ("opentelemetry_explicit", rival::explicit()),
        ] {
            group.bench_function(BenchmarkId::new(id, distinct), |bencher| {
                let mut rival = rival::Work::new(&aggregation, size, &values);
                bencher.iter_custom(|iterations| {
                    let mut time = Duration::ZERO;
                    for _ in 0..iterations {
                        rival.record();
                        time += rival.flush();
                    }
                    time
                });
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20)
        .configure_from_args();
    against_opentelemetry(&mut criterion);
    by_size_and_shards(&mut criterion);
    criterion.final_summary();
}
