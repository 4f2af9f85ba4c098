//! Mirror of `std::cell`, with the closures that loom's users know.
//!
//! [`Cell`] and [`UnsafeCell`] tell the race detector of their accesses: two that conflict, and that no
//! synchronization orders, end the execution with a failure of kind
//! [`FailureKind::DataRace`](crate::FailureKind::DataRace). What is done through the pointer that
//! [`UnsafeCell::get`] returns stays unseen, so use [`with`](CellExt::with) and [`with_mut`](CellExt::with_mut) instead,
//! which std's cells have as well, by the same trait, without the feature `explore`. Memory that is no cell of these two can
//! be watched by a [`Shadow`]. The other cells cannot be shared at all (`RefCell` and its kin are not `Sync`, and a guard of
//! theirs never crosses threads), and are std's own. An access is no scheduling point: in a program without data races,
//! no other thread can tell when it happens.
//!
//! Where they differ from std's:
//!
//! * They are larger than their content, since the detector has to know them when they are moved. So `from_mut` and the
//!   views of slices and arrays give std's cells, whose accesses are not seen. Do not cast pointers to content into pointers
//!   to cells.
//! * Accesses of a `Cell` are not `const`.
//! * They lack `CoerceUnsized`, which stable Rust does not let a crate implement: a `Cell<&[u8; 4]>` does not turn into a
//!   `Cell<&[u8]>`. A `&Cell<[u8; 4]>` does turn into a `&Cell<[u8]>`.

mod ext;
mod plain;
mod shadow;
mod unsafe_cell;

pub use std::cell::*;

pub use ext::CellExt;
pub use plain::Cell;
pub use shadow::{Access, BeforeOperation, Shadow};
pub use unsafe_cell::UnsafeCell;

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
        assert_eq!(cell.into_inner(), 2);
    }

    #[test]
    fn views_share_the_content() {
        let mut values = [1, 2, 3];
        let view = Cell::from_mut(&mut values);
        view.as_array_of_cells()[0].set(4);
        assert_eq!(values, [4, 2, 3]);

        let cell = Cell::new(values);
        let slice: &Cell<[i32]> = &cell;
        slice.as_slice_of_cells()[1].set(5);
        assert_eq!(cell.into_inner(), [4, 5, 3]);

        let cell = UnsafeCell::new(values);
        // SAFETY: `cell` is the only way to the content.
        unsafe { (*UnsafeCell::raw_get(&raw const cell))[2] = 6 };
        assert_eq!(cell.into_inner(), [4, 2, 6]);
    }
}
