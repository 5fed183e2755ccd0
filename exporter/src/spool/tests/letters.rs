use super::*;
use crate::spool::content::MOST_LETTERS;

fn letter(number: u64) -> DeadLetter {
    DeadLetter::refused(
        event(number),
        "https://a.example",
        "status 400: no such label",
    )
}

#[test]
fn dead_letters_outlive_the_event_and_can_be_read_without_a_spool() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.append(&events(0..3)).unwrap();
    let refused = letter(1);
    spool.bury(1, &refused).unwrap();
    // Again, as after a crash before the acknowledgement.
    spool.bury(1, &refused).unwrap();
    assert_eq!(spool.len(), 3, "the other destinations still get it");
    spool.acknowledge("https://a.example", 3, 3).unwrap();
    let expected = std::slice::from_ref(&refused);
    assert_eq!(spool.dead_letters().unwrap(), expected);

    let image = crash_image(dir.path());
    assert_eq!(read_dead_letters(image.path()).unwrap(), expected);
    assert!(matches!(
        read_dead_letters(dir.path()),
        Err(SpoolError::InUse { .. })
    ));
    drop(spool);
    assert_eq!(read_dead_letters(dir.path()).unwrap(), expected);

    let json = serde_json::to_string(&refused).unwrap();
    assert_eq!(serde_json::from_str::<DeadLetter>(&json).unwrap(), refused);
    assert!(
        json.contains("no such label") && json.contains("relayer::"),
        "{json}"
    );
}

#[test]
fn a_folder_without_a_spool_has_no_dead_letters_to_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        read_dead_letters(dir.path()),
        Err(SpoolError::Io { .. })
    ));
}

/// Replaces the record of each event in `bad` by `bytes`.
fn spoil(dir: &Path, bad: Range<u64>, bytes: &[u8]) {
    let store = Store::open(&dir.join(FILE), SpoolSync::Never).unwrap();
    let written = store.write(Durability::Immediate, |transaction| {
        let mut table = transaction.open_table(content::EVENTS)?;
        for sequence in bad {
            table.insert(sequence, bytes)?;
        }
        Ok(())
    });
    written.unwrap();
}

#[test]
fn records_that_cannot_be_read_are_set_aside_and_block_nothing() {
    let no_event = frame::encode(Kind::Event, 3, &"no event");
    let cases: [&[u8]; 4] = [b"", b"rubbish", &no_event, &frame::MAGIC];
    for bytes in cases {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).append(&events(0..10)).unwrap();
        spoil(dir.path(), 3..6, bytes);
        let mut spool = open(dir.path());
        assert_eq!(spool.len(), 10);
        let read: Vec<_> = spool
            .read(0, 5)
            .unwrap()
            .into_iter()
            .map(|(at, _)| at)
            .collect();
        assert_eq!(read, [0, 1, 2, 6, 7]);
        assert_eq!((spool.unreadable(), spool.len()), (3, 7));
        let letters = spool.dead_letters().unwrap();
        assert_eq!(letters.len(), 3);
        let text = String::from_utf8_lossy(bytes);
        assert!(
            letters
                .iter()
                .all(|l| l.event.is_none() && l.raw.as_deref() == Some(&text))
        );
        drop(spool);
        assert_eq!(read_dead_letters(dir.path()).unwrap(), letters);
    }
}

#[test]
fn more_unreadable_records_than_are_set_aside_at_a_time_block_nothing_either() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(&events(0..2_500)).unwrap();
    spoil(dir.path(), 0..2_499, b"rubbish");
    let mut spool = open(dir.path());
    for left in [1_500, 500, 1] {
        assert_eq!(spool.read(0, 5).unwrap(), [(2_499, event(2_499))]);
        assert_eq!(spool.len(), left);
    }
}

#[test]
fn the_newest_dead_letters_are_kept_and_the_others_counted() {
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        max_bytes: 64 << 20,
        ..OPTIONS
    };
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    let written = spool.change(Durability::Immediate, |content, transaction| {
        for number in 0..MOST_LETTERS + 5 {
            content.bury(transaction, number, &letter(number), options.max_bytes)?;
        }
        Ok(())
    });
    written.unwrap();
    drop(spool);
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    spool
        .bury(MOST_LETTERS + 5, &letter(MOST_LETTERS + 5))
        .unwrap();
    let letters = spool.dead_letters().unwrap();
    assert_eq!(letters.len() as u64, MOST_LETTERS);
    assert_eq!(letters[0].event, Some(event(6)));
    assert_eq!(spool.dropped_letters(), 6);
}

#[test]
fn dead_letters_take_no_more_bytes_than_events_may() {
    let dir = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        max_bytes: 1_000,
        ..OPTIONS
    };
    let mut spool = Spool::open(dir.path(), &options).unwrap().spool;
    for number in 0..10 {
        spool.bury(number, &letter(number)).unwrap();
    }
    let letters = spool.dead_letters().unwrap();
    assert!((1..4).contains(&letters.len()), "{}", letters.len());
    assert_eq!(letters.last().unwrap().event, Some(event(9)));
    assert_eq!(spool.dropped_letters(), 10 - letters.len() as u64);
}
