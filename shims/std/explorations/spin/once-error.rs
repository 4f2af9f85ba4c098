//! spin 0.9.3 to 0.9.7: while one initializer of a `Once` fails, another one that waits for it takes the `Once` for
//! initialized. RUSTSEC-2023-0031, fixed in 0.9.8. What is undefined behaviour in a release build panics in a
//! debug build, which this is.

use std::sync::Arc;
use std::thread;

use spin::Once;

#[drawloom::test(executions = 2_000)]
fn a_failed_initializer_leaves_it_to_the_next() {
    let once = Arc::new(Once::<u32>::new());
    let theirs = once.clone();
    let other = thread::spawn(move || {
        assert!(matches!(theirs.try_call_once(|| Err::<u32, &str>("on purpose")), Err(_) | Ok(7)));
    });
    assert_eq!(once.try_call_once(|| Ok::<u32, ()>(7)), Ok(&7));
    other.join().unwrap();
}
