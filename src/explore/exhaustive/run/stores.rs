//! Which stores a run has made so far, for the kernel, which goes by their numbers: a director tells it which value an operation
//! finds, and how many stores come after it.
//!
//! A probed thread may make stores that no graph has: it puts back what it has read (`fetch_or(0)`). Such a store belongs to the
//! one whose value it repeats, and what the graph puts after that one comes after both.

use super::explorer::Explorer;
use crate::explore::exhaustive::graph::event::{Event, EventId, NONE, flag};
use crate::rt::decide::director::Chosen;

/// The stores that a run has made to one atomic, in modification order; `NONE` stands for one that no graph has.
#[derive(Default, Debug)]
pub(super) struct Made(Vec<EventId>);

impl Made {
    /// Nothing was stored yet.
    pub(super) fn begin(&mut self, initial: EventId) {
        self.0.clear();
        self.0.push(initial);
    }

    /// Where a store is; of one that is not there, as those to objects, where the last one is.
    #[inline]
    fn position(&self, store: EventId) -> usize {
        self.0.iter().rposition(|&made| made == store).unwrap_or(self.0.len() - 1)
    }

    /// How many stores come after the one at `position`.
    #[inline]
    fn after(&self, position: usize) -> u32 {
        (self.0.len() - 1 - position) as u32
    }

    /// Where `source` is, or the last store that repeats it: a new one comes after that.
    #[inline]
    fn last_like(&self, source: EventId) -> usize {
        let position = self.position(source);
        position + self.0[position + 1..].iter().take_while(|&&made| made == NONE).count()
    }
}

impl Explorer {
    /// The event `id` happens, on an atomic: the store that it reads, or after which it stands among those that have happened.
    #[inline]
    pub(super) fn happens(&mut self, id: EventId) -> Option<Chosen> {
        let event = self.graph.event(id);
        let mut source = event.source;
        if !event.reads() {
            source = event.before;
            while !self.has_happened[source as usize] && !self.graph.event(source).has(flag::INITIAL) {
                source = self.graph.event(source).before;
            }
        }
        let writes = event.writes();
        self.has_happened[id as usize] = true;
        Some(if writes { self.stored(source, id) } else { self.chosen(source) })
    }

    /// A store, as it stands among those that have been made in this run.
    #[inline]
    pub(super) fn chosen(&self, source: EventId) -> Chosen {
        let Event { written, location, .. } = *self.graph.event(source);
        let made = &self.made[location as usize];
        Chosen { value: written, number: made.after(made.position(source)) }
    }

    /// `store` is made after `source`, or, if it is `NONE`, one that repeats it: as that stands among those made before.
    pub(super) fn stored(&mut self, source: EventId, store: EventId) -> Chosen {
        let Event { written, location, .. } = *self.graph.event(source);
        let made = &mut self.made[location as usize];
        let position = made.last_like(source);
        let number = made.after(position);
        made.0.insert(position + 1, store);
        Chosen { value: written, number }
    }
}
