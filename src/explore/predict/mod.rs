//! From a predicted deadlock to an execution that has it: threads are led there, or a witness is followed.

pub(super) mod confirm;
mod follow;
pub(crate) mod steer;
