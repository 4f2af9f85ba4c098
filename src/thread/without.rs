//! `std::thread`, and what drawloom adds to it: what [`thread`](self) is without the feature `explore`.

mod ext;

pub use std::thread::*;

pub use ext::BuilderExt;
