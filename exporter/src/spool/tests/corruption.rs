use super::*;

/// Each seed is damage of another kind or place.
const CASES: u64 = 300;
const CASES_WHILE_OPEN: u64 = 30;

/// Damages a file, each `seed` in its own way, and says how.
fn damage(path: &Path, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = fs::read(path).unwrap();
    let length = bytes.len();
    if length < 2 * 4_096 {
        return "nothing left to damage".into();
    }
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
    for seed in 0..CASES {
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
    println!("{moved_aside} of {CASES} moved aside, {events_kept} events kept");
    assert!(moved_aside > CASES / 4, "{moved_aside} files moved aside");
    assert!(events_kept > CASES * 150 / 2, "{events_kept} events kept");
}

#[test]
fn what_is_no_spool_at_all_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let cases: [&dyn Fn(); 5] = [
        &|| fs::write(&file, "").unwrap(),
        &|| fs::write(&file, "a text that somebody wrote\n").unwrap(),
        &|| fs::write(&file, vec![0; 100_000]).unwrap(),
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
    let mut bytes = fs::read(&path).unwrap();
    bytes[..4].copy_from_slice(b"oops");
    fs::write(&path, bytes).unwrap();
    let opened = Spool::open(dir.path(), &OPTIONS).unwrap();
    let mut spool = opened.spool;
    assert_eq!(opened.damage.unwrap().salvaged, 150);
    assert_eq!(spool.cursors(), BTreeMap::from([("a".to_owned(), 50)]));
    let expected: Vec<_> = (50..200).map(|number| (number, event(number))).collect();
    assert_eq!(all(&mut spool), expected);
    assert_eq!(spool.dead_letters().unwrap().len(), 1);
    assert!(spool.next_sequence() > 200);
}

/// Reads and writes all over the file.
fn use_all(spool: &mut Spool) -> Result<(), SpoolError> {
    for step in 0..20 {
        spool.read(step * 1_000, 10)?;
        spool.append(&events(step * 10..step * 10 + 10))?;
        spool.bury(step, &DeadLetter::refused(event(step), "a", "no"))?;
        spool.acknowledge("a", step * 100, step * 100)?;
    }
    Ok(())
}

#[test]
fn damage_to_a_file_that_is_open_is_an_error_and_the_file_is_left_for_the_salvage() {
    let source = tempfile::tempdir().unwrap();
    // More than redb's cache holds, so that pages are read again.
    let options = SpoolOptions {
        max_bytes: 32 << 20,
        ..OPTIONS
    };
    let mut spool = Spool::open(source.path(), &options).unwrap().spool;
    spool.append(&events(0..20_000)).unwrap();
    drop(spool);
    let mut refused = 0;
    for seed in 0..CASES_WHILE_OPEN {
        let dir = crash_image(source.path());
        let path = dir.path().join(FILE);
        let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
        let how: Vec<_> = (0..10)
            .map(|n| damage(&path, seed + n * CASES_WHILE_OPEN))
            .collect();
        let outcome = use_all(&mut spool);
        let left = fs::read(&path).unwrap();
        if let Err(error) = &outcome {
            assert!(
                matches!(error, SpoolError::Damaged { .. }),
                "{how:?}: {error}"
            );
            refused += 1;
            assert_eq!(spool.append(&events(0..1)).as_ref(), Err(error));
            assert_eq!(spool.read(0, 1).as_ref(), Err(error));
        }
        drop(spool);
        if outcome.is_err() {
            assert!(left == fs::read(&path).unwrap(), "{how:?}: written to");
        }
        let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
        let range = spool.append(&events(0..10)).unwrap();
        assert_eq!(spool.read(range.start, 100).unwrap().len(), 10);
    }
    println!("{refused} of {CASES_WHILE_OPEN} refused");
    assert!(refused > CASES_WHILE_OPEN / 2, "{refused} refused");
}
