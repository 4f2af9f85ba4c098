//! Time in an execution graph: the moments at which nobody could go on, and it passed.
//!
//! A tick orders (`PORF`) everything before it before everything after it, in all threads, also those that it does not wake; it
//! gives no happens-before. An event knows how many ticks came before it, its epoch. Which tick comes next follows from the
//! graph, and no revisit crosses one: a write of a later epoch has all events of earlier ones in its past. So each stretch
//! between two ticks is explored like a program that begins there.

use super::director::without_event;
use super::explorer::{Explorer, RunEnd};
use crate::explore::exhaustive::graph::event::{EventId, NONE};
use crate::explore::exhaustive::graph::tick::Tick;
use crate::explore::exhaustive::graph::{Graph, Line};
use crate::rt::decide::director::{Direction, Director};
use crate::rt::kernel::Kernel;
use crate::rt::op::OpKind;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rule::{Place, STATE};
use crate::rt::threads::timers::Instant;

impl Graph {
    /// How often time has passed.
    #[inline]
    pub(in crate::explore::exhaustive) fn epoch(&self) -> u32 {
        self.ticks.len() as u32
    }

    /// Time passes: whatever is added from now on comes after everything that there is.
    pub(in crate::explore::exhaustive) fn tick(&mut self, now: Instant) {
        let mut evicted = Vec::new();
        for (number, line) in self.lines.iter_mut().enumerate() {
            let write = std::mem::replace(&mut line.evicted_by, NONE);
            if write != NONE {
                evicted.push((number as u32, write));
            }
            // Who waits in a loop looks once more.
            line.spins_after = NONE;
        }
        let counts = self.lines.iter().map(|line| line.count).collect();
        let (at, ordered) = (self.len(), self.order.len() as u32);
        self.ticks.push(Tick { at, ordered, now, counts, evicted });
    }

    /// How many events have a place in the order before those of `epoch`.
    pub(in crate::explore::exhaustive) fn ordered_before(&self, epoch: u32) -> usize {
        epoch.checked_sub(1).map_or(0, |tick| self.ticks[tick as usize].ordered as usize)
    }

    /// The first ticks of `base`, before which nothing is left out, and what the next one has made threads forget.
    pub(in crate::explore::exhaustive) fn copy_ticks(
        &mut self,
        base: &Graph,
        epoch: u32,
        numbers: &[EventId],
    ) {
        self.ticks.clear();
        let kept = base.ticks.iter().take(epoch as usize);
        self.ticks.extend(kept.cloned());
        for tick in &mut self.ticks {
            let later = numbers[tick.at as usize..].iter().find(|&&number| number != NONE);
            tick.at = later.copied().unwrap_or(self.events.len() as u32);
            for (_, write) in &mut tick.evicted {
                *write = numbers[*write as usize];
            }
        }
        let Some(dropped) = base.ticks.get(epoch as usize) else { return };
        for &(number, write) in &dropped.evicted {
            let line = &mut self.lines[number as usize];
            if line.count == dropped.counts[number as usize] {
                line.evicted_by = numbers[write as usize];
            }
        }
    }
}

impl Explorer {
    /// Time passes as the graph says, when all have come as far as they can: to their own sleep, perhaps.
    #[cold]
    pub(in crate::explore::exhaustive) fn follow_tick(&mut self, kernel: &mut Kernel) -> Option<Direction> {
        if let Some(other) = without_event(kernel) {
            return Some(Direction::Run(other));
        }
        let now = self.graph.ticks[self.epoch as usize].now;
        self.epoch += 1;
        if kernel.pass_time() && kernel.timers.now() == now {
            self.forget_rung(kernel);
            return None;
        }
        let message = "in an earlier execution other time passed here than now".to_owned();
        self.end = Some(RunEnd::Diverged(message.clone()));
        Some(Direction::Stop(Stop::Diverged(message)))
    }

    /// Time passes, if somebody waits for it. Whether it does.
    pub(in crate::explore::exhaustive) fn pass_time(&mut self, kernel: &mut Kernel) -> bool {
        if !kernel.pass_time() {
            return false;
        }
        self.graph.tick(kernel.timers.now());
        self.epoch += 1;
        self.forget_rung(kernel);
        true
    }

    /// The queues of tasks whose timers are due are others than before, without an event.
    fn forget_rung(&mut self, kernel: &Kernel) {
        for &object in kernel.tasks.rung() {
            self.forget(Place { object, part: STATE });
        }
    }

    /// Whether the loop that a thread spins in has it read the clock.
    pub(in crate::explore::exhaustive) fn polls_clock(&self, line: &Line) -> bool {
        let mut in_loop = self.graph.since_effect(line.last).take_while(|&id| id >= line.spins_from);
        in_loop.any(|id| self.graph.event(id).kind == OpKind::ReadClock)
    }
}
