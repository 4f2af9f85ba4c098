//! `sync::watch`.

use super::super::{Drops, poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::watch::{Sender, channel};

#[test]
fn versions_are_seen() {
    run(|| async {
        let (sender, mut receiver) = channel(0);
        assert!(!receiver.has_changed().unwrap());
        sender.send(1).unwrap();
        assert!(receiver.has_changed().unwrap() && receiver.borrow().has_changed());
        assert_eq!(*receiver.borrow(), 1);
        assert!(receiver.has_changed().unwrap());
        {
            let value = receiver.borrow_and_update();
            assert_eq!((*value, value.has_changed()), (1, true));
        }
        assert!(!receiver.has_changed().unwrap() && !receiver.borrow().has_changed());
        receiver.mark_changed();
        assert!(receiver.has_changed().unwrap());
        receiver.changed().await.unwrap();
        sender.send(2).unwrap();
        receiver.mark_unchanged();
        assert!(poll(&mut Box::pin(receiver.changed())).await.is_pending());
        assert_eq!(*sender.borrow(), 2);
    });
}

#[test]
fn only_the_last_value_is_kept() {
    run(|| async {
        let drops = Drops::default();
        let (sender, mut receiver) = channel(drops.value(0));
        sender.send(drops.value(1)).unwrap();
        assert_eq!(drops.count(), 1);
        assert_eq!(sender.send_replace(drops.value(2)).0, 1);
        assert_eq!(drops.count(), 2);
        receiver.changed().await.unwrap();
        assert_eq!(receiver.borrow().0, 2);
        drop(sender);
        assert_eq!((receiver.borrow().0, drops.count()), (2, 2));
        drop(receiver);
        assert_eq!(drops.count(), 3);
    });
}

#[test]
fn without_senders_a_new_version_comes_before_the_error() {
    run(|| async {
        let (sender, mut receiver) = channel(0);
        let other = sender.clone();
        assert!(sender.same_channel(&other));
        other.send(1).unwrap();
        drop((sender, other));
        assert!(receiver.has_changed().is_err());
        assert!(receiver.changed().await.is_ok());
        assert!(receiver.changed().await.is_err());
        assert_eq!(*receiver.borrow(), 1);
    });
}

#[test]
fn changed_is_woken_by_values_and_by_the_end() {
    run(|| async {
        let (sender, mut receiver) = channel(0);
        let task = spawn(async move {
            receiver.changed().await.unwrap();
            let first = *receiver.borrow();
            (first, receiver.changed().await.is_err())
        });
        sender.send(1).unwrap();
        drop(sender);
        assert_eq!(task.await.unwrap(), (1, true));
    });
}

#[test]
fn wait_for_finds_the_present_value_and_later_ones() {
    run(|| async {
        let (sender, mut receiver) = channel(1);
        assert_eq!(*receiver.wait_for(|&value| value == 1).await.unwrap(), 1);
        let task = spawn(async move {
            let found = *receiver.wait_for(|&value| value >= 3).await.unwrap();
            let seen = receiver.has_changed();
            (found, seen.is_ok(), receiver)
        });
        let holder = sender.clone();
        for value in 2..4 {
            sender.send(value).unwrap();
        }
        let (found, _, mut receiver) = task.await.unwrap();
        assert_eq!(found, 3);
        drop((sender, holder));
        assert!(receiver.wait_for(|&value| value == 9).await.is_err());
        assert!(receiver.wait_for(|&value| value == 3).await.is_ok());
    });
}

#[test]
fn what_is_not_modified_is_not_told() {
    run(|| async {
        let (sender, mut receiver) = channel(1);
        assert!(!sender.send_if_modified(|value| {
            *value = 2;
            false
        }));
        assert!(!receiver.has_changed().unwrap());
        assert_eq!(*receiver.borrow(), 2);
        let mut changed = waiting(receiver.changed()).await;
        sender.send_modify(|value| *value += 1);
        assert!(poll(&mut changed).await.is_ready());
        drop(changed);
        assert_eq!(*receiver.borrow(), 3);
        let failed = std::panic::AssertUnwindSafe(|| sender.send_modify(|_| std::panic::resume_unwind(Box::new(()))));
        assert!(std::panic::catch_unwind(failed).is_err());
        assert!(!receiver.has_changed().unwrap());
        sender.send(4).unwrap();
        assert_eq!(*receiver.borrow(), 4);
    });
}

#[test]
fn a_channel_without_receivers_takes_no_values_by_send() {
    run(|| async {
        let sender = Sender::new(0);
        assert!(sender.is_closed());
        assert_eq!(sender.send(1).unwrap_err().0, 1);
        sender.send_replace(2);
        sender.closed().await;
        let receiver = sender.subscribe();
        assert!(!receiver.has_changed().unwrap() && *receiver.borrow() == 2);
        let other = receiver.clone();
        assert!(other.same_channel(&receiver));
        assert_eq!((sender.receiver_count(), sender.sender_count()), (2, 1));
        let closed = waiting(sender.closed()).await;
        let task = spawn(async move { drop((receiver, other)) });
        closed.await;
        task.await.unwrap();
    });
}
