//! Finds what `event-listener` 5.3.1 repaired: a notification that is dropped, since `notify` looks without a lock
//! whether there is a listener, and reads a value that weak memory lets it read. The last waiter waits for ever.
//!
//! shims/loom/try.sh --add shims/loom/explorations/event-listener.rs event-listener 5.3.0 added

use event_listener::{Event, Listener};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Takes one of `left`, if there is one.
fn take(left: &AtomicUsize) -> bool {
    let mut found = left.load(Ordering::Acquire);
    while found > 0 {
        match left.compare_exchange(found, found - 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return true,
            Err(other) => found = other,
        }
    }
    false
}

#[test]
fn added_every_waiter_is_notified() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let left = Arc::new(AtomicUsize::new(0));
        let waiters = [0, 1].map(|_| {
            let (event, left) = (event.clone(), left.clone());
            thread::spawn(move || {
                while !take(&left) {
                    let listener = event.listen();
                    if take(&left) {
                        break;
                    }
                    listener.wait();
                }
                // Perhaps there is one more, and its notification came here.
                event.notify(1);
            })
        });
        for _ in 0..2 {
            left.fetch_add(1, Ordering::Release);
            event.notify(1);
        }
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}
