//! What the tasks of a program have observed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// What each operation of each task has observed, and whether the program has come to its end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Outcome {
    pub(super) seen: Vec<Vec<u16>>,
    pub(super) has_ended: bool,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.seen, if self.has_ended { "" } else { " deadlock" })
    }
}

/// What has been observed so far. No primitive of the model: nothing is scheduled by it.
pub(super) struct Log(Mutex<Vec<Vec<u16>>>);

impl Log {
    pub(super) fn new(tasks: usize) -> Log {
        Log(Mutex::new(vec![Vec::new(); tasks]))
    }

    pub(super) fn add(&self, task: usize, seen: u16) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[task].push(seen);
    }

    pub(super) fn outcome(&self, has_ended: bool) -> Outcome {
        Outcome { seen: self.0.lock().unwrap_or_else(PoisonError::into_inner).clone(), has_ended }
    }
}
