//! async-channel 1.7.1: a sender that is not polled any more keeps all others from being woken
//! (https://github.com/smol-rs/async-channel/issues/45).

use std::future::{Future, poll_fn};
use std::task::Poll;

use tokio::task::yield_now;

#[drawloom::test]
async fn a_sender_that_lost_interest_holds_nobody_up() {
    let (sender, inbox) = async_channel::bounded(2);
    for number in 0..2 {
        sender.send(number).await.unwrap();
    }
    let mut kept = Box::pin(sender.send(2));
    assert!(poll_fn(|context| Poll::Ready(kept.as_mut().poll(context))).await.is_pending());
    let theirs = sender.clone();
    let other = tokio::spawn(async move { theirs.send(3).await });
    yield_now().await;
    assert_eq!((inbox.recv().await, inbox.recv().await), (Ok(0), Ok(1)));
    other.await.unwrap().unwrap();
}
