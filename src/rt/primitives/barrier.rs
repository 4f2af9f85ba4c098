//! Barrier: the last of `size` arrivals lets all of them go, and one of them, any, is the leader.

use std::panic::Location;

use crate::rt::objects::{BarrierState, LEADER, RELEASED, State, WAITING};
use crate::rt::op::basis::Basis;
use crate::rt::op::key::{Entry, ObjectKind};
use crate::rt::op::{Choice, ObjectId, Op, OpKind};
use crate::rt::{Current, Identity};

impl Current {
    /// The object of a barrier, registered at its first use.
    pub(crate) fn barrier_object(self, barrier: &Identity, size: usize) -> ObjectId {
        self.object(barrier, ObjectKind::Barrier, || State::Barrier(BarrierState { size, arrivals: 0 }))
    }

    /// Arrives and waits for the others. Returns whether this thread is the leader.
    pub(crate) fn barrier_wait(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        let arrive = Op::new(OpKind::BarrierArrive, object, location);
        let number = self.op(arrive, |execution, thread| {
            execution.kernel.release(thread, object);
            let state = execution.kernel.objects.state_mut::<BarrierState>(object);
            let (number, size) = (state.arrivals, state.size);
            state.arrivals += 1;
            let arrived = execution.kernel.entries_mut(object);
            arrived.push(Entry { thread, location, flags: WAITING });
            let waiting = arrived.iter().filter(|entry| entry.flags == WAITING).count();
            if waiting >= size {
                if size > 1 {
                    execution.kernel.basis.add(Basis::BARRIER_LEADER);
                }
                let leader = if size > 1 { execution.choose(Choice::BarrierLeader, size) } else { 0 };
                execution.kernel.liberties += u32::from(leader != 0);
                let arrived = execution.kernel.entries_mut(object);
                for (n, entry) in arrived.iter_mut().filter(|e| e.flags == WAITING).enumerate() {
                    entry.flags = if n == leader { LEADER } else { RELEASED };
                }
                execution.kernel.recheck(object);
            }
            number
        });
        let leave = Op { argument: number, ..Op::new(OpKind::BarrierLeave, object, location) };
        self.op(leave, |execution, thread| {
            execution.kernel.acquire(thread, object);
            let arrived = execution.kernel.entries_mut(object);
            let index = arrived.iter().position(|entry| entry.thread == thread);
            arrived.remove(index.expect("a thread leaves a barrier after it has arrived")).flags == LEADER
        })
    }
}
