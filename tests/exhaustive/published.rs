//! Families of programs that grow, with the numbers of executions that GenMC publishes for them (under RC11 and under
//! sequential consistency), up to sizes that take a minute.

use drawloom::MemoryModel::{self, Rc11, SequentiallyConsistent as Sc};
use drawloom::hint::spin_loop;
use drawloom::sync::Mutex;
use drawloom::sync::atomic::{
    AtomicU64,
    Ordering::{self, Acquire, Relaxed, Release, SeqCst},
    fence,
};

use crate::count;
use crate::programs::{Body, body, same, share};

fn atomics<const COUNT: usize>() -> [AtomicU64; COUNT] {
    [const { AtomicU64::new(0) }; COUNT]
}

/// Explores the program for each size, under each memory model.
fn check<const MODELS: usize>(
    program: impl Fn(usize) + Sync,
    models: [MemoryModel; MODELS],
    expected: &[(usize, [u64; MODELS])],
) {
    for &(size, counts) in expected {
        for (memory, expected) in models.into_iter().zip(counts) {
            assert_eq!(count(memory, || program(size)), expected, "size {size} under {memory:?}");
        }
    }
}

fn compare_exchange_and_store(threads: usize) {
    let act = |x: &AtomicU64, me| {
        let _ = x.compare_exchange(0, 1, Relaxed, Relaxed);
        x.store(me as u64 + 3, Release);
    };
    share(AtomicU64::new(0), same(threads, act));
}

fn rotation(threads: usize) {
    let exchange = |x: &AtomicU64, me: usize| {
        let _ = x.compare_exchange(me as u64, me as u64 + 1, SeqCst, SeqCst);
    };
    share(AtomicU64::new(0), same(threads, exchange));
}

fn store_and_compare_exchanges(threads: usize) {
    let mut bodies: Vec<Body<AtomicU64>> = vec![body(|x: &AtomicU64| x.store(2, Release))];
    bodies.extend(same(threads, |x: &AtomicU64, _| {
        let _ = x.compare_exchange(2, 3, Relaxed, Relaxed);
    }));
    share(AtomicU64::new(0), bodies);
}

/// Two threads store to one location and read it, and between that read others, which further threads store to.
fn coherence(size: usize) {
    let reader = |value: u64, other: usize| {
        body(move |x: &[AtomicU64; 3]| {
            x[0].store(value, Release);
            x[other].load(Acquire);
            x[0].load(Acquire);
        })
    };
    let mut bodies = vec![reader(1, 1), reader(2, 2)];
    bodies.extend((1..size).map(|value| {
        body(move |x: &[AtomicU64; 3]| {
            x[1].store(value as u64, Release);
            x[2].store(value as u64, Release);
        })
    }));
    share(atomics(), bodies);
}

fn last_zero(size: usize) {
    let mut bodies = same(size, |x: &Vec<AtomicU64>, number| {
        let value = x[number].load(Acquire);
        x[number + 1].store(value + 1, Release);
    });
    bodies.push(body(move |x: &Vec<AtomicU64>| {
        (0..=size).rev().find(|&at| x[at].load(Acquire) == 0);
    }));
    share((0..=size).map(|_| AtomicU64::new(0)).collect::<Vec<_>>(), bodies);
}

fn two_counters(threads: usize) {
    let add = |x: &[AtomicU64; 2], _| {
        x[0].fetch_add(1, SeqCst);
        x[1].fetch_add(1, SeqCst);
    };
    share(atomics(), same(threads, add));
}

fn unsynchronized_increments(threads: usize) {
    let add = |x: &AtomicU64, me: usize| x.store(x.load(Relaxed) + (1 << me), Release);
    share(AtomicU64::new(0), same(threads, add));
}

/// Two threads add up to Fibonacci's numbers, if they are lucky, and a third one looks.
fn fibonacci(rounds: usize) {
    let add = move |x: &[AtomicU64; 2], me: usize| {
        for _ in 0..rounds {
            x[me].store(x[0].load(Acquire) + x[1].load(Acquire), Release);
        }
    };
    let mut bodies = same(2, add);
    bodies.push(body(|x: &[AtomicU64; 2]| {
        x[0].load(Acquire);
        x[1].load(Acquire);
    }));
    share([AtomicU64::new(1), AtomicU64::new(1)], bodies);
}

/// Peterson's algorithm, which waits.
fn peterson((store, load): (Ordering, Ordering)) {
    let enter = move |x: &[AtomicU64; 4], me: usize| {
        x[me].store(1, store);
        x[2].store(1 - me as u64, store);
        while x[1 - me].load(load) == 1 && x[2].load(load) == 1 - me as u64 {
            spin_loop();
        }
        x[3].store(me as u64, store);
        x[3].load(load);
        x[me].store(0, store);
    };
    share(atomics::<4>(), same(2, enter));
}

/// Threads put values into a table by compare-and-swap, some at a place that another has.
fn indexer(threads: usize) {
    const SIZE: usize = 128;
    let insert = |table: &Vec<AtomicU64>, me: usize| {
        for number in 0..4 {
            let value = (number * 11 + me + 1) as u64;
            let mut at = value as usize * 7 % SIZE;
            while table[at].compare_exchange(0, value, SeqCst, SeqCst).is_err() {
                at = (at + 1) % SIZE;
            }
        }
    };
    share((0..SIZE).map(|_| AtomicU64::new(0)).collect::<Vec<_>>(), same(threads, insert));
}

fn locked(threads: usize) {
    let add = |m: &Mutex<u64>, _| *m.lock().unwrap() += 1;
    share(Mutex::new(0), same(threads, add));
}

#[test]
fn families_have_as_many_executions_as_published() {
    check(compare_exchange_and_store, [Rc11], &[(2, [6]), (3, [66]), (4, [1_200])]);
    check(
        rotation,
        [Rc11],
        &[(2, [2]), (3, [5]), (4, [14]), (5, [43]), (6, [144]), (7, [523]), (8, [2_048])],
    );
    let sizes = [(2, [5]), (3, [13]), (4, [33]), (5, [81]), (6, [193]), (7, [449]), (8, [1_025])];
    check(store_and_compare_exchanges, [Rc11], &sizes);
    check(coherence, [Rc11, Sc], &[(1, [4, 4]), (2, [16, 15]), (3, [144, 130]), (4, [2_304, 2_028])]);
    check(last_zero, [Rc11, Sc], &[(5, [64, 64]), (10, [3_328, 3_328])]);
    check(two_counters, [Rc11], &[(2, [4]), (3, [36]), (4, [576])]);
    check(unsynchronized_increments, [Rc11], &[(2, [4]), (3, [36]), (4, [576])]);
    check(locked, [Rc11], &[(5, [120]), (6, [720])]);
}

#[test]
fn peterson_waits_its_turn() {
    // With release and acquire both can be in; the values that are stored show it in some of them.
    assert_eq!(count(Rc11, || peterson((Release, Acquire))), 22);
    assert_eq!(count(Sc, || peterson((Release, Acquire))), 4);
    assert_eq!(count(Rc11, || peterson((SeqCst, SeqCst))), 4);
}

#[test]
fn fences_keep_one_of_two_out() {
    let enter = |x: &[AtomicU64; 3], me: usize| {
        x[me].store(1, Relaxed);
        fence(SeqCst);
        if x[1 - me].load(Relaxed) == 0 {
            x[2].store(me as u64, Relaxed);
            x[2].load(Relaxed);
        }
    };
    assert_eq!(count(Rc11, || drop(share(atomics::<3>(), same(2, enter)))), 3);
}

/// `cargo test --release --test exhaustive -- --ignored families`
#[test]
#[ignore = "takes minutes; see the command in its documentation"]
fn large_families_have_as_many_executions_as_published() {
    check(compare_exchange_and_store, [Rc11], &[(5, [32_880])]);
    check(rotation, [Rc11], &[(9, [8_597])]);
    check(store_and_compare_exchanges, [Rc11], &[(9, [2_305])]);
    check(coherence, [Rc11, Sc], &[(5, [57_600, 49_776])]);
    check(last_zero, [Rc11], &[(15, [147_456])]);
    check(fibonacci, [Rc11, Sc], &[(5, [525_630, 218_243])]);
    check(indexer, [Rc11], &[(12, [8]), (15, [4_096])]);
    check(locked, [Rc11], &[(7, [5_040]), (8, [40_320])]);
}
