//! Programs over synchronization objects with a known number of executions, counted by hand: what tells executions apart
//! there, and what does not.

use drawloom::sync::{Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use drawloom::thread;

use crate::programs::{factorial, rc11, same, share};

#[test]
fn mutexes() {
    for threads in 2..=5u64 {
        let body = || {
            let count =
                share(Mutex::new(0), same(threads as usize, |m: &Mutex<u64>, _| *m.lock().unwrap() += 1));
            assert_eq!(*count.lock().unwrap(), threads);
        };
        assert_eq!(rc11(body), factorial(threads));
    }
}

#[test]
fn condition_variables() {
    for (rounds, expected) in [(1, 2), (2, 8), (3, 32)] {
        let body = || {
            let play = move |game: &(Mutex<usize>, Condvar), me: usize| {
                for round in 0..rounds {
                    let mut turn = game.0.lock().unwrap();
                    while *turn != 2 * round + me {
                        turn = game.1.wait(turn).unwrap();
                    }
                    *turn += 1;
                    game.1.notify_one();
                }
            };
            share((Mutex::new(0), Condvar::new()), same(2, play));
        };
        assert_eq!(rc11(body), expected, "{rounds} rounds");
    }
}

#[test]
fn channels() {
    for (producers, messages, expected) in [(2, 1, 2), (2, 2, 6), (3, 1, 6)] {
        for capacity in [None, Some(1)] {
            let produce = |sender: mpsc::SyncSender<usize>| {
                thread::spawn(move || (0..messages).for_each(|message| sender.send(message).unwrap()))
            };
            let produce_unbounded = |sender: mpsc::Sender<usize>| {
                thread::spawn(move || (0..messages).for_each(|message| sender.send(message).unwrap()))
            };
            let body = || {
                let (threads, receiver): (Vec<_>, _) = match capacity {
                    Some(capacity) => {
                        let (sender, receiver) = mpsc::sync_channel(capacity);
                        ((0..producers).map(|_| produce(sender.clone())).collect(), receiver)
                    }
                    None => {
                        let (sender, receiver) = mpsc::channel();
                        ((0..producers).map(|_| produce_unbounded(sender.clone())).collect(), receiver)
                    }
                };
                assert_eq!(receiver.iter().count(), producers * messages);
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            };
            assert_eq!(rc11(body), expected, "{producers} producers, capacity {capacity:?}");
        }
    }
}

#[test]
fn a_channel_that_is_asked_whether_it_is_empty() {
    let body = || {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || sender.send(1).unwrap());
        let _ = receiver.try_recv();
        thread.join().unwrap();
    };
    // Nothing is there yet, the message, or the message and then no sender: who asks once cannot tell the latter
    // two apart, but all operations of such a channel are in one order.
    assert_eq!(rc11(body), 3);
}

#[test]
fn a_channel_whose_senders_are_cloned_meanwhile() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let body = || {
            let (first, receiver) = mpsc::channel();
            let second = first.clone();
            let receive = move || {
                let received = receiver.recv();
                let _ = receiver.try_recv();
                assert_eq!(received, Ok(1), "a sender was left");
            };
            let send = move || first.send(1).unwrap();
            let clone = move || {
                let third = second.clone();
                drop(second);
                drop(third);
            };
            let mut bodies: [Option<Box<dyn FnOnce() + Send>>; 3] =
                [Some(Box::new(receive)), Some(Box::new(send)), Some(Box::new(clone))];
            let spawn = |number: usize| thread::spawn(bodies[number].take().expect("each once"));
            let threads = order.map(spawn);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        };
        // A send and a drop, and two drops, are six orders; the receives are between them.
        assert!(rc11(body) >= 6, "{order:?}");
    }
}

#[test]
fn reader_writer_locks() {
    // (readers, writers, executions that readers could tell apart, ours): every operation on a lock is in one order,
    // so readers that share it count in each order.
    for (readers, writers, best, ours) in [(1, 1, 2, 2), (2, 1, 4, 14), (1, 2, 6, 6)] {
        let body = || {
            let mut bodies = same(readers, |lock: &RwLock<u64>, _| drop(lock.read().unwrap()));
            bodies.extend(same(writers, |lock: &RwLock<u64>, _| *lock.write().unwrap() += 1));
            share(RwLock::new(0), bodies);
        };
        assert!(ours >= best);
        assert_eq!(rc11(body), ours, "{readers} readers, {writers} writers");
    }
}

#[test]
fn barriers_once_and_park() {
    // Arrivals are in one order, which says who is the leader.
    let arrive = |barrier: &Barrier, _| {
        barrier.wait();
    };
    assert_eq!(rc11(|| drop(share(Barrier::new(3), same(3, arrive)))), 6);
    let initialize = |once: &OnceLock<usize>, number| {
        once.get_or_init(|| number);
    };
    assert_eq!(rc11(|| drop(share(OnceLock::new(), same(3, initialize)))), 3);
    let park = || {
        let thread = thread::spawn(thread::park);
        thread.thread().unpark();
        thread.join().unwrap();
    };
    assert_eq!(rc11(park), 1);
}
