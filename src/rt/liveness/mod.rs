//! Who can never go on: loops that wait, the wait-for graph, knots.

pub(crate) mod knot;
pub(in crate::rt) mod long;
pub(crate) mod spinloops;
pub(crate) mod wait_for;
