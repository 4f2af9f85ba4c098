use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use drawloom::sync::atomic::{AtomicBool, Ordering};
use drawloom::sync::mpsc::{
    RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError, channel, sync_channel,
};
use drawloom::{FailureKind, Timeouts, thread};

use crate::{Counted, fails, leaves_none, outcomes, passes, random};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn messages_of_one_sender_arrive_in_order_and_of_several_in_any() {
    let orders = outcomes(random(), || {
        let (sender, receiver) = channel();
        let other = sender.clone();
        thread::spawn(move || {
            other.send(1).unwrap();
            other.send(2).unwrap();
        });
        thread::spawn(move || sender.send(3).unwrap());
        let received: Vec<i32> = receiver.iter().collect();
        assert_eq!(receiver.recv(), Err(RecvError));
        received
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2, 3], vec![1, 3, 2], vec![3, 1, 2]]));
}

#[test]
fn an_attempt_to_receive_tells_empty_from_disconnected() {
    let seen = outcomes(random(), || {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || sender.send(1).unwrap());
        let first = receiver.try_recv();
        thread.join().unwrap();
        match first {
            Ok(1) => assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected)),
            Err(TryRecvError::Empty) => assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]),
            other => panic!("{other:?}"),
        }
        first.is_ok()
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn a_send_fails_once_the_receiver_is_gone() {
    let seen = outcomes(random(), || {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || drop(receiver));
        let early = sender.send(1);
        thread.join().unwrap();
        assert_eq!(sender.send(2), Err(SendError(2)));
        early.is_ok()
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn a_full_channel_makes_senders_wait() {
    passes(random(), || {
        let (sender, receiver) = sync_channel(2);
        sender.send(0).unwrap();
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        let received = AtomicBool::new(false);
        thread::scope(|scope| {
            let received = &received;
            scope.spawn(move || {
                sender.send(2).unwrap();
                assert!(received.load(Ordering::Relaxed));
            });
            received.store(true, Ordering::Relaxed);
            assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
        });
    });
}

#[test]
fn a_full_channel_nobody_empties_is_a_deadlock() {
    let report = fails(FailureKind::Deadlock, random(), || {
        let (sender, _receiver) = sync_channel(1);
        sender.send(1).unwrap();
        sender.send(2).unwrap();
    });
    assert!(report.to_string().contains("channel"), "{report}");
}

#[test]
fn a_sender_that_never_sends_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || {
        let (_sender, receiver) = channel::<()>();
        let _ = receiver.recv();
    });
}

#[test]
fn a_waiting_sender_gets_its_message_back_when_the_receiver_goes() {
    passes(random(), || {
        let (sender, receiver) = sync_channel(1);
        sender.send(1).unwrap();
        let thread = thread::spawn(move || drop(receiver));
        assert_eq!(sender.send(2), Err(SendError(2)));
        assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
        thread.join().unwrap();
    });
}

#[test]
fn a_rendezvous_hands_over() {
    passes(random(), || {
        let (sender, receiver) = sync_channel(0);
        let asked = AtomicBool::new(false);
        thread::scope(|scope| {
            let asked = &asked;
            scope.spawn(move || {
                for n in 0..2 {
                    sender.send(n).unwrap();
                    assert!(asked.load(Ordering::Relaxed));
                }
            });
            asked.store(true, Ordering::Relaxed);
            assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1]);
        });
    });
}

#[test]
fn a_rendezvous_of_several_senders_loses_nothing() {
    let orders = outcomes(random(), || {
        let (sender, receiver) = sync_channel(0);
        for n in 0..3 {
            let sender = sender.clone();
            thread::spawn(move || sender.send(n).unwrap());
        }
        drop(sender);
        receiver.iter().collect::<Vec<_>>()
    });
    assert_eq!(orders.len(), 6);
}

#[test]
fn an_attempt_at_a_rendezvous_needs_a_waiting_receiver() {
    let seen = outcomes(random(), || {
        let (sender, receiver) = sync_channel(0);
        let thread = thread::spawn(move || receiver.recv());
        let sent = sender.try_send(1);
        drop(sender);
        let received = thread.join().unwrap();
        match sent {
            Ok(()) => assert_eq!(received, Ok(1)),
            Err(error) => assert_eq!((error, received), (TrySendError::Full(1), Err(RecvError))),
        }
        sent.is_ok()
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn a_rendezvous_whose_receiver_goes_returns_the_message() {
    let seen = outcomes(random(), || {
        let (sender, receiver) = sync_channel(0);
        let thread = thread::spawn(move || receiver.try_recv());
        let sent = sender.send(1);
        let received = thread.join().unwrap();
        assert_eq!(sent.is_ok(), received.is_ok());
        sent.is_ok()
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn a_receive_with_timeout_waits_in_virtual_time() {
    let body = || {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            sender
        });
        let received = receiver.recv_timeout(SECOND);
        let sender = thread.join().unwrap();
        if received.is_ok() {
            assert_eq!(receiver.recv_timeout(SECOND), Err(RecvTimeoutError::Timeout));
        } else {
            assert_eq!(receiver.recv_timeout(Duration::MAX), Ok(1));
        }
        drop(sender);
        assert_eq!(receiver.recv_timeout(SECOND), Err(RecvTimeoutError::Disconnected));
        received.is_ok()
    };
    assert_eq!(outcomes(random(), body), BTreeSet::from([true]));
    assert_eq!(outcomes(random().timeouts(Timeouts::Any), body), BTreeSet::from([false, true]));
}

#[test]
fn a_timed_receive_loses_no_message_of_a_rendezvous() {
    let config = random().timeouts(Timeouts::Any);
    let seen = outcomes(config, || {
        let (sender, receiver) = sync_channel(0);
        let thread = thread::spawn(move || receiver.recv_timeout(SECOND));
        let sent = sender.try_send(1).is_ok();
        drop(sender);
        assert_eq!(thread.join().unwrap().is_ok(), sent);
        sent
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn messages_are_dropped_once() {
    leaves_none(random(), |count| {
        for capacity in [None, Some(0), Some(1)] {
            let (sender, receiver) = sync_channel(capacity.unwrap_or(10));
            let message = || Counted::new(count);
            let their_count = std::sync::Arc::clone(count);
            let thread = thread::spawn(move || {
                let _ = sender.try_send(Counted::new(&their_count));
                let _ = sender.send(Counted::new(&their_count));
            });
            drop(receiver.try_recv());
            drop(receiver);
            thread.join().unwrap();
            assert_eq!(count.load(Relaxed), 0);

            let (sender, receiver) = channel();
            sender.send(message()).unwrap();
            drop(receiver);
            assert_eq!(count.load(Relaxed), 0);
            drop(sender.send(message()));
        }
    });
}

#[test]
fn a_message_may_hold_an_end_of_its_channel() {
    passes(random(), || {
        let (sender, receiver) = channel::<Box<dyn Send>>();
        sender.send(Box::new(sender.clone())).unwrap();
        drop(receiver);
    });
}

#[test]
fn one_made_outside_brings_its_messages() {
    let (sender, receiver) = channel();
    sender.send(0).unwrap();
    let (receiver, executions) = (std::sync::Mutex::new(receiver), AtomicUsize::new(0));
    passes(random().executions(3), || {
        let receiver = receiver.lock().unwrap();
        assert_eq!(receiver.recv(), Ok(executions.fetch_add(1, Relaxed)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.send(executions.load(Relaxed)).unwrap();
    });
    assert_eq!(receiver.lock().unwrap().recv(), Ok(executions.into_inner()));
}

#[test]
fn a_channel_can_be_made_smaller_than_the_program_makes_it() {
    passes(random().capacity(1), || {
        let (sender, receiver) = sync_channel(4);
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        assert_eq!(receiver.recv(), Ok(1));
        let (sender, _receiver) = sync_channel(0);
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    });
}
