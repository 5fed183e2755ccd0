use std::os::unix::fs::FileExt;

use super::*;

/// Damages a file, each `seed` in its own way, and says how.
fn damage(path: &Path, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = fs::read(path).unwrap();
    let length = bytes.len();
    let how = match seed % 6 {
        0 => {
            bytes.truncate(random.usize(..length));
            format!("cut to {} bytes", bytes.len())
        }
        1 => {
            let flips = random.usize(1..50);
            for _ in 0..flips {
                bytes[random.usize(..length)] ^= 1 << random.u8(..8);
            }
            format!("{flips} bits flipped")
        }
        // The header has no checksum.
        2 => {
            let at = random.usize(..320);
            bytes[at] ^= 1 << random.u8(..8);
            format!("a bit of byte {at} flipped")
        }
        3 => {
            let pages = random.usize(1..20);
            for _ in 0..pages {
                let at = random.usize(..length / 4_096) * 4_096;
                bytes[at..at + 4_096].fill(0);
            }
            format!("{pages} pages zeroed")
        }
        4 => {
            let (from, to) = (
                random.usize(..length / 4_096),
                random.usize(..length / 4_096),
            );
            let page = bytes[from * 4_096..][..4_096].to_vec();
            bytes[to * 4_096..][..4_096].copy_from_slice(&page);
            format!("page {from} over page {to}")
        }
        _ => {
            let at = random.usize(..length);
            let rubbish = random.usize(1..length - at + 10_000);
            bytes.resize(length.max(at + rubbish), 0);
            random.fill(&mut bytes[at..at + rubbish]);
            format!("{rubbish} bytes of rubbish at {at}")
        }
    };
    fs::write(path, bytes).unwrap();
    how
}

/// Some spool's folder: 200 events, of which 50 are done with, and a letter.
fn filled(is_clean: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    for batch in 0..20 {
        spool.append(&events(batch * 10..batch * 10 + 10)).unwrap();
    }
    spool.acknowledge("a", 50, 50).unwrap();
    spool
        .bury(60, &DeadLetter::refused(event(60), "a", "no"))
        .unwrap();
    if is_clean {
        drop(spool);
        dir
    } else {
        crash_image(dir.path())
    }
}

/// What every start must give, whatever was in the file.
fn works_after_all(dir: &Path) -> (Opened, Vec<(u64, KemEvent)>) {
    let mut opened = Spool::open(dir, &OPTIONS).unwrap();
    let spool = &mut opened.spool;
    let kept = all(spool);
    assert_eq!(spool.len(), kept.len() as u64);
    assert!(kept.iter().all(|(at, known)| *known == event(*at)));
    let range = spool.append(&events(1_000..1_010)).unwrap();
    assert!(kept.iter().all(|(at, _)| *at < range.start));
    assert_eq!(spool.read(range.start, 100).unwrap().len(), 10);
    spool.acknowledge("a", range.start, range.start).unwrap();
    assert_eq!(spool.len(), 10);
    (opened, kept)
}

#[test]
fn no_damage_stops_the_start_and_what_is_not_hit_is_mostly_kept() {
    let sources = [filled(true), filled(false)];
    let (mut moved_aside, mut events_kept) = (0, 0);
    let cases = 600;
    for seed in 0..cases {
        let dir = crash_image(sources[(seed / 6 % 2) as usize].path());
        let how = damage(&dir.path().join(FILE), seed);
        let (opened, kept) = works_after_all(dir.path());
        if let Some(damage) = &opened.damage {
            moved_aside += 1;
            assert_eq!(
                damaged_files(dir.path()),
                std::slice::from_ref(&damage.path)
            );
            assert_eq!(damage.salvaged, kept.len() as u64, "{seed}: {how}");
        }
        // A flipped bit costs a record at most; it may also take the last
        // acknowledgement with it.
        if seed % 6 == 2 {
            assert!(kept.len() >= 140, "{seed}: {how}: {} events", kept.len());
        }
        events_kept += kept.len() as u64;
        drop(opened);
        assert_eq!(Spool::open(dir.path(), &OPTIONS).unwrap().damage, None);
    }
    println!("{moved_aside} of {cases} moved aside, {events_kept} events kept");
    assert!(moved_aside > cases / 4, "{moved_aside} files moved aside");
    assert!(events_kept > cases * 150 / 2, "{events_kept} events kept");
}

#[test]
fn what_is_no_spool_at_all_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let cases: [&dyn Fn(); 5] = [
        &|| fs::write(&file, "").unwrap(),
        &|| fs::write(&file, "a text that somebody wrote\n").unwrap(),
        &|| fs::write(&file, [0; 100_000]).unwrap(),
        &|| fs::write(&file, b"redb\x1a\x0a\xa9\x0d\x0a").unwrap(),
        &|| fs::create_dir(&file).unwrap(),
    ];
    for (index, make) in cases.iter().enumerate() {
        make();
        let (opened, kept) = works_after_all(dir.path());
        assert!(opened.damage.is_some() && kept.is_empty(), "case {index}");
        assert_eq!(damaged_files(dir.path()).len(), index + 1);
        drop(opened);
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_salvage_keeps_numbers_cursors_and_letters() {
    let dir = filled(true);
    let path = dir.path().join(FILE);
    // The magic number: redb takes nothing of it.
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .write_all_at(b"oops", 0)
        .unwrap();
    let opened = Spool::open(dir.path(), &OPTIONS).unwrap();
    let mut spool = opened.spool;
    assert_eq!(opened.damage.unwrap().salvaged, 150);
    assert_eq!(spool.cursors(), BTreeMap::from([("a".to_owned(), 50)]));
    let expected: Vec<_> = (50..200).map(|number| (number, event(number))).collect();
    assert_eq!(all(&mut spool), expected);
    assert_eq!(spool.dead_letters().unwrap().len(), 1);
    assert!(spool.next_sequence() > 200);
}

#[test]
fn a_file_that_is_damaged_while_it_is_open_neither_panics_nor_is_written_to() {
    let source = filled(true);
    let mut refused = 0;
    for seed in 0..200 {
        let dir = crash_image(source.path());
        let mut spool = open(dir.path());
        // More than redb's cache holds, so that pages are read again.
        for batch in 0..4 {
            let _ = spool.append(&events(200 + batch * 1_000..1_200 + batch * 1_000));
        }
        let path = dir.path().join(FILE);
        damage(&path, seed);
        let mut outcome = Ok(());
        for step in 0..20 {
            let from = step * 200;
            outcome = (spool.read(from, 50).map(drop))
                .and_then(|()| spool.append(&events(9_000..9_010)).map(drop))
                .and_then(|()| spool.acknowledge("a", from, from));
            if outcome.is_err() {
                break;
            }
        }
        if let Err(error @ SpoolError::Damaged { .. }) = outcome {
            refused += 1;
            let left = fs::read(&path).unwrap();
            assert_eq!(spool.append(&events(0..1)), Err(error.clone()));
            assert_eq!(spool.read(0, 1), Err(error));
            assert_eq!(left, fs::read(&path).unwrap());
        }
        drop(spool);
        works_after_all_of_any(dir.path());
    }
    println!("{refused} of 200 refused");
}

/// [`works_after_all`], for events of other numbers.
fn works_after_all_of_any(dir: &Path) {
    let mut spool = Spool::open(dir, &OPTIONS).unwrap().spool;
    let next = spool.next_sequence();
    spool.acknowledge("a", next, next).unwrap();
    let range = spool.append(&events(0..10)).unwrap();
    assert_eq!(spool.read(range.start, 100).unwrap().len(), 10);
}
