//! `task::coop`: what a future that is polled by hand asks before it goes on.

use std::future::poll_fn;
use std::task::{Poll, ready};

use super::{run, tokio};
use tokio::task::coop::{cooperative, has_budget_remaining, poll_proceed};

#[test]
fn a_future_that_asks_whether_it_may_go_on_ends() {
    run(|| async {
        let mut polls = 0;
        let value = poll_fn(|context| {
            let coop = ready!(poll_proceed(context));
            polls += 1;
            if polls < 300 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            coop.made_progress();
            Poll::Ready(polls)
        });
        assert_eq!(value.await, 300);
        assert_eq!(cooperative(async { 1 }).await, 1);
        tokio::task::yield_now().await;
        assert!(has_budget_remaining());
    });
}
