//! `Shared` among threads that all await it, and `select!`, which begins with the same branch in each execution of a schedule here, as
//! its generator is kept by drawloom's `thread_local!`.

use drawloom::future::block_on;
use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::thread;
use futures_util::{FutureExt, pin_mut, select};

#[drawloom::test]
fn the_future_runs_once_for_all() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let shared = async move { counted.fetch_add(1, SeqCst) }.shared();
    let theirs = shared.clone();
    let other = thread::spawn(move || block_on(theirs));
    assert_eq!((block_on(shared), other.join().unwrap(), runs.load(SeqCst)), (0, 0, 1));
}

#[drawloom::test]
fn select_draws_the_same_again() {
    let draw = || {
        let (one, other) = (async { 0 }.fuse(), async { 1 }.fuse());
        pin_mut!(one, other);
        block_on(async {
            select! { value = one => value, value = other => value }
        })
    };
    let drawn: Vec<u32> = (0..8).map(|_| draw()).collect();
    for _ in 0..drawn.iter().sum() {
        thread::spawn(|| {}).join().unwrap();
    }
}
