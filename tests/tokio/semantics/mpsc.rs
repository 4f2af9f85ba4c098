//! `sync::mpsc`.

use super::super::{Drops, poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::mpsc::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use super::tokio::sync::mpsc::{self, channel, unbounded_channel};

fn is_send_and_sync<T: Send + Sync>(_: &T) {}
fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn messages_come_in_order_and_end_with_the_senders() {
    run(|| async {
        let (sender, mut receiver) = channel(2);
        is_send_and_sync(&sender);
        is_send_and_sync(&receiver);
        let task = spawn(async move {
            for number in 0..4 {
                sender.send(number).await.unwrap();
            }
        });
        for number in 0..4 {
            assert_eq!(is_send(receiver.recv()).await, Some(number));
        }
        assert_eq!(receiver.recv().await, None);
        task.await.unwrap();
    });
}

#[test]
fn a_bounded_channel_is_full_at_its_capacity() {
    run(|| async {
        let (sender, mut receiver) = channel(1);
        assert_eq!((sender.capacity(), sender.max_capacity()), (1, 1));
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
        assert_eq!((sender.capacity(), receiver.len(), receiver.is_empty()), (0, 1, false));
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.capacity(), 1);
        drop(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn to_wait_for_a_place_has_a_limit() {
    run(|| async {
        let limit = std::time::Duration::from_millis(2);
        let (sender, mut receiver) = channel(1);
        sender.send_timeout(1, limit).await.unwrap();
        assert_eq!(sender.send_timeout(2, limit).await, Err(SendTimeoutError::Timeout(2)));
        assert_eq!(receiver.recv().await, Some(1));
        receiver.close();
        assert_eq!(sender.send_timeout(3, limit).await, Err(SendTimeoutError::Closed(3)));
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn senders_get_places_in_the_order_in_which_they_began_to_wait() {
    run(|| async {
        let (sender, mut receiver) = channel(1);
        sender.send(0).await.unwrap();
        let mut first = waiting(sender.send(1)).await;
        let mut second = waiting(sender.send(2)).await;
        assert_eq!(receiver.recv().await, Some(0));
        assert!(poll(&mut second).await.is_pending());
        assert!(matches!(sender.try_send(3), Err(TrySendError::Full(3))));
        assert!(poll(&mut first).await.is_ready());
        assert_eq!(receiver.recv().await, Some(1));
        assert!(poll(&mut second).await.is_ready());
        assert_eq!(receiver.recv().await, Some(2));
    });
}

#[test]
fn to_give_up_sending_leaves_the_queue_and_to_give_up_receiving_loses_nothing() {
    run(|| async {
        let (sender, mut receiver) = channel(1);
        sender.send(0).await.unwrap();
        let first = waiting(sender.send(1)).await;
        let mut second = waiting(sender.send(2)).await;
        drop(first);
        assert_eq!(receiver.recv().await, Some(0));
        assert!(poll(&mut second).await.is_ready());
        assert_eq!(receiver.recv().await, Some(2));
        let receiving = waiting(receiver.recv()).await;
        sender.send(3).await.unwrap();
        drop(receiving);
        assert_eq!(receiver.recv().await, Some(3));
        // A place that was assigned already goes to the next.
        sender.send(4).await.unwrap();
        let third = waiting(sender.send(5)).await;
        let mut fourth = waiting(sender.send(6)).await;
        assert_eq!(receiver.recv().await, Some(4));
        drop(third);
        assert!(poll(&mut fourth).await.is_ready());
        assert_eq!(receiver.recv().await, Some(6));
    });
}

#[test]
fn what_was_sent_before_closing_can_be_received_after_it() {
    run(|| async {
        let (sender, mut receiver) = channel(3);
        sender.send(1).await.unwrap();
        let permit = sender.reserve().await.unwrap();
        receiver.close();
        assert!(sender.is_closed() && receiver.is_closed());
        sender.closed().await;
        assert_eq!(sender.send(2).await, Err(SendError(2)));
        assert_eq!(receiver.recv().await, Some(1));
        // A place that was had before the end is still good.
        drop(waiting(receiver.recv()).await);
        permit.send(3);
        assert_eq!(receiver.recv().await, Some(3));
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn a_message_sent_by_permit_stays_in_a_channel_without_a_receiver() {
    run(|| async {
        let drops = Drops::default();
        let (sender, receiver) = channel(2);
        let permit = sender.reserve().await.unwrap();
        sender.send(drops.value(1)).await.unwrap();
        drop(receiver);
        assert_eq!(drops.count(), 1);
        permit.send(drops.value(2));
        assert_eq!(drops.count(), 1);
        drop(sender);
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn the_message_comes_back_if_the_receiver_is_gone() {
    run(|| async {
        let drops = Drops::default();
        let (sender, receiver) = channel(1);
        sender.send(drops.value(0)).await.unwrap();
        let sending = waiting(sender.send(drops.value(1))).await;
        drop(receiver);
        assert_eq!(sending.await.unwrap_err().0.0, 1);
        assert!(matches!(sender.try_send(drops.value(2)), Err(TrySendError::Closed(value)) if value.0 == 2));
        assert_eq!(drops.count(), 3);
        let (sender, receiver) = unbounded_channel();
        drop(receiver);
        assert_eq!(sender.send(drops.value(3)).unwrap_err().0.0, 3);
        assert_eq!(drops.count(), 4);
    });
}

#[test]
fn places_are_reserved_and_given_back() {
    run(|| async {
        let (sender, mut receiver) = channel(3);
        let mut permits = sender.reserve_many(2).await.unwrap();
        assert_eq!((permits.len(), sender.capacity()), (2, 1));
        permits.next().unwrap().send(1);
        drop(permits);
        assert_eq!(sender.capacity(), 2);
        assert!(sender.reserve_many(4).await.is_err());
        assert!(matches!(sender.try_reserve_many(3), Err(TrySendError::Full(()))));
        assert_eq!(sender.try_reserve_many(2).unwrap().count(), 2);
        drop(sender.reserve().await.unwrap());
        let permit = sender.clone().reserve_owned().await.unwrap();
        assert!(permit.same_channel_as_sender(&sender));
        let permit = permit.send(2).try_reserve_owned().unwrap();
        assert!(matches!(sender.clone().try_reserve_owned(), Err(TrySendError::Full(_))));
        assert!(permit.release().same_channel(&sender));
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), Some(2)));
        let permit = sender.reserve_owned().await.unwrap();
        drop(permit);
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn many_are_received_at_once() {
    run(|| async {
        let (sender, mut receiver) = unbounded_channel();
        for number in 0..5 {
            sender.send(number).unwrap();
        }
        let mut buffer = vec![9];
        assert_eq!(receiver.recv_many(&mut buffer, 3).await, 3);
        assert_eq!(receiver.recv_many(&mut buffer, 0).await, 0);
        assert_eq!(receiver.recv_many(&mut buffer, 3).await, 2);
        assert_eq!(buffer, [9, 0, 1, 2, 3, 4]);
        drop(sender);
        assert_eq!(receiver.recv_many(&mut buffer, 3).await, 0);
    });
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    run(|| async {
        let (sender, mut receiver) = channel::<u32>(1);
        let weak = sender.downgrade();
        assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
        let other = weak.upgrade().unwrap();
        assert_eq!(receiver.sender_strong_count(), 2);
        drop((sender, other));
        assert!(weak.upgrade().is_none());
        assert_eq!(receiver.recv().await, None);
        let (sender, mut receiver) = unbounded_channel::<u32>();
        let weak = sender.downgrade();
        weak.clone().upgrade().unwrap().send(1).unwrap();
        drop(sender);
        assert!(weak.upgrade().is_none());
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), None));
    });
}

#[test]
fn messages_are_dropped_with_the_receiver_in_order() {
    struct Last(u32, std::sync::Arc<std::sync::Mutex<Vec<u32>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    run(|| async {
        let dropped = std::sync::Arc::default();
        let (sender, receiver) = channel(4);
        for number in 0..3 {
            sender.try_send(Last(number, std::sync::Arc::clone(&dropped))).ok().unwrap();
        }
        drop(receiver);
        assert_eq!(*dropped.lock().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn a_message_may_have_an_end_of_its_own_channel() {
    run(|| async {
        let (sender, receiver) = unbounded_channel::<Option<mpsc::UnboundedSender<()>>>();
        let (inner, mut end) = unbounded_channel();
        sender.send(Some(inner)).unwrap();
        sender.send(None).unwrap();
        let task = spawn(async move { end.recv().await });
        drop(receiver);
        assert_eq!(task.await.unwrap(), None);
    });
}

#[test]
fn closed_waits_for_the_receiver() {
    run(|| async {
        let (sender, receiver) = channel::<u32>(1);
        let closed = waiting(sender.closed()).await;
        let task = spawn(async move { drop(receiver) });
        closed.await;
        task.await.unwrap();
    });
}
