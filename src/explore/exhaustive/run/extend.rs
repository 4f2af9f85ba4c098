//! Events that are added to a graph when it has been followed to its end: each as the model adds it first, with a note
//! of what else it could have been.

use super::explorer::{Explorer, RunEnd};
use crate::explore::exhaustive::graph::change::{Change, DetourEnd};
use crate::explore::exhaustive::graph::clocks::PORF;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE, flag};
use crate::rt::decide::director::{Chosen, Director};
use crate::rt::kernel::Kernel;
use crate::rt::op::OpKind;
use crate::rt::op::basis::Basis;
use crate::rt::op::rule::{Access, Gate, Outcome, Place, Refusal, Rule};

/// So many hints in a row, with nothing in between, are no backoff any more.
const MANY_HINTS: u32 = 2_000;

impl Explorer {
    /// The event that `gate` means.
    pub(in crate::explore::exhaustive) fn gate(&mut self, gate: Gate, line: u32) -> EventId {
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
            Gate::Written(place, value) => write(place, &|event| event.written == value),
            Gate::Sent(place, number) => write(place, &|event| {
                event.kind == OpKind::Send
                    && crate::rt::op::rule::ChannelValue::unpack(event.written).sent == number + 1
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
    #[inline(never)]
    pub(in crate::explore::exhaustive) fn extend(
        &mut self,
        kernel: &Kernel,
        line: u32,
        access: &Access,
    ) -> Option<Chosen> {
        if !self.put_off.is_empty() {
            self.add_put_off(kernel, line);
        }
        let location = match access.place {
            Some(place) => self.location(place, access, None),
            None => NONE,
        };
        if self.graph.is_sc && !access.is_object && !(access.success.is_sc && access.failure.is_sc) {
            self.basis.add(Basis::STRONG_MEMORY);
        }
        let mut event = Event::new(access, line);
        event.rule = self.rule(access, line);
        event.location = location;
        event.epoch = self.graph.epoch();
        event.set(flag::MAXIMAL, true);
        event.gate = self.gate(access.gate, line);
        if matches!(access.kind, OpKind::CondvarEnqueue) && line >= 64 {
            self.refuse(Refusal::Unsupported(
                "more than 64 threads, one of which waits on a condition variable",
            ));
        }
        if location != NONE {
            self.graph.candidates(line, location, event.is_object, event.gate, &mut self.candidates);
        }
        let id = self.graph.push(event);
        self.has_happened.push(false);
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
        self.hints = match self.hints {
            _ if !access.kind.is_yield() => (line, 0),
            (of, count) if of == line => (line, count + 1),
            _ => (line, 1),
        };
        if self.hints.1 > MANY_HINTS {
            self.refuse(Refusal::Unsupported(
                "a loop of hints that looks at nothing that drawloom sees: at an atomic or a count of std, perhaps",
            ));
        }
        let is_large = self.effort.spend(1 + self.candidates.len() as u64)
            || self.graph.events.len() * self.graph.width > self.max_size
            || self.found.len() > self.max_size;
        if is_large {
            self.end.get_or_insert(RunEnd::TooLarge);
        }
        if access.kind == OpKind::Spawn {
            self.note_spawn(kernel, id, line);
        }
        if location != NONE && !event.is_object {
            return self.happens(id);
        }
        self.has_happened[id as usize] = true;
        None
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
                let is_liberty = event.takes_liberty(choice);
                if is_first
                    || paused
                    || is_liberty && self.liberties_so_far() >= self.spurious
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
        if paused {
            self.basis.add(Basis::PAUSED);
        }
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
        let Explorer { graph, found, effort, .. } = self;
        graph.revisits(id, taken_by, effort, |change| {
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
    pub(in crate::explore::exhaustive) fn can_read(
        &self,
        event: &Event,
        past: EventId,
        source: EventId,
        choice: u32,
    ) -> bool {
        match event.outcome(self.graph.event(source).written, choice) {
            Outcome::Blocks => false,
            Outcome::Reads => true,
            Outcome::Writes(_) => {
                let taken_by = self.graph.event(source).taken_by;
                let is_past =
                    |taken: EventId| self.graph.is_known(taken, past, (event.gate, event.epoch), PORF);
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
    pub(in crate::explore::exhaustive) fn revisit(&mut self, write: EventId, conflict: EventId) {
        let Explorer { graph, found, effort, .. } = self;
        graph.revisits(write, conflict, effort, |change| found.push(change));
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

    /// How often std has taken a liberty in the graph.
    pub(in crate::explore::exhaustive) fn liberties_so_far(&self) -> u32 {
        self.graph.events.iter().filter(|event| event.takes_liberty(event.choice)).count() as u32
    }

    /// How often a future is dropped at an await in the graph although the test drops none.
    pub(in crate::explore::exhaustive) fn cancellations_so_far(&self) -> u32 {
        self.graph.events.iter().filter(|event| event.cancels(event.choice)).count() as u32
    }
}
