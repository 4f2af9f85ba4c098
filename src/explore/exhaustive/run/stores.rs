//! Which stores a run has made so far, for the kernel, which keeps the last value of an atomic and nothing else: a director tells it
//! which value an operation finds, and how many stores come after it.

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
        let chosen = self.chosen(source);
        let newest = &mut self.newest[event.location as usize];
        if event.writes() && *newest == source {
            *newest = id;
        }
        self.has_happened[id as usize] = true;
        Some(chosen)
    }

    /// A store, as it stands among those that have been made in this run.
    #[inline]
    pub(super) fn chosen(&self, source: EventId) -> Chosen {
        let Event { written, location, .. } = *self.graph.event(source);
        let is_last = self.newest[location as usize] == source && self.restored.is_empty();
        Chosen { value: written, number: if is_last { 0 } else { self.stores_after(source) } }
    }

    /// How many stores have been made in this run that come after `source` in modification order.
    #[cold]
    fn stores_after(&self, source: EventId) -> u32 {
        let after = || self.graph.after(source);
        let made = after().filter(|&id| self.has_happened[id as usize]).count();
        let is_after = |&&at: &&EventId| at == source || after().any(|id| id == at);
        (made + self.restored.iter().filter(is_after).count()) as u32
    }
}
