//! A part of a graph as a graph of its own: most others that follow from one begin with the same events.
//!
//! Events before a number are copied as they are, and the numbers of those after them change where one between them is left out.
//! What refers to others is set anew for all: lists through a graph end where the part ends.

use super::event::{Event, EventId, NONE, flag};
use super::{Graph, Line, Location};
use crate::rt::op::OpKind;

/// Marks an event as one that gets a number.
fn keep(numbers: &mut [EventId], id: EventId) {
    let number = &mut numbers[id as usize];
    if *number == NONE {
        *number = 0;
    }
}
impl Graph {
    /// Becomes the part of `base` that consists of the events before `prefix` and of those after it that `keeps`
    /// wants: a set that contains with each event what comes before it in its thread, what it reads and what it
    /// waited for. What was added after `cut` does not count as having happened, nor does time that has passed more often
    /// than `epoch` times. `location` is kept in any case, if it is one. `numbers` tells the new number of each event.
    pub(super) fn copy_part(
        &mut self,
        base: &Graph,
        (cut, epoch): (EventId, u32),
        prefix: EventId,
        keeps: impl Fn(EventId, &Event) -> bool,
        location: u32,
        numbers: &mut Vec<EventId>,
    ) {
        self.width = base.width;
        self.is_sc = base.is_sc;
        self.is_order_sc = base.is_order_sc;
        self.is_conflict = false;
        self.by_path.clone_from(&base.by_path);
        self.lines.clear();
        self.lines.extend(base.lines.iter().map(|line| Line {
            first: NONE,
            last: NONE,
            count: 0,
            children: 0,
            spawn: NONE,
            evicted_by: NONE,
            spins_after: NONE,
            spins_from: NONE,
            ..*line
        }));
        // Locations that nothing accesses any more are left out with the values that they started with.
        let mut prefix = prefix.min(base.len());
        for left in base.locations.iter().rev() {
            if left.initial < prefix && left.first >= prefix {
                prefix = left.initial;
            }
        }
        let prefix = prefix as usize;
        let stride = base.stride();
        numbers.clear();
        numbers.extend(0..prefix as EventId);
        numbers.resize(base.events.len(), NONE);
        if location != NONE {
            keep(numbers, base.locations[location as usize].initial);
        }
        let rest = base.events.iter().enumerate().skip(prefix);
        for (id, event) in rest.clone() {
            if !event.has(flag::INITIAL) && keeps(id as EventId, event) {
                keep(numbers, id as EventId);
                if event.location != NONE {
                    keep(numbers, base.locations[event.location as usize].initial);
                }
            }
        }
        self.events.clear();
        self.events.extend_from_slice(&base.events[..prefix]);
        self.clocks.clear();
        self.clocks.extend_from_slice(&base.clocks[..prefix * stride]);
        for (id, event) in rest {
            if numbers[id] == NONE {
                let is_next = event.previous == NONE || numbers[event.previous as usize] != NONE;
                if id as EventId > cut && is_next && event.evicted_by != NONE {
                    self.lines[event.thread as usize].evicted_by = numbers[event.evicted_by as usize];
                }
                continue;
            }
            numbers[id] = self.events.len() as EventId;
            let row = id * stride;
            self.clocks.extend_from_slice(&base.clocks[row..row + stride]);
            self.events.push(*event);
        }
        self.order.clear();
        self.order.extend(base.order.iter().map(|&id| numbers[id as usize]).filter(|&id| id != NONE));
        self.renumber(base, numbers);
        self.link_writes(base, numbers);
        self.copy_ticks(base, epoch, numbers);
        for (line, old) in self.lines.iter_mut().zip(&base.lines) {
            let number = |id: EventId| if id == NONE { NONE } else { numbers[id as usize] };
            line.spawn = number(old.spawn);
            if line.count == old.count {
                line.evicted_by = number(old.evicted_by);
                line.spins_after = number(old.spins_after);
                line.spins_from = number(old.spins_from);
            }
        }
    }

    /// Gives the copied events, which still refer to others by the numbers that those had, their places in threads,
    /// and finds the locations that are left.
    fn renumber(&mut self, base: &Graph, numbers: &[EventId]) {
        let number = |id: EventId| if id == NONE { NONE } else { numbers[id as usize] };
        self.locations.clear();
        for id in 0..self.len() {
            let event = &mut self.events[id as usize];
            event.unlink();
            if event.has(flag::INITIAL) {
                event.location = self.locations.len() as u32;
                self.locations.push(Location { initial: id, first: NONE, last: id, last_read: NONE });
                continue;
            }
            event.gate = number(event.gate);
            event.evicted_by = number(event.evicted_by);
            event.source = number(event.source);
            if event.location != NONE {
                // The initial value comes before all that access the location.
                let initial = numbers[base.locations[event.location as usize].initial as usize];
                let location = self.events[initial as usize].location;
                self.events[id as usize].location = location;
                self.locations[location as usize].note_access(id);
            }
            let event = &mut self.events[id as usize];
            let line = &mut self.lines[event.thread as usize];
            event.previous = line.last;
            line.last = id;
            line.count += 1;
            line.children += u32::from(event.kind == OpKind::Spawn);
            match event.previous {
                NONE => line.first = id,
                previous => self.events[previous as usize].next = id,
            }
        }
    }

    /// The modification orders and the readers, in the order in which they were added.
    fn link_writes(&mut self, base: &Graph, numbers: &[EventId]) {
        for old in &base.locations {
            let initial = numbers[old.initial as usize];
            if initial == NONE {
                continue;
            }
            let location = self.event(initial).location;
            let mut last = initial;
            for write in base.after(old.initial) {
                let id = numbers[write as usize];
                if id != NONE {
                    self.event_mut(last).after = id;
                    let event = self.event_mut(id);
                    event.before = last;
                    last = id;
                }
            }
            self.locations[location as usize].last = last;
        }
        for id in 0..self.len() {
            let Event { source, .. } = *self.event(id);
            if source == NONE {
                continue;
            }
            self.link_read(id);
            if self.event(id).writes() {
                self.event_mut(source).taken_by = id;
            }
            self.note_read(id);
        }
    }
}
