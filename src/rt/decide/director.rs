//! Who decides everything about an execution: for exhaustive exploration, which follows and extends an execution
//! graph.
//!
//! A strategy is asked where there is a choice. A director is asked for every step, is told of every operation
//! before it takes effect, and knows better than the kernel which stores may be read: the kernel does as it is
//! told, see `Limits::directed`.

use std::any::Any;

use crate::rt::kernel::Kernel;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rule::{Access, Place, Refusal};
use crate::rt::op::{Choice, ThreadId};

/// What happens next.
#[derive(Debug)]
pub(crate) enum Direction {
    /// This thread, which is enabled, executes its pending op.
    Run(ThreadId),
    /// The execution ends.
    Stop(Stop),
    /// The execution goes on without the director, as its strategy wants.
    Release,
}

/// The store that an operation on an atomic reads, or after which it stores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chosen {
    pub(crate) value: u64,
    /// How many stores come after it in modification order.
    pub(crate) number: u32,
}

/// Decides everything about an execution.
pub(crate) trait Director: Send {
    /// What happens next.
    fn next(&mut self, kernel: &mut Kernel) -> Direction;

    /// `thread` executes an operation. Returns the store that is read, or after which is stored: the last one, if nothing
    /// is said.
    fn execute(&mut self, kernel: &mut Kernel, thread: ThreadId, access: &Access) -> Option<Chosen>;

    /// Chooses one of `alternatives`, for the running thread.
    fn choose(&mut self, kernel: &mut Kernel, choice: Choice, alternatives: usize) -> usize;

    /// The running operation has no place in an execution graph.
    fn refuse(&mut self, refusal: Refusal);

    /// Itself.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;

    /// From now on the place has another value, and what was done to it before does not matter.
    fn forget(&mut self, place: Place);
}
