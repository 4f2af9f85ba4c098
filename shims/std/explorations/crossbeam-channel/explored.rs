//! crossbeam-channel: messages arrive once and in order, and the last sender's end is seen.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, select, unbounded};

#[drawloom::test(executions = 2_000)]
fn messages_of_each_sender_come_in_order() {
    let (sender, receiver) = unbounded();
    let others = [0, 10].map(|base| {
        let sender = sender.clone();
        thread::spawn(move || {
            for value in 1..=2 {
                sender.send(base + value).unwrap();
            }
        })
    });
    drop(sender);
    let received: Vec<u32> = receiver.iter().collect();
    assert_eq!(received.iter().filter(|value| **value < 10).collect::<Vec<_>>(), [&1, &2]);
    assert_eq!(received.iter().filter(|value| **value > 10).collect::<Vec<_>>(), [&11, &12]);
    for other in others {
        other.join().unwrap();
    }
}

#[drawloom::test(executions = 2_000)]
fn a_channel_without_room_hands_over() {
    let (sender, receiver) = bounded(0);
    let other = thread::spawn(move || sender.send(7).unwrap());
    assert_eq!(receiver.recv(), Ok(7));
    assert!(receiver.recv().is_err());
    other.join().unwrap();
}

#[drawloom::test(executions = 2_000)]
fn a_full_channel_lets_wait() {
    let (sender, receiver) = bounded(1);
    let other = thread::spawn(move || {
        for value in 0..3 {
            sender.send(value).unwrap();
        }
    });
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2]);
    other.join().unwrap();
}

#[drawloom::test(executions = 2_000, timeouts = "any")]
fn a_selection_loses_nothing() {
    let (left, from_left) = bounded(1);
    let (right, from_right) = bounded(1);
    // Kept here as well: a channel without sender would be ready for ever.
    let others = [(&left, 1), (&right, 2)].map(|(sender, value)| {
        let sender = sender.clone();
        thread::spawn(move || sender.send(value).unwrap())
    });
    let mut sum = 0;
    while sum < 3 {
        select! {
            recv(from_left) -> value => sum += value.unwrap(),
            recv(from_right) -> value => sum += value.unwrap(),
            default(Duration::from_millis(1)) => thread::yield_now(),
        }
    }
    for other in others {
        other.join().unwrap();
    }
}
