//! The end of a run: nothing can go on, and what that means.

use super::explorer::{Explorer, RunEnd};
use crate::explore::exhaustive::graph::change::Change;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE};
use crate::rt::decide::director::{Direction, Director};
use crate::rt::decide::encode::encode;
use crate::rt::kernel::Kernel;
use crate::rt::op::outcome::Stop;
use crate::rt::op::{OpKind, ThreadId};

impl Explorer {
    /// Nothing can go on: what that means.
    pub(in crate::explore::exhaustive) fn end_of_graph(&mut self, kernel: &mut Kernel) -> Direction {
        self.note_arrivals(kernel);
        let spins = self.graph.lines.iter().any(|line| line.spins());
        if spins && self.goes_on_if_noticed() {
            return if self.is_cut_off { Direction::Stop(Stop::Deadlock) } else { Direction::Release };
        }
        if spins && self.waits_in_vain() {
            self.end = Some(RunEnd::Blocked);
            return Direction::Release;
        }
        if kernel.lacks_occasion() {
            // It must not go on either: time would pass although a thread could go on without the liberty.
            self.end = Some(RunEnd::Blocked);
            self.is_cut_off = true;
            return Direction::Stop(Stop::Deadlock);
        }
        if kernel.threads.only_daemons() {
            // They did all that they could do before the others had ended.
            return Direction::Stop(Stop::Daemons);
        }
        if spins && self.graph.lines.iter().any(|line| line.spins() && self.polls_clock(line)) {
            // When it would end is known to the test alone.
            self.end = Some(RunEnd::Unsupported("a loop that waits for the clock to go on".to_owned()));
            return Direction::Release;
        }
        if self.pass_time(kernel) {
            return self.next(kernel);
        }
        if spins && self.probes_again(kernel) {
            return self.next(kernel);
        }
        Direction::Stop(if kernel.threads.live == 0 {
            Stop::Finished
        } else if spins {
            Stop::Livelock
        } else if kernel.thread(ThreadId::MAIN).ended {
            Stop::Leaked
        } else {
            Stop::Deadlock
        })
    }

    /// Notes what threads that wait might have found instead.
    fn note_arrivals(&mut self, kernel: &mut Kernel) {
        self.waiting.clear();
        for index in 0..self.lines.len() {
            let (thread, line) = (ThreadId(index as u32), self.lines[index]);
            let waiting = kernel.thread(thread);
            let op = waiting.pending;
            if waiting.ended || kernel.is_enabled(thread) || !op.kind.may_block() {
                continue;
            }
            if matches!(op.kind, OpKind::CondvarWait | OpKind::Join | OpKind::Sleep | OpKind::BarrierLeave) {
                continue;
            }
            let notified = waiting.notified;
            let access = encode(kernel, thread, op);
            kernel.thread_mut(thread).notified = notified;
            let Ok(access) = access else { continue };
            let Some(place) = access.place else { continue };
            let bound = self.bound.get(place.object.index() * 2 + place.part as usize);
            let Some(&location) = bound.filter(|&&location| location != NONE) else { continue };
            let mut event = Event::new(&access, line);
            event.rule = self.rule(&access, line);
            event.location = location;
            event.epoch = self.graph.epoch();
            event.gate = self.gate(access.gate, line);
            self.waiting.push(event);
            let past = self.graph.past(line, self.graph.lines[line as usize].last);
            self.graph.candidates(line, location, true, event.gate, &mut self.candidates);
            for at in 0..self.candidates.len() {
                let source = self.candidates[at];
                if self.can_read(&event, past, source, 0) {
                    let mut event = event;
                    event.source = source;
                    let (event, cut) = (Box::new(event), self.graph.len());
                    self.found.push(Change::Arrival { event, source, cut });
                }
            }
        }
    }

    /// Whether a thread spins because of something that is not the last any more. What it read before its loop may
    /// well be old: that does not change. Nor does a read-modify-write of another that restores what it found, or a lock
    /// that another has taken and given back in such a loop: two that wait by such operations wait for ever, whoever was
    /// the last.
    fn waits_in_vain(&self) -> bool {
        self.graph.lines.iter().filter(|line| line.spins()).any(|line| {
            let mut in_loop = self.graph.since_effect(line.last).take_while(|&id| id >= line.spins_from);
            in_loop.any(|id| {
                let event = self.graph.event(id);
                if !event.reads() {
                    return false;
                }
                let seen = self.graph.seen_by(id);
                let is_own = |id: EventId| self.graph.event(id).thread == event.thread;
                let changes = |id: EventId| {
                    self.graph.event(id).has_effect() && !is_own(id) && !self.graph.is_in_spin(id)
                };
                let value = |id: EventId| self.graph.event(id).written;
                let is_other = value(seen) != value(self.graph.last_write(event.location));
                let has_gone_on = self.graph.after(seen).any(is_own);
                self.graph.after(seen).any(changes) || is_other && !has_gone_on
            })
        })
    }
}
