//! What is still to be explored, and who explores it.
//!
//! Graphs that take fewer preemptions come first, so that the first failure is among the simplest. That keeps
//! the whole breadth of a search in memory; so beyond a number of graphs the deepest ones come first, and memory
//! stays linear in the depth. Several workers share one frontier: each keeps what it finds to itself, and puts
//! it here when others have nothing to do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::explore::exhaustive::graph::origin::Origin;
use crate::explore::exhaustive::graph::revisit::Item;

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

    /// Adds several, in this order.
    pub(super) fn extend(&mut self, items: impl Iterator<Item = Item>) {
        items.for_each(|item| self.push(item));
    }

    /// Where the graphs were found, in an order in which they can be pushed.
    pub(super) fn origins(&self) -> Vec<Origin> {
        self.levels.iter().flatten().map(|item| item.origin.clone()).collect()
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
    /// What workers have left that wait until all is gathered.
    gathered: Vec<Vec<Origin>>,
}

/// What workers give each other.
#[derive(Debug)]
pub(super) struct Exchange {
    shared: Mutex<Shared>,
    changed: Condvar,
    workers: usize,
    /// Whether nobody is to go on.
    stopped: AtomicBool,
    /// Whether somebody has nothing to do, and nothing to take.
    wanting: AtomicBool,
    /// Whether somebody gathers what is left.
    gathering: AtomicBool,
}

impl Exchange {
    pub(super) fn new(workers: usize) -> Exchange {
        Exchange {
            shared: Mutex::default(),
            changed: Condvar::new(),
            workers,
            stopped: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            gathering: AtomicBool::new(false),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, shared: MutexGuard<'a, Shared>) -> MutexGuard<'a, Shared> {
        self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner)
    }

    fn note_wants(&self, shared: &Shared) {
        self.wanting.store(shared.idle > shared.queue.len(), Ordering::Relaxed);
    }

    /// Gives something to whoever has nothing to do.
    pub(super) fn give(&self, item: Item) {
        let mut shared = self.shared();
        shared.queue.push(item);
        self.note_wants(&shared);
        self.changed.notify_all();
    }

    /// Whether somebody has nothing to do, and nothing to take.
    pub(super) fn is_wanting(&self) -> bool {
        self.wanting.load(Ordering::Relaxed)
    }

    /// Something to do; `None` when there is nothing for anybody any more.
    pub(super) fn take(&self) -> Option<Item> {
        let mut shared = self.shared();
        shared.idle += 1;
        self.note_wants(&shared);
        self.changed.notify_all();
        loop {
            if self.is_stopped() {
                return None;
            }
            if !self.gathering.load(Ordering::Relaxed) {
                if let Some(item) = shared.queue.pop() {
                    shared.idle -= 1;
                    self.note_wants(&shared);
                    return Some(item);
                }
                if shared.idle == self.workers {
                    drop(shared);
                    self.stop();
                    return None;
                }
            }
            shared = self.wait(shared);
        }
    }

    /// Nobody goes on.
    pub(super) fn stop(&self) {
        let shared = self.shared();
        self.stopped.store(true, Ordering::Relaxed);
        drop(shared);
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Where the graphs that nobody has taken were found.
    pub(super) fn origins(&self) -> Vec<Origin> {
        self.shared().queue.origins()
    }

    /// Calls `with` with where all graphs were found that are left, while nobody explores. `queue` is what the
    /// caller has of them. Does nothing if others gather, or stop, at the same time.
    pub(super) fn gather(&self, queue: &Queue, with: impl FnOnce(Vec<Origin>)) {
        let mut shared = self.shared();
        if self.gathering.swap(true, Ordering::Relaxed) {
            drop(shared);
            return self.join_gathering(queue);
        }
        while !self.is_stopped() && shared.idle + shared.gathered.len() + 1 < self.workers {
            shared = self.wait(shared);
        }
        if !self.is_stopped() {
            let mut left = shared.queue.origins();
            left.extend(shared.gathered.iter().flatten().cloned());
            left.extend(queue.origins());
            with(left);
        }
        shared.gathered.clear();
        self.gathering.store(false, Ordering::Relaxed);
        drop(shared);
        self.changed.notify_all();
    }

    /// If somebody gathers what is left: tells what the caller has, and waits.
    pub(super) fn join_gathering(&self, queue: &Queue) {
        if !self.gathering.load(Ordering::Relaxed) {
            return;
        }
        let mut shared = self.shared();
        if !self.gathering.load(Ordering::Relaxed) {
            return;
        }
        shared.gathered.push(queue.origins());
        self.changed.notify_all();
        while self.gathering.load(Ordering::Relaxed) && !self.is_stopped() {
            shared = self.wait(shared);
        }
    }
}
