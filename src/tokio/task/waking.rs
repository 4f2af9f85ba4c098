//! Wakers of tasks.
//!
//! In an execution that is run again for a report, it is noticed when the last waker of a task is dropped: nobody can wake it then.

use std::panic::Location;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{RawWakerVTable, Wake, Waker};

use crate::rt::primitives::Sleeper;
use crate::rt::registry::identity::Stamp;
use crate::rt::{Current, current};

/// What all wakers of a task share.
struct Awaker {
    sleeper: Sleeper,
    location: &'static Location<'static>,
    is_noticed: bool,
    /// The execution that the task is of. A waker may be kept for longer, in a static say.
    execution: Stamp,
}

impl Awaker {
    /// The running execution, if the task is of that.
    fn current(&self) -> Option<Current> {
        current().filter(|&(mut current)| current.execution().stamp() == self.execution)
    }
}

impl Wake for Awaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Never called in an act: tokio's primitives have it in a shell.
    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(current) = self.current() {
            current.wake_task(self.sleeper, self.location);
        }
    }
}

impl Drop for Awaker {
    fn drop(&mut self) {
        if let Some(current) = self.current().filter(|_| self.is_noticed) {
            current.note_last_waker(self.sleeper.name, true);
        }
    }
}

/// By what a waker of a task is told from others.
static TABLE: OnceLock<&RawWakerVTable> = OnceLock::new();

/// Made here only, as the table may be another elsewhere.
#[inline(never)]
fn into_waker(awaker: Arc<Awaker>) -> Waker {
    let waker = Waker::from(awaker);
    TABLE.get_or_init(|| waker.vtable());
    waker
}

/// Whether it wakes a task and does nothing else.
pub(crate) fn is_of_task(waker: &Waker) -> bool {
    TABLE.get() == Some(&waker.vtable())
}

/// The wakers of one task.
#[derive(Default)]
pub(crate) struct Wakers {
    /// The one that is lent to each poll.
    lent: Option<Waker>,
    noticed: Weak<Awaker>,
}

impl Wakers {
    /// One for a poll, which wakes `of`: then `take_back` must follow.
    #[inline]
    pub(crate) fn lend(
        &mut self,
        current: Current,
        of: impl FnOnce() -> (Sleeper, &'static Location<'static>),
    ) -> &Waker {
        let Wakers { lent, noticed } = self;
        lent.get_or_insert_with(|| one_more(current, of(), noticed))
    }

    /// The poll has ended. Where it is noticed who drops the last waker, none is kept.
    #[inline]
    pub(crate) fn take_back(&mut self, current: Current) {
        if current.is_traced() {
            self.lent = None;
        }
    }
}

#[cold]
fn one_more(
    mut current: Current,
    (sleeper, location): (Sleeper, &'static Location<'static>),
    noticed: &mut Weak<Awaker>,
) -> Waker {
    let is_noticed = current.is_traced();
    let execution = current.execution().stamp();
    let awaker = || Arc::new(Awaker { sleeper, location, is_noticed, execution });
    if !is_noticed {
        return into_waker(awaker());
    }
    let awaker = noticed.upgrade().unwrap_or_else(awaker);
    *noticed = Arc::downgrade(&awaker);
    current.note_last_waker(sleeper.name, false);
    into_waker(awaker)
}
