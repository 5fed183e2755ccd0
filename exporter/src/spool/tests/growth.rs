use super::*;

fn file_bytes(dir: &Path) -> u64 {
    fs::metadata(dir.join(FILE)).unwrap().len()
}

#[test]
fn the_file_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    let mut next = 0;
    let mut done = 0;
    let mut largest = 0;
    for _ in 0..3_000 {
        // Full most of the time, which is the worst.
        while let Err(SpoolError::Full { .. }) = spool.append(&events(next..next + 20)) {
            done += 60;
            spool.acknowledge("a", done, done).unwrap();
        }
        next += 20;
        largest = largest.max(file_bytes(dir.path()));
    }
    assert_eq!(spool.len(), next - done);
    assert!(largest <= 6 * OPTIONS.max_bytes, "{largest} bytes");
}

#[test]
fn acknowledgements_alone_do_not_make_the_file_grow() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.append(&events(0..4_000)).unwrap();
    let before = file_bytes(dir.path());
    for done in 1..=4_000 {
        spool.acknowledge("a", done, done).unwrap();
    }
    assert_eq!(spool.len(), 0);
    assert!(
        file_bytes(dir.path()) <= 2 * before,
        "{}",
        file_bytes(dir.path())
    );
}

#[test]
fn a_file_that_was_large_once_is_small_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        max_bytes: 16 << 20,
        ..OPTIONS
    };
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    spool.append(&events(0..40_000)).unwrap();
    spool.acknowledge("a", 39_990, 39_990).unwrap();
    drop(spool);
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    assert_eq!(all(&mut spool).len(), 10);
    assert!(
        file_bytes(dir.path()) < 4 << 20,
        "{}",
        file_bytes(dir.path())
    );
}
