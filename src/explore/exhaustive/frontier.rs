//! What is still to be explored, and who explores it.
//!
//! Graphs that take fewer preemptions come first, so that the first failure is among the simplest. That keeps
//! the whole breadth of a search in memory; so beyond a number of graphs the deepest ones come first, and memory
//! stays linear in the depth. Several workers share one frontier: each keeps what it finds to itself, and puts
//! it here when others have nothing to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::revisit::Item;

/// How many graphs are kept for the sake of order.
const BREADTH: usize = 2_000;

/// Graphs in the order in which they are to be explored.
#[derive(Default, Debug)]
pub(super) struct Queue {
    /// By preemptions; in each, the latest first.
    levels: Vec<Vec<Item>>,
    count: usize,
}

impl Queue {
    pub(super) fn push(&mut self, item: Item) {
        let level = item.preemptions as usize;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(item);
        self.count += 1;
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        let filled = |level: &&mut Vec<Item>| !level.is_empty();
        let level = if self.count > BREADTH {
            self.levels.iter_mut().rev().find(filled)
        } else {
            self.levels.iter_mut().find(filled)
        };
        let item = level?.pop();
        self.count -= usize::from(item.is_some());
        item
    }

    /// The graph that would come last: the one to give to others, since most follows from it.
    pub(super) fn give(&mut self) -> Option<Item> {
        let level = self.levels.iter_mut().find(|level| !level.is_empty())?;
        self.count -= 1;
        Some(level.remove(0))
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}

#[derive(Default, Debug)]
struct Shared {
    queue: Queue,
    /// How many workers wait for something to do.
    idle: usize,
    /// Whether nobody is to go on.
    stopped: bool,
}

/// What workers give each other.
#[derive(Debug)]
pub(super) struct Exchange {
    shared: Mutex<Shared>,
    changed: Condvar,
    workers: usize,
}

impl Exchange {
    pub(super) fn new(workers: usize) -> Exchange {
        Exchange { shared: Mutex::default(), changed: Condvar::new(), workers }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives something to whoever has nothing to do.
    pub(super) fn give(&self, item: Item) {
        self.shared().queue.push(item);
        self.changed.notify_one();
    }

    /// Whether somebody has nothing to do, and nothing to take.
    pub(super) fn is_wanting(&self) -> bool {
        if self.workers == 1 {
            return false;
        }
        let shared = self.shared();
        shared.idle > shared.queue.len()
    }

    /// Something to do; `None` when there is nothing for anybody any more.
    pub(super) fn take(&self) -> Option<Item> {
        let mut shared = self.shared();
        shared.idle += 1;
        loop {
            if shared.stopped {
                return None;
            }
            if let Some(item) = shared.queue.pop() {
                shared.idle -= 1;
                return Some(item);
            }
            if shared.idle == self.workers {
                shared.stopped = true;
                self.changed.notify_all();
                return None;
            }
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nobody goes on.
    pub(super) fn stop(&self) {
        self.shared().stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.shared().stopped
    }
}
