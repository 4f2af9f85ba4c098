//! How much one run costs the explorer besides its steps.
//!
//! To see which reads a write may revisit takes a look at each event after each of them: for an execution of thousands of
//! events that is far more than to run it. So looks are counted, and whoever looks is told when it is too much, or too late:
//! an attempt that is to cost no more than sampling ends then, and so does an exploration with a time limit.

use std::cell::Cell;
use std::time::Instant;

use crate::rt::real_now;

/// After how many looks the clock is looked at.
const LOOKS_EVERY: u64 = 1 << 18;

/// Looks at events, and whether there may be more.
#[derive(Default, Debug)]
pub(in crate::explore::exhaustive) struct Effort {
    looks: Cell<u64>,
    asks_at: Cell<u64>,
    allowed: u64,
    deadline: Option<Instant>,
    is_over: Cell<bool>,
}

impl Effort {
    /// For the next run.
    pub(in crate::explore::exhaustive) fn start(&mut self, allowed: u64, deadline: Option<Instant>) {
        let asks_at = Cell::new(allowed.min(LOOKS_EVERY));
        *self = Effort { asks_at, allowed, deadline, ..Effort::default() };
    }

    pub(in crate::explore::exhaustive) fn looks(&self) -> u64 {
        self.looks.get()
    }

    /// Whether it is too much, or too late.
    pub(in crate::explore::exhaustive) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Counts so many looks. Whether it is too much, or too late.
    #[inline]
    pub(in crate::explore::exhaustive) fn spend(&self, looks: u64) -> bool {
        let looks = self.looks.get() + looks;
        self.looks.set(looks);
        if looks >= self.asks_at.get() {
            self.ask(looks);
        }
        self.is_over.get()
    }

    #[cold]
    fn ask(&self, looks: u64) {
        self.asks_at.set(self.allowed.min(looks.saturating_add(LOOKS_EVERY)).max(looks + 1));
        let is_late = self.deadline.is_some_and(|deadline| real_now() >= deadline);
        if looks >= self.allowed || is_late {
            self.is_over.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_not_exceeded_by_much() {
        let mut effort = Effort::default();
        effort.start(1_000_000, None);
        let spent = (0..).take_while(|_| !effort.spend(100)).count();
        assert_eq!(spent, 9_999);
        effort.start(u64::MAX, Some(Instant::now()));
        assert!((0..LOOKS_EVERY).any(|_| effort.spend(1)));
    }
}
