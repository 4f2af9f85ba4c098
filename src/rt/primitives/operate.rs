//! Operations on primitives of async code. What they are is not the kernel's concern: each is one step on one object, whose state
//! machine, tokio's own, runs within it. Wakers that it calls meanwhile are called after the step, each in a step of its own.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::objects::{OperatedState, State};
use crate::rt::op::key::ObjectKind;
use crate::rt::op::verb::Verb;
use crate::rt::op::{Note, ObjectId, Op, OpKind};
use crate::rt::registry::identity::Identity;

impl Current {
    /// The object of a primitive of this name, registered at its first use.
    pub(crate) fn async_object(self, identity: &Identity, name: &'static str) -> ObjectId {
        self.object(identity, ObjectKind::Async(name), || State::Operated(OperatedState::default()))
    }

    /// One step on the object. `act` says, besides, whether it has left the object as it was.
    pub(crate) fn operate<R>(
        self,
        object: ObjectId,
        verb: Verb,
        location: &'static Location<'static>,
        act: impl FnOnce() -> (R, bool),
    ) -> R {
        let op = Op { argument: verb as u32, ..Op::new(OpKind::Operate, object, location) };
        self.op(op, |execution, thread| {
            let (result, is_same) = act();
            let kernel = &mut execution.kernel;
            kernel.acquire(thread, object);
            kernel.release(thread, object);
            kernel.objects.state_mut::<OperatedState>(object).count += 1;
            if is_same {
                kernel.found(verb as u64);
                if verb.waits() {
                    kernel.note = Note::Waits;
                } else if verb.tries() {
                    kernel.note = Note::Failed(0);
                }
            }
            result
        })
    }
}
