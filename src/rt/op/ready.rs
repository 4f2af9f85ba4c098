//! The ready tasks of a runtime as an execution graph has them: one number, and what operations make of it.
//!
//! Bits say which tasks are ready, which are deferred (see `rt::tasks`), and which are polled or have ended, and so are not to be
//! polled. There is room for twenty tasks of a runtime.

/// How many tasks of one runtime an execution graph can tell apart.
pub(crate) const TOLD_APART: u32 = 20;

/// Arguments of operations on a queue, beside the number of a task.
pub(crate) const TASK: u64 = 0xff;
/// Of `Wake`: by the task itself, while it is polled. Of `EndPoll`: the task has ended.
pub(crate) const IS_LAST: u64 = 1 << 30;
/// Of `Wake`: nobody is woken. Of `PollNext`: other workers see what is polled.
pub(crate) const IS_SHARED: u64 = 1 << 31;
/// Of `EndPoll`: the runtime is shut down.
pub(crate) const CLOSES: u64 = 1 << 29;

/// The number that stands for a queue: which tasks are ready, which are deferred, which are polled or have ended, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Numbers(pub(crate) u64);

const FIELD: u64 = (1 << TOLD_APART) - 1;
/// Timers are due.
pub(crate) const DUE: u64 = 1 << 62;
/// The runtime is shut down.
pub(crate) const CLOSED: u64 = 1 << 63;

impl Numbers {
    fn ready(self) -> u64 {
        self.0 & FIELD
    }

    fn deferred(self) -> u64 {
        self.0 >> TOLD_APART & FIELD
    }

    /// Those that are polled or have ended.
    fn masked(self) -> u64 {
        self.0 >> (2 * TOLD_APART) & FIELD
    }

    fn with(self, ready: u64, deferred: u64, masked: u64) -> Numbers {
        let flags = self.0 & (DUE | CLOSED);
        Numbers(flags | ready | deferred << TOLD_APART | masked << (2 * TOLD_APART))
    }

    /// Those that may be polled next.
    pub(crate) fn candidates(self) -> u64 {
        match self.ready() & !self.masked() {
            0 => self.deferred() & !self.masked(),
            ready => ready,
        }
    }

    /// After these tasks have ended.
    pub(crate) fn ended(self, tasks: u64) -> Numbers {
        self.with(self.ready(), self.deferred(), self.masked() | tasks & FIELD)
    }

    /// After this task has been polled to its next await.
    pub(crate) fn polled(self, task: u32) -> Numbers {
        self.with(self.ready(), self.deferred(), self.masked() & !(1 << task))
    }

    /// After a call of the waker of this task.
    pub(crate) fn woken(self, task: u32) -> Numbers {
        self.with(self.ready() | 1 << task, self.deferred() & !(1 << task), self.masked())
    }

    /// After a call by the task itself, while it is polled.
    pub(crate) fn yielded(self, task: u32) -> Numbers {
        let deferred = if self.ready() >> task & 1 == 1 { 0 } else { 1 << task };
        self.with(self.ready(), self.deferred() | deferred, self.masked())
    }

    /// After the `n`-th of the candidates was taken to be polled, which others see if `masks`.
    pub(crate) fn taken(self, n: u32, masks: bool) -> Numbers {
        let chosen = 1 << nth_bit(self.candidates(), n);
        let is_promoted = self.ready() & !self.masked() == 0;
        let (ready, deferred) = match is_promoted {
            true => (self.ready() | self.deferred() & !self.masked(), self.deferred() & self.masked()),
            false => (self.ready(), self.deferred()),
        };
        let masked = if masks { chosen } else { 0 };
        self.with(ready & !chosen, deferred & !chosen, self.masked() | masked)
    }
}

/// The position of the `n`-th lowest bit that is set.
pub(crate) fn nth_bit(value: u64, n: u32) -> u32 {
    let mut left = value;
    for _ in 0..n {
        left &= left.wrapping_sub(1);
    }
    left.trailing_zeros() & 63
}

/// How many tasks a worker can choose among.
pub(crate) fn choices(argument: u64, value: u64) -> u32 {
    if value & (CLOSED | DUE) != 0 {
        return 1;
    }
    Numbers(value).ended(argument).candidates().count_ones().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_polled_or_has_ended_is_no_candidate() {
        let number = Numbers(0).woken(3).taken(0, true).woken(3).woken(4);
        assert_eq!(number.candidates(), 1 << 4);
        assert_eq!(number.polled(3).candidates(), 1 << 3 | 1 << 4);
        assert_eq!(number.ended(1 << 4).candidates(), 0);
    }
}
