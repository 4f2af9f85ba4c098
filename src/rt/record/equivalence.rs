//! What an execution did, as one number that does not depend on the order of what nobody could tell apart.
//!
//! Each event adds a hash of itself and of what it follows: the store that it reads or stores after, for an
//! atomic, or the last event that changed its object. Events are named by spawn path and number in their thread.
//! The sum is the same for two schedules that every thread sees alike; where it differs, they differ, but for
//! stores put into the middle of a modification order, which the order of arrival tells apart as well.

use crate::rt::op::{ObjectId, Op, ThreadId};

/// From the name of an event to that of the next one of its thread.
const NEXT: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash of two numbers by one wide multiplication (as in wyhash): this is on the path of a step.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    product as u64 ^ (product >> 64) as u64
}

/// The sum over the events of one execution.
#[derive(Default, Debug)]
pub(crate) struct Equivalence {
    /// Whether it is wanted.
    pub(crate) is_wanted: bool,
    sum: u64,
    /// The name of each thread's next event.
    next: Vec<u64>,
    /// The event that changed each object last, but for atomics.
    changed_by: Vec<u64>,
}

impl Equivalence {
    pub(in crate::rt) fn clear(&mut self) {
        self.sum = 0;
        self.next.clear();
        self.changed_by.clear();
    }

    /// A thread begins, the next by number.
    pub(in crate::rt) fn spawned(&mut self, lineage: u64) {
        self.next.push(lineage);
    }

    /// The name of the event that `thread` is about to make.
    #[inline]
    pub(in crate::rt) fn event_name(&self, thread: ThreadId) -> u64 {
        self.next[thread.index()]
    }

    /// Adds an event that has happened; of an atomic, with the event whose store it has read or stored after.
    #[inline(always)]
    pub(in crate::rt) fn add(&mut self, id: ThreadId, op: &Op, store: Option<u64>) {
        let name = self.next[id.index()];
        self.next[id.index()] = name.wrapping_add(NEXT);
        let source = match store {
            Some(store) => store,
            None if op.object == ObjectId::NONE => 0,
            None => self.change(name, op),
        };
        let event = fold(name ^ u64::from(op.kind.code()) << 56, source);
        self.sum = self.sum.wrapping_add(event);
    }

    /// The event that changed the op's object last; now the op does, if it changes it.
    #[inline]
    fn change(&mut self, name: u64, op: &Op) -> u64 {
        let index = op.object.index();
        if self.changed_by.len() <= index {
            self.make_room(index);
        }
        let by = &mut self.changed_by[index];
        if op.kind.is_write() { std::mem::replace(by, name) } else { *by }
    }

    #[cold]
    fn make_room(&mut self, index: usize) {
        self.changed_by.resize(index + 1, 0);
    }

    /// Adds a choice of the program's.
    pub(in crate::rt) fn add_choice(&mut self, id: ThreadId, value: u64) {
        let name = self.event_name(id);
        self.sum = self.sum.wrapping_add(fold(!name, value));
    }

    /// What the execution did, once it has ended.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}

/// How often each behaviour was seen in a number of executions.
#[derive(Clone, Default, Debug)]
pub(crate) struct Behaviours {
    sums: Vec<u64>,
}

impl Behaviours {
    /// How many executions are counted at most: the sums of more would take more memory than they are worth.
    const COUNTED: usize = 1 << 22;

    pub(crate) fn add(&mut self, sum: u64) {
        if self.sums.len() < Self::COUNTED {
            self.sums.push(sum);
        }
    }

    /// How many there were, and the estimated probability that one more execution shows another: the part of
    /// the executions that were the only ones of their kind (Good, Biometrika 1953).
    pub(crate) fn estimate(mut self) -> (u64, f64) {
        self.sums.sort_unstable();
        let groups = self.sums.chunk_by(|a, b| a == b);
        let (mut distinct, mut once) = (0, 0);
        for group in groups {
            distinct += 1;
            once += u64::from(group.len() == 1);
        }
        // Never nothing: that would be a proof.
        let unseen = (once.max(1)) as f64 / self.sums.len().max(1) as f64;
        (distinct, unseen)
    }
}

#[cfg(test)]
mod tests {
    use super::Behaviours;

    #[test]
    fn what_was_seen_once_says_what_was_not_seen() {
        let mut behaviours = Behaviours::default();
        for sum in [5, 7, 5, 9, 5, 5, 5, 5, 5, 5] {
            behaviours.add(sum);
        }
        assert_eq!(behaviours.estimate(), (3, 0.2));
        let mut same = Behaviours::default();
        (0..100).for_each(|_| same.add(1));
        assert_eq!(same.estimate(), (1, 0.01));
    }
}
