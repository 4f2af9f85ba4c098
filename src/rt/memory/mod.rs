//! Memory: which stores an atomic load may read, and which accesses of plain memory race.

mod location;
pub(crate) mod races;
pub(crate) mod short;
mod sources;
pub(crate) mod stores;
