//! Choices that are events of their own: values that the program draws, and liberties that std takes.
//!
//! The first run of an execution makes the first choice, and notes the others as alternatives. Of a great many values one is
//! tried, and liberties are taken as often as the test allows: how often they were is counted in the graph, since what other
//! threads have done by the time of a run is nothing that a graph says.
//!
//! A thread makes a choice on its way to an operation. If it is found to wait in a loop, it does not come there, unless time
//! passes: then its choices are events.

use super::explorer::{Explorer, RunEnd};
use super::probe::PutOff;
use crate::explore::exhaustive::graph::change::Change;
use crate::explore::exhaustive::graph::event::{Event, NONE, flag};
use crate::rt::kernel::Kernel;
use crate::rt::op::Choice;
use crate::rt::op::basis::Basis;
use crate::rt::op::rule::Access;

/// How many alternatives of a choice of the program are explored at most.
const ENUMERATED: usize = 256;

impl Explorer {
    /// A choice that is an event of its own.
    pub(in crate::explore::exhaustive) fn choose_freely(
        &mut self,
        kernel: &Kernel,
        line: u32,
        choice: Choice,
        alternatives: usize,
    ) -> usize {
        if self.end.is_some() || self.probe.is_some() {
            return 0;
        }
        let next = self.expected[line as usize];
        if next != NONE {
            let event = *self.graph.event(next);
            self.expected[line as usize] = event.next;
            self.has_happened[next as usize] = true;
            if !event.has(flag::CHOICE) || event.choice as usize >= alternatives {
                self.end.get_or_insert_with(|| {
                    RunEnd::Diverged(format!(
                        "in an earlier execution the thread did {} at {} where it now makes a choice",
                        event.kind.verb(),
                        event.site
                    ))
                });
                return 0;
            }
            return event.choice as usize;
        }
        if self.graph.lines[line as usize].spins() {
            self.put_off.push(PutOff { line, choice, alternatives });
            return 0;
        }
        self.add_choice(kernel, line, choice, alternatives);
        0
    }

    /// Adds the choices that a thread has made on its way to an operation that it comes to after all.
    pub(in crate::explore::exhaustive) fn add_put_off(&mut self, kernel: &Kernel, line: u32) {
        for put_off in self.put_off.extract_if(.., |put_off| put_off.line == line).collect::<Vec<_>>() {
            self.add_choice(kernel, line, put_off.choice, put_off.alternatives);
        }
    }

    /// Adds a choice that is an event of its own: the first alternative, with a note of the others.
    fn add_choice(&mut self, kernel: &Kernel, line: u32, choice: Choice, alternatives: usize) {
        let mut event = Event::new(&Access::of_choice(choice), line);
        event.set(flag::CHOICE | flag::MAXIMAL, true);
        let is_used_up = event.takes_liberty(1) && self.liberties_so_far() >= self.spurious
            || event.cancels(1) && self.cancellations_so_far() >= kernel.limits.cancellations;
        let id = self.graph.push(event);
        self.has_happened.push(true);
        self.graph.compute_clocks(id);
        let is_paused = kernel.restraint.is_paused();
        let enumerated = if is_used_up {
            1
        } else if alternatives > ENUMERATED || is_paused {
            self.basis.add(if is_paused { Basis::PAUSED } else { Basis::DRAWN_VALUE });
            1
        } else {
            alternatives
        };
        for choice in 1..enumerated as u32 {
            self.found.push(Change::Alternative { event: id, source: NONE, choice });
        }
    }
}
