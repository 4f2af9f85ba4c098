//! parking: an `unpark` before or during a `park` ends it, and one that times out keeps nothing from the next.

use std::thread;
use std::time::Duration;

#[drawloom::test]
fn whoever_is_unparked_goes_on() {
    let (parker, unparker) = parking::pair();
    let other = thread::spawn(move || parker.park());
    unparker.unpark();
    other.join().unwrap();
}

#[drawloom::test(timeouts = "any")]
fn a_timeout_does_not_eat_the_unparking() {
    let (parker, unparker) = parking::pair();
    let other = thread::spawn(move || unparker.unpark());
    if !parker.park_timeout(Duration::from_millis(1)) {
        parker.park();
    }
    other.join().unwrap();
}

#[drawloom::test]
fn the_first_of_two_is_enough() {
    let (parker, unparker) = parking::pair();
    let others = [unparker.clone(), unparker].map(|unparker| thread::spawn(move || unparker.unpark()));
    parker.park();
    for other in others {
        other.join().unwrap();
    }
}
