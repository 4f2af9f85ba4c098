//! `sync::broadcast`.

use super::super::{Drops, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::broadcast::error::{RecvError, TryRecvError};
use super::tokio::sync::broadcast::{Sender, channel};

#[test]
fn all_receivers_get_all_values() {
    run(|| async {
        let (sender, mut first) = channel(4);
        let mut second = sender.subscribe();
        let task = spawn(async move {
            let both = (second.recv().await, second.recv().await);
            (both, second.recv().await)
        });
        assert_eq!(sender.receiver_count(), 2);
        assert_eq!(sender.send(1).unwrap(), 2);
        sender.send(2).unwrap();
        drop(sender);
        assert_eq!(task.await.unwrap(), ((Ok(1), Ok(2)), Err(RecvError::Closed)));
        assert_eq!(first.try_recv(), Ok(1));
        assert_eq!(first.recv().await, Ok(2));
        assert_eq!(first.try_recv(), Err(TryRecvError::Closed));
        assert!(first.is_closed());
    });
}

#[test]
fn one_that_lags_is_told_and_goes_on_with_the_oldest() {
    run(|| async {
        let (sender, mut receiver) = channel(2);
        for number in 0..5 {
            sender.send(number).unwrap();
        }
        assert_eq!((sender.len(), receiver.len()), (2, 5));
        assert_eq!(receiver.recv().await, Err(RecvError::Lagged(3)));
        assert_eq!(receiver.recv().await, Ok(3));
        sender.send(5).unwrap();
        sender.send(6).unwrap();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(1)));
        assert_eq!(receiver.try_recv(), Ok(5));
        assert_eq!(receiver.try_recv(), Ok(6));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert!(sender.is_empty() && receiver.is_empty());
    });
}

#[test]
fn a_value_without_receivers_comes_back() {
    run(|| async {
        let drops = Drops::default();
        let sender = Sender::new(2);
        assert_eq!(sender.send(drops.value(1)).unwrap_err().0.0, 1);
        assert_eq!(drops.count(), 1);
        let mut receiver = sender.subscribe();
        sender.send(drops.value(2)).unwrap();
        // The receiver clones it; it goes itself as the last one has it.
        let cloned = receiver.recv().await.unwrap();
        assert_eq!((cloned.0, drops.count()), (2, 2));
        drop(cloned);
        sender.send(drops.value(3)).unwrap();
        assert_eq!(drops.count(), 3);
        drop(receiver);
        assert_eq!(drops.count(), 4);
    });
}

#[test]
fn later_receivers_get_later_values() {
    run(|| async {
        let (sender, first) = channel(4);
        sender.send(1).unwrap();
        let (mut second, mut third) = (first.resubscribe(), sender.subscribe());
        assert!(second.same_channel(&first));
        sender.send(2).unwrap();
        assert_eq!((second.recv().await, third.recv().await), (Ok(2), Ok(2)));
        // To give up receiving loses nothing.
        let receiving = waiting(second.recv()).await;
        sender.send(3).unwrap();
        drop(receiving);
        assert_eq!(second.recv().await, Ok(3));
    });
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    run(|| async {
        let (sender, mut receiver) = channel::<u32>(1);
        let weak = sender.downgrade();
        weak.upgrade().unwrap().send(1).unwrap();
        assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
        drop(sender);
        assert!(weak.upgrade().is_none());
        assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(1), Err(RecvError::Closed)));
    });
}

#[test]
fn closed_waits_for_the_receivers() {
    run(|| async {
        let (sender, receiver) = channel::<u32>(1);
        let other = sender.subscribe();
        let closed = waiting(sender.closed()).await;
        let task = spawn(async move { drop((receiver, other)) });
        closed.await;
        task.await.unwrap();
    });
}
