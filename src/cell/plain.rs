//! `Cell`: std's, whose accesses the race detector sees. It matters where a cell is shared by unsafe means.

use std::cmp::Ordering;
use std::fmt;
use std::mem::ManuallyDrop;

use super::CellExt;
use super::shadow::Shadow;

/// Mirror of [`std::cell::Cell`], whose accesses are checked for data races; see [the module](super).
#[repr(C)]
pub struct Cell<T: ?Sized> {
    shadow: Shadow,
    content: std::cell::Cell<T>,
}

impl<T> Cell<T> {
    /// Makes a cell with this content. That it is written now, and by whom, is not seen: a `const` function cannot tell.
    /// [`Cell::from`] is seen.
    #[track_caller]
    pub const fn new(value: T) -> Cell<T> {
        Cell { shadow: Shadow::new("Cell"), content: std::cell::Cell::new(value) }
    }

    /// Sets the content.
    #[track_caller]
    pub fn set(&self, value: T) {
        // Dropped after the access, since the destructor may use the cell.
        drop(self.replace(value));
    }

    /// Exchanges the contents of two cells; panics if they overlap without being the same.
    #[track_caller]
    pub fn swap(&self, other: &Cell<T>) {
        if !std::ptr::eq(self, other) {
            let _accesses = (self.shadow.write(), other.shadow.write());
            self.content.swap(&other.content);
        }
    }

    /// Sets the content and returns the one before.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        let _access = self.shadow.write();
        self.content.replace(value)
    }

    /// Unwraps the content.
    pub const fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        let this = (&raw const this).cast::<Cell<T>>();
        // SAFETY: a `ManuallyDrop` has the layout of what it wraps, and `content` that of its content, which is not used
        // again. (A move out of `self.content` would be a possible drop, which `const` forbids.)
        unsafe { (&raw const (*this).content).cast::<T>().read() }
    }

    /// Takes the content and leaves the default in its place.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }
}

impl<T: Copy> Cell<T> {
    /// Copies the content.
    #[track_caller]
    pub fn get(&self) -> T {
        let _access = self.shadow.read();
        self.content.get()
    }

    /// Sets the content to what `update` makes of it.
    #[track_caller]
    pub fn update(&self, update: impl FnOnce(T) -> T) {
        self.set(update(self.get()));
    }
}

impl<T: ?Sized> Cell<T> {
    /// Where the content is. What is done through the pointer stays unseen; [`with`](CellExt::with) and
    /// [`with_mut`](CellExt::with_mut) say what is done, and when it ends.
    pub const fn as_ptr(&self) -> *mut T {
        self.content.as_ptr()
    }

    /// Lends the content, which nobody else can reach meanwhile. Not checked: what makes a reference exclusive may be
    /// the counts of an [`Arc`](crate::sync::Arc), which are not seen. So this is what a destructor is to use, unless the
    /// counts are of your own: then [`with_mut`](CellExt::with_mut) finds out whether they order it.
    pub const fn get_mut(&mut self) -> &mut T {
        self.content.get_mut()
    }

    /// Looks at a value as a cell: std's, whose accesses are not seen.
    pub const fn from_mut(value: &mut T) -> &std::cell::Cell<T> {
        std::cell::Cell::from_mut(value)
    }
}

impl<T: ?Sized> CellExt<T> for Cell<T> {
    fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        let _access = self.shadow.read();
        access(self.as_ptr())
    }

    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        let _access = self.shadow.write();
        access(self.as_ptr())
    }
}

impl<T> Cell<[T]> {
    /// Looks at a cell of a slice as a slice of cells: std's, whose accesses are not seen.
    pub const fn as_slice_of_cells(&self) -> &[std::cell::Cell<T>] {
        self.content.as_slice_of_cells()
    }
}

impl<T, const N: usize> Cell<[T; N]> {
    /// Looks at a cell of an array as an array of cells: std's, whose accesses are not seen.
    pub const fn as_array_of_cells(&self) -> &[std::cell::Cell<T>; N] {
        self.content.as_array_of_cells()
    }
}

impl<T> AsRef<[std::cell::Cell<T>]> for Cell<[T]> {
    fn as_ref(&self) -> &[std::cell::Cell<T>] {
        self.as_slice_of_cells()
    }
}

impl<T, const N: usize> AsRef<[std::cell::Cell<T>]> for Cell<[T; N]> {
    fn as_ref(&self) -> &[std::cell::Cell<T>] {
        self.as_array_of_cells()
    }
}

impl<T, const N: usize> AsRef<[std::cell::Cell<T>; N]> for Cell<[T; N]> {
    fn as_ref(&self) -> &[std::cell::Cell<T>; N] {
        self.as_array_of_cells()
    }
}

impl<T: Copy> Clone for Cell<T> {
    #[track_caller]
    fn clone(&self) -> Cell<T> {
        Cell::from(self.get())
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Cell<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _access = self.shadow.read();
        self.content.fmt(formatter)
    }
}

impl<T: Default> Default for Cell<T> {
    #[track_caller]
    fn default() -> Cell<T> {
        Cell::from(T::default())
    }
}

impl<T> From<T> for Cell<T> {
    #[track_caller]
    fn from(value: T) -> Cell<T> {
        Cell { shadow: Shadow::written("Cell"), content: std::cell::Cell::new(value) }
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
