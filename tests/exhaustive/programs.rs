//! Programs with a known number of executions: published with GenMC, or counted by hand.
//!
//! Where ours differs from the best number known, the table says why.

use drawloom::hint::spin_loop;
use drawloom::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc};
use drawloom::{Config, MemoryModel, StrategyKind, thread};

use crate::{config, count, shown};

/// What a thread does with what all share.
pub(crate) type Body<T> = Box<dyn FnOnce(&T) + Send>;

pub(crate) fn body<T>(body: impl FnOnce(&T) + Send + 'static) -> Body<T> {
    Box::new(body)
}

/// Runs threads that share something, and waits for them.
pub(crate) fn share<T: Send + Sync + 'static>(shared: T, bodies: Vec<Body<T>>) -> Arc<T> {
    let shared = Arc::new(shared);
    let spawn = |body: Body<T>| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || body(&shared))
    };
    let threads: Vec<_> = bodies.into_iter().map(spawn).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    shared
}

/// `count` times the same body, which is told its number.
pub(crate) fn same<T>(count: usize, body: impl Fn(&T, usize) + Send + Clone + 'static) -> Vec<Body<T>> {
    let number = |number| {
        let body = body.clone();
        Box::new(move |shared: &T| body(shared, number)) as Body<T>
    };
    (0..count).map(number).collect()
}

fn rc11(body: impl Fn() + Send + Sync) -> u64 {
    count(MemoryModel::Rc11, body)
}

fn factorial(n: u64) -> u64 {
    (1..=n).product()
}

#[test]
fn increments() {
    for (threads, each, expected) in [(2, 1, 2), (3, 1, 6), (4, 1, 24), (2, 3, 20), (3, 2, 90), (3, 3, 1680)]
    {
        let body = || {
            let add = move |x: &AtomicU64, _| {
                for _ in 0..each {
                    x.fetch_add(1, Relaxed);
                }
            };
            let x = share(AtomicU64::new(0), same(threads, add));
            assert_eq!(x.load(Relaxed), (threads * each) as u64);
        };
        assert_eq!(rc11(body), expected, "{threads} threads, {each} increments each");
        assert_eq!(count(MemoryModel::SequentiallyConsistent, body), expected);
    }
}

/// `cargo test --release --test exhaustive -- --ignored four_threads`
#[test]
#[ignore = "369,600 executions"]
fn four_threads_with_three_increments_each() {
    let add = |x: &AtomicU64, _| {
        for _ in 0..3 {
            x.fetch_add(1, Relaxed);
        }
    };
    assert_eq!(rc11(|| drop(share(AtomicU64::new(0), same(4, add)))), 369_600);
}

#[test]
fn counters_of_their_own_have_one_execution() {
    for threads in 2..=4 {
        let add = |x: &[AtomicU64; 4], number: usize| {
            x[number].fetch_add(1, Relaxed);
        };
        assert_eq!(rc11(|| drop(share([const { AtomicU64::new(0) }; 4], same(threads, add)))), 1);
    }
}

#[test]
fn readers_of_one_write() {
    for readers in 2..=6u32 {
        let body = || {
            let mut bodies = same(readers as usize, |x: &AtomicU64, _| {
                x.load(Relaxed);
            });
            bodies.push(Box::new(|x: &AtomicU64| x.store(1, Relaxed)));
            share(AtomicU64::new(0), bodies);
        };
        assert_eq!(rc11(body), 2u64.pow(readers));
    }
}

#[test]
fn compare_exchanges_in_a_row() {
    for (threads, expected) in [(2, 2), (3, 5), (4, 14), (5, 43), (6, 144), (7, 523)] {
        let body = || {
            let exchange = |x: &AtomicU64, number: usize| {
                let _ = x.compare_exchange(number as u64, number as u64 + 1, SeqCst, SeqCst);
            };
            share(AtomicU64::new(0), same(threads, exchange));
        };
        assert_eq!(rc11(body), expected, "{threads} threads");
    }
}

#[test]
fn a_write_and_compare_exchanges() {
    for (threads, expected) in [(2, 5), (3, 13), (4, 33), (5, 81), (6, 193)] {
        let body = || {
            let exchange = |x: &AtomicU64, _| {
                let _ = x.compare_exchange(2, 3, Relaxed, Relaxed);
            };
            let mut bodies = same(threads, exchange);
            bodies.push(Box::new(|x: &AtomicU64| x.store(2, Release)));
            share(AtomicU64::new(0), bodies);
        };
        assert_eq!(rc11(body), expected, "{threads} threads");
    }
}

#[test]
fn the_last_zero() {
    let body = || {
        let size = 5;
        let mut bodies = same(size, |x: &Vec<AtomicU64>, number| {
            let value = x[number].load(Acquire);
            x[number + 1].store(value + 1, Release);
        });
        bodies.push(Box::new(move |x: &Vec<AtomicU64>| {
            (0..=size).rev().find(|&at| x[at].load(Acquire) == 0);
        }));
        share((0..=size).map(|_| AtomicU64::new(0)).collect::<Vec<_>>(), bodies);
    };
    assert_eq!(rc11(body), 64);
}

#[test]
fn dekker_with_fences() {
    let body = || {
        let enter = |x: &[AtomicU64; 3], me: usize| {
            x[me].store(1, Relaxed);
            fence(SeqCst);
            if x[1 - me].load(Relaxed) == 0 {
                x[2].store(me as u64 + 1, Relaxed);
                assert_eq!(x[2].load(Relaxed), me as u64 + 1, "both are in");
            }
        };
        share([const { AtomicU64::new(0) }; 3], same(2, enter));
    };
    assert_eq!(rc11(body), 3);
}

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
fn locks_made_of_atomics_and_loops() {
    for threads in [2u64, 3] {
        let ticket = |lock: &(AtomicU64, AtomicU64), _| {
            let ticket = lock.0.fetch_add(1, Relaxed);
            while lock.1.load(Acquire) != ticket {
                spin_loop();
            }
            lock.1.store(ticket + 1, Release);
        };
        let lock = || (AtomicU64::new(0), AtomicU64::new(0));
        assert_eq!(rc11(|| drop(share(lock(), same(threads as usize, ticket)))), factorial(threads));
        let exchange = |lock: &AtomicU64, _| {
            while lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
                spin_loop();
            }
            lock.store(0, Release);
        };
        assert_eq!(
            rc11(|| drop(share(AtomicU64::new(0), same(threads as usize, exchange)))),
            factorial(threads)
        );
        let swap = |lock: &AtomicU64, _| {
            while lock.swap(1, Acquire) == 1 {
                thread::yield_now();
            }
            lock.store(0, Release);
        };
        assert_eq!(rc11(|| drop(share(AtomicU64::new(0), same(threads as usize, swap)))), factorial(threads));
    }
}

#[test]
fn a_flag_that_many_wait_for() {
    for waiters in 1..=4 {
        let body = || {
            let mut bodies = same(waiters, |x: &AtomicU64, _| {
                while x.load(Acquire) < 2 {
                    spin_loop();
                }
            });
            bodies.push(Box::new(|x: &AtomicU64| {
                x.store(1, Release);
                x.store(2, Release);
            }));
            share(AtomicU64::new(0), bodies);
        };
        assert_eq!(rc11(body), 1);
        assert_eq!(count(MemoryModel::SequentiallyConsistent, body), 1);
    }
}

#[test]
fn a_loop_that_gives_up_is_explored_to_its_end() {
    let body = || {
        let tries = |x: &AtomicU64, _| {
            for _ in 0..3 {
                if x.load(Relaxed) == 1 {
                    return;
                }
                spin_loop();
            }
        };
        let mut bodies = same(1, tries);
        bodies.push(Box::new(|x: &AtomicU64| x.store(1, Relaxed)));
        share(AtomicU64::new(0), bodies);
    };
    // The first, second or third look sees it, or none.
    assert_eq!(rc11(body), 4);
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

struct Node {
    next: *mut Node,
}

/// Treiber's stack; nodes are not freed.
struct Stack(AtomicPtr<Node>);

impl Stack {
    fn push(&self) {
        let node = Box::into_raw(Box::new(Node { next: std::ptr::null_mut() }));
        loop {
            let head = self.0.load(Relaxed);
            // SAFETY: nobody else has the node yet.
            unsafe { (*node).next = head };
            if self.0.compare_exchange(head, node, Release, Relaxed).is_ok() {
                return;
            }
        }
    }
}

#[test]
fn pushes_onto_a_stack() {
    // GenMC counts 4 and 60: that a node is written to before each try keeps it from leaving out those that fail.
    for (threads, expected) in [(2, 2), (3, 6)] {
        let push = |stack: &Stack, _| stack.push();
        let body = || {
            let stack = share(Stack(AtomicPtr::new(std::ptr::null_mut())), same(threads, push));
            let mut node = stack.0.load(Acquire);
            let mut nodes = 0;
            while !node.is_null() {
                // SAFETY: pushed, and popped by nobody.
                node = unsafe { Box::from_raw(node) }.next;
                nodes += 1;
            }
            assert_eq!(nodes, threads);
        };
        assert_eq!(rc11(body), expected, "{threads} threads");
    }
}

/// What threads that push onto a stack and pop from it get: numbers of nodes, 0 for none.
fn push_and_pop(threads: usize) -> Vec<u64> {
    const NODES: usize = 4;
    // Node n is after the head if `next[n]` is the one below it; nodes are numbered from 1.
    struct Stack {
        head: AtomicU64,
        next: [AtomicU64; NODES],
    }
    let stack = Arc::new(Stack { head: AtomicU64::new(0), next: [const { AtomicU64::new(0) }; NODES] });
    let play = |me: usize| {
        let stack = Arc::clone(&stack);
        thread::spawn(move || {
            loop {
                let head = stack.head.load(Relaxed);
                stack.next[me].store(head, Relaxed);
                if stack.head.compare_exchange(head, me as u64 + 1, Release, Relaxed).is_ok() {
                    break;
                }
            }
            loop {
                let head = stack.head.load(Acquire);
                if head == 0 {
                    break 0;
                }
                let next = stack.next[head as usize - 1].load(Relaxed);
                if stack.head.compare_exchange(head, next, Acquire, Relaxed).is_ok() {
                    break head;
                }
            }
        })
    };
    let players: Vec<_> = (0..threads).map(play).collect();
    players.into_iter().map(|player| player.join().unwrap()).collect()
}

#[test]
fn a_stack_shows_all_that_sampling_shows() {
    for threads in [2, 3] {
        let (explored, report) = shown(config(MemoryModel::Rc11), || push_and_pop(threads));
        assert!(report.passed(), "{report}");
        let sampling = Config::new().strategy(StrategyKind::Portfolio).executions(20_000);
        let (sampled, report) = shown(sampling, || push_and_pop(threads));
        assert!(report.passed(), "{report}");
        assert_eq!(explored, sampled, "{threads} threads");
    }
}

/// A thread that gives up after two tries, and how often it has failed; with the tries in a loop or one after the other.
fn two_tries(in_loop: bool) -> (u64, u64) {
    let x = Arc::new(AtomicU64::new(0));
    let theirs = Arc::clone(&x);
    let other = thread::spawn(move || (1..3).for_each(|value| theirs.store(10 * value, Relaxed)));
    let mut failures = 0;
    if in_loop {
        for _ in 0..2 {
            let found = x.load(Relaxed);
            match x.compare_exchange(found, found + 1, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(_) => failures += 1,
            }
        }
    } else {
        let found = x.load(Relaxed);
        if x.compare_exchange(found, found + 1, Relaxed, Relaxed).is_err() {
            failures += 1;
            let found = x.load(Relaxed);
            failures += u64::from(x.compare_exchange(found, found + 1, Relaxed, Relaxed).is_err());
        }
    }
    other.join().unwrap();
    (failures, x.load(Relaxed))
}

#[test]
fn tries_that_count_are_explored() {
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let (straight, report) = shown(config(memory), || two_tries(false));
        let (looped, in_loop) = shown(config(memory), || two_tries(true));
        assert!(straight.iter().any(|&(failures, _)| failures == 2));
        assert_eq!(looped, straight);
        assert_eq!(in_loop.executions(), report.executions());
    }
}

#[test]
fn time_passes_when_nothing_else_can_happen() {
    let body = || {
        let ready = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&ready);
        let thread = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let guard = ready.0.lock().unwrap();
        let (guard, waited) = ready.1.wait_timeout(guard, std::time::Duration::from_millis(1)).unwrap();
        assert!(*guard, "the thread has run before time passes");
        let _ = waited;
        drop(guard);
        thread.join().unwrap();
    };
    // Woken; or not, because the thread was done before the wait, or had only to notify, which came before.
    let (_, report) = shown(config(MemoryModel::Rc11).spurious(0), body);
    assert!(report.passed(), "{report}");
    assert_eq!(report.executions(), 3);
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let body = || {
        let start = drawloom::time::Instant::now();
        let hour = std::time::Duration::from_secs(3_600);
        let other = thread::spawn(move || thread::sleep(hour));
        thread::sleep(std::time::Duration::from_secs(10));
        assert!(!other.is_finished());
        other.join().unwrap();
        assert!(start.elapsed() < hour + std::time::Duration::from_secs(1));
    };
    assert_eq!(rc11(body), 1);
}

#[test]
fn message_passing_with_acquire_and_release() {
    let body = || {
        let pass = |x: &(AtomicU64, AtomicU64), me| {
            if me == 0 {
                x.0.store(1, Relaxed);
                x.1.store(1, Release);
            } else if x.1.load(Acquire) == 1 {
                assert_eq!(x.0.load(Relaxed), 1);
            }
        };
        share((AtomicU64::new(0), AtomicU64::new(0)), same(2, pass));
    };
    assert_eq!(rc11(body), 2);
    // One that others pass on is as good.
    let chain = || {
        let pass = |x: &(AtomicU64, AtomicU64), me| {
            if me == 0 {
                x.0.store(1, Relaxed);
                x.1.fetch_add(1, Release);
            } else if me == 1 {
                x.1.fetch_add(1, Relaxed);
            } else if x.1.load(Acquire) == 2 {
                assert_eq!(x.0.load(Relaxed), 1);
            }
        };
        share((AtomicU64::new(0), AtomicU64::new(0)), same(3, pass));
    };
    assert!(rc11(chain) > 2);
}

#[test]
fn a_loop_that_waits_with_a_modification_that_changes_nothing() {
    let tail_and_slot = || (AtomicU64::new(0), AtomicU64::new(0));
    let push = |(tail, slot): &(AtomicU64, AtomicU64), _| {
        let mut now = tail.load(Relaxed);
        while let Err(other) = tail.compare_exchange(now, now + 1, SeqCst, Acquire) {
            now = other;
            spin_loop();
        }
        slot.store(1, SeqCst);
    };
    let pop = |(tail, slot): &(AtomicU64, AtomicU64), _| {
        while slot.load(Acquire) != 1 {
            tail.fetch_or(0, SeqCst);
            thread::yield_now();
        }
    };
    for (pushes, expected) in [(1, 1), (2, 16)] {
        let executions = rc11(|| {
            let mut bodies = same(pushes, push);
            bodies.extend(same(1, pop));
            drop(share(tail_and_slot(), bodies));
        });
        assert_eq!(executions, expected, "{pushes} threads that push");
    }
}

#[test]
fn a_loop_whose_first_round_reads_elsewhere_waits_for_what_the_others_read() {
    let wait = |(other, flag): &(AtomicU64, AtomicU64), _| {
        let mut is_first = true;
        while is_first || flag.load(Acquire) == 0 {
            is_first = false;
            other.load(Acquire);
            spin_loop();
        }
    };
    let set = |(_, flag): &(AtomicU64, AtomicU64), _| flag.store(1, Release);
    let body = || {
        let shared = (AtomicU64::new(0), AtomicU64::new(0));
        shared.1.store(0, Relaxed);
        let mut bodies = same(1, wait);
        bodies.extend(same(1, set));
        drop(share(shared, bodies));
    };
    assert!(rc11(body) >= 1);
    assert!(count(MemoryModel::SequentiallyConsistent, body) >= 1);
}
