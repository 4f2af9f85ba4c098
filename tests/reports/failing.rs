//! Small programs that fail otherwise than by waiting.

use std::sync::atomic::AtomicU64 as RealU64;

use drawloom::cell::{CellExt as _, UnsafeCell};
use drawloom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex, mpsc};
use drawloom::thread;

use crate::waiting::spawn;

/// A flag is raised too weakly for what was stored before to be seen behind it.
pub(crate) fn stale_read() {
    let (message, is_published) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (their_message, their_flag) = (message.clone(), is_published.clone());
    let publisher = spawn("publisher", move || {
        their_message.store(42, Ordering::Relaxed);
        their_flag.store(true, Ordering::Relaxed);
    });
    if is_published.load(Ordering::Acquire) {
        let seen = message.load(Ordering::Relaxed);
        assert!(
            seen == 42,
            "the flag says that the message is published, but whoever looks finds {seen} where the publisher \
             put 42 before it raised the flag"
        );
    }
    publisher.join().unwrap();
}

/// Another thread passes the flag on, too weakly.
pub(crate) fn race_through_a_third() {
    struct Article(UnsafeCell<String>);
    // SAFETY: it is not safe, which is what the test is about; drawloom runs one thread at a time.
    unsafe impl Sync for Article {}
    let article = Arc::new(Article(UnsafeCell::new(String::new())));
    let (written, approved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (theirs, their_written) = (article.clone(), written.clone());
    let author = spawn("author of the article", move || {
        theirs.0.with_mut(|text| {
            // SAFETY: see `Article`.
            unsafe { *text = "news".to_owned() }
        });
        their_written.store(true, Ordering::Release);
    });
    let their_approved = approved.clone();
    let editor = spawn("editor in chief", move || {
        if written.load(Ordering::Acquire) {
            their_approved.store(true, Ordering::Relaxed);
        }
    });
    if approved.load(Ordering::Acquire) {
        article.0.with(|text| {
            // SAFETY: see `Article`.
            assert_eq!(unsafe { &*text }, "news")
        });
    }
    author.join().unwrap();
    editor.join().unwrap();
}

/// A thread for each request, however many come.
pub(crate) fn thread_per_request() {
    let served = Arc::new(AtomicU32::new(0));
    let serve = |_| {
        let served = served.clone();
        thread::spawn(move || served.fetch_add(1, Ordering::Relaxed))
    };
    let threads: Vec<_> = (0..4).map(serve).collect();
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

/// Two threads take two locks in different orders.
pub(crate) fn opposite_orders() {
    let (printer, scanner) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (printer2, scanner2) = (printer.clone(), scanner.clone());
    let copy = spawn("copy", move || {
        let scanner = scanner.lock().unwrap();
        drop((printer.lock().unwrap(), scanner));
    });
    let calibrate = spawn("calibrate", move || {
        let printer = printer2.lock().unwrap();
        drop((scanner2.lock().unwrap(), printer));
    });
    copy.join().unwrap();
    calibrate.join().unwrap();
}

/// Here too, but one begins when the other is over.
pub(crate) fn opposite_orders_in_turn() {
    let (checking, savings) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
    let (from, to) = (checking.clone(), savings.clone());
    let (done, wait) = mpsc::channel();
    let transfer = spawn("transfer", move || {
        let mut from = from.lock().unwrap();
        *from -= 1;
        *to.lock().unwrap() += 1;
        drop(from);
        done.send(()).unwrap();
    });
    wait.recv().unwrap();
    {
        let mut from = savings.lock().unwrap();
        *from -= 1;
        *checking.lock().unwrap() += 1;
    }
    transfer.join().unwrap();
}

/// The answer comes when nobody waits for it any more.
pub(crate) fn answer_that_nobody_receives() {
    let (answers, answer) = mpsc::channel();
    let worker = spawn("worker", move || answers.send(42).unwrap());
    if let Ok(42) = answer.try_recv() {
        worker.join().unwrap();
        return;
    }
    worker.join().unwrap();
    std::mem::forget(answer);
}

/// More executions than are allowed.
pub(crate) fn many_executions() {
    let total = Arc::new(AtomicU32::new(0));
    let add = |_| {
        let total = total.clone();
        thread::spawn(move || (0..4).for_each(|_| _ = total.fetch_add(1, Ordering::Relaxed)))
    };
    let threads: Vec<_> = (0..3).map(add).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// What a program does depends on a number that grows from execution to execution.
pub(crate) fn counts_executions() {
    static EXECUTIONS: RealU64 = RealU64::new(0);
    let hits = AtomicU32::new(0);
    if EXECUTIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(2) {
        hits.store(1, Ordering::Relaxed);
    } else {
        hits.load(Ordering::Relaxed);
    }
}

/// A destructor checks what the panic has left behind.
pub(crate) fn panics_twice() {
    struct Connection {
        is_closed: bool,
    }
    impl Drop for Connection {
        fn drop(&mut self) {
            assert!(self.is_closed, "the connection is still open");
        }
    }
    let mut connection = Connection { is_closed: false };
    let request = spawn("request", || -> u32 { panic!("no answer") });
    request.join().unwrap();
    connection.is_closed = true;
}

#[cfg(target_os = "linux")]
pub(crate) fn endless_recursion() {
    fn depth(of: u64) -> u64 {
        let filler = std::hint::black_box([of; 64]);
        if of == u64::MAX { 0 } else { depth(of + 1) + filler[(of % 64) as usize] }
    }
    let parser = spawn("parser", || std::hint::black_box(depth(0)));
    parser.join().unwrap();
}

/// A pointer is used before it is set.
#[cfg(target_os = "linux")]
pub(crate) fn dangling_pointer() {
    let is_set = Arc::new(AtomicBool::new(false));
    let theirs = is_set.clone();
    let setter = spawn("setter", move || theirs.store(true, Ordering::SeqCst));
    let value = 7;
    let pointer = if is_set.load(Ordering::SeqCst) { (&raw const value).addr() } else { 8 };
    // SAFETY: none: one of the two is no address of anything.
    std::hint::black_box(unsafe { std::ptr::with_exposed_provenance::<u8>(pointer).read_volatile() });
    setter.join().unwrap();
}

/// A thread of std's in the middle of a test.
pub(crate) fn unknown_thread() {
    let count = Arc::new(AtomicU32::new(0));
    count.store(1, Ordering::SeqCst);
    let theirs = count.clone();
    let thread = std::thread::spawn(move || theirs.fetch_add(1, Ordering::SeqCst));
    let _ = thread.join();
}

/// A sender that waits for nobody.
pub(crate) fn eager_sender() {
    let (sender, receiver) = mpsc::channel();
    let sending = thread::spawn(move || (0..4).for_each(|number| sender.send(number).unwrap()));
    while receiver.recv().is_ok() {}
    drop(sending.join());
}
