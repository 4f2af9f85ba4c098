//! What keeps the strategy from switching: a bound on preemptions (Musuvathi and Qadeer, PLDI 2007), or a part
//! of the test that is not to be explored.

use super::Threads;
use crate::rt::op::ThreadId;
use crate::rt::op::thread_set::LaneSet;

/// Whether threads switch where they need not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Switching {
    On,
    Paused,
    /// Paused for the rest of the execution.
    Stopped,
}

/// What restrains the strategy at the next scheduling point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restraint {
    switching: Switching,
    was_paused: bool,
    preemptions_left: Option<u32>,
}

impl Restraint {
    pub(in crate::rt) fn new(max_preemptions: Option<u32>) -> Restraint {
        Restraint { switching: Switching::On, was_paused: false, preemptions_left: max_preemptions }
    }

    /// Whether there is nothing to restrain.
    #[inline]
    pub(in crate::rt) fn is_none(&self) -> bool {
        self.switching == Switching::On && self.preemptions_left.is_none()
    }

    pub(crate) fn set_switching(&mut self, switching: Switching) {
        if self.switching != Switching::Stopped {
            self.switching = switching;
            self.was_paused |= switching != Switching::On;
        }
    }

    /// Whether a part of the execution is not to be explored.
    pub(crate) fn was_paused(&self) -> bool {
        self.was_paused
    }

    /// Whether choices are the first alternative without asking.
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.switching != Switching::On
    }

    /// Who of `choosable` goes on, if the strategy may not choose; `preempts`, if another than the running thread would preempt it.
    pub(crate) fn forced(&self, threads: &Threads, choosable: &LaneSet, preempts: bool) -> Option<ThreadId> {
        match self.switching {
            Switching::On => (preempts && self.preemptions_left == Some(0)).then_some(threads.current),
            Switching::Paused | Switching::Stopped if preempts => Some(threads.current),
            // The next in the order of spawning, then from the first: threads that yield to each other take turns.
            Switching::Paused | Switching::Stopped => {
                let current = threads.current;
                threads.those_in(choosable).min_by_key(|&thread| (thread <= current, thread))
            }
        }
    }

    /// The strategy chose `next`.
    pub(in crate::rt) fn note_choice(&mut self, next: ThreadId, current: ThreadId, preempts: bool) {
        if let Some(left) = &mut self.preemptions_left
            && preempts
            && next != current
        {
            *left -= 1;
        }
    }
}
