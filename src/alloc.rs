//! Memory and values that have to be gone when an execution ends.
//!
//! What was allocated by [`alloc`] and not freed, and every [`Track`] that was not dropped when all threads of an
//! execution have ended, is a failure of kind [`FailureKind::Leak`](crate::FailureKind::Leak), which says where it
//! was made. Outside explorations nothing is tracked.

use std::panic::Location;

pub use std::alloc::Layout;

use crate::rt::current;
use crate::rt::record::leaks::Ticket;

/// [`std::alloc::alloc`], whose memory has to be freed by [`dealloc`] within the execution.
///
/// # Safety
///
/// As for [`std::alloc::alloc`].
#[track_caller]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: the caller keeps std's contract.
    track_memory(unsafe { std::alloc::alloc(layout) }, Location::caller())
}

/// [`std::alloc::alloc_zeroed`], whose memory has to be freed by [`dealloc`] within the execution.
///
/// # Safety
///
/// As for [`std::alloc::alloc_zeroed`].
#[track_caller]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    // SAFETY: the caller keeps std's contract.
    track_memory(unsafe { std::alloc::alloc_zeroed(layout) }, Location::caller())
}

fn track_memory(memory: *mut u8, location: &'static Location<'static>) -> *mut u8 {
    if let (Some(current), false) = (current(), memory.is_null()) {
        current.track_allocation(memory.addr(), location);
    }
    memory
}

/// [`std::alloc::dealloc`] for memory that [`alloc`] or [`alloc_zeroed`] gave out.
///
/// # Panics
///
/// In an execution, if that memory was freed before or is not from there: nothing is freed then.
///
/// # Safety
///
/// As for [`std::alloc::dealloc`].
#[track_caller]
pub unsafe fn dealloc(memory: *mut u8, layout: Layout) {
    if let Some(current) = current() {
        assert!(
            current.untrack_allocation(memory.addr()),
            "memory is freed that drawloom::alloc did not give out in this execution, or that was freed before"
        );
    }
    // SAFETY: the caller keeps std's contract.
    unsafe { std::alloc::dealloc(memory, layout) };
}

/// A value that has to be dropped before the execution ends.
///
/// # Example
///
/// ```
/// use drawloom::{Config, FailureKind, alloc::Track, explore};
///
/// let report = explore(Config::new(), || std::mem::forget(Track::new("a message")));
/// assert!(report.failed_with(FailureKind::Leak));
/// ```
#[derive(Debug)]
pub struct Track<T> {
    value: T,
    end: End,
}

/// What is dropped with the value, or taken from it.
#[derive(Debug)]
struct End(Option<Ticket>);

impl Drop for End {
    fn drop(&mut self) {
        if let (Some(ticket), Some(current)) = (self.0, current()) {
            current.untrack(ticket);
        }
    }
}

impl<T> Track<T> {
    /// Tracks `value` from here on.
    #[track_caller]
    pub fn new(value: T) -> Track<T> {
        Track::named("tracked value", value)
    }

    /// As [`Track::new`], for what reports shall call `what`: a type's name, usually.
    #[track_caller]
    pub fn named(what: &'static str, value: T) -> Track<T> {
        let location = Location::caller();
        Track { value, end: End(current().map(|current| current.track(what, location))) }
    }

    /// Lends the value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// Lends the value to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Tracks the value no longer.
    pub fn into_inner(self) -> T {
        let Track { value, end } = self;
        drop(end);
        value
    }
}
