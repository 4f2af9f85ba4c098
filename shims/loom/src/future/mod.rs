//! Futures: running one to its end, and a place for its waker.

mod atomic_waker;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use drawloom::alloc::Track;

pub use atomic_waker::AtomicWaker;

use crate::outside;

/// The waker of a task; its clones have to be gone at the end of the execution.
struct TaskWaker {
    waker: Waker,
    _track: Track<()>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<TaskWaker>) {
        self.waker.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<TaskWaker>) {
        self.waker.wake_by_ref();
    }
}

/// Polls a future until it is ready, and waits for its waker in between. Once, perhaps, it polls for no reason.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn block_on<F>(f: F) -> F::Output
where
    F: Future,
{
    outside::check("loom::future::block_on");
    let mut track = Some(Track::named("Waker", ()));
    let mut waker = None;
    let mut may_poll_for_no_reason = true;
    let mut future = pin!(f);
    drawloom::future::block_on(poll_fn(|context| {
        let waker = waker.get_or_insert_with(|| {
            let _track = track.take().expect("the waker is made once");
            Waker::from(Arc::new(TaskWaker { waker: context.waker().clone(), _track }))
        });
        let mut context = Context::from_waker(waker);
        let poll = future.as_mut().poll(&mut context);
        if poll.is_pending() && may_poll_for_no_reason && drawloom::choose(2) == 1 {
            may_poll_for_no_reason = false;
            drawloom::thread::yield_now();
            return future.as_mut().poll(&mut context);
        }
        poll
    }))
}
