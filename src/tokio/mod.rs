//! tokio under the scheduler of an exploration: the parts of [tokio](https://docs.rs/tokio) that schedule, synchronize and tell
//! time.
//!
//! Inside an exploration a runtime's workers are threads of the model, its tasks are polled in any order, timers follow virtual
//! time, and a step of a primitive is a scheduling point. Outside of one, and without the feature `explore`, it *is* tokio.
//!
//! What the primitives of `sync` mean is tokio's own: its state machines run, each operation in one step. The runtimes, tasks,
//! timers and `select!` are drawloom's.

mod act;
mod acting;
mod await_site;
mod confined;
mod context;
mod leaf;
pub mod runtime;
mod scopes;
mod shell;
pub mod sync;
mod table;
pub mod task;
pub mod time;

#[doc(hidden)]
#[path = "support.rs"]
pub mod __support;
mod macros;

#[doc(inline)]
pub use crate::{
    __tokio_join as join, __tokio_pin as pin, __tokio_select as select, __tokio_task_local as task_local,
    __tokio_try_join as try_join,
};
pub use drawloom_macros::{tokio_main as main, tokio_test as test};
pub use task::spawn;
