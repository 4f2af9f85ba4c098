//! Mirror of `std::cell`, with the closures that loom's users know.
//!
//! [`Cell`] and [`UnsafeCell`] wrap std's, so that the accesses to what threads may share without any lock
//! have a place in drawloom; the other cells cannot be shared at all (`RefCell` and its kin are not `Sync`, and
//! a guard of theirs never crosses threads), and are std's own. An access is no scheduling point: in a
//! program without data races, no other thread can tell when it happens.
//!
//! Both types have the layout of their content, as std's do, since `from_mut` and `as_slice_of_cells` need
//! it. What std's types have and these lack is `CoerceUnsized`, which stable Rust does not let a crate
//! implement: a `Cell<&[u8; 4]>` does not turn into a `Cell<&[u8]>`. A `&Cell<[u8; 4]>` does turn into a
//! `&Cell<[u8]>`.

use std::cmp::Ordering;
use std::fmt;
use std::mem::ManuallyDrop;

mod shadow;

pub use std::cell::*;

pub use shadow::{Access, BeforeOperation, Shadow};

/// Mirror of [`std::cell::Cell`].
#[repr(transparent)]
pub struct Cell<T: ?Sized>(std::cell::Cell<T>);

impl<T> Cell<T> {
    /// Makes a cell with this content.
    pub const fn new(value: T) -> Cell<T> {
        Cell(std::cell::Cell::new(value))
    }

    /// Sets the content.
    pub fn set(&self, value: T) {
        self.0.set(value);
    }

    /// Exchanges the contents of two cells; panics if they overlap without being the same.
    pub fn swap(&self, other: &Cell<T>) {
        self.0.swap(&other.0);
    }

    /// Sets the content and returns the one before.
    pub const fn replace(&self, value: T) -> T {
        self.0.replace(value)
    }

    /// Unwraps the content.
    pub const fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: a transparent wrapper has the layout of its content, which is not used again. (A move out
        // of `self.0` would do, but stable Rust takes that for a possible drop, which `const` forbids.)
        unsafe { (&raw const this).cast::<T>().read() }
    }

    /// Takes the content and leaves the default in its place.
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.0.take()
    }
}

impl<T: Copy> Cell<T> {
    /// Copies the content.
    pub const fn get(&self) -> T {
        self.0.get()
    }

    /// Sets the content to what `update` makes of it.
    pub fn update(&self, update: impl FnOnce(T) -> T) {
        self.0.update(update);
    }
}

impl<T: ?Sized> Cell<T> {
    /// Where the content is.
    pub const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Lends the content, which nobody else can reach meanwhile.
    pub const fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// Looks at a value as a cell.
    pub const fn from_mut(value: &mut T) -> &Cell<T> {
        let cell: *const std::cell::Cell<T> = std::cell::Cell::from_mut(value);
        // SAFETY: a transparent wrapper has the layout of what it wraps; the reference is `value`'s own.
        unsafe { &*(cell as *const Cell<T>) }
    }

    /// Calls `access` with a pointer for reading, as loom's cells do.
    pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.as_ptr())
    }

    /// Calls `access` with a pointer for reading and writing, as loom's cells do.
    pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.as_ptr())
    }
}

impl<T> Cell<[T]> {
    /// Looks at a cell of a slice as a slice of cells.
    pub const fn as_slice_of_cells(&self) -> &[Cell<T>] {
        let cells: *const [std::cell::Cell<T>] = self.0.as_slice_of_cells();
        // SAFETY: a transparent wrapper has the layout of what it wraps; the reference is `self`'s own.
        unsafe { &*(cells as *const [Cell<T>]) }
    }
}

impl<T, const N: usize> Cell<[T; N]> {
    /// Looks at a cell of an array as an array of cells.
    pub const fn as_array_of_cells(&self) -> &[Cell<T>; N] {
        // SAFETY: a transparent wrapper has the layout of what it wraps, and so has std's cell.
        unsafe { &*(&raw const *self).cast::<[Cell<T>; N]>() }
    }
}

impl<T> AsRef<[Cell<T>]> for Cell<[T]> {
    fn as_ref(&self) -> &[Cell<T>] {
        self.as_slice_of_cells()
    }
}

impl<T, const N: usize> AsRef<[Cell<T>]> for Cell<[T; N]> {
    fn as_ref(&self) -> &[Cell<T>] {
        self.as_array_of_cells()
    }
}

impl<T, const N: usize> AsRef<[Cell<T>; N]> for Cell<[T; N]> {
    fn as_ref(&self) -> &[Cell<T>; N] {
        self.as_array_of_cells()
    }
}

impl<T: Copy> Clone for Cell<T> {
    fn clone(&self) -> Cell<T> {
        Cell::new(self.get())
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Cell<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T: Default> Default for Cell<T> {
    fn default() -> Cell<T> {
        Cell::new(T::default())
    }
}

impl<T> From<T> for Cell<T> {
    fn from(value: T) -> Cell<T> {
        Cell::new(value)
    }
}

impl<T: PartialEq + Copy> PartialEq for Cell<T> {
    fn eq(&self, other: &Cell<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq + Copy> Eq for Cell<T> {}

impl<T: PartialOrd + Copy> PartialOrd for Cell<T> {
    fn partial_cmp(&self, other: &Cell<T>) -> Option<Ordering> {
        self.get().partial_cmp(&other.get())
    }
}

impl<T: Ord + Copy> Ord for Cell<T> {
    fn cmp(&self, other: &Cell<T>) -> Ordering {
        self.get().cmp(&other.get())
    }
}

/// Mirror of [`std::cell::UnsafeCell`].
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Makes a cell with this content.
    pub const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Unwraps the content.
    pub const fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: as in `Cell::into_inner`.
        unsafe { (&raw const this).cast::<T>().read() }
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Looks at a value as a cell.
    pub const fn from_mut(value: &mut T) -> &mut UnsafeCell<T> {
        let cell: *mut std::cell::UnsafeCell<T> = std::cell::UnsafeCell::from_mut(value);
        // SAFETY: a transparent wrapper has the layout of what it wraps; the reference is `value`'s own.
        unsafe { &mut *(cell as *mut UnsafeCell<T>) }
    }

    /// Where the content is. What is done through the pointer stays unseen; [`with`](UnsafeCell::with) and
    /// [`with_mut`](UnsafeCell::with_mut) say what is done, and when it ends.
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }

    /// Lends the content, which nobody else can reach meanwhile.
    pub const fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// Where the content of a cell is, without a reference to the cell.
    pub const fn raw_get(this: *const UnsafeCell<T>) -> *mut T {
        std::cell::UnsafeCell::raw_get(this as *const std::cell::UnsafeCell<T>)
    }

    /// Calls `access` with a pointer for reading, as loom's cells do.
    pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.get())
    }

    /// Calls `access` with a pointer for reading and writing, as loom's cells do.
    pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.get())
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    fn default() -> UnsafeCell<T> {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> UnsafeCell<T> {
        UnsafeCell::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closures_reach_the_content() {
        let cell = Cell::new(1);
        // SAFETY: no reference to the content exists.
        cell.with_mut(|content| unsafe { *content += 1 });
        // SAFETY: as above.
        assert_eq!(cell.with(|content| unsafe { *content }), 2);

        let cell = UnsafeCell::new(1);
        // SAFETY: no reference to the content exists.
        cell.with_mut(|content| unsafe { *content += 1 });
        // SAFETY: as above.
        assert_eq!(cell.with(|content| unsafe { *content }), 2);
    }

    #[test]
    fn views_share_the_content() {
        let mut values = [1, 2, 3];
        let cell = Cell::from_mut(&mut values);
        cell.as_array_of_cells()[0].set(4);
        let slice: &Cell<[i32]> = cell;
        slice.as_slice_of_cells()[1].set(5);
        assert_eq!(values, [4, 5, 3]);

        let cell = UnsafeCell::from_mut(&mut values);
        // SAFETY: `cell` is the only way to the content.
        unsafe { (*UnsafeCell::raw_get(cell))[2] = 6 };
        assert_eq!(*cell.get_mut(), [4, 5, 6]);
    }
}
