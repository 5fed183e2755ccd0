use proptest::prelude::*;

use super::*;

/// A spool as one would write it without a disk.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    next: u64,
    events: BTreeMap<u64, KemEvent>,
    cursors: BTreeMap<String, u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Append(u64),
    Read { from: u64, most: usize },
    Acknowledge { destination: u8, by: u64 },
    Keep(u8),
    Reopen,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u64..20).prop_map(Step::Append),
        3 => (0_u64..100, 0_usize..30).prop_map(|(from, most)| Step::Read { from, most }),
        4 => (0_u8..3, 0_u64..25).prop_map(|(destination, by)| Step::Acknowledge { destination, by }),
        1 => (0_u8..3).prop_map(Step::Keep),
        2 => Just(Step::Reopen),
        2 => Just(Step::Crash),
    ]
}

impl Model {
    fn acknowledge(&mut self, destination: u8, by: u64) -> (String, u64, u64) {
        let name = destination.to_string();
        let cursor = self.cursors.entry(name.clone()).or_insert(0);
        *cursor = (*cursor + by).min(self.next);
        let next = *cursor;
        let done = self.cursors.values().copied().min().unwrap_or(0);
        self.events = self.events.split_off(&done);
        (name, next, done)
    }

    fn agrees_with(&self, spool: &mut Spool) {
        assert_eq!(spool.next_sequence(), self.next);
        assert_eq!(spool.len(), self.events.len() as u64);
        let first = self.events.keys().next().copied();
        assert_eq!(spool.first_sequence(), first.unwrap_or(self.next));
        let frames = self
            .events
            .iter()
            .map(|(at, event)| frame::encode(Kind::Event, *at, event));
        assert_eq!(
            spool.bytes(),
            frames.map(|frame| frame.len() as u64).sum::<u64>()
        );
        assert_eq!(spool.cursors(), self.cursors);
        assert_eq!(
            all(spool),
            self.events.clone().into_iter().collect::<Vec<_>>()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_does_what_a_map_in_memory_does_and_a_crash_repeats_at_most(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut dir = tempfile::tempdir().unwrap();
        let mut spool = open(dir.path());
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Append(count) => {
                    let numbers = model.next..model.next + count;
                    let appended = spool.append(&events(numbers.clone())).unwrap();
                    prop_assert_eq!(&appended, &numbers);
                    model.events.extend(numbers.map(|n| (n, event(n))));
                    model.next = appended.end;
                }
                Step::Read { from, most } => {
                    let expected = model.events.range(from..).take(most);
                    let expected: Vec<_> = expected.map(|(at, event)| (*at, event.clone())).collect();
                    prop_assert_eq!(spool.read(from, most).unwrap(), expected);
                }
                Step::Acknowledge { destination, by } => {
                    let (name, next, done) = model.acknowledge(destination, by);
                    spool.acknowledge(&name, next, done).unwrap();
                }
                Step::Keep(destination) => {
                    let name = destination.to_string();
                    model.cursors.retain(|known, _| *known == name);
                    spool.keep_destinations(&[&name]).unwrap();
                }
                Step::Reopen => {
                    drop(spool);
                    spool = open(dir.path());
                }
                Step::Crash => {
                    let image = crash_image(dir.path());
                    drop(spool);
                    dir = image;
                    spool = open(dir.path());
                    // Acknowledgements may be lost, nothing else.
                    prop_assert_eq!(spool.next_sequence(), model.next);
                    let found: BTreeMap<_, _> = all(&mut spool).into_iter().collect();
                    for (at, known) in &model.events {
                        prop_assert_eq!(found.get(at), Some(known));
                    }
                    for (at, known) in &found {
                        prop_assert_eq!(known, &event(*at));
                    }
                    model.events = found;
                    model.cursors = spool.cursors();
                }
            }
            model.agrees_with(&mut spool);
        }
    }
}

#[test]
fn an_acknowledgement_never_goes_back_nor_beyond_what_is_here() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.append(&events(0..10)).unwrap();
    spool.acknowledge("a", 7, 5).unwrap();
    spool.acknowledge("a", 3, 2).unwrap();
    assert_eq!(spool.cursors(), BTreeMap::from([("a".to_owned(), 7)]));
    assert_eq!(spool.first_sequence(), 5);
    spool.acknowledge("a", 1_000, 1_000).unwrap();
    assert_eq!(spool.cursors(), BTreeMap::from([("a".to_owned(), 10)]));
    assert_eq!(spool.append(&events(10..11)).unwrap(), 10..11);
    assert_eq!(all(&mut spool), [(10, event(10))]);
}

#[test]
fn a_number_is_not_given_out_again_when_the_spool_was_empty_in_between() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.append(&events(0..3)).unwrap();
    spool.acknowledge("a", 3, 3).unwrap();
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(
        (spool.len(), spool.bytes(), spool.first_sequence()),
        (0, 0, 3)
    );
    assert_eq!(spool.append(&events(3..4)).unwrap(), 3..4);
}

#[test]
fn a_spool_that_is_full_takes_nothing_of_a_batch_and_all_of_it_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    let mut next = 0;
    let full = loop {
        match spool.append(&events(next..next + 100)) {
            Ok(range) => next = range.end,
            Err(error) => break error,
        }
    };
    let path = dir.path().join(FILE);
    assert_eq!(
        full,
        SpoolError::Full {
            path,
            limit: OPTIONS.max_bytes
        }
    );
    assert_eq!((spool.len(), spool.next_sequence()), (next, next));
    assert!(spool.bytes() <= OPTIONS.max_bytes);
    spool.acknowledge("a", 100, 100).unwrap();
    assert_eq!(
        spool.append(&events(next..next + 100)).unwrap(),
        next..next + 100
    );
}
