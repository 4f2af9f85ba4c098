//! One execution along a graph: it is followed to its end, and goes on from there.

mod choices;
mod director;
mod ending;
pub(super) mod explorer;
mod extend;
mod made;
pub(super) mod probe;
mod retry;
mod sections;
mod spin;
mod stores;
mod ticks;
