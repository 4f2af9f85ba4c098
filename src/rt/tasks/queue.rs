//! The ready tasks of one runtime, and the number that stands for them in an execution graph.
//!
//! Any ready task may be polled next; which one is a choice. While there are few, they stand in the order in which they were
//! spawned, so that the `n`-th of them is the `n`-th bit of that number. What is deferred becomes ready, all of it, when nothing
//! else is.
//!
//! In first-in, first-out order they stand as they became ready, and the first one is polled, but for the future of a `block_on`: that
//! is polled when no other is ready, and before what was deferred. So does tokio's `current_thread` (`scheduler/current_thread`, where
//! `block_on` looks at its own future between rounds).

use super::TaskId;
use crate::rt::op::ready::TOLD_APART;

/// After how many polls of others what was deferred is ready in any case, as tokio has it (`event_interval`, 61 by default).
const PATIENCE: u32 = 61;

/// The ready tasks of one runtime.
#[derive(Default, Debug)]
pub(crate) struct Queue {
    ready: Vec<(u32, TaskId)>,
    deferred: Vec<(u32, TaskId)>,
    /// How many others were taken since there is something deferred.
    taken_before: u32,
    is_fifo: bool,
    /// The future of a `block_on`, if one is polled here.
    main: Option<TaskId>,
    spawned: u32,
    /// Timers that are due, by their numbers.
    pub(crate) due: Vec<u32>,
    /// Tasks that have ended since a worker came for the next one, as bits.
    pub(crate) ended: u32,
}

impl Queue {
    pub(super) fn clear(&mut self, is_fifo: bool) {
        (self.is_fifo, self.main, self.taken_before) = (is_fifo, None, 0);
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

    /// This task is the future of a `block_on`.
    pub(crate) fn set_main(&mut self, main: Option<TaskId>) {
        self.main = main;
    }

    /// Whether the order is the one in which tasks became ready.
    pub(crate) fn is_fifo(&self) -> bool {
        self.is_fifo
    }

    /// How many are ready.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        if self.ready.is_empty() { self.deferred.len() } else { self.ready.len() }
    }

    /// Whether any is ready, and not only deferred.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Those that may be polled next.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &(u32, TaskId)> + Clone {
        let all = if self.ready.is_empty() { &self.deferred } else { &self.ready };
        let (from, until) = if self.is_fifo { (self.front(), self.front() + 1) } else { (0, all.len()) };
        all[from.min(all.len())..until.min(all.len())].iter()
    }

    /// How many may be polled next.
    #[inline]
    pub(crate) fn choices(&self) -> usize {
        if self.is_fifo { self.available().min(1) } else { self.available() }
    }

    /// Where the one stands that is polled next, in first-in, first-out order.
    fn front(&self) -> usize {
        let is_main = |&(_, id): &(u32, TaskId)| Some(id) == self.main;
        match self.ready.first() {
            Some(first) => usize::from(is_main(first) && self.ready.len() > 1),
            // The rest goes the other way round: tokio's `Defer::wake` begins with the one that was deferred last.
            None => self.deferred.iter().position(is_main).unwrap_or(self.deferred.len().saturating_sub(1)),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, ordinal: u32, id: TaskId) {
        insert(&mut self.ready, self.is_fifo, ordinal, id);
    }

    #[inline]
    pub(crate) fn defer(&mut self, ordinal: u32, id: TaskId) {
        insert(&mut self.deferred, self.is_fifo, ordinal, id);
    }

    /// A task that was deferred is woken by another one. It may be ready already, as nothing else was.
    pub(crate) fn undefer(&mut self, ordinal: u32, id: TaskId) {
        if let Some(at) = self.deferred.iter().position(|&(_, other)| other == id) {
            self.deferred.remove(at);
            self.push(ordinal, id);
        }
    }

    /// Makes ready what was deferred, if others are ready again and again.
    #[inline]
    pub(crate) fn be_fair(&mut self) {
        if self.taken_before > PATIENCE {
            self.promote();
        }
    }

    #[cold]
    fn promote(&mut self) {
        self.taken_before = 0;
        let deferred = std::mem::take(&mut self.deferred);
        match self.is_fifo {
            true => self.ready.extend(deferred.into_iter().rev()),
            false => deferred.into_iter().for_each(|(ordinal, id)| self.push(ordinal, id)),
        }
    }

    /// Takes the `n`-th of those that may be polled next.
    #[inline(always)]
    pub(crate) fn take(&mut self, n: usize) -> TaskId {
        let n = if self.is_fifo { self.front() } else { n };
        let promotes = self.ready.is_empty();
        self.taken_before = if promotes || self.deferred.is_empty() { 0 } else { self.taken_before + 1 };
        if promotes {
            std::mem::swap(&mut self.ready, &mut self.deferred);
        }
        let taken = match self.is_fifo || is_sorted(self.ready.len()) {
            true => self.ready.remove(n),
            false => self.ready.swap_remove(n),
        };
        if promotes && self.is_fifo {
            self.ready.reverse();
        }
        taken.1
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
fn insert(list: &mut Vec<(u32, TaskId)>, is_fifo: bool, ordinal: u32, id: TaskId) {
    let at = match !is_fifo && is_sorted(list.len()) {
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
        assert_eq!(queue.candidates().map(|&(ordinal, _)| ordinal).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(number.candidates(), 0b101);
        for _ in 0..2 {
            queue.take(0);
            number = number.taken(0, false);
        }
        assert_eq!(queue.take(0), TaskId(6));
        assert_eq!(number.candidates(), 0b010);
        assert_eq!(number.taken(0, false), Numbers(0));
    }

    #[test]
    fn what_was_deferred_is_ready_in_the_end() {
        let mut queue = Queue::default();
        queue.defer(0, TaskId(0));
        let polled = (0..).find(|_| {
            queue.push(1, TaskId(1));
            queue.be_fair();
            queue.take(0) == TaskId(0)
        });
        assert_eq!(polled, Some(PATIENCE as usize + 1));
    }

    #[test]
    fn in_order_the_first_is_first_and_the_future_of_block_on_last() {
        let mut queue = Queue::default();
        queue.clear(true);
        queue.set_main(Some(TaskId(0)));
        for (ordinal, id) in [(0, 0), (2, 2), (1, 1)] {
            queue.push(ordinal, TaskId(id));
        }
        assert_eq!((queue.choices(), queue.available()), (1, 3));
        assert_eq!(queue.candidates().collect::<Vec<_>>(), [&(2, TaskId(2))]);
        assert_eq!(queue.take(0), TaskId(2));
        queue.defer(2, TaskId(2));
        queue.push(3, TaskId(3));
        queue.defer(4, TaskId(4));
        let rest: Vec<_> = (0..5).map(|_| queue.take(0)).collect();
        assert_eq!(rest, [1, 3, 0, 4, 2].map(TaskId));
    }
}
