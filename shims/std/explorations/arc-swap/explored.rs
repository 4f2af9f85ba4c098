//! arc-swap: a load gives a value that was there, and every value is dropped once.

use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwap;

#[drawloom::test(executions = 3_000)]
fn loads_see_what_was_stored() {
    let values = [(); 3].map(|()| Arc::new(()));
    let shared = Arc::new(ArcSwap::new(values[0].clone()));
    let others = [1, 2].map(|index| {
        let (shared, value) = (shared.clone(), values[index].clone());
        thread::spawn(move || shared.store(value))
    });
    for _ in 0..2 {
        let loaded = shared.load();
        assert!(values.iter().any(|value| Arc::ptr_eq(value, &loaded)));
    }
    for other in others {
        other.join().unwrap();
    }
    drop(shared);
    assert_eq!(values.map(|value| Arc::strong_count(&value)), [1; 3]);
}

#[drawloom::test(executions = 3_000)]
fn updates_do_not_get_lost() {
    let counter = Arc::new(ArcSwap::from_pointee(0));
    let theirs = counter.clone();
    let other = thread::spawn(move || {
        theirs.rcu(|count| **count + 1);
    });
    counter.rcu(|count| **count + 1);
    other.join().unwrap();
    assert_eq!(**counter.load(), 2);
}
