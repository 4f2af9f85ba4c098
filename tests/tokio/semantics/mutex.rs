//! `sync::Mutex`.

use std::sync::Arc;

use super::super::{poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

#[test]
fn one_at_a_time_has_it() {
    run(|| async {
        let mutex = Arc::new(Mutex::new(0));
        let tasks = [0, 1].map(|_| {
            let mutex = Arc::clone(&mutex);
            spawn(async move { *mutex.lock().await += 1 })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*mutex.lock().await, 2);
        assert_eq!(Arc::into_inner(mutex).unwrap().into_inner(), 2);
    });
}

#[test]
fn it_goes_to_who_waits_longest_and_who_gives_up_is_passed_over() {
    run(|| async {
        let mutex = Mutex::new(());
        let guard = mutex.lock().await;
        let first = waiting(mutex.lock()).await;
        let mut second = waiting(mutex.lock()).await;
        let mut third = waiting(mutex.lock()).await;
        drop(guard);
        // It has been handed over already.
        assert!(mutex.try_lock().is_err());
        drop(first);
        assert!(poll(&mut third).await.is_pending());
        assert!(poll(&mut second).await.is_ready());
        drop(second);
        drop(third.await);
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn guards_are_of_parts() {
    run(|| async {
        let mutex = Arc::new(Mutex::new((1, 2)));
        let mut part = MutexGuard::map(mutex.lock().await, |pair| &mut pair.1);
        *part += 1;
        assert!(mutex.try_lock().is_err());
        drop(part);
        let owned = Arc::clone(&mutex).lock_owned().await;
        let mut part = OwnedMutexGuard::map(owned, |pair| &mut pair.0);
        *part += 1;
        drop(part);
        let owned = Arc::clone(&mutex).lock_owned().await;
        let owned = OwnedMutexGuard::try_map(owned, |_| None::<&mut i32>).unwrap_err();
        let part = OwnedMutexGuard::try_map(owned, |pair| Some(pair)).unwrap();
        let part = OwnedMappedMutexGuard::try_map(part, |_| None::<&mut i32>).unwrap_err();
        let part = OwnedMappedMutexGuard::try_map(part, |pair| Some(&mut pair.1)).unwrap();
        assert_eq!(*OwnedMappedMutexGuard::map(part, |number| number), 3);
        let part = MutexGuard::map(mutex.lock().await, |pair| pair);
        let part = MappedMutexGuard::try_map(part, |_| None::<&mut i32>).unwrap_err();
        assert_eq!(*MappedMutexGuard::try_map(part, |pair| Some(&mut pair.0)).unwrap(), 2);
        assert_eq!(format!("{mutex:?}"), format!("{:?}", Mutex::new((2, 3))));
        assert_eq!(*mutex.try_lock().unwrap(), (2, 3));
    });
}
