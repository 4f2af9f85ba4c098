//! Deadlocks that certainly can happen, from one execution in which they did not: sync-preserving prediction, after
//! SPDOffline (Tunç, Mathur, Pavlogiannis and Viswanathan, PLDI 2023).
//!
//! What was observed is played again with some of it left out: each thread does a first part of what it did, in the order
//! in which all was done. That is an execution of the program as well if each thread in it has seen what it saw: if it
//! has a read, it has the write that was read, and if it has two sections under one lock, it has the end of the earlier
//! one. The least such *closure* that brings each thread of a cycle to where it wants its lock is computed; if it makes
//! none of them go further, it is a schedule to the deadlock. Sections are never turned round, so there are deadlocks that
//! are not found. That keeps it linear.
//!
//! A cycle is looked for wherever it occurs: if a thread is carried beyond one of its places, the next is tried, and as the
//! closure of later places contains that of earlier ones, it only grows.
//!
//! What else a thread sees, such as a message or a notification, is a *need*: an event that has to come before. What needs
//! are is for whoever observes to say (`observed`).

use crate::rt::op::lock::LockMode;

/// An observed event, by its position.
pub(crate) type EventId = u32;

/// What an event does to a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    Acquire { lock: u32, mode: LockMode },
    Release { lock: u32 },
    Other,
}

/// One event.
#[derive(Clone, Debug)]
struct Observed {
    thread: u32,
    /// How many events of the thread came before.
    position: u32,
    action: Action,
    /// Which part of `Observation::needs` it needs.
    needs: (u32, u32),
    /// Whether it needs everything that came before.
    needs_all: bool,
    /// The end of the section that it begins.
    released_by: Option<EventId>,
}

/// What one execution did, in order.
#[derive(Clone, Default, Debug)]
pub(crate) struct Observation {
    events: Vec<Observed>,
    needs: Vec<EventId>,
    by_thread: Vec<Vec<EventId>>,
    /// Sections that have begun and not ended, as thread, lock and beginning.
    open: Vec<(u32, u32, EventId)>,
    locks: u32,
}

impl Observation {
    /// Adds the next event of `thread`, which cannot happen without the events `needs`.
    pub(crate) fn push(&mut self, thread: u32, action: Action, needs: &[EventId]) -> EventId {
        let event = self.events.len() as EventId;
        if self.by_thread.len() <= thread as usize {
            self.by_thread.resize(thread as usize + 1, Vec::new());
        }
        let position = self.by_thread[thread as usize].len() as u32;
        self.by_thread[thread as usize].push(event);
        match action {
            Action::Acquire { lock, .. } => {
                self.locks = self.locks.max(lock + 1);
                self.open.push((thread, lock, event));
            }
            Action::Release { lock } => {
                let begins = |&(by, of, _): &(u32, u32, EventId)| (by, of) == (thread, lock);
                if let Some(at) = self.open.iter().rposition(begins) {
                    let (_, _, acquired) = self.open.remove(at);
                    self.events[acquired as usize].released_by = Some(event);
                }
            }
            Action::Other => {}
        }
        let from = self.needs.len() as u32;
        self.needs.extend_from_slice(needs);
        let needs = (from, self.needs.len() as u32);
        self.events.push(Observed { thread, position, action, needs, needs_all: false, released_by: None });
        event
    }

    /// From now on `event`, the last one, needs everything before it.
    pub(crate) fn need_all(&mut self, event: EventId) {
        self.events[event as usize].needs_all = true;
    }

    /// Looks for a schedule in which each thread of a cycle is about to acquire what another has. `places` has for each
    /// thread where it acquires that, in order. The events of the schedule, if there is one, in order.
    pub(crate) fn witness(&self, places: &[Vec<EventId>]) -> Option<Vec<EventId>> {
        let mut closure = Closure::new(self);
        let mut tried = vec![0; places.len()];
        loop {
            for (places, &at) in places.iter().zip(&tried) {
                let &place = places.get(at)?;
                closure.include_before(place)?;
            }
            let mut is_over = true;
            for (places, at) in places.iter().zip(&mut tried) {
                while places.get(*at).is_some_and(|&place| closure.has(place)) {
                    *at += 1;
                    is_over = false;
                }
            }
            if is_over {
                let all = 0..self.events.len() as EventId;
                return Some(all.filter(|&event| closure.has(event)).collect());
            }
        }
    }
}

/// A part of what was observed that can be played alone.
struct Closure<'a> {
    observation: &'a Observation,
    /// How many of its events each thread has.
    included: Vec<u32>,
    /// Of each lock the sections that have begun and need not have ended.
    sections: Vec<Vec<EventId>>,
    left: Vec<EventId>,
}

impl Closure<'_> {
    fn new(observation: &Observation) -> Closure<'_> {
        Closure {
            observation,
            included: vec![0; observation.by_thread.len()],
            sections: vec![Vec::new(); observation.locks as usize],
            left: Vec::new(),
        }
    }

    fn has(&self, event: EventId) -> bool {
        let event = &self.observation.events[event as usize];
        event.position < self.included[event.thread as usize]
    }

    /// Lets the thread of `event` do all that it did before, and with it what that needs. `None` if a section would have
    /// to end that never did.
    fn include_before(&mut self, event: EventId) -> Option<()> {
        let observation = self.observation;
        let Observed { thread, position, .. } = observation.events[event as usize];
        if let Some(before) = position.checked_sub(1) {
            self.left.push(observation.by_thread[thread as usize][before as usize]);
        }
        while let Some(event) = self.left.pop() {
            let thread = observation.events[event as usize].thread as usize;
            while !self.has(event) {
                let next = observation.by_thread[thread][self.included[thread] as usize];
                self.included[thread] += 1;
                self.follow(next)?;
            }
        }
        Some(())
    }

    /// Notes what an event needs that is newly included.
    fn follow(&mut self, id: EventId) -> Option<()> {
        let observation = self.observation;
        let event = &observation.events[id as usize];
        let (from, to) = event.needs;
        self.left.extend_from_slice(&observation.needs[from as usize..to as usize]);
        if event.needs_all {
            for events in &observation.by_thread {
                let before = events.partition_point(|&other| other < id);
                self.left.extend(before.checked_sub(1).map(|last| events[last]));
            }
        }
        let Action::Acquire { lock, mode } = event.action else { return Some(()) };
        let mode_of = |section: EventId| match observation.events[section as usize].action {
            Action::Acquire { mode, .. } => mode,
            _ => LockMode::Exclusive,
        };
        let (mut stays_open, mut unended) = (true, false);
        let (sections, left) = (&mut self.sections[lock as usize], &mut self.left);
        let mut end = |section: EventId| match observation.events[section as usize].released_by {
            Some(release) => left.push(release),
            None => unended = true,
        };
        sections.retain(|&other| {
            if !mode_of(other).conflicts_with(mode) {
                return true;
            }
            end(other.min(id));
            stays_open &= other < id;
            other > id
        });
        if stays_open {
            sections.push(id);
        }
        (!unended).then_some(())
    }
}

#[cfg(test)]
mod tests;
