//! Values whose end is expected; see `record::leaks`.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::record::leaks::Ticket;

impl Current {
    /// A value begins that has to end within the execution.
    pub(crate) fn track(mut self, what: &'static str, location: &'static Location<'static>) -> Ticket {
        let execution = self.execution().stamp();
        Ticket { execution, index: self.kernel().tracked.add(what, location) }
    }

    /// It ends. Nothing happens if that is in another execution.
    pub(crate) fn untrack(mut self, ticket: Ticket) {
        if ticket.execution == self.execution().stamp() {
            self.kernel().tracked.remove(ticket.index);
        }
    }

    /// As `track`, for memory at `address`.
    pub(crate) fn track_allocation(mut self, address: usize, location: &'static Location<'static>) {
        let tracked = &mut self.kernel().tracked;
        let index = tracked.add("memory", location);
        tracked.allocations.insert(address, index);
    }

    /// As `untrack`. Whether memory at `address` was tracked.
    pub(crate) fn untrack_allocation(mut self, address: usize) -> bool {
        let tracked = &mut self.kernel().tracked;
        let index = tracked.allocations.remove(&address);
        if let Some(index) = index {
            tracked.remove(index);
        }
        index.is_some()
    }
}
