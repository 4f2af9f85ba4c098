//! Who can never go on: loops that wait, the wait-for graph, knots.

pub(crate) mod knot;
pub(crate) mod spinloops;
pub(crate) mod wait_for;
