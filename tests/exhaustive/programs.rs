//! Programs over atomics with a known number of executions: published with GenMC, or counted by hand. Those over objects
//! are in `counted_objects`, those with loops in `loops`.
//!
//! Where ours differs from the best number known, the table says why.

use drawloom::sync::Arc;
use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicPtr, AtomicU64, fence};
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

pub(crate) fn rc11(body: impl Fn() + Send + Sync) -> u64 {
    count(MemoryModel::Rc11, body)
}

pub(crate) fn factorial(n: u64) -> u64 {
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
