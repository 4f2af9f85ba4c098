//! The ready tasks of one runtime, and the number that stands for them in an execution graph.
//!
//! Any ready task may be polled next; which one is a choice. While there are few, they stand in the order in which they were
//! spawned, so that the `n`-th of them is the `n`-th bit of that number. What is deferred becomes ready, all of it, when nothing
//! else is.

use super::TaskId;
use crate::rt::op::ready::TOLD_APART;

/// The ready tasks of one runtime.
#[derive(Default, Debug)]
pub(crate) struct Queue {
    ready: Vec<(u32, TaskId)>,
    deferred: Vec<(u32, TaskId)>,
    spawned: u32,
    /// Timers that are due, by their numbers.
    pub(crate) due: Vec<u32>,
    /// Tasks that have ended since a worker came for the next one, as bits.
    pub(crate) ended: u32,
}

impl Queue {
    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.deferred.clear();
        self.due.clear();
        self.spawned = 0;
        self.ended = 0;
    }

    pub(super) fn next_ordinal(&mut self) -> u32 {
        self.spawned += 1;
        self.spawned - 1
    }

    /// How many may be polled next.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        if self.ready.is_empty() { self.deferred.len() } else { self.ready.len() }
    }

    /// Whether any is ready, and not only deferred.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Those that may be polled next.
    pub(crate) fn candidates(&self) -> &[(u32, TaskId)] {
        if self.ready.is_empty() { &self.deferred } else { &self.ready }
    }

    #[inline]
    pub(crate) fn push(&mut self, ordinal: u32, id: TaskId) {
        insert(&mut self.ready, ordinal, id);
    }

    #[inline]
    pub(crate) fn defer(&mut self, ordinal: u32, id: TaskId) {
        insert(&mut self.deferred, ordinal, id);
    }

    /// A task that was deferred is woken by another one. It may be ready already, as nothing else was.
    pub(crate) fn undefer(&mut self, ordinal: u32, id: TaskId) {
        if let Some(at) = self.deferred.iter().position(|&(_, other)| other == id) {
            self.deferred.remove(at);
            self.push(ordinal, id);
        }
    }

    /// Takes the `n`-th that may be polled next.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> TaskId {
        if self.ready.is_empty() {
            std::mem::swap(&mut self.ready, &mut self.deferred);
        }
        let (_, id) =
            if is_sorted(self.ready.len()) { self.ready.remove(n) } else { self.ready.swap_remove(n) };
        id
    }

    /// A task is not to be polled any more.
    pub(crate) fn remove(&mut self, id: TaskId) {
        self.ready.retain(|&(_, other)| other != id);
        self.deferred.retain(|&(_, other)| other != id);
    }
}

/// Whether a list of this length is kept in order.
#[inline]
fn is_sorted(length: usize) -> bool {
    length <= TOLD_APART as usize
}

#[inline]
fn insert(list: &mut Vec<(u32, TaskId)>, ordinal: u32, id: TaskId) {
    let at = match is_sorted(list.len()) {
        true => list.iter().rposition(|&(other, _)| other < ordinal).map_or(0, |at| at + 1),
        false => list.len(),
    };
    list.insert(at, (ordinal, id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::op::ready::Numbers;

    #[test]
    fn a_queue_and_its_number_agree() {
        let mut queue = Queue::default();
        let mut number = Numbers(0);
        for (ordinal, id) in [(2, 7), (0, 5), (1, 6)] {
            queue.push(ordinal, TaskId(id));
            number = number.woken(ordinal);
        }
        assert_eq!(number.candidates(), 0b111);
        assert_eq!(queue.take(1), TaskId(6));
        number = number.taken(1, false);
        assert_eq!(number.candidates(), 0b101);
        // It yields: the others come first.
        queue.defer(1, TaskId(6));
        number = number.yielded(1);
        assert_eq!(queue.candidates().iter().map(|&(ordinal, _)| ordinal).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(number.candidates(), 0b101);
        for _ in 0..2 {
            queue.take(0);
            number = number.taken(0, false);
        }
        assert_eq!(queue.take(0), TaskId(6));
        assert_eq!(number.candidates(), 0b010);
        assert_eq!(number.taken(0, false), Numbers(0));
    }
}
