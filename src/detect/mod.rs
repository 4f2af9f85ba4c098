//! What counts as wrong, or might go wrong in executions that nobody has run: detectors, which are fed with what
//! happened and know neither primitives nor strategies.

pub(crate) mod leak;
pub(crate) mod lock_order;
pub(crate) mod observed;
pub(crate) mod race;
pub(crate) mod sync_preserving;
