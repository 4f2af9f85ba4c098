//! `sync::Semaphore`.

use std::sync::Arc;

use super::super::{poll, waiting};
use super::run;
use super::tokio::sync::{Semaphore, TryAcquireError};

#[test]
fn permits_are_given_in_order_even_if_a_later_one_wants_fewer() {
    run(|| async {
        let semaphore = Semaphore::new(1);
        let mut many = waiting(semaphore.acquire_many(2)).await;
        let mut one = waiting(semaphore.acquire()).await;
        assert!(matches!(semaphore.try_acquire(), Err(TryAcquireError::NoPermits)));
        semaphore.add_permits(1);
        assert!(poll(&mut one).await.is_pending());
        let permits = match poll(&mut many).await {
            std::task::Poll::Ready(permits) => permits.unwrap(),
            std::task::Poll::Pending => panic!("there are two permits"),
        };
        assert_eq!(permits.num_permits(), 2);
        drop(permits);
        one.await.unwrap().forget();
        assert_eq!(semaphore.available_permits(), 1);
        assert_eq!(semaphore.forget_permits(3), 1);
    });
}

#[test]
fn to_give_up_waiting_gives_back_what_was_assigned() {
    run(|| async {
        let semaphore = Semaphore::new(1);
        let many = waiting(semaphore.acquire_many(3)).await;
        let mut one = waiting(semaphore.acquire()).await;
        semaphore.add_permits(1);
        drop(many);
        assert!(poll(&mut one).await.is_ready());
        drop(one);
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn closing_is_an_error_for_all() {
    run(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let mut permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
        let waits = waiting(semaphore.acquire()).await;
        semaphore.close();
        assert!(waits.await.is_err() && semaphore.is_closed());
        assert!(matches!(semaphore.try_acquire(), Err(TryAcquireError::Closed)));
        assert!(permit.split(2).is_none());
        let other = permit.split(1).unwrap();
        permit.merge(other);
        drop(permit);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn permits_are_taken_where_a_thread_may_block() {
    super::run_plain(|| {
        let semaphore = std::sync::Arc::new(Semaphore::new(3));
        let one = semaphore.blocking_acquire().unwrap();
        let two = std::sync::Arc::clone(&semaphore).blocking_acquire_many_owned(2).unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        drop((one, two));
        drop(semaphore.blocking_acquire_many(2).unwrap());
        drop(std::sync::Arc::clone(&semaphore).blocking_acquire_owned().unwrap());
        semaphore.close();
        assert!(semaphore.blocking_acquire().is_err());
    });
}
