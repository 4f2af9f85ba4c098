//! What is special about an execution at the moment: one word that a step asks in the place of a dozen questions.
//!
//! A plain step is one of an execution of which nobody wants to hear more than how it ends. Whatever more there is to do
//! sets a bit, where it begins to be wanted.

/// A set of what is special.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Special(u32);

impl Special {
    /// A director decides, or has decided what is replayed.
    pub(crate) const DIRECTED: Special = Special(1);
    /// Threads give way to others.
    pub(crate) const FAIR: Special = Special(1 << 1);
    /// Something keeps the strategy from switching as it likes.
    pub(crate) const RESTRAINED: Special = Special(1 << 2);
    /// Events are kept for a trace.
    pub(crate) const TRACED: Special = Special(1 << 3);
    /// The strategy hears of each event.
    pub(crate) const TOLD: Special = Special(1 << 4);
    /// Stacks are kept for a report.
    pub(crate) const STACKS: Special = Special(1 << 5);
    /// What is done with atomics is compared with other accesses of their memory.
    pub(crate) const WATCHED: Special = Special(1 << 6);
    /// Threads have ended, and what the execution owns is being dropped.
    pub(crate) const WINDING_UP: Special = Special(1 << 7);
    /// What is polled next may be something else than a task that is ready.
    pub(crate) const POLLS: Special = Special(1 << 8);

    /// What keeps the next thread from being chosen in the short way.
    pub(crate) const CHOICE: Special = Special(Special::DIRECTED.0 | Special::FAIR.0 | Special::RESTRAINED.0);
    /// What keeps an operation on an atomic from taking effect in the short way.
    pub(crate) const EFFECT: Special =
        Special(Special::DIRECTED.0 | Special::TRACED.0 | Special::WATCHED.0 | Special::WINDING_UP.0);
    /// What keeps a thread that is alone from making its steps in the short way.
    pub(crate) const STEP: Special =
        Special(Special::CHOICE.0 | Special::EVENT.0 | Special::STACKS.0 | Special::WINDING_UP.0);
    /// What wants to hear of events.
    pub(crate) const EVENT: Special = Special(Special::TRACED.0 | Special::TOLD.0);

    /// Whether it has any of these.
    #[inline(always)]
    pub(crate) fn has(self, any: Special) -> bool {
        self.0 & any.0 != 0
    }

    pub(crate) fn set(&mut self, what: Special, is_so: bool) {
        self.0 = self.0 & !what.0 | if is_so { what.0 } else { 0 };
    }
}
