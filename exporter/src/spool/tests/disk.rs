use std::process::Command;

use super::*;

/// A file system of two megabytes, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "spool"])
            .arg(dir.path())
            .status();
        assert!(mount.unwrap().success(), "a tmpfs can't be mounted");
        Self(dir)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
#[ignore = "needs root: run scripts/spool"]
fn a_full_disk_is_said_loses_nothing_and_is_over_when_there_is_space() {
    let disk = SmallDisk::mount();
    let dir = disk.0.path().join("spool");
    let options = SpoolOptions {
        max_bytes: 64 << 20,
        sync: SpoolSync::Always,
    };
    let mut spool = Spool::open(&dir, &options).unwrap().spool;
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 200_000]).unwrap();
    let mut next = 0;
    let full = loop {
        match spool.append(&events(next..next + 50)) {
            Ok(range) => next = range.end,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, SpoolError::NoSpace { .. }), "{full}");
    assert!(next > 0);

    // Refused again and again, and nothing is damaged by that.
    for _ in 0..5 {
        let refused = spool.append(&events(next..next + 50)).unwrap_err();
        assert!(matches!(refused, SpoolError::NoSpace { .. }), "{refused}");
    }
    assert_eq!(all(&mut spool).len() as u64, next);

    // Once there is space, it goes on, in the same spool.
    fs::remove_file(&ballast).unwrap();
    spool.acknowledge("a", next - 10, next - 10).unwrap();
    let range = spool.append(&events(next..next + 50)).unwrap();
    drop(spool);
    let opened = Spool::open(&dir, &options).unwrap();
    assert_eq!(opened.damage, None);
    let mut spool = opened.spool;
    let kept: Vec<_> = all(&mut spool)
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    assert_eq!(kept, events(next - 10..next + 50));
    assert_eq!(spool.next_sequence(), range.end);
}

#[test]
#[ignore = "needs root: run scripts/spool"]
fn a_disk_that_is_full_from_the_start_is_said() {
    let disk = SmallDisk::mount();
    let _ = fs::write(disk.0.path().join("ballast"), vec![1; 4 << 20]);
    let refused = Spool::open(&disk.0.path().join("spool"), &OPTIONS).unwrap_err();
    assert!(matches!(refused, SpoolError::NoSpace { .. }), "{refused}");
}
