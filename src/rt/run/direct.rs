//! What a director is told of an execution that it directs.

use super::execution::Execution;
use crate::rt::decide::director::{Chosen, Director};
use crate::rt::decide::encode::{encode, is_event};
use crate::rt::objects::State;
use crate::rt::op::rule::{Access, Place, Refusal};
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};

impl Execution {
    /// Runs the next execution as `director` wants it.
    pub(crate) fn set_director(&mut self, director: Box<dyn Director>) {
        self.director = Some(director);
    }

    /// The director of the execution that has ended.
    pub(crate) fn take_director(&mut self) -> Option<Box<dyn Director>> {
        self.director.take().or_else(|| self.past_director.take())
    }

    /// Tells the director of an operation on something that is no atomic, before it takes effect.
    #[cold]
    pub(in crate::rt) fn direct(&mut self, thread: ThreadId, op: Op) {
        if self.is_of_atomic(&op) {
            // It says itself what it does.
            return;
        }
        if !is_event(&self.kernel, op.kind) {
            return;
        }
        match encode(&mut self.kernel, thread, op) {
            Ok(access) => {
                self.direct_access(thread, &access);
            }
            Err(refusal) => self.refuse_to_direct(refusal),
        }
    }

    /// Whether it is an operation on an atomic, or a fence.
    pub(in crate::rt) fn is_of_atomic(&self, op: &Op) -> bool {
        let is_atomic = |object| matches!(self.kernel.objects.get(object).state, State::Atomic(_));
        op.kind == OpKind::Fence || op.object != ObjectId::NONE && is_atomic(op.object)
    }

    /// Tells the director what the running op is about to do: the store that it wants.
    #[inline]
    pub(in crate::rt) fn direct_access(&mut self, thread: ThreadId, access: &Access) -> Option<Chosen> {
        self.director.as_mut()?.execute(&mut self.kernel, thread, access)
    }

    /// Tells the director that what was done to a place does not matter any more.
    #[cold]
    pub(in crate::rt) fn direct_forget(&mut self, place: Place) {
        if let Some(director) = &mut self.director {
            director.forget(place);
        }
    }

    #[cold]
    pub(in crate::rt) fn refuse_to_direct(&mut self, refusal: Refusal) {
        if let Some(director) = &mut self.director {
            director.refuse(refusal);
        }
    }
}
