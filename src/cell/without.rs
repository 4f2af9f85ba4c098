//! `std::cell`, and accesses of cells as closures: what [`cell`](self) is without the feature `explore`.

mod ext;

pub use std::cell::*;

pub use ext::CellExt;
