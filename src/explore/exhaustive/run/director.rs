//! One execution that follows a graph and then goes on as the model adds events first, noting what else there
//! is to explore.
//!
//! A run starts at the beginning: to keep a copy of a program's state costs more than to make it again, and would
//! break what refers to it. While it follows the graph, what operations say of themselves is noted afresh, since
//! pointers differ from run to run. An operation that is not what the graph has in its place fails the
//! exploration: something that is not controlled decides.

use std::any::Any;

use super::explorer::{Explorer, RunEnd};
use super::made::Made;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE, flag};
use crate::rt::decide::director::{Chosen, Direction, Director};
use crate::rt::decide::encode::{is_event, thread_of};
use crate::rt::kernel::Kernel;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rule::{Access, Outcome, Place, Refusal, Rule, nth_bit};
use crate::rt::op::{Choice, Op, OpKind, ThreadId};

impl Explorer {
    /// Makes everything ready to follow the graph, which was checked.
    pub(in crate::explore::exhaustive) fn start(&mut self) {
        self.end = None;
        self.waiting.clear();
        self.next_step = 0;
        self.next_look = 0;
        self.lines.clear();
        self.lines.push(0);
        self.threads.clear();
        self.threads.resize(self.graph.lines.len(), ThreadId::MAIN);
        self.expected.clear();
        self.expected.extend(self.graph.lines.iter().map(|line| line.first));
        self.bound.clear();
        self.has_happened.clear();
        self.has_happened.resize(self.graph.events.len(), false);
        self.put_off.clear();
        self.hints = (0, 0);
        self.probe = None;
        self.probe_steps = 0;
        self.has_read_stale = false;
        self.has_looked_back = false;
        self.retried.clear();
        self.is_cut_off = false;
        self.epoch = 0;
    }

    #[cold]
    fn diverge(&mut self, expected: EventId, access: &Access) {
        let expected = *self.graph.event(expected);
        self.end.get_or_insert_with(|| {
            let now = match (expected.kind, expected.site) == (access.kind, access.site) {
                true => "the same to another object, or with another value".to_owned(),
                false => format!("{} at {}", access.kind.verb(), access.site),
            };
            RunEnd::Diverged(format!(
                "in an earlier execution the thread did {} at {} in this place, now it does {now}",
                expected.kind.verb(),
                expected.site,
            ))
        });
    }

    /// The location of a place; a new one if nothing was done to it in this execution.
    #[inline]
    pub(in crate::explore::exhaustive) fn location(
        &mut self,
        place: Place,
        access: &Access,
        expected: Option<u32>,
    ) -> u32 {
        match self.bound.get(place.object.index() * 2 + place.part as usize) {
            Some(&location) if location != NONE => location,
            _ => self.bind(place, access, expected),
        }
    }

    fn bind(&mut self, place: Place, access: &Access, expected: Option<u32>) -> u32 {
        let index = place.object.index() * 2 + place.part as usize;
        if self.bound.len() <= index {
            self.bound.resize(index + 1, NONE);
        }
        let location = match expected {
            Some(location) => {
                let initial = self.graph.locations[location as usize].initial;
                self.graph.event_mut(initial).written = access.initial;
                location
            }
            None => {
                let location = self.graph.add_location(access);
                self.has_happened.push(false);
                location
            }
        };
        let initial = self.graph.locations[location as usize].initial;
        if self.made.len() <= location as usize {
            self.made.resize_with(location as usize + 1, Made::default);
        }
        self.made[location as usize].begin(initial);
        self.bound[index] = location;
        location
    }

    /// The location of a place to which something was done in this execution, if there is one.
    pub(in crate::explore::exhaustive) fn known_location(&self, place: Place) -> u32 {
        self.bound.get(place.object.index() * 2 + place.part as usize).copied().unwrap_or(NONE)
    }

    /// The kernel's number of a thread of the graph.
    pub(in crate::explore::exhaustive) fn thread(&self, line: u32) -> ThreadId {
        self.threads[line as usize]
    }

    /// The rule as the graph has it: threads have other numbers there.
    pub(in crate::explore::exhaustive) fn rule(&self, access: &Access, line: u32) -> Rule {
        match access.kind {
            OpKind::CondvarEnqueue | OpKind::CondvarWait => access.rule.with_argument(u64::from(line) & 63),
            _ => access.rule,
        }
    }

    /// Notes what `id` is and does in this run, and whether it is what it was.
    #[inline]
    fn refresh(&mut self, id: EventId, access: &Access, line: u32) -> bool {
        let rule = self.rule(access, line);
        let source = self.graph.event(id).source;
        let read = if source == NONE { 0 } else { self.graph.event(source).written };
        let event = self.graph.event_mut(id);
        event.rule = rule;
        event.site = access.site;
        event.read = read;
        if event.location == NONE {
            return true;
        }
        match rule.outcome(read, event.choice) {
            Outcome::Writes(written) => {
                event.written = written;
                event.writes()
            }
            Outcome::Reads => !event.writes(),
            Outcome::Blocks => false,
        }
    }

    fn follow(&mut self, kernel: &Kernel, id: EventId, access: &Access) -> Option<Chosen> {
        let Event { thread: line, next, location, kind, flags, is_object, .. } = *self.graph.event(id);
        self.expected[line as usize] = next;
        let found = match access.place {
            Some(place) if location != NONE => self.location(place, access, Some(location)),
            _ => NONE,
        };
        let fits = kind == access.kind
            && found == location
            && access.place.is_some() == (location != NONE)
            && flags & flag::CHOICE == 0;
        if !fits || !self.refresh(id, access, line) {
            self.diverge(id, access);
            return None;
        }
        if kind == OpKind::Spawn {
            self.note_spawn(kernel, id, line);
        }
        if location != NONE && !is_object {
            return self.happens(id);
        }
        self.has_happened[id as usize] = true;
        None
    }

    /// The kernel's next thread is the one that the spawn `id` makes.
    pub(in crate::explore::exhaustive) fn note_spawn(&mut self, kernel: &Kernel, id: EventId, parent: u32) {
        let is_new = self.graph.lines.iter().all(|line| line.spawn != id);
        let line = if is_new {
            self.graph.add_thread(parent, id)
        } else {
            self.graph.lines.iter().position(|line| line.spawn == id).unwrap_or(0) as u32
        };
        let thread = ThreadId(kernel.threads.count() as u32);
        debug_assert_eq!(self.lines.len(), thread.index());
        self.lines.push(line);
        let index = line as usize;
        if self.threads.len() <= index {
            self.threads.resize(index + 1, ThreadId::MAIN);
            self.expected.resize(index + 1, NONE);
        }
        self.threads[index] = thread;
        if is_new {
            self.expected[index] = NONE;
        }
    }

    /// The thread that goes on where the graph does not say: the first that can, by spawn path.
    fn first_enabled(&self, kernel: &Kernel) -> Option<ThreadId> {
        self.graph.by_path.iter().find_map(|&line| {
            let thread = self.threads[line as usize];
            let is_there = line == 0 || thread != ThreadId::MAIN;
            let goes_on = is_there && kernel.is_enabled(thread) && !self.graph.lines[line as usize].spins();
            goes_on.then_some(thread)
        })
    }
}

/// A thread that has only to begin or to end.
#[cold]
pub(in crate::explore::exhaustive) fn without_event(kernel: &Kernel) -> Option<ThreadId> {
    kernel.threads.enabled_threads().find(|&thread| !is_event(kernel, kernel.thread(thread).pending.kind))
}

/// The last thread that has only to begin or to end, and does not pause.
#[cold]
fn last_to_begin_or_end(kernel: &Kernel) -> Option<ThreadId> {
    let goes_on = |op: &Op| !is_event(kernel, op.kind) && !op.is_pause();
    kernel.threads.enabled_threads().filter(|&thread| goes_on(&kernel.thread(thread).pending)).max()
}

/// What `thread` waits for, if that is a thread that has only to begin or to end.
#[cold]
fn first_to_end(kernel: &Kernel, thread: ThreadId) -> Option<ThreadId> {
    let op = kernel.thread(thread).pending;
    if op.kind != OpKind::Join {
        return None;
    }
    let other = thread_of(kernel, op.object);
    let has_no_event = !is_event(kernel, kernel.thread(other).pending.kind);
    (has_no_event && kernel.is_enabled(other)).then_some(other)
}

impl Director for Explorer {
    fn next(&mut self, kernel: &mut Kernel) -> Direction {
        if self.effort.is_over() {
            // It may be for the time.
            kernel.look_now();
            self.end.get_or_insert(RunEnd::TooLarge);
        }
        self.withhold(kernel);
        if let Some(end) = &self.end {
            return match end {
                RunEnd::Diverged(message) => Direction::Stop(Stop::Diverged(message.clone())),
                // Not judged, whatever it is called.
                _ if self.is_cut_off => Direction::Stop(Stop::Deadlock),
                _ => Direction::Release,
            };
        }
        if self.is_eager
            && !self.spawns_next()
            && let Some(thread) = last_to_begin_or_end(kernel)
        {
            return Direction::Run(thread);
        }
        while let Some(&id) = self.graph.order.get(self.next_step) {
            self.next_step += 1;
            let event = self.graph.event(id);
            if event.has(flag::CHOICE) || self.has_happened[id as usize] {
                continue;
            }
            if self.epoch < event.epoch {
                self.next_step -= 1;
                match self.follow_tick(kernel) {
                    Some(direction) => return direction,
                    None => continue,
                }
            }
            let thread = self.threads[event.thread as usize];
            let is_there = event.thread == 0 || thread != ThreadId::MAIN;
            if is_there && kernel.is_enabled(thread) {
                if !is_event(kernel, kernel.thread(thread).pending.kind) {
                    self.next_step -= 1;
                }
                return Direction::Run(thread);
            }
            if is_there && let Some(ending) = first_to_end(kernel, thread) {
                self.next_step -= 1;
                return Direction::Run(ending);
            }
            let message = format!(
                "in an earlier execution a thread did {} at {} here, now it cannot",
                event.kind.verb(),
                event.site
            );
            self.end = Some(RunEnd::Diverged(message.clone()));
            return Direction::Stop(Stop::Diverged(message));
        }
        while self.epoch < self.graph.epoch() {
            if let Some(direction) = self.follow_tick(kernel) {
                return direction;
            }
        }
        while self.probe.is_none() && (self.next_look as usize) < self.graph.lines.len() {
            self.look_for_spin(kernel, self.next_look);
            self.next_look += 1;
        }
        if self.probe.is_some() {
            return self.next_of_probe(kernel);
        }
        if kernel.restraint.is_paused() {
            let enabled = &kernel.threads.enabled;
            let preempts = kernel.would_preempt(enabled);
            if let Some(forced) = kernel.restraint.forced(&kernel.threads, enabled, preempts) {
                return Direction::Run(forced);
            }
        }
        match self.first_enabled(kernel) {
            Some(thread) => Direction::Run(thread),
            None => self.end_of_graph(kernel),
        }
    }

    fn execute(&mut self, kernel: &mut Kernel, thread: ThreadId, access: &Access) -> Option<Chosen> {
        if self.end.is_some() {
            return None;
        }
        let line = self.lines[thread.index()];
        if self.probe.is_some() {
            return self.execute_probe(kernel, line, access);
        }
        match self.expected[line as usize] {
            NONE => {
                let chosen = self.extend(kernel, line, access);
                self.look_for_spin(kernel, line);
                chosen
            }
            id => self.follow(kernel, id, access),
        }
    }

    fn choose(&mut self, kernel: &mut Kernel, choice: Choice, alternatives: usize) -> usize {
        let line = self.lines[kernel.threads.current.index()];
        match choice {
            Choice::BarrierLeader if !kernel.limits.free_leaders => 0,
            Choice::Program
            | Choice::SpuriousWakeup
            | Choice::SpuriousPoll
            | Choice::BarrierLeader
            | Choice::LostToken
            | Choice::WaitingWriter
            | Choice::GivesWay
            | Choice::GivesWayWithin
            | Choice::Cancels
            | Choice::StopsAborted
            | Choice::Overtakes => self.choose_freely(kernel, line, choice, alternatives),
            // What a probed thread does is in no graph; it is given no liberties.
            Choice::WeakFailure if self.probe.is_some() => 0,
            Choice::WeakFailure => {
                let last = self.executed_last(line);
                let event = self.graph.event(last);
                usize::from(event.kind == OpKind::CompareExchange && event.choice > 0)
            }
            Choice::Notified => {
                // The graph knows waiters by the threads' numbers there, the kernel by their order.
                let event = self.graph.event(self.executed_last(line));
                let chosen = nth_bit(event.read, event.choice);
                let OpKind::NotifyOne = event.kind else { return 0 };
                let thread = self.threads.get(chosen as usize).copied().unwrap_or(ThreadId::MAIN);
                kernel.current_waiter(thread).unwrap_or(0).min(alternatives - 1)
            }
            // The queue and its number have ready tasks in the same order.
            Choice::NextTask => self.graph.event(self.executed_last(line)).choice as usize,
            Choice::ReadsFrom | Choice::Placement => 0,
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        let end = match refusal {
            Refusal::Strict(more) => RunEnd::Strict(more),
            Refusal::Unsupported(what) => RunEnd::Unsupported(what.to_owned()),
        };
        self.end.get_or_insert(end);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn forget(&mut self, place: Place) {
        if let Some(bound) = self.bound.get_mut(place.object.index() * 2 + place.part as usize) {
            *bound = NONE;
        }
    }
}

impl Explorer {
    /// Whether the next event in order makes a thread.
    fn spawns_next(&self) -> bool {
        let rest = self.graph.order[self.next_step.min(self.graph.order.len())..].iter();
        let is_left =
            |&&id: &&EventId| !self.has_happened[id as usize] && !self.graph.event(id).has(flag::CHOICE);
        rest.clone().find(is_left).is_some_and(|&id| self.graph.event(id).kind == OpKind::Spawn)
    }

    /// The last event that the thread has executed in this run.
    pub(in crate::explore::exhaustive) fn executed_last(&self, line: u32) -> EventId {
        match self.expected[line as usize] {
            NONE => self.graph.lines[line as usize].last,
            next => self.graph.event(next).previous,
        }
    }
}
