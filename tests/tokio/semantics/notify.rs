//! `sync::Notify`.

use std::sync::Arc;

use super::super::{poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::Notify;

#[test]
fn one_permit_is_stored() {
    run(|| async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        drop(waiting(notify.notified()).await);
    });
}

#[test]
fn to_notify_waiters_stores_nothing_but_counts_from_the_call_of_notified_on() {
    run(|| async {
        let notify = Notify::new();
        notify.notify_waiters();
        let mut waits = waiting(notify.notified()).await;
        let unpolled = notify.notified();
        notify.notify_waiters();
        assert!(poll(&mut waits).await.is_ready());
        unpolled.await;
        drop(waiting(notify.notified()).await);
    });
}

#[test]
fn notify_one_takes_the_first_and_notify_last_the_last() {
    run(|| async {
        let notify = Notify::new();
        let mut all =
            [waiting(notify.notified()).await, waiting(notify.notified()).await, waiting(notify.notified()).await];
        notify.notify_last();
        assert!(poll(&mut all[0]).await.is_pending());
        assert!(poll(&mut all[2]).await.is_ready());
        notify.notify_one();
        assert!(poll(&mut all[1]).await.is_pending());
        assert!(poll(&mut all[0]).await.is_ready());
    });
}

#[test]
fn a_notification_that_is_given_up_goes_to_the_next() {
    run(|| async {
        let notify = Notify::new();
        let first = waiting(notify.notified()).await;
        let mut second = waiting(notify.notified()).await;
        notify.notify_one();
        drop(first);
        assert!(poll(&mut second).await.is_ready());
    });
}

#[test]
fn to_enable_takes_a_place_in_the_queue() {
    run(|| async {
        let notify = Notify::new();
        let mut first = Box::pin(notify.notified());
        assert!(!first.as_mut().enable());
        let mut second = waiting(notify.notified()).await;
        notify.notify_one();
        assert!(poll(&mut second).await.is_pending());
        assert!(first.as_mut().enable());
        first.await;
        notify.notify_one();
        second.await;
        notify.notify_one();
        let mut third = Box::pin(notify.notified());
        assert!(third.as_mut().enable());
    });
}

#[test]
fn one_may_be_in_a_static_and_waited_for_without_a_borrow() {
    static NOTIFY: Notify = Notify::const_new();
    run(|| async {
        let task = spawn(NOTIFY.notified());
        NOTIFY.notify_waiters();
        NOTIFY.notify_one();
        task.await.unwrap();
        // What has been left over is of no concern.
        let notify = Arc::new(Notify::new());
        let task = spawn(Arc::clone(&notify).notified_owned());
        notify.notify_one();
        task.await.unwrap();
    });
}
