//! What a director is told of an execution that it directs.

use super::execution::Execution;
use crate::rt::decide::director::{Chosen, Director};
use crate::rt::decide::encode::{encode, is_event, value_of};
use crate::rt::objects::State;
use crate::rt::op::rule::{Access, Outcome, Place, Refusal, Rule};
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
        self.told = None;
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
                if cfg!(debug_assertions) {
                    // What is shown an earlier moment leaves the present one as it is.
                    let is_shown = access.kind.may_look() && self.kernel.shown.is_some();
                    let rule = if is_shown { Rule::Load } else { access.rule };
                    self.told = Some(Access { rule, ..access });
                }
            }
            Err(refusal) => self.refuse_to_direct(refusal),
        }
    }

    /// The running op has taken effect: it has made of its object what its rule makes of the object's value. The program goes
    /// on with the one, the exploration with the other.
    #[cold]
    pub(in crate::rt) fn check_rule(&mut self, thread: ThreadId) {
        let Some(Access { kind, site, place: Some(place), initial: before, rule, .. }) = self.told.take()
        else {
            return;
        };
        let rule = match self.kernel.objects.get(place.object).state {
            State::Condvar(_) if self.kernel.threads.count() > 64 => return,
            State::Condvar(_) => rule.with_argument(thread.index() as u64),
            _ => rule,
        };
        let after = value_of(&self.kernel, place);
        let mut outcomes = (0..rule.choices(before)).map(|choice| rule.outcome(before, choice));
        let is_kept = outcomes.any(|outcome| match outcome {
            Outcome::Reads => after == before,
            Outcome::Writes(value) => after == value,
            Outcome::Blocks => false,
        });
        assert!(
            is_kept,
            "drawloom: `{}` at {site} has made {after:#x} of {before:#x}, and its rule says {:?}",
            kind.verb(),
            rule.outcome(before, 0)
        );
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
