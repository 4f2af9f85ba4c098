//! What is kept of an execution for others: for its report, for lock-order detection, for estimates.

pub(crate) mod equivalence;
pub(crate) mod evidence;
pub(crate) mod hang;
pub(crate) mod leaks;
pub(crate) mod lock_log;
