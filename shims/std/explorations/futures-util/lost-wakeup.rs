//! https://github.com/rust-lang/futures-rs/issues/2706, open in 0.3.34: while one clone of a `Shared` polls the future, a wake takes the
//! wakers of all. A clone that registers its waker after that, and finds the other still polling, is not woken any more.

use std::future::poll_fn;
use std::task::Poll;

use drawloom::future::block_on;
use drawloom::thread;
use futures_util::FutureExt;

/// Pending once, and woken at once: as `yield_now` of any runtime.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[drawloom::test]
fn who_awaits_is_woken_although_another_clone_is_dropped() {
    let shared = yield_now().shared();
    let theirs = shared.clone();
    let other = thread::spawn(move || theirs.now_or_never());
    block_on(shared);
    other.join().unwrap();
}
