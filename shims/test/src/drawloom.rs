//! drawloom, where `cargo drawloom` explores a package that uses it: the one that explores.

pub use runtime::*;
