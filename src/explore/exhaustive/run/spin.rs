//! Loops that wait: a thread that goes round without having changed anything, or having read anything new, does
//! not go round again until something that it read changes.
//!
//! A hint (`spin_loop`, `yield_now`), or a third look at the same thing from the same place, is where a loop is
//! suspected. Then the thread alone is run on for some rounds, reading what it read before. If it comes back to
//! the place each time without an effect, it spins: it waits there, the reads of the last round can still be
//! revisited, and the rounds are no part of the graph. If it does anything else, its loop has an end of its own,
//! and the graph is explored again with a mark that the thread goes on.
//!
//! What a waiting thread reads can change only where the graph has the read. So it has to have a whole round: the
//! thread's last events are to be what it did on the way round as well, with all that it read there. Otherwise
//! (what led to the loop differs from a round, or the first round does) the thread goes round once more.

use super::explorer::{Explorer, RunEnd};
use super::probe::{Probe, ProbedOp, Repeated, Round};
use std::panic::Location;

use crate::explore::exhaustive::graph::Graph;
use crate::explore::exhaustive::graph::change::Change;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE, flag};
use crate::rt::decide::director::{Chosen, Direction};
use crate::rt::kernel::Kernel;
use crate::rt::liveness::spinloops::ENOUGH;
use crate::rt::op::OpKind;
use crate::rt::op::basis::Basis;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rule::{Access, Outcome};

/// How many looks at events a step costs by which it is seen whether a thread spins.
const WORK_OF_A_PROBE: u64 = 2;

/// How often a thread goes round until it is taken to spin, where a loop was seen not to end before.
const ROUNDS: u32 = 16;

/// The same, where a loop is seen for the first time: many give up after some rounds.
const FIRST_ROUNDS: u32 = 1_000;

/// The same, where nobody is left who could end the wait, so that it would be a livelock: as many as where schedules are sampled. A
/// loop without a hint may read a value that does not change.
const LAST_ROUNDS: u32 = ENOUGH;

/// How many operations of a probe count as work: what the last rounds take is had once for each loop.
const OPERATIONS_THAT_COUNT: u32 = 2_000;

/// How many operations a thread may take for a round.
const OPERATIONS: u32 = 125;

/// How many hints it may give in a round: crossbeam's and parking_lot's loops give up to 1,024 between two looks.
const HINTS: u32 = 4_096;

impl Graph {
    /// Whether the thread that has just made the event `last` may be in a loop that waits.
    fn may_spin(&self, last: EventId) -> bool {
        let event = self.event(last);
        match event.kind {
            OpKind::Yield | OpKind::SpinLoop => {
                // Hints in a row are one; without a read there is nothing to wait for.
                let previous = event.previous;
                previous != NONE && self.event(previous).reads() && !self.event(previous).has_effect()
            }
            OpKind::ReadClock => {
                let same = |&id: &EventId| {
                    let other = self.event(id);
                    other.kind == event.kind && other.site == event.site && other.epoch == event.epoch
                };
                self.since_effect(event.previous).filter(same).nth(1).is_some()
            }
            _ if self.has_failed(last) => true,
            // Whoever has looked under a lock.
            _ if event.gives_back() => {
                self.last_write(event.location) == last && self.section(last, |_, _| ()).is_some()
            }
            _ if event.reads() && !event.has_effect() => {
                let same = |&id: &EventId| {
                    let other = self.event(id);
                    (other.site, other.kind, other.source) == (event.site, event.kind, event.source)
                };
                self.since_effect(event.previous).filter(same).nth(1).is_some()
            }
            _ => false,
        }
    }

    /// Whether the thread went on at its latest suspicion of a loop from the same place, with nothing new since: a
    /// loop that would have ended by itself may wait because of what it has read on the way there.
    fn went_on(&self, last: EventId) -> bool {
        if self.event(last).has(flag::GOES_ON | flag::GOES_ROUND) {
            return true;
        }
        let Event { site, kind, .. } = *self.event(last);
        let mut events = self.since_effect(last);
        while let Some(id) = events.next() {
            let event = self.event(id);
            // A macro, or a function that tracks its caller, has several operations in one place.
            if (event.site, event.kind) == (site, kind) && event.has(flag::GOES_ON) {
                return true;
            }
            // It reads what its thread did not know yet.
            let same =
                |&other: &EventId| self.event(other).location == event.location && self.event(other).reads();
            let known = events.clone().find(same).map(|earlier| self.seen_by(earlier));
            if event.reads() && known != Some(event.source) {
                return false;
            }
        }
        false
    }

    /// The write that a thread knows of from its event `id`, which reads.
    pub(in crate::explore::exhaustive) fn seen_by(&self, id: EventId) -> EventId {
        let event = self.event(id);
        if event.writes() { id } else { event.source }
    }

    /// Where the round begins that the thread has made before `last`, if that was a round like those in `probed`,
    /// and read in the same places.
    fn last_round(&self, last: EventId, probed: &[ProbedOp]) -> Option<EventId> {
        // A choice of the program is none of a probe's operations.
        let events = || self.since_effect(last).filter(|&id| !self.event(id).has(flag::CHOICE));
        let op = |id: EventId| {
            let Event { kind, location, site, .. } = *self.event(id);
            ProbedOp { kind, location, site }
        };
        let matching = |end: usize| {
            let ops = probed[..end].iter().rev();
            events().zip(ops).take_while(|&(id, &probed)| op(id) == probed).count()
        };
        let longest = (1..=probed.len()).map(matching).max()?;
        let mut wanted: Vec<ProbedOp> = Vec::new();
        for op in probed.iter().filter(|op| op.location != NONE) {
            if !wanted.contains(op) {
                wanted.push(*op);
            }
        }
        events().take(longest).find(|&id| {
            wanted.retain(|&wanted| wanted != op(id));
            wanted.is_empty()
        })
    }
}

impl Explorer {
    /// Begins to probe the thread, if its last event gives reason to.
    pub(in crate::explore::exhaustive) fn look_for_spin(&mut self, kernel: &Kernel, line: u32) {
        let last = self.graph.lines[line as usize].last;
        // When time has passed, who waits in a loop looks again.
        if last == NONE || self.graph.event(last).epoch < self.graph.epoch() || !self.graph.may_spin(last) {
            return;
        }
        if self.end.is_some() || self.graph.lines[line as usize].spins() {
            return;
        }
        let Event { site, kind, .. } = *self.graph.event(last);
        // In the middle of a section: there is more to give back.
        if self.graph.event(last).gives_back() && kernel.locks.held_by(self.thread(line)).len() > 1 {
            return;
        }
        let is_same = |event: &Event| event.site == site && event.kind == kind;
        let comes_back = self.graph.since_effect(last).skip(1).any(|id| is_same(self.graph.event(id)));
        if self.graph.went_on(last) || !comes_back && self.straight.contain(site) {
            return;
        }
        let round = self.graph.has_failed(last).then(|| Round::ending_with(last));
        let enough = if self.endless.contains(&site) { ROUNDS } else { FIRST_ROUNDS };
        self.probe_from(kernel, (line, kind, site), enough, round);
    }

    /// Lets the thread of a line go on alone, until it has come back so often.
    fn probe_from(
        &mut self,
        kernel: &Kernel,
        (line, kind, site): (u32, OpKind, &'static Location<'static>),
        enough: u32,
        round: Option<Round>,
    ) {
        let plain_writes = kernel.plain_writes;
        let (rounds, operations, hints, has_looked) = (0, 0, 0, false);
        let probe =
            Probe { line, kind, site, plain_writes, rounds, operations, enough, round, hints, has_looked };
        self.probe = Some(probe);
        self.probed.clear();
        self.probed_locks.clear();
    }

    /// Probes a thread again that is taken to spin, before that is said to be for ever. Not where an attempt fails again and again, or
    /// with hints: such a loop does wait.
    pub(in crate::explore::exhaustive) fn probes_again(&mut self, kernel: &Kernel) -> bool {
        let spinning = (0..self.graph.lines.len() as u32).find_map(|line| {
            let of_line = &self.graph.lines[line as usize];
            if !of_line.spins() {
                return None;
            }
            let last = self.graph.event(of_line.last);
            let is_open = !matches!(last.kind, OpKind::Yield | OpKind::SpinLoop)
                && !self.graph.has_failed(of_line.last)
                && !self.confirmed.contains(&last.site);
            is_open.then_some((line, last.kind, last.site))
        });
        let Some(spinning) = spinning else { return false };
        self.probe_from(kernel, spinning, LAST_ROUNDS, None);
        true
    }

    /// The probed thread goes on, if it can.
    pub(in crate::explore::exhaustive) fn next_of_probe(&mut self, kernel: &mut Kernel) -> Direction {
        let Some(probe) = self.probe else { unreachable!("asked only while there is one") };
        let thread = self.thread(probe.line);
        let ends = kernel.thread(thread).pending.kind == OpKind::End;
        if ends || !kernel.is_enabled(thread) || kernel.restraint.is_paused() {
            return self.does_not_spin(probe);
        }
        Direction::Run(thread)
    }

    /// An operation of the probed thread. Returns the store that it reads.
    #[cold]
    pub(in crate::explore::exhaustive) fn execute_probe(
        &mut self,
        kernel: &mut Kernel,
        line: u32,
        access: &Access,
    ) -> Option<Chosen> {
        let Some(mut probe) = self.probe else { unreachable!("asked only while there is one") };
        if line != probe.line {
            return None;
        }
        let is_hint = matches!(access.kind, OpKind::Yield | OpKind::SpinLoop);
        probe.operations += u32::from(!is_hint);
        probe.hints += u32::from(is_hint);
        probe.has_looked |= access.place.is_some() || access.kind == OpKind::ReadClock;
        // To see whether it spins costs steps that no execution needs.
        kernel.limits.max_steps = kernel.limits.max_steps.saturating_add(1);
        self.probe_steps += 1;
        if probe.operations < OPERATIONS_THAT_COUNT {
            self.effort.spend(WORK_OF_A_PROBE);
        }
        let location = access.place.map_or(NONE, |place| self.known_location(place));
        let mut chosen = None;
        let mut has_effect = match access.kind {
            OpKind::Yield | OpKind::SpinLoop | OpKind::Fence | OpKind::ReadClock | OpKind::Sleep => false,
            _ => access.place.is_none(),
        };
        if let Some(mut round) = probe.round {
            let repeated = round.repeat(self, access, location);
            probe.round = Some(round);
            return self.note_repeated(kernel, probe, repeated, location);
        }
        self.probed.push(ProbedOp { kind: access.kind, location, site: access.site });
        if access.place.is_some() {
            match location {
                NONE => has_effect = true,
                location => (chosen, has_effect) = self.look_in_probe(kernel, line, access, location),
            }
        }
        // Plain memory is the thread's own, unless it passes it on with a lock.
        has_effect |= access.kind.gives_lock_back() && kernel.plain_writes != probe.plain_writes;
        let is_too_long =
            probe.operations > OPERATIONS * (probe.rounds + 1) || probe.hints > HINTS * (probe.rounds + 1);
        if has_effect || is_too_long {
            self.probe = Some(probe);
            self.does_not_spin(probe);
            return chosen;
        }
        // Hints alone are no round: whoever counts them looks again afterwards.
        if access.site == probe.site && access.kind == probe.kind && probe.has_looked {
            probe.rounds += 1;
            probe.has_looked = false;
        }
        self.go_round(probe);
        chosen
    }

    /// The probed thread does something to a location: the store that it reads there, and whether others could tell.
    fn look_in_probe(
        &mut self,
        kernel: &mut Kernel,
        line: u32,
        access: &Access,
        location: u32,
    ) -> (Option<Chosen>, bool) {
        // What the thread itself read there last, or else the last write.
        let last = self.graph.lines[line as usize].last;
        let same = |id: &EventId| {
            let event = self.graph.event(*id);
            event.location == location && event.reads()
        };
        let newest = self.graph.last_write(location);
        let own = self.graph.since_effect(last).find(same);
        let source = own.map_or(newest, |id| self.graph.seen_by(id));
        let value = self.graph.event(source).written;
        let has_effect = match access.rule.outcome(value, 0) {
            _ if Explorer::may_give_back(access) => !self.keeps_lock(kernel, access, own),
            // What is done to an object is done to it as it is now, but for a look at what it was.
            Outcome::Reads => access.is_object && source != newest && !access.kind.may_look(),
            Outcome::Writes(_) if access.is_object => !self.keeps_lock(kernel, access, own),
            Outcome::Writes(written) => written != value || !access.rule.reads(),
            Outcome::Blocks => true,
        };
        // What it reads where it goes on has to be possible: the last write always is.
        let source = if has_effect { newest } else { source };
        self.show(kernel, source);
        if access.is_object {
            return (None, has_effect);
        }
        let value = self.graph.event(source).written;
        let writes = matches!(access.rule.outcome(value, 0), Outcome::Writes(_));
        (Some(if writes { self.stored(source, NONE) } else { self.chosen(source) }), has_effect)
    }

    /// The probed thread reads `source`, which may not be the last write any more.
    fn show(&mut self, kernel: &mut Kernel, source: EventId) {
        let event = self.graph.event(source);
        if source == self.graph.last_write(event.location) {
            return;
        }
        let is_object = event.is_object;
        if is_object {
            kernel.shown = Some(event.written);
        }
        self.has_looked_back = true;
        self.has_read_stale |= is_object || self.graph.is_sc;
    }

    /// The probed thread goes on, or has gone round often enough.
    fn go_round(&mut self, probe: Probe) {
        if probe.rounds < probe.enough || !self.probed_locks.are_given_back() {
            self.probe = Some(probe);
            return;
        }
        match probe.enough {
            FIRST_ROUNDS => self.endless.push(probe.site),
            LAST_ROUNDS => self.confirmed.push(probe.site),
            _ => {}
        }
        self.basis.add(if probe.round.is_some() { Basis::FAILED_ROUND } else { Basis::WAITING_LOOP });
        self.probe = None;
        let last = self.graph.lines[probe.line as usize].last;
        let first = match probe.round {
            Some(round) => {
                self.retried.push(last);
                Some(round.first)
            }
            None => self.graph.last_round(last, &self.probed),
        };
        match first {
            Some(first) => {
                let line = &mut self.graph.lines[probe.line as usize];
                (line.spins_after, line.spins_from) = (last, first);
            }
            None => self.goes_on(last, flag::GOES_ROUND),
        }
    }

    /// An operation of a thread that is to do again what it did in a round that failed.
    fn note_repeated(
        &mut self,
        kernel: &mut Kernel,
        mut probe: Probe,
        repeated: Repeated,
        location: u32,
    ) -> Option<Chosen> {
        let is_over = probe.operations > OPERATIONS * (probe.rounds + 1);
        match repeated {
            Repeated::Same { source, ends_round } if !is_over => {
                self.show(kernel, source);
                probe.rounds += u32::from(ends_round);
                self.go_round(probe);
                Some(self.chosen(source))
            }
            Repeated::Hint if !is_over => {
                self.probe = Some(probe);
                None
            }
            _ => {
                self.does_not_spin(probe);
                // What it reads now has to be possible: the last write always is.
                (location != NONE).then(|| self.chosen(self.graph.last_write(location)))
            }
        }
    }

    /// The loop has an end of its own: the graph is to be explored again, with the thread going on.
    fn does_not_spin(&mut self, probe: Probe) -> Direction {
        let event = self.graph.lines[probe.line as usize].last;
        if probe.rounds == 0 {
            self.straight.add(probe.site);
        }
        self.probe = None;
        self.is_cut_off = probe.round.is_some_and(|round| round.first != NONE);
        self.goes_on(event, flag::GOES_ON);
        if self.is_cut_off { Direction::Stop(Stop::Deadlock) } else { Direction::Release }
    }

    /// The graph is to be explored again, with a mark that says why the thread goes on after `event`.
    pub(in crate::explore::exhaustive) fn goes_on(&mut self, event: EventId, why: u16) {
        self.found.push(Change::GoesOn { event, why });
        self.end = Some(RunEnd::Blocked);
        // What it has read may be in no execution: it must not go on with that.
        self.is_cut_off |= self.has_looked_back;
    }
}
