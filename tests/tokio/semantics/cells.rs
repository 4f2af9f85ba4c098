//! `sync::OnceCell` and `sync::SetOnce`.

use std::sync::Arc;

use super::super::{Drops, poll, waiting};
use super::run;
use super::tokio::spawn;
use super::tokio::sync::{OnceCell, SetError, SetOnce, SetOnceError};

#[test]
fn a_value_is_made_once() {
    run(|| async {
        let cell = Arc::new(OnceCell::new());
        let made = Drops::default();
        let tasks = [0, 1].map(|_| {
            let (cell, made) = (Arc::clone(&cell), made.clone());
            spawn(async move { *cell.get_or_init(|| async { drop(made.value(0)); 7 }).await })
        });
        for task in tasks {
            assert_eq!(task.await.unwrap(), 7);
        }
        assert_eq!((made.count(), cell.get()), (1, Some(&7)));
    });
}

#[test]
fn who_waits_makes_the_value_if_the_first_fails_or_gives_up() {
    run(|| async {
        let cell = OnceCell::new();
        assert_eq!(cell.get_or_try_init(|| async { Err::<u32, _>("failed") }).await, Err("failed"));
        assert!(!cell.initialized());
        let first = waiting(cell.get_or_init(std::future::pending)).await;
        let mut second = waiting(cell.get_or_init(|| async { 2 })).await;
        assert_eq!(cell.set(3), Err(SetError::InitializingError(3)));
        drop(first);
        assert!(poll(&mut second).await.is_ready());
        assert_eq!(cell.set(3), Err(SetError::AlreadyInitializedError(3)));
        assert_eq!(cell.get(), Some(&2));
    });
}

#[test]
fn a_cell_is_set_and_emptied() {
    run(|| async {
        let drops = Drops::default();
        let mut cell = OnceCell::new_with(Some(drops.value(1)));
        assert!(cell.set(drops.value(2)).is_err());
        assert_eq!(drops.count(), 1);
        cell.get_mut().unwrap().0 = 5;
        assert_eq!(cell.take().unwrap().0, 5);
        assert!(cell.get().is_none());
        cell.set(drops.value(3)).unwrap();
        assert_eq!(cell.into_inner().unwrap().0, 3);
        assert_eq!(drops.count(), 3);
        let cell = OnceCell::from(1);
        assert_eq!((cell.clone(), format!("{cell:?}")), (cell, "OnceCell { value: Some(1) }".to_owned()));
    });
}

#[test]
fn one_in_a_static_is_found_set_or_made() {
    static CELL: OnceCell<u32> = OnceCell::const_new();
    static GIVEN: OnceCell<u32> = OnceCell::const_new_with(4);
    run(|| async {
        assert_eq!(CELL.get_or_init(|| async { 3 }).await, &3);
        assert_eq!(GIVEN.get(), Some(&4));
    });
}

#[test]
fn who_waits_gets_what_is_set_once() {
    run(|| async {
        let cell = Arc::new(SetOnce::new());
        let tasks = [0, 1].map(|_| {
            let cell = Arc::clone(&cell);
            spawn(async move { *cell.wait().await })
        });
        let waits = waiting(cell.wait()).await;
        cell.set(1).unwrap();
        assert_eq!(cell.set(2), Err(SetOnceError(2)));
        assert_eq!(waits.await, &1);
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1);
        }
        assert!(cell.initialized());
        assert_eq!(Arc::into_inner(cell).unwrap().into_inner(), Some(1));
        assert_eq!(SetOnce::const_new_with(3).get(), Some(&3));
    });
}
