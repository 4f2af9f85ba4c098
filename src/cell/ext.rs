//! Accesses of cells as closures, for std's cells and drawloom's, so that code which uses them compiles with and without
//! the feature `explore`.

use std::cell::{Cell, UnsafeCell};

/// Accesses that say whether they read or write, and when they end, as loom's do.
///
/// While exploring, drawloom's cells tell the race detector; std's do nothing but call the closure.
///
/// ```
/// use drawloom::cell::{CellExt, UnsafeCell};
///
/// let cell = UnsafeCell::new(1);
/// // SAFETY: nobody else has the cell.
/// cell.with_mut(|content| unsafe { *content += 1 });
/// // SAFETY: as above.
/// assert_eq!(cell.with(|content| unsafe { *content }), 2);
/// ```
pub trait CellExt<T: ?Sized> {
    /// Calls `access` with a pointer for reading, which must not be used any more when the call is over.
    #[track_caller]
    fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R;

    /// Calls `access` with a pointer for reading and writing, which must not be used any more when the call is over.
    #[track_caller]
    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R;
}

impl<T: ?Sized> CellExt<T> for Cell<T> {
    #[inline]
    fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.as_ptr())
    }

    #[inline]
    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.as_ptr())
    }
}

impl<T: ?Sized> CellExt<T> for UnsafeCell<T> {
    #[inline]
    fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.get())
    }

    #[inline]
    fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.get())
    }
}
