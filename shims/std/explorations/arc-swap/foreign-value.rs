//! arc-swap up to 1.9.4: a load that is interrupted between its look at the pointer and its claim on it can return
//! what is stored in another instance, if the memory is used again there.
//! https://github.com/vorner/arc-swap/issues/210, fixed in 1.9.5.

use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwap;

#[drawloom::test]
fn a_load_sees_what_was_stored_in_this_instance() {
    let [small, large] = [1, 100].map(|value| Arc::new(ArcSwap::from_pointee(value)));
    let (ours, next, last) = (small.clone(), Arc::new(2), Arc::new(102));
    let other = thread::spawn(move || {
        small.store(next);
        // Most likely where the first small value was until now.
        large.store(Arc::new(101));
        large.store(last);
    });
    let loaded = **ours.load();
    assert!(loaded < 100, "{loaded} was never stored here");
    other.join().unwrap();
}
