//! `sync::RwLock`.

use std::sync::Arc;

use super::super::{poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};

#[test]
fn many_read_or_one_writes() {
    run(|| async {
        let lock = RwLock::new(1);
        let (first, second) = (lock.read().await, lock.try_read().unwrap());
        assert_eq!((*first, *second), (1, 1));
        assert!(lock.try_write().is_err());
        drop((first, second));
        let mut writer = lock.try_write().unwrap();
        *writer = 2;
        assert!(lock.try_read().is_err() && lock.try_write().is_err());
        drop(writer);
        assert_eq!(*lock.read().await, 2);
        assert_eq!(lock.into_inner(), 2);
    });
}

#[test]
fn readers_wait_behind_a_writer() {
    run(|| async {
        let lock = RwLock::new(());
        let reader = lock.read().await;
        let mut writes = waiting(lock.write()).await;
        let mut reads = waiting(lock.read()).await;
        assert!(lock.try_read().is_err());
        drop(reader);
        assert!(poll(&mut reads).await.is_pending());
        assert!(poll(&mut writes).await.is_ready());
        drop(writes);
        drop(reads.await);
        // A writer that gives up lets readers pass.
        let reader = lock.read().await;
        let writes = waiting(lock.write()).await;
        let mut reads = waiting(lock.read()).await;
        drop(writes);
        assert!(poll(&mut reads).await.is_ready());
        drop(reader);
    });
}

#[test]
fn there_is_a_limit_of_readers() {
    run(|| async {
        let lock = RwLock::with_max_readers(0, 2);
        let (first, _second) = (lock.read().await, lock.read().await);
        assert!(lock.try_read().is_err());
        drop(first);
        assert!(lock.try_read().is_ok());
    });
}

#[test]
fn guards_are_of_parts_and_downgrade() {
    run(|| async {
        let lock = Arc::new(RwLock::new((1, 2)));
        let part = RwLockReadGuard::map(lock.read().await, |pair| &pair.1);
        assert_eq!(*part, 2);
        let part = RwLockReadGuard::try_map(part, |_| None::<&u32>).unwrap_err();
        drop(part);
        let mut part = RwLockWriteGuard::map(lock.write().await, |pair| &mut pair.0);
        *part = 5;
        drop(part);
        let waits = {
            let writer = lock.write().await;
            let waits = waiting(lock.write()).await;
            let reader = writer.downgrade();
            assert_eq!(reader.0, 5);
            waits
        };
        let reader = RwLockWriteGuard::downgrade_map(waits.await, |pair| &pair.0);
        assert!(lock.try_write().is_err() && lock.try_read().is_ok());
        drop(reader);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn owned_guards_do_the_same() {
    run(|| async {
        let lock = Arc::new(RwLock::new((1, 2)));
        let other = Arc::clone(&lock);
        let task = spawn(async move { other.write_owned().await.1 += 1 });
        task.await.unwrap();
        let part = OwnedRwLockReadGuard::map(Arc::clone(&lock).read_owned().await, |pair| &pair.1);
        assert_eq!(*part, 3);
        assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&part), &lock));
        drop(part);
        let writer = Arc::clone(&lock).try_write_owned().unwrap();
        let mut part = OwnedRwLockWriteGuard::map(writer, |pair| &mut pair.0);
        *part = 7;
        let part = OwnedRwLockMappedWriteGuard::try_map(part, |_| None::<&mut u32>).unwrap_err();
        assert!(lock.try_read().is_err());
        drop(part);
        let reader = Arc::clone(&lock).write_owned().await.downgrade();
        assert_eq!(*reader, (7, 3));
        assert!(Arc::clone(&lock).try_read_owned().is_ok() && Arc::clone(&lock).try_write_owned().is_err());
    });
}
