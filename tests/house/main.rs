//! What the documents say of the crate: that the rooms of `src/` stand as they are drawn, and that README.md shows what happens.

mod readme;
mod walls;
