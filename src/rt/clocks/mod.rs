//! What comes before what: vector clocks.

pub(crate) mod clock;
pub(crate) mod view;
