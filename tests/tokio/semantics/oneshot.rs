//! `sync::oneshot`.

use super::super::{Drops, poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::oneshot::channel;
use super::tokio::sync::oneshot::error::TryRecvError;

#[test]
fn a_value_is_received_once() {
    run(|| async {
        let (sender, receiver) = channel();
        let task = spawn(receiver);
        sender.send(1).unwrap();
        assert_eq!(task.await.unwrap(), Ok(1));
        let (sender, mut receiver) = channel();
        assert!(receiver.is_empty() && !receiver.is_terminated());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.send(2).unwrap();
        assert!(!receiver.is_empty());
        assert_eq!((&mut receiver).await, Ok(2));
        assert!(receiver.is_terminated());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn a_sender_that_is_dropped_is_an_error() {
    run(|| async {
        let (sender, receiver) = channel::<u32>();
        let receiving = waiting(receiver).await;
        drop(sender);
        assert!(receiving.await.is_err());
    });
}

#[test]
fn the_value_comes_back_if_nobody_can_receive_it() {
    run(|| async {
        let drops = Drops::default();
        let (sender, receiver) = channel();
        drop(receiver);
        assert!(sender.is_closed());
        assert_eq!(sender.send(drops.value(1)).unwrap_err().0, 1);
        assert_eq!(drops.count(), 1);
        let (sender, receiver) = channel();
        sender.send(drops.value(2)).unwrap();
        assert_eq!(drops.count(), 1);
        drop(receiver);
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn what_was_sent_before_closing_is_received() {
    run(|| async {
        let (sender, mut receiver) = channel();
        sender.send(1).unwrap();
        receiver.close();
        assert_eq!(receiver.try_recv(), Ok(1));
        let (mut sender, mut receiver) = channel::<u32>();
        let mut closed = waiting(sender.closed()).await;
        receiver.close();
        assert!(poll(&mut closed).await.is_ready());
        drop(closed);
        assert_eq!(sender.send(2), Err(2));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn closed_waits_for_the_receiver() {
    run(|| async {
        let (mut sender, receiver) = channel::<u32>();
        let task = spawn(async move { drop(receiver) });
        sender.closed().await;
        task.await.unwrap();
    });
}
