//! Which stores a run has made so far, for the kernel, which goes by their numbers: a director tells it which value an operation
//! finds, and how many stores come after it.

use super::explorer::Explorer;
use crate::explore::exhaustive::graph::event::{Event, EventId, flag};
use crate::rt::decide::director::Chosen;

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
        made.put_after(position, store);
        Chosen { value: written, number }
    }
}
