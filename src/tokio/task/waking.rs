//! Wakers of tasks.
//!
//! In an execution that is run again for a report, it is noticed when the last waker of a task is dropped: nobody can wake it then.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use crate::rt::primitives::Sleeper;
use crate::rt::{Current, current};

/// What all wakers of a task share.
struct Awaker {
    sleeper: Sleeper,
    location: &'static Location<'static>,
    is_noticed: bool,
}

impl Wake for Awaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Never called in an act: tokio's primitives have it in a shell.
    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(current) = current() {
            current.wake_task(self.sleeper, self.location);
        }
    }
}

impl Drop for Awaker {
    fn drop(&mut self) {
        if let Some(current) = current().filter(|_| self.is_noticed) {
            current.note_last_waker(self.sleeper.name, true);
        }
    }
}

/// The wakers of one task.
#[derive(Default)]
pub(crate) struct Wakers {
    kept: Option<Arc<Awaker>>,
    noticed: Weak<Awaker>,
}

impl Wakers {
    /// One more.
    pub(crate) fn waker(
        &mut self,
        current: Current,
        sleeper: Sleeper,
        location: &'static Location<'static>,
    ) -> Waker {
        let awaker = |is_noticed| Arc::new(Awaker { sleeper, location, is_noticed });
        if !current.is_traced() {
            return Waker::from(Arc::clone(self.kept.get_or_insert_with(|| awaker(false))));
        }
        let awaker = self.noticed.upgrade().unwrap_or_else(|| awaker(true));
        self.noticed = Arc::downgrade(&awaker);
        current.note_last_waker(sleeper.name, false);
        Waker::from(awaker)
    }
}
