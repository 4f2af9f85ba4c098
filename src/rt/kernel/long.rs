//! What is done in executions that have become long; see `liveness::long`.

use super::Kernel;
use super::special::Special;
use crate::rt::liveness::long::{LOOKS_EVERY, PERIOD, STEP_TAKES, STRETCH, YIELDS_EVERY};

impl Kernel {
    /// Whether the execution has become long.
    #[inline]
    pub(in crate::rt) fn is_long(&self) -> bool {
        self.long.fair.contains(&self.steps)
    }

    /// Whether something may be due at this step because the execution is long.
    #[inline]
    pub(in crate::rt) fn is_due_as_long(&self) -> bool {
        self.steps >= self.long.looks_at
    }

    /// The execution has come to such a step.
    #[cold]
    pub(in crate::rt) fn note_long(&mut self) {
        if !self.is_long() {
            self.stop_taking();
            self.long.looks_at = u64::MAX;
            return;
        }
        let position = (self.steps - self.long.fair.start) % PERIOD;
        let is_fair = position < STRETCH;
        if is_fair {
            self.fairness.take_as_yield();
            self.special.set(Special::FAIR, true);
        } else {
            self.stop_taking();
        }
        self.long.looks_at = self.steps + if is_fair { YIELDS_EVERY } else { LOOKS_EVERY };
        if !self.timers.is_empty() {
            self.pass_long_time();
        }
    }

    fn stop_taking(&mut self) {
        self.fairness.stop_taking();
        self.special.set(Special::FAIR, self.fairness.is_active());
    }

    /// Threads may go on for as long as others sleep: time passes nevertheless.
    fn pass_long_time(&mut self) {
        let since = self.long.time_passed.max(self.long.fair.start);
        let now = self.timers.now().saturating_add((self.steps - since).saturating_mul(STEP_TAKES));
        let waiting = self.threads.alive().filter(|(_, thread)| !thread.is_due);
        let earliest = waiting.map(|(_, thread)| thread.deadline).min();
        if earliest.is_some_and(|deadline| deadline <= now) && self.pass_time() {
            self.long.time_passed = self.steps;
            self.spinloops.note_turn();
        }
    }
}
