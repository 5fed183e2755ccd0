//! Claims about the spool as a whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::*;
use crate::kem::{KemUsageReason, KemUsageRecord};

mod corruption;
mod disk;
mod figures;
mod folder;
mod growth;
mod letters;
mod model;

const OPTIONS: SpoolOptions = SpoolOptions {
    max_bytes: 1 << 20,
    sync: SpoolSync::Never,
};

fn event(number: u64) -> KemEvent {
    KemEvent {
        id: Uuid::from_u128(u128::from(number)),
        timestamp: SystemTime::UNIX_EPOCH + Duration::from_nanos(number),
        record: KemUsageRecord {
            label: format!("relayer::{number:016x}"),
            scheme: "ml-kem-768".into(),
            reason: KemUsageReason::Normal,
            backup_only: false,
        },
    }
}

fn events(numbers: Range<u64>) -> Vec<KemEvent> {
    numbers.map(event).collect()
}

/// Opens a spool that must be whole.
fn open(dir: &Path) -> Spool {
    let opened = Spool::open(dir, &OPTIONS).unwrap();
    assert_eq!(opened.damage, None);
    opened.spool
}

fn all(spool: &mut Spool) -> Vec<(u64, KemEvent)> {
    spool.read(0, usize::MAX).unwrap()
}

/// The folder as a crash would leave it now. Nothing is written between two
/// calls, so no transaction is half done.
fn crash_image(dir: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), image.path().join(entry.file_name())).unwrap();
    }
    image
}

fn damaged_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.to_string_lossy().contains(".damaged-"))
        .collect()
}
