//! `Cell`: std's, with the checks of [`UnsafeCell`].

use std::cmp::Ordering;
use std::fmt;
use std::mem;

use super::UnsafeCell;

/// An [`std::cell::Cell`] whose accesses are checked for races, which matter where it is shared by unsafe means.
pub struct Cell<T> {
    cell: UnsafeCell<T>,
}

impl<T> Cell<T> {
    /// Creates a cell with this content.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(v: T) -> Cell<T> {
        Cell { cell: UnsafeCell::new(v) }
    }

    /// Sets the content.
    #[track_caller]
    pub fn set(&self, val: T) {
        // Dropped after the access, since the destructor may use the cell.
        drop(self.replace(val));
    }

    /// Exchanges the contents of two cells.
    #[track_caller]
    pub fn swap(&self, other: &Cell<T>) {
        if std::ptr::eq(self, other) {
            return;
        }
        let (this, other) = (self.cell.get_mut(), other.cell.get_mut());
        // SAFETY: two different cells, which are both accessed by this thread alone: no reference to the
        // content of a cell is ever given out, and the model has just found no access at the same time.
        this.with(|this| other.with(|other| unsafe { std::ptr::swap(this, other) }));
    }

    /// Sets the content and returns the one before.
    #[track_caller]
    pub fn replace(&self, val: T) -> T {
        let pointer = self.cell.get_mut();
        // SAFETY: as in `swap`.
        mem::replace(unsafe { pointer.deref() }, val)
    }

    /// Copies the content.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        let pointer = self.cell.get();
        // SAFETY: as in `swap`.
        unsafe { *pointer.deref() }
    }

    /// Takes the content and leaves the default in its place.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Unwraps the content.
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T> fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").finish_non_exhaustive()
    }
}

impl<T: Default> Default for Cell<T> {
    #[track_caller]
    fn default() -> Cell<T> {
        Cell::new(T::default())
    }
}

impl<T: Copy> Clone for Cell<T> {
    #[track_caller]
    fn clone(&self) -> Cell<T> {
        Cell::new(self.get())
    }
}

impl<T> From<T> for Cell<T> {
    #[track_caller]
    fn from(src: T) -> Cell<T> {
        Cell::new(src)
    }
}

impl<T: PartialEq + Copy> PartialEq for Cell<T> {
    #[track_caller]
    fn eq(&self, other: &Cell<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq + Copy> Eq for Cell<T> {}

impl<T: PartialOrd + Copy> PartialOrd for Cell<T> {
    #[track_caller]
    fn partial_cmp(&self, other: &Cell<T>) -> Option<Ordering> {
        self.get().partial_cmp(&other.get())
    }
}

impl<T: Ord + Copy> Ord for Cell<T> {
    #[track_caller]
    fn cmp(&self, other: &Cell<T>) -> Ordering {
        self.get().cmp(&other.get())
    }
}
