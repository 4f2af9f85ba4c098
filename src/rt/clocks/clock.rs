//! Vector clocks (Mattern 1989; Fidge 1988): which events happen before which, as pure data.
//!
//! A clock is indexed by *slot*, not by thread. The slot of an ended thread is given to a new one only
//! if the spawner has already seen the ended thread's last event; then "has seen the new thread" implies
//! "has seen the old one", and sharing the slot loses nothing. So clocks are as wide as the number of
//! threads that are concurrent, not as the number of threads that ever ran.

/// How many slots a clock holds without a list of its own: most programs have no more threads at once.
const INLINE: usize = 8;

/// For each slot, how many of its epochs have been seen.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Clock {
    low: [u32; INLINE],
    high: Vec<u32>,
    /// The newest SC fence that has been seen, counted from 1; 0 if none.
    fence: u32,
}

impl Clock {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.low = [0; INLINE];
        self.high.clear();
        self.fence = 0;
    }

    /// Whether nothing has been seen.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.low == [0; INLINE] && self.high.is_empty()
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> u32 {
        let slot = slot as usize;
        match self.low.get(slot) {
            Some(&epoch) => epoch,
            None => self.high.get(slot - INLINE).copied().unwrap_or(0),
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, slot: u32, epoch: u32) {
        let slot = slot as usize;
        if let Some(place) = self.low.get_mut(slot) {
            *place = epoch;
            return;
        }
        let slot = slot - INLINE;
        if slot >= self.high.len() {
            self.high.resize(slot + 1, 0);
        }
        self.high[slot] = epoch;
    }

    #[inline]
    pub(crate) fn fence(&self) -> u32 {
        self.fence
    }

    #[inline]
    pub(crate) fn set_fence(&mut self, fence: u32) {
        self.fence = fence;
    }

    /// The least clock that is at or above both.
    #[inline]
    pub(crate) fn join(&mut self, other: &Clock) {
        self.fence = later(self.fence, other.fence);
        self.low = later_of_all(&self.low, &other.low);
        if !other.high.is_empty() {
            self.join_high(other);
        }
    }

    fn join_high(&mut self, other: &Clock) {
        if other.high.len() > self.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        for (mine, theirs) in self.high.iter_mut().zip(&other.high) {
            *mine = later(*mine, *theirs);
        }
    }

    /// Both become the least clock that is at or above both: `join` and `copy_from` in one pass.
    #[inline]
    pub(crate) fn merge(&mut self, other: &mut Clock) {
        self.fence = later(self.fence, other.fence);
        other.fence = self.fence;
        let joined = later_of_all(&self.low, &other.low);
        self.low = joined;
        other.low = joined;
        if !self.high.is_empty() || !other.high.is_empty() {
            self.merge_high(other);
        }
    }

    fn merge_high(&mut self, other: &mut Clock) {
        let width = self.high.len().max(other.high.len());
        if self.high.len() < width {
            self.high.resize(width, 0);
        }
        if other.high.len() < width {
            other.high.resize(width, 0);
        }
        for (mine, theirs) in self.high.iter_mut().zip(&other.high) {
            *mine = later(*mine, *theirs);
        }
        other.high.copy_from_slice(&self.high);
    }

    /// Becomes equal to `other` without giving up its memory.
    #[inline]
    pub(crate) fn copy_from(&mut self, other: &Clock) {
        self.low = other.low;
        self.fence = other.fence;
        if !self.high.is_empty() || !other.high.is_empty() {
            self.high.clear();
            self.high.extend_from_slice(&other.high);
        }
    }

    /// Whether everything seen by `self` is seen by `other`.
    #[cfg(test)]
    pub(crate) fn is_before(&self, other: &Clock) -> bool {
        let slots = (INLINE + self.high.len()) as u32;
        (0..slots).all(|slot| self.get(slot) <= other.get(slot))
    }
}

/// The larger epoch. Compared as signed numbers, for which every processor has a vector instruction; no
/// execution is long enough for an epoch to reach the sign.
#[inline]
fn later(a: u32, b: u32) -> u32 {
    if (b as i32) > (a as i32) { b } else { a }
}

/// For all at once: made whole before it is stored, so that it stays in vector registers.
#[inline(always)]
fn later_of_all(a: &[u32; INLINE], b: &[u32; INLINE]) -> [u32; INLINE] {
    std::array::from_fn(|slot| later(a[slot], b[slot]))
}

/// The slots of one execution, and which may be shared.
#[derive(Default, Debug)]
pub(crate) struct ClockSlots {
    used: u32,
    /// Slots of ended threads, with their last epochs.
    ended: Vec<(u32, u32)>,
}

impl ClockSlots {
    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.ended.clear();
    }

    /// A slot for a thread spawned by one whose clock is `parent`, and the epoch to start at.
    pub(crate) fn take(&mut self, parent: &Clock) -> (u32, u32) {
        // A few of the latest are enough: programs join what they spawned last, or all.
        let reusable = |&(slot, last): &(u32, u32)| parent.get(slot) >= last;
        if let Some(back) = self.ended.iter().rev().take(4).position(reusable) {
            let (slot, last) = self.ended.swap_remove(self.ended.len() - 1 - back);
            return (slot, last + 1);
        }
        self.used += 1;
        (self.used - 1, 1)
    }

    /// The thread in `slot` has ended at `epoch`.
    pub(crate) fn give_back(&mut self, slot: u32, epoch: u32) {
        self.ended.push((slot, epoch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_the_least_upper_bound() {
        let (mut a, mut b) = (Clock::default(), Clock::default());
        assert!(a.is_empty());
        a.set(0, 3);
        b.set(2, 5);
        b.set(0, 1);
        let mut joined = a.clone();
        joined.join(&b);
        assert!(a.is_before(&joined) && b.is_before(&joined));
        assert!(!joined.is_before(&a) && !joined.is_before(&b));
        assert_eq!((joined.get(0), joined.get(1), joined.get(2), joined.get(9)), (3, 0, 5, 0));
        b.set(40, 7);
        joined.join(&b);
        assert_eq!((joined.get(0), joined.get(39), joined.get(40)), (3, 0, 7));
        a.copy_from(&joined);
        assert!(a == joined && !a.is_empty());
        b.set(41, 1);
        let mut both = a.clone();
        both.join(&b);
        a.merge(&mut b);
        assert!(a == both && b == both);
        a.clear();
        assert!(a.is_empty());
    }

    #[test]
    fn a_slot_is_shared_only_by_threads_that_are_ordered() {
        let mut slots = ClockSlots::default();
        let mut parent = Clock::default();
        let (main, epoch) = slots.take(&parent);
        parent.set(main, epoch);
        let (child, first) = slots.take(&parent);
        slots.give_back(child, first + 4);
        let (other, _) = slots.take(&parent);
        assert_ne!(other, child, "the parent has not seen the child's end");
        parent.set(child, first + 4);
        assert_eq!(slots.take(&parent), (child, first + 5));
    }
}
