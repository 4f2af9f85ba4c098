//! Memory: which stores an atomic load may read, and which accesses of plain memory race.

pub(crate) mod races;
pub(crate) mod stores;
