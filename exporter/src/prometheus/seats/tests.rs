//! Against a list of seats in the order in which they would give way.

use proptest::prelude::*;

use super::*;

const MOST: usize = 4;
const MOST_UNREAD: usize = 100;

#[derive(Clone, Debug)]
enum Step {
    Enter,
    Answer(usize, usize),
    Wait(usize),
    Leave(usize),
    GiveWay,
}

/// Who waits, longest first, and who is answered, with what is unread.
#[derive(Debug, Default)]
struct Naive {
    waiting: Vec<SeatId>,
    answered: Vec<(SeatId, usize)>,
}

impl Naive {
    fn all(&self) -> Vec<SeatId> {
        let answered = self.answered.iter().map(|(id, _)| *id);
        self.waiting.iter().copied().chain(answered).collect()
    }

    fn remove(&mut self, id: SeatId) {
        self.waiting.retain(|other| *other != id);
        self.answered.retain(|(other, _)| *other != id);
    }

    fn give_way(&mut self) -> Option<SeatId> {
        let first = *self.all().first()?;
        self.remove(first);
        Some(first)
    }

    fn answer(&mut self, id: SeatId, bytes: usize) -> Vec<SeatId> {
        let known = self.answered.iter_mut().find(|(other, _)| *other == id);
        if let Some((_, unread)) = known {
            *unread += bytes;
        } else {
            self.remove(id);
            self.answered.push((id, bytes));
        }
        let mut given_way = Vec::new();
        while self
            .answered
            .iter()
            .map(|(_, unread)| unread)
            .sum::<usize>()
            > MOST_UNREAD
        {
            let mut others = self.answered.iter();
            let Some((other, _)) = others.find(|(other, unread)| *other != id && *unread > 0)
            else {
                break;
            };
            let other = *other;
            given_way.push(other);
            self.remove(other);
        }
        given_way
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Enter),
        4 => (any::<usize>(), 0_usize..80).prop_map(|(at, bytes)| Step::Answer(at, bytes)),
        2 => any::<usize>().prop_map(Step::Wait),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => Just(Step::GiveWay),
    ];
    prop::collection::vec(step, 1..100)
}

proptest! {
    #[test]
    fn those_give_way_who_have_waited_longest(steps in steps()) {
        let mut seats = Seats::new(MOST, MOST_UNREAD);
        let mut naive = Naive::default();
        let mut next = 0;
        for step in steps {
            let all = naive.all();
            let pick = |at: usize| all.get(at.checked_rem(all.len())?).copied();
            match step {
                Step::Enter => {
                    let expected = (all.len() == MOST).then(|| naive.give_way()).flatten();
                    prop_assert_eq!(seats.make_room(), expected);
                    seats.enter(next, next);
                    naive.waiting.push(next);
                    next += 1;
                }
                Step::Answer(at, bytes) => if let Some(id) = pick(at) {
                    prop_assert_eq!(seats.answer(id, bytes), naive.answer(id, bytes));
                },
                Step::Wait(at) => if let Some(id) = pick(at) {
                    seats.wait(id);
                    naive.remove(id);
                    naive.waiting.push(id);
                },
                Step::Leave(at) => if let Some(id) = pick(at) {
                    prop_assert_eq!(seats.leave(id), Some(id));
                    prop_assert_eq!(seats.leave(id), None);
                    naive.remove(id);
                },
                Step::GiveWay => prop_assert_eq!(seats.give_way(), naive.give_way()),
            }
            let held: Vec<_> = seats.taken.keys().copied().collect();
            let mut expected = naive.all();
            expected.sort_unstable();
            prop_assert_eq!(&held, &expected);
            prop_assert!(held.len() <= MOST);
        }
    }
}

#[test]
fn a_seat_that_was_taken_away_is_not_answered_or_freed_again() {
    let mut seats = Seats::new(1, MOST_UNREAD);
    seats.enter(0, "first");
    assert_eq!(seats.make_room(), Some("first"));
    seats.enter(1, "second");
    assert!(seats.answer(0, 10).is_empty());
    seats.wait(0);
    assert_eq!(seats.leave(0), None);
    assert_eq!(seats.leave(1), Some("second"));
}

#[test]
fn a_page_larger_than_all_may_be_is_sent_alone() {
    let mut seats = Seats::new(MOST, MOST_UNREAD);
    seats.enter(0, 0);
    seats.enter(1, 1);
    assert!(seats.answer(0, 60).is_empty());
    assert_eq!(seats.answer(1, 10 * MOST_UNREAD), [0]);
    assert!(seats.answer(1, 1).is_empty());
}
