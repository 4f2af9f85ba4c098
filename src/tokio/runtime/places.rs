//! Where the tasks of a runtime are while nobody polls them.
//!
//! Whoever polls a task takes it out, and puts it back: so nobody else can drop its future meanwhile, and nothing is counted.

use std::sync::Arc;

use crate::rt::tasks::TaskName;
use crate::tokio::task::cell::Runnable;

/// The tasks of a runtime, by their places in the kernel.
#[derive(Default)]
pub(super) struct Places(Vec<Place>);

#[derive(Default)]
enum Place {
    /// The task has ended, or there was none.
    #[default]
    Empty,
    /// Nobody polls it.
    Rests(Arc<dyn Runnable>),
    /// Somebody polls it, who is to drop it after that, or not.
    Polled { name: TaskName, is_cancelled: bool },
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many tasks have not ended.
    pub(super) fn alive(&self) -> usize {
        self.0.iter().filter(|place| !matches!(place, Place::Empty)).count()
    }

    pub(super) fn add(&mut self, place: usize, task: Arc<dyn Runnable>) {
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Place::default);
        }
        self.0[place] = Place::Rests(task);
    }

    /// Takes this task out to poll it, unless somebody polls it or it has ended.
    #[inline]
    pub(super) fn begin_poll(&mut self, name: TaskName) -> Option<Arc<dyn Runnable>> {
        let place = self.0.get_mut(name.id.index())?;
        if !matches!(place, Place::Rests(_)) {
            return None;
        }
        match std::mem::replace(place, Place::Polled { name, is_cancelled: false }) {
            Place::Rests(task) => Some(task),
            Place::Empty | Place::Polled { .. } => None,
        }
    }

    /// Puts it back; or returns it, if it was to be dropped meanwhile.
    #[inline]
    pub(super) fn end_poll(&mut self, place: usize, task: Arc<dyn Runnable>) -> Option<Arc<dyn Runnable>> {
        if matches!(self.0[place], Place::Polled { is_cancelled: true, .. }) {
            self.end(place);
            return Some(task);
        }
        self.0[place] = Place::Rests(task);
        None
    }

    /// The task that is polled has ended.
    #[inline]
    pub(super) fn end(&mut self, place: usize) {
        self.0[place] = Place::Empty;
    }

    /// A task is to be dropped: now, if it is returned, or by whoever polls it. If it has this name: another one may have its place.
    pub(super) fn cancel(&mut self, place: usize, of: Option<TaskName>) -> Option<Arc<dyn Runnable>> {
        let place = self.0.get_mut(place)?;
        let is_it = |name: TaskName| of.is_none_or(|of| of == name);
        match place {
            Place::Polled { name, is_cancelled } => {
                *is_cancelled |= is_it(*name);
                None
            }
            Place::Rests(task) if is_it(task.sleeper().name) => match std::mem::take(place) {
                Place::Rests(task) => Some(task),
                Place::Empty | Place::Polled { .. } => None,
            },
            Place::Rests(_) | Place::Empty => None,
        }
    }
}
