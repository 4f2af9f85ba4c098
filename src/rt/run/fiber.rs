//! Fibers: the stackful coroutines that carry model threads, on pooled stacks.
//!
//! A fresh stack costs microseconds (two system calls and page faults), a pooled one nanoseconds. A thread
//! that is cut off (its execution ended early) is *abandoned*: its stack is reused without running the
//! destructors on it. Running them would mean running the program further, without a scheduler, in a state
//! where locks are held by threads that no longer exist; loom and shuttle have both had aborts and hangs
//! from that. The price is that what such a thread owned on the heap is leaked; executions are cut off only
//! when they fail.

use std::io;
use std::sync::{Mutex, PoisonError};

use corosensei::stack::DefaultStack;
use corosensei::trap::CoroutineTrapHandler;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::rt::op::ThreadId;

/// What a fiber calls to give control back to the hub.
pub(crate) type Suspender = Yielder<(), ()>;

type Fiber = Coroutine<(), (), (), DefaultStack>;

struct Slot {
    fiber: Option<Fiber>,
    /// Whether the stack has the size of the pool's.
    pooled: bool,
}

/// How many stacks are kept from one exploration to the next: a test of a few executions costs less than its stacks.
const KEPT: usize = 64;

/// Stacks that no exploration uses, with their sizes.
static IDLE: Mutex<Vec<(usize, DefaultStack)>> = Mutex::new(Vec::new());

/// A stack of this size that is not in use, or a new one.
fn take_stack(size: usize) -> io::Result<DefaultStack> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    match idle.iter().rposition(|&(other, _)| other == size) {
        Some(at) => Ok(idle.swap_remove(at).1),
        None => {
            drop(idle);
            DefaultStack::new(size)
        }
    }
}

/// The fibers of one execution, by thread, and the stacks not in use.
pub(crate) struct FiberPool {
    stack_size: usize,
    stacks: Vec<DefaultStack>,
    /// Boxed: a fiber must not move while it runs, and a running one may add others.
    slots: Vec<*mut Slot>,
}

impl FiberPool {
    pub(crate) fn new(stack_size: usize) -> FiberPool {
        FiberPool { stack_size, stacks: Vec::new(), slots: Vec::new() }
    }

    /// Makes the fiber of `thread`.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the fiber has returned or was abandoned.
    pub(crate) unsafe fn start(
        &mut self,
        thread: ThreadId,
        stack_size: Option<usize>,
        body: impl FnOnce(&Suspender),
    ) -> io::Result<()> {
        let size = stack_size.unwrap_or(0).max(self.stack_size);
        let pooled = size == self.stack_size;
        let stack = match self.stacks.pop() {
            Some(stack) if pooled => stack,
            other => {
                self.stacks.extend(other);
                take_stack(size)?
            }
        };
        // SAFETY: the caller vouches for what `body` borrows.
        let fiber = unsafe { Fiber::with_stack_unchecked(stack, |suspender, ()| body(suspender)) };
        while self.slots.len() <= thread.index() {
            self.slots.push(Box::into_raw(Box::new(Slot { fiber: None, pooled: true })));
        }
        let slot = self.slots[thread.index()];
        // SAFETY: slots are freed only in `drop`, and this one's thread is new: its fiber does not run.
        unsafe { *slot = Slot { fiber: Some(fiber), pooled } };
        Ok(())
    }

    /// Runs the fiber of `thread` until it suspends or returns.
    ///
    /// # Safety
    ///
    /// `pool` must be valid, with no reference to it alive, and the fiber started and not returned.
    #[inline(always)]
    pub(crate) unsafe fn resume(pool: *mut FiberPool, thread: ThreadId) {
        // SAFETY: `pool` is valid, and this borrow ends before the fiber runs.
        let slot = unsafe { (&(*pool).slots)[thread.index()] };
        // SAFETY: the slot does not move, and only the hub, which is here, touches a started fiber.
        let fiber = unsafe { (*slot).fiber.as_mut() }.expect("a thread that runs has a fiber");
        if let CoroutineResult::Return(()) = fiber.resume(()) {
            // SAFETY: the fiber has returned; nothing else refers to the pool or the slot now.
            unsafe { (*pool).recycle(&mut *slot) };
        }
    }

    fn recycle(&mut self, slot: &mut Slot) {
        if let Some(fiber) = slot.fiber.take() {
            let stack = fiber.into_stack();
            if slot.pooled {
                self.stacks.push(stack);
            }
        }
    }

    /// Gives up the fiber of `thread` wherever it is, without running its destructors.
    ///
    /// # Safety
    ///
    /// Nothing may refer to the fiber's stack any more but what is itself abandoned.
    pub(crate) unsafe fn abandon(&mut self, thread: ThreadId) {
        let Some(&slot) = self.slots.get(thread.index()) else { return };
        // SAFETY: slots are freed only in `drop`, and no fiber runs while one is abandoned.
        let slot = unsafe { &mut *slot };
        if let Some(fiber) = &mut slot.fiber {
            // SAFETY: the caller vouches that nobody will miss what is on the stack.
            unsafe { fiber.force_reset() };
        }
        self.recycle(slot);
    }

    /// Gives up the fiber of `thread` wherever it is, with its stack: whoever is not of this execution may refer to what is on it.
    pub(crate) fn leak(&mut self, thread: ThreadId) {
        let Some(&slot) = self.slots.get(thread.index()) else { return };
        // SAFETY: slots are freed only in `drop`, and no fiber runs while one is given up.
        let slot = unsafe { &mut *slot };
        std::mem::forget(slot.fiber.take());
    }

    /// What the handler of a stack overflow needs to end the fiber of `thread`.
    pub(crate) fn trap_handler(&self, thread: ThreadId) -> Option<CoroutineTrapHandler<()>> {
        let &slot = self.slots.get(thread.index())?;
        // SAFETY: the slot is valid; the fiber runs, and only its constant stack bounds are read.
        unsafe { (*slot).fiber.as_ref() }.map(Coroutine::trap_handler)
    }
}

impl Drop for FiberPool {
    fn drop(&mut self) {
        for &slot in &self.slots {
            // SAFETY: made by `Box::into_raw`, freed here only; no fiber is alive after the last execution.
            drop(unsafe { Box::from_raw(slot) });
        }
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(idle.len());
        let size = self.stack_size;
        idle.extend(self.stacks.drain(..).take(room).map(|stack| (size, stack)));
    }
}
