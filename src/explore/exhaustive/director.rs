//! One execution that follows a graph and then goes on as the model adds events first, noting what else there
//! is to explore.
//!
//! A run starts at the beginning: to keep a copy of a program's state costs more than to make it again, and would
//! break what refers to it. While it follows the graph, what operations say of themselves is noted afresh, since
//! pointers differ from run to run. An operation that is not what the graph has in its place fails the
//! exploration: something that is not controlled decides.

use std::any::Any;
use std::panic::Location;

use super::clocks::PORF;
use super::consistency::Checker;
use super::event::{Event, EventId, NONE, flag};
use super::graph::Graph;
use super::revisit::{Change, DetourEnd};
use super::spin::{Probe, ProbedOp, StraightSites};
use crate::rt::access::{Access, Gate, Outcome, Place, Rule, nth_bit};
use crate::rt::director::{Direction, Director};
use crate::rt::encoding::Refusal;
use crate::rt::kernel::{Kernel, Strict};
use crate::rt::op::{Choice, OpKind, ThreadId};
use crate::rt::outcome::Stop;

/// How many alternatives of a choice of the program are explored at most.
const ENUMERATED: usize = 256;

/// The graph of a worker and the execution that follows it.
#[derive(Debug)]
pub(super) struct Explorer {
    pub(super) graph: Graph,
    pub(super) checker: Checker,
    /// What else there is to explore, found in this run.
    pub(super) found: Vec<Change>,
    /// What threads wait in at the end of this run, on objects that others have used.
    pub(super) waiting: Vec<Event>,
    /// How many spurious wakeups and failures an execution may have.
    pub(super) spurious: u32,
    /// How much a graph may take: events times threads.
    pub(super) max_size: usize,
    /// Why the run is of no use, if it is not.
    pub(super) end: Option<RunEnd>,
    /// Whether something was not explored in all its alternatives.
    pub(super) is_bounded: bool,
    /// Which step of the order is next.
    next_step: usize,
    /// The threads before this one were looked at, whether the graph leaves them in a loop.
    next_look: u32,
    /// The number of each thread in the graph, by the kernel's, and the other way round.
    lines: Vec<u32>,
    threads: Vec<ThreadId>,
    /// The next event of each thread that it is to follow.
    expected: Vec<EventId>,
    /// The location of each place of an object.
    bound: Vec<u32>,
    /// The step of each event in this run; 0 if it has not happened.
    pub(super) steps: Vec<u64>,
    candidates: Vec<EventId>,
    /// The event after everything before which time has passed.
    pub(super) time_passed_at: EventId,
    pub(super) probe: Option<Probe>,
    /// What the probed thread has done so far.
    pub(super) probed: Vec<ProbedOp>,
    /// Whether a probe has read what is not there any more. If memory is sequentially consistent there is no
    /// schedule that does so.
    pub(super) has_read_stale: bool,
    /// Whether the run ends at once, and not when all threads have ended.
    pub(super) is_cut_off: bool,
    /// The events after which threads were found to do again in vain what had failed; what they read in between, no
    /// schedule reads.
    pub(super) retried: Vec<EventId>,
    /// Hints that were seen not to be in a loop.
    pub(super) straight: StraightSites,
    /// Where loops are that were seen not to end by themselves.
    pub(super) endless: Vec<&'static Location<'static>>,
}

/// Why a run ended without being an execution to judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum RunEnd {
    /// A thread waits for what another execution shows, or does not wait after all.
    Blocked,
    /// The exploration has to start again, and to see more.
    Strict(Strict),
    /// One execution alone is too large.
    TooLarge,
    /// The test does what cannot be explored exhaustively.
    Unsupported(String),
    /// The run is not what the graph says.
    Diverged(String),
}

impl Explorer {
    pub(super) fn new(is_sc: bool, spurious: u32, max_size: usize) -> Explorer {
        Explorer {
            graph: Graph::new(is_sc),
            checker: Checker::default(),
            found: Vec::new(),
            waiting: Vec::new(),
            spurious,
            max_size,
            end: None,
            is_bounded: false,
            next_step: 0,
            next_look: 0,
            lines: Vec::new(),
            threads: Vec::new(),
            expected: Vec::new(),
            bound: Vec::new(),
            steps: Vec::new(),
            candidates: Vec::new(),
            time_passed_at: 0,
            probe: None,
            probed: Vec::new(),
            has_read_stale: false,
            is_cut_off: false,
            retried: Vec::new(),
            straight: StraightSites::default(),
            endless: Vec::new(),
        }
    }

    /// Makes everything ready to follow the graph, which was checked.
    pub(super) fn start(&mut self) {
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
        self.steps.clear();
        self.steps.resize(self.graph.events.len(), 0);
        self.probe = None;
        self.has_read_stale = false;
        self.retried.clear();
        self.is_cut_off = false;
        let passed = |event: &Event| event.has(flag::TIMED_OUT);
        self.time_passed_at = self.graph.events.iter().rposition(passed).map_or(0, |id| id as u32);
    }

    #[cold]
    fn diverge(&mut self, expected: EventId, access: &Access) {
        let expected = *self.graph.event(expected);
        self.end.get_or_insert_with(|| {
            RunEnd::Diverged(format!(
                "in an earlier execution the thread did {} at {} in this place, now it does {} at {}",
                expected.kind.verb(),
                expected.site,
                access.kind.verb(),
                access.site,
            ))
        });
    }

    /// The location of a place; a new one if nothing was done to it in this execution.
    #[inline]
    fn location(&mut self, place: Place, access: &Access, expected: Option<u32>) -> u32 {
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
                self.steps.push(0);
                location
            }
        };
        self.bound[index] = location;
        location
    }

    /// The location of a place to which something was done in this execution, if there is one.
    pub(super) fn known_location(&self, place: Place) -> u32 {
        self.bound.get(place.object.index() * 2 + place.part as usize).copied().unwrap_or(NONE)
    }

    /// The kernel's number of a thread of the graph.
    pub(super) fn thread(&self, line: u32) -> ThreadId {
        self.threads[line as usize]
    }

    /// The rule as the graph has it: threads have other numbers there.
    fn rule(&self, access: &Access, line: u32) -> Rule {
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

    /// The step of the write that `id` reads, or after which it stands among those that have happened.
    fn wanted(&self, id: EventId) -> u64 {
        let event = self.graph.event(id);
        if event.reads() {
            return self.steps[event.source as usize];
        }
        let mut before = event.before;
        while self.steps[before as usize] == 0 && !self.graph.event(before).has(flag::INITIAL) {
            before = self.graph.event(before).before;
        }
        self.steps[before as usize]
    }

    fn follow(&mut self, kernel: &Kernel, id: EventId, access: &Access) -> u64 {
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
            return 0;
        }
        self.steps[id as usize] = kernel.steps;
        if kind == OpKind::Spawn {
            self.note_spawn(kernel, id, line);
        }
        if location == NONE || is_object { 0 } else { self.wanted(id) }
    }

    /// The kernel's next thread is the one that the spawn `id` makes.
    fn note_spawn(&mut self, kernel: &Kernel, id: EventId, parent: u32) {
        let is_new = self.graph.lines.iter().all(|line| line.spawn != id);
        let line = if is_new {
            self.graph.add_thread(parent, id)
        } else {
            self.graph.lines.iter().position(|line| line.spawn == id).unwrap_or(0) as u32
        };
        let thread = ThreadId(kernel.thread_count() as u32);
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

    /// The event that `gate` means.
    fn gate(&mut self, gate: Gate, line: u32, access: &Access) -> EventId {
        let last = self.graph.lines[line as usize].last;
        let location = |place: Place| {
            self.bound.get(place.object.index() * 2 + place.part as usize).copied().unwrap_or(NONE)
        };
        let write = |place: Place, is_it: &dyn Fn(&Event) -> bool| match location(place) {
            NONE => NONE,
            location => {
                let initial = self.graph.locations[location as usize].initial;
                let is_it = |&id: &EventId| is_it(self.graph.event(id));
                self.graph.after(initial).find(is_it).unwrap_or(NONE)
            }
        };
        match gate {
            Gate::Open => NONE,
            Gate::Ended(thread) => {
                let line = self.lines.get(thread.index()).copied().unwrap_or(0);
                self.graph.past(line, self.graph.lines[line as usize].last)
            }
            Gate::Written(place, _) => {
                let size = match access.rule {
                    Rule::Object { argument, .. } => argument,
                    _ => 1,
                };
                let own = if last == NONE { 0 } else { self.graph.event(last).written };
                let whole = own.div_ceil(size) * size;
                write(place, &|event| event.written == whole)
            }
            Gate::Sent(place, number) => write(place, &|event| {
                event.kind == OpKind::Send
                    && crate::rt::access::ChannelValue::unpack(event.written).sent == number + 1
            }),
            // Its wait began with its last event but one, or with the last.
            Gate::Notified(place) => {
                let enqueued = self.last_of(line, OpKind::CondvarEnqueue);
                if enqueued == NONE || location(place) == NONE {
                    return NONE;
                }
                let bit = 1 << (line & 63);
                let notified = |id: &EventId| self.graph.event(*id).written & bit == 0;
                self.graph.after(enqueued).find(notified).unwrap_or(NONE)
            }
            Gate::Closed(_) => NONE,
        }
    }

    /// The last event of this kind in a thread.
    fn last_of(&self, line: u32, kind: OpKind) -> EventId {
        let mut id = self.graph.lines[line as usize].last;
        while id != NONE && self.graph.event(id).kind != kind {
            id = self.graph.event(id).previous;
        }
        id
    }

    /// Adds an event that is not in the graph yet.
    fn extend(&mut self, kernel: &Kernel, line: u32, access: &Access) -> u64 {
        let location = match access.place {
            Some(place) => self.location(place, access, None),
            None => NONE,
        };
        let mut event = Event::new(access, line);
        event.rule = self.rule(access, line);
        event.location = location;
        event.set(flag::MAXIMAL, !access.timed_out);
        event.gate = self.gate(access.gate, line, access);
        if matches!(access.kind, OpKind::CondvarEnqueue) && line >= 64 {
            self.refuse(Refusal::Unsupported(
                "more than 64 threads, one of which waits on a condition variable",
            ));
        }
        if location != NONE {
            self.graph.candidates(line, location, event.is_object, event.gate, &mut self.candidates);
        }
        let id = self.graph.push(event);
        self.steps.push(kernel.steps);
        if location == NONE {
            self.graph.compute_clocks(id);
            if let Gate::Closed(place) = access.gate {
                self.follow_closers(id, place);
            }
        } else if event.rule.reads() {
            self.add_read(id, kernel);
        } else {
            self.add_write(id);
        }
        if access.timed_out {
            self.time_passed_at = id;
        }
        if self.graph.events.len() * self.graph.width > self.max_size || self.found.len() > self.max_size {
            self.end.get_or_insert(RunEnd::TooLarge);
        }
        if access.kind == OpKind::Spawn {
            self.note_spawn(kernel, id, line);
        }
        if location == NONE || event.is_object { 0 } else { self.wanted(id) }
    }

    fn add_read(&mut self, id: EventId, kernel: &Kernel) {
        let last = self.graph.last_write(self.graph.event(id).location);
        let event = *self.graph.event(id);
        let paused = kernel.restraint.is_paused();
        let past = self.graph.past(event.thread, event.previous);
        for at in 0..self.candidates.len() {
            let source = self.candidates[at];
            let value = self.graph.event(source).written;
            for choice in 0..event.rule.choices(value) {
                let is_first = source == last && choice == 0;
                let is_weak = event.kind == OpKind::CompareExchange && choice > 0;
                if is_first
                    || paused
                    || is_weak && self.spurious_so_far(kernel) >= self.spurious
                    || !self.can_read(&event, past, source, choice)
                {
                    continue;
                }
                let writes = matches!(event.outcome(value, choice), Outcome::Writes(_));
                if writes && self.graph.event(source).taken_by != NONE {
                    self.find_detours(id, source, choice);
                } else {
                    self.found.push(Change::Alternative { event: id, source, choice });
                }
            }
        }
        self.is_bounded |= paused;
        self.graph.set_source(id, last, 0);
        self.graph.note_read(id);
        self.graph.compute_clocks(id);
        if paused {
            self.graph.event_mut(id).set(flag::FROZEN, true);
        }
        if self.graph.event(id).writes() {
            self.revisit(id, NONE);
        }
    }

    /// Notes the graphs in which `id` reads `source` although another event stands where it writes: those in which
    /// that one has moved.
    fn find_detours(&mut self, id: EventId, source: EventId, choice: u32) {
        let taken_by = self.graph.event(source).taken_by;
        self.graph.set_source(id, source, choice);
        self.graph.compute_clocks(id);
        let Explorer { graph, found, .. } = self;
        graph.revisits(id, taken_by, |change| {
            let (read, next) = match change {
                Change::Revisit { read, choice, .. } => (read, DetourEnd::Reads(choice)),
                Change::Eviction { read, .. } => (read, DetourEnd::Evicted),
                _ => unreachable!("a write revisits or evicts"),
            };
            found.push(Change::Detour { event: id, source, choice, read, next });
        });
        self.graph.clear_source(id);
    }

    /// Whether an event that has `past` before it in its thread may read `source`.
    fn can_read(&self, event: &Event, past: EventId, source: EventId, choice: u32) -> bool {
        match event.outcome(self.graph.event(source).written, choice) {
            Outcome::Blocks => false,
            Outcome::Reads => true,
            Outcome::Writes(_) => {
                let taken_by = self.graph.event(source).taken_by;
                let is_past = |taken: EventId| self.graph.is_known(taken, past, event.gate, PORF);
                taken_by == NONE || !self.graph.event(taken_by).has(flag::FROZEN) && !is_past(taken_by)
            }
        }
    }

    fn add_write(&mut self, id: EventId) {
        let last = self.graph.last_write(self.graph.event(id).location);
        for at in 0..self.candidates.len() {
            let source = self.candidates[at];
            if source != last && self.graph.event(source).taken_by == NONE {
                self.found.push(Change::Alternative { event: id, source, choice: 0 });
            }
        }
        self.graph.place_after(id, last);
        self.graph.compute_clocks(id);
        self.revisit(id, NONE);
    }

    /// Notes the revisits of `write`.
    pub(super) fn revisit(&mut self, write: EventId, conflict: EventId) {
        let Explorer { graph, found, .. } = self;
        graph.revisits(write, conflict, |change| found.push(change));
    }

    /// A receive that finds all senders gone comes after their drops.
    fn follow_closers(&mut self, id: EventId, place: Place) {
        let channel = place.object.index() as u64;
        for other in 0..id {
            let Event { kind, rule, location, .. } = *self.graph.event(other);
            let closes = |argument| argument == channel && kind == OpKind::CloseSender && location == NONE;
            if let Rule::Object { argument, .. } = rule
                && closes(argument)
            {
                self.graph.follow(id, other);
            }
        }
    }

    fn spurious_so_far(&self, kernel: &Kernel) -> u32 {
        let is_spurious = |event: &&Event| event.choice > 0 && event.kind == OpKind::CompareExchange;
        let weak = self.graph.events.iter().filter(is_spurious).count() as u32;
        weak + (kernel.limits.spurious - kernel.spurious_left)
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

    /// Nothing can go on: what that means.
    fn end_of_graph(&mut self, kernel: &mut Kernel) -> Direction {
        self.note_arrivals(kernel);
        let spins = self.graph.lines.iter().any(|line| line.spins());
        if spins && self.waits_in_vain() {
            self.end = Some(RunEnd::Blocked);
            return Direction::Release;
        }
        if spins && kernel.threads().any(|(_, thread)| !thread.ended && kernel.waits_for_time(thread)) {
            self.end =
                Some(RunEnd::Unsupported("a thread that spins while another waits for time".to_owned()));
            return Direction::Release;
        }
        if kernel.fire_timeout() {
            return Direction::Run(kernel.nth_enabled(0));
        }
        Direction::Stop(if kernel.live == 0 {
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
            let access = kernel.encode(thread, op);
            kernel.thread_mut(thread).notified = notified;
            let Ok(access) = access else { continue };
            let Some(place) = access.place else { continue };
            let bound = self.bound.get(place.object.index() * 2 + place.part as usize);
            let Some(&location) = bound.filter(|&&location| location != NONE) else { continue };
            let mut event = Event::new(&access, line);
            event.rule = self.rule(&access, line);
            event.location = location;
            event.gate = self.gate(access.gate, line, &access);
            self.waiting.push(event);
            let past = self.graph.past(line, self.graph.lines[line as usize].last);
            self.graph.candidates(line, location, true, event.gate, &mut self.candidates);
            for at in 0..self.candidates.len() {
                let source = self.candidates[at];
                // Before time passed the thread waited as well, and this was noted then.
                let is_new = self.time_passed_at == 0 || source > self.time_passed_at;
                if is_new && self.can_read(&event, past, source, 0) {
                    let mut event = event;
                    event.source = source;
                    let event = Box::new(event);
                    self.found.push(Change::Arrival { event, source });
                }
            }
        }
    }

    /// Whether a thread spins because of something that is not the last any more. What it read before its loop may
    /// well be old: that does not change. Nor does a read-modify-write of another that restores what it found: two
    /// that wait by such operations wait for ever, whoever was the last.
    fn waits_in_vain(&self) -> bool {
        self.graph.lines.iter().filter(|line| line.spins()).any(|line| {
            let mut in_loop = self.graph.since_effect(line.last).take_while(|&id| id >= line.spins_from);
            in_loop.any(|id| {
                let event = self.graph.event(id);
                let seen = self.graph.seen_by(id);
                let changes = |later: EventId| {
                    let later = self.graph.event(later);
                    later.thread != event.thread && later.has_effect()
                };
                event.reads() && self.graph.after(seen).any(changes)
            })
        })
    }
}

/// A thread that has only to begin or to end.
#[cold]
fn without_event(kernel: &Kernel) -> Option<ThreadId> {
    kernel.enabled_threads().find(|&thread| !kernel.is_event(kernel.thread(thread).pending.kind))
}

/// What `thread` waits for, if that is a thread that has only to begin or to end.
#[cold]
fn first_to_end(kernel: &Kernel, thread: ThreadId) -> Option<ThreadId> {
    let op = kernel.thread(thread).pending;
    if op.kind != OpKind::Join {
        return None;
    }
    let other = kernel.thread_of(op.object);
    let has_no_event = !kernel.is_event(kernel.thread(other).pending.kind);
    (has_no_event && kernel.is_enabled(other)).then_some(other)
}

impl Director for Explorer {
    fn next(&mut self, kernel: &mut Kernel) -> Direction {
        if let Some(end) = &self.end {
            return match end {
                RunEnd::Diverged(message) => Direction::Stop(Stop::Diverged(message.clone())),
                // Not judged, whatever it is called.
                _ if self.is_cut_off => Direction::Stop(Stop::Deadlock),
                _ => Direction::Release,
            };
        }
        while let Some(&id) = self.graph.order.get(self.next_step) {
            self.next_step += 1;
            let event = self.graph.event(id);
            if event.has(flag::CHOICE) || self.steps[id as usize] != 0 {
                continue;
            }
            let thread = self.threads[event.thread as usize];
            let is_there = event.thread == 0 || thread != ThreadId::MAIN;
            if is_there && event.has(flag::TIMED_OUT) && !kernel.is_enabled(thread) {
                // Time passes when all have come as far as they can: to their own sleep, perhaps.
                if let Some(other) = without_event(kernel) {
                    self.next_step -= 1;
                    return Direction::Run(other);
                }
                kernel.fire_timeout();
            }
            if is_there && kernel.is_enabled(thread) {
                if !kernel.is_event(kernel.thread(thread).pending.kind) {
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
        while self.probe.is_none() && (self.next_look as usize) < self.graph.lines.len() {
            self.look_for_spin(self.next_look);
            self.next_look += 1;
        }
        if self.probe.is_some() {
            return self.next_of_probe(kernel);
        }
        if kernel.restraint.is_paused()
            && let Some(forced) = kernel.restraint.forced(kernel)
        {
            return Direction::Run(forced);
        }
        match self.first_enabled(kernel) {
            Some(thread) => Direction::Run(thread),
            None => self.end_of_graph(kernel),
        }
    }

    fn execute(&mut self, kernel: &mut Kernel, thread: ThreadId, access: &Access) -> u64 {
        if self.end.is_some() {
            return 0;
        }
        let line = self.lines[thread.index()];
        if self.probe.is_some() {
            return self.execute_probe(line, access);
        }
        match self.expected[line as usize] {
            NONE => {
                let wanted = self.extend(kernel, line, access);
                self.look_for_spin(line);
                wanted
            }
            id => self.follow(kernel, id, access),
        }
    }

    fn choose(&mut self, kernel: &mut Kernel, choice: Choice, alternatives: usize) -> usize {
        let line = self.lines[kernel.current.index()];
        match choice {
            Choice::Program | Choice::SpuriousWakeup => {
                self.choose_freely(kernel, line, choice, alternatives)
            }
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
            Choice::BarrierLeader | Choice::ReadsFrom | Choice::Placement => 0,
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
    /// The last event that the thread has executed in this run.
    fn executed_last(&self, line: u32) -> EventId {
        match self.expected[line as usize] {
            NONE => self.graph.lines[line as usize].last,
            next => self.graph.event(next).previous,
        }
    }

    /// A choice that is an event of its own.
    fn choose_freely(&mut self, kernel: &Kernel, line: u32, choice: Choice, alternatives: usize) -> usize {
        if self.end.is_some() || self.probe.is_some() {
            return 0;
        }
        let next = self.expected[line as usize];
        if next != NONE {
            let event = *self.graph.event(next);
            self.expected[line as usize] = event.next;
            self.steps[next as usize] = kernel.steps;
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
        let access = Access::of_choice();
        let mut event = Event::new(&access, line);
        event.set(flag::CHOICE | flag::MAXIMAL, true);
        let id = self.graph.push(event);
        self.steps.push(kernel.steps);
        self.graph.compute_clocks(id);
        let enumerated = if alternatives > ENUMERATED || kernel.restraint.is_paused() {
            self.is_bounded = true;
            1
        } else {
            alternatives
        };
        for choice in 1..enumerated as u32 {
            self.found.push(Change::Alternative { event: id, source: NONE, choice });
        }
        let _ = choice;
        0
    }
}
