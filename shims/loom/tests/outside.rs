//! Outside a model nothing of loom can be used.

mod common;

use std::cell::RefCell;

use common::panics;
use loom::sync::{Arc, Barrier, Condvar, Mutex, Notify, RwLock, atomic, mpsc};
use loom::{alloc, cell, hint, thread};

loom::thread_local! {
    static LOCAL: RefCell<u32> = RefCell::new(1);
}

loom::lazy_static! {
    static ref LAZY: u32 = 1;
}

#[track_caller]
fn refused<T>(what: &str, f: impl FnOnce() -> T) {
    let message = panics(f);
    let expected = format!("cannot access Loom execution state from outside a Loom model: {what} is used");
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn values_cannot_be_made() {
    refused("loom::sync::Arc", || Arc::new(1));
    refused("loom::sync::Arc", || Arc::<str>::from_std("a".into()));
    refused("loom::sync::Mutex", || Mutex::new(1));
    refused("loom::sync::RwLock", || RwLock::new(1));
    refused("loom::sync::Condvar", Condvar::new);
    refused("loom::sync::Notify", Notify::new);
    refused("loom::sync::Barrier", || Barrier::new(1));
    refused("loom::sync::mpsc::channel", mpsc::channel::<u32>);
    refused("loom::sync::atomic::AtomicBool", || atomic::AtomicBool::new(true));
    refused("loom::sync::atomic::AtomicI64", || atomic::AtomicI64::from(1));
    refused("loom::sync::atomic::AtomicPtr", atomic::AtomicPtr::<u32>::default);
    refused("loom::cell::UnsafeCell", || cell::UnsafeCell::new(1));
    refused("loom::cell::UnsafeCell", || cell::Cell::new(1));
    refused("loom::alloc::Track", || alloc::Track::new(1));
}

#[test]
fn functions_cannot_be_called() {
    refused("loom::thread::spawn", || thread::spawn(|| ()));
    refused("loom::thread::spawn", || thread::Builder::new().spawn(|| ()));
    refused("loom::thread::current", thread::current);
    refused("loom::thread::park", thread::park);
    refused("loom::thread::yield_now", thread::yield_now);
    refused("loom::hint::spin_loop", hint::spin_loop);
    refused("loom::sync::atomic::spin_loop_hint", atomic::spin_loop_hint);
    refused("loom::sync::atomic::fence", || atomic::fence(atomic::Ordering::SeqCst));
    // SAFETY: it panics before it allocates.
    refused("loom::alloc::alloc", || unsafe { alloc::alloc(alloc::Layout::new::<u8>()) });
    refused("loom::explore", loom::explore);
    refused("loom::stop_exploring", loom::stop_exploring);
    refused("loom::skip_branch", loom::skip_branch);
    refused("a `loom::thread_local!`", || LOCAL.with(|local| *local.borrow()));
    refused("a `loom::lazy_static!`", || *LAZY);
}

#[test]
fn values_that_escape_a_model_cannot_be_used() {
    static ESCAPED: std::sync::OnceLock<(Mutex<u32>, atomic::AtomicUsize)> = std::sync::OnceLock::new();
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = Some(1);
    builder.check(|| {
        ESCAPED.get_or_init(|| (Mutex::new(1), atomic::AtomicUsize::new(1)));
    });
    let (mutex, number) = ESCAPED.get().unwrap();
    refused("loom::sync::Mutex", || *mutex.lock().unwrap());
    refused("loom::sync::atomic::AtomicUsize", || number.load(atomic::Ordering::Relaxed));
}

#[cfg(feature = "futures")]
#[test]
fn futures_cannot_be_run() {
    refused("loom::future::block_on", || loom::future::block_on(async {}));
    refused("loom::future::AtomicWaker", loom::future::AtomicWaker::new);
}

#[test]
fn what_is_unreachable_is_a_failure_anywhere() {
    // SAFETY: it panics.
    let message = panics(|| unsafe { hint::unreachable_unchecked() });
    assert!(message.contains("unreachable_unchecked was reached!"), "{message}");
}
