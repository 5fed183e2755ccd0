//! Who may be connected: so many at a time, holding so many bytes.
//!
//! Whoever comes gets a seat. Where there is none left, the one who has waited
//! longest for a request gives way, and only where all are being answered, the
//! one whose answer has taken longest. So connections that say nothing, or say
//! it slowly, push out one another: who sends its request at once is answered
//! before its turn comes, and who reads its page is done.
//!
//! Pages that peers leave unread are bounded as a sum, by the same rule: the
//! one that has been unread longest gives way to the next.

use std::collections::BTreeMap;

/// Names a seat; not used again.
pub(super) type SeatId = u64;

/// The seats, each with what ends its connection.
pub(super) struct Seats<T> {
    most: usize,
    most_unread: usize,
    taken: BTreeMap<SeatId, Seat<T>>,
    /// Counts changes of state.
    moment: u64,
}

struct Seat<T> {
    connection: T,
    /// When it began to wait for a request, or to be answered.
    since: u64,
    is_answered: bool,
    /// Bytes of pages that the peer has not taken.
    unread: usize,
}

impl<T> Seats<T> {
    pub(super) fn new(most: usize, most_unread: usize) -> Self {
        Self {
            most,
            most_unread,
            taken: BTreeMap::new(),
            moment: 0,
        }
    }

    /// Takes the seat of somebody if there is none for one more.
    pub(super) fn make_room(&mut self) -> Option<T> {
        if self.taken.len() < self.most {
            return None;
        }
        self.give_way()
    }

    /// Takes the seat of who gives way first.
    pub(super) fn give_way(&mut self) -> Option<T> {
        let first = |(_, seat): &(_, &Seat<T>)| (seat.is_answered, seat.since);
        let (id, _) = self.taken.iter().min_by_key(first)?;
        let id = *id;
        self.leave(id)
    }

    /// Seats a connection that waits for its first request.
    pub(super) fn enter(&mut self, id: SeatId, connection: T) {
        let since = self.next_moment();
        let seat = Seat {
            connection,
            since,
            is_answered: false,
            unread: 0,
        };
        self.taken.insert(id, seat);
    }

    /// It is sent an answer of so many bytes; returns those who give way to it.
    pub(super) fn answer(&mut self, id: SeatId, bytes: usize) -> Vec<T> {
        let since = self.next_moment();
        if let Some(seat) = self.taken.get_mut(&id) {
            if !seat.is_answered {
                (seat.is_answered, seat.since) = (true, since);
            }
            seat.unread = seat.unread.saturating_add(bytes);
        }
        let mut unread: usize = self.taken.values().map(|seat| seat.unread).sum();
        let mut given_way = Vec::new();
        while unread > self.most_unread {
            let others = self.taken.iter();
            let others = others.filter(|(other, seat)| **other != id && seat.unread > 0);
            let Some((other, _)) = others.min_by_key(|(_, seat)| seat.since) else {
                break;
            };
            let other = *other;
            unread -= self.taken[&other].unread;
            given_way.extend(self.leave(other));
        }
        given_way
    }

    /// It has taken its answers and waits for a request.
    pub(super) fn wait(&mut self, id: SeatId) {
        let since = self.next_moment();
        if let Some(seat) = self.taken.get_mut(&id) {
            (seat.is_answered, seat.since, seat.unread) = (false, since, 0);
        }
    }

    /// Frees a seat; nothing if it was taken away before.
    pub(super) fn leave(&mut self, id: SeatId) -> Option<T> {
        self.taken.remove(&id).map(|seat| seat.connection)
    }

    fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }
}

#[cfg(test)]
mod tests;
