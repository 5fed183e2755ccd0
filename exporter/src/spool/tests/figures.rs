//! How long things take, for people: nothing is asserted.

use std::time::Instant;

use super::*;

fn mean<T>(count: u64, mut work: impl FnMut(u64) -> T) -> Duration {
    let start = Instant::now();
    for n in 0..count {
        drop(std::hint::black_box(work(n)));
    }
    start.elapsed() / count as u32
}

#[test]
#[ignore = "prints figures: run scripts/spool"]
fn figures() {
    for sync in [SpoolSync::Always, SpoolSync::Never] {
        let options = SpoolOptions {
            max_bytes: 1 << 30,
            sync,
        };
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
        let one = mean(300, |n| spool.append(&events(n..n + 1)).unwrap());
        let many = mean(300, |n| spool.append(&events(n..n + 100)).unwrap());
        let acknowledged = mean(300, |n| spool.acknowledge("a", n, n).unwrap());
        println!("{sync:?}: append 1 {one:?}, append 100 {many:?}, acknowledge 1 {acknowledged:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        max_bytes: 1 << 30,
        sync: SpoolSync::Always,
    };
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    for batch in 0..100 {
        let numbers = batch * 1_000..(batch + 1) * 1_000;
        spool.append(&events(numbers)).unwrap();
    }
    let length = fs::metadata(dir.path().join(FILE)).unwrap().len();
    println!(
        "100,000 events: {} bytes in a file of {length}",
        spool.bytes()
    );
    let image = crash_image(dir.path());
    drop(spool);
    let whole = |dir: &Path| Spool::open(dir, &options).unwrap();
    println!(
        "open and close, closed cleanly: {:?}",
        mean(3, |_| whole(dir.path()))
    );
    println!(
        "open and close, after a crash: {:?}",
        mean(1, |_| whole(image.path()))
    );
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    println!(
        "read 1,000: {:?}",
        mean(100, |n| spool.read(n * 1_000, 1_000).unwrap())
    );
    drop(spool);
    let path = dir.path().join(FILE);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[1..]).unwrap();
    println!(
        "open and close, salvaging: {:?}",
        mean(1, |_| whole(dir.path()))
    );
    println!(
        "dead letters: {:?}",
        mean(1, |_| read_dead_letters(dir.path()).unwrap())
    );
}
