//! What an exploration tells: plain data, and its text.

mod assumption;
mod cause;
#[cfg(feature = "artifacts")]
mod document;
mod facts;
mod failure;
#[cfg(feature = "artifacts")]
mod html;
mod kind;
mod lock_drawing;
mod lock_graph;
mod lock_layout;
mod locks;
mod names;
mod pinned;
mod race;
mod repeats;
mod snippets;
mod source;
mod stack;
mod style;
mod summary;
mod text;
mod trace;
mod width;

pub use assumption::{Assumption, Liberties};
#[cfg(feature = "artifacts")]
pub(crate) use document::json;
pub(crate) use facts::{
    CALL_OF_WAKER, Cause, CauseOrder, Doing, Effort, Ended, Found, Frame, Handover, LeftOut, MemoryNeed,
    Minimized, ObjectName, Passing, Place, Race, RaceSide, Row, Spin, Standing, Trace, Wait, WeakOrdering,
};
pub use failure::Failure;
#[cfg(feature = "artifacts")]
pub(crate) use html::html;
pub use kind::FailureKind;
pub(crate) use lock_graph::{LockEdge, LockGraph};
pub(crate) use locks::{CycleVerdict, LockCycle, LockName, LockRequest, prediction};
pub(crate) use pinned::pinned;
pub use style::for_terminal;
pub(crate) use summary::KEPT_ROWS;
pub use summary::{Coverage, Limit, Report};
pub(crate) use width::{grouped, shortened};
