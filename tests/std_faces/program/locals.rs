//! `thread_local!` in all its forms, `LocalKey` and `AccessError`.

use std::collections::BTreeSet;
use std::error::Error;

use super::facade::cell::{Cell, RefCell};
use super::facade::sync::{Arc, Mutex, mpsc};
use super::facade::thread::{self, AccessError, LocalKey};
use super::facade::thread_local;

thread_local! {
    static LAZY: Vec<u32> = vec![1, 2];
    /// One with a doc comment, and computed when first used.
    pub(crate) static NUMBER: Cell<u32> = Cell::new(10);
    pub static PUBLIC: u32 = const { 3 };
    #[cfg(test)]
    static WITHOUT_SEMICOLON: RefCell<String> = RefCell::new(String::from("text"))
}
thread_local!(static CONST: Cell<u32> = const { Cell::new(20) });
thread_local!(pub(super) static CONST_BLOCK: RefCell<Vec<u32>> = const {
    let empty = Vec::new();
    RefCell::new(empty)
});
thread_local! {}

mod elsewhere {
    super::thread_local! {
        pub(in super::super) static INNER: &'static str = "inner";
    }
}

/// A key is a constant: it can be had by value, and stand in an `impl`.
struct Holder {
    key: LocalKey<Cell<u32>>,
}
thread_local!(static HELD: Cell<u32> = const { Cell::new(30) });
static HOLDER: Holder = Holder { key: HELD };

impl Holder {
    thread_local! { static SEEN: Cell<u32> = const { Cell::new(0) }; }

    fn bump() -> u32 {
        Self::SEEN.set(Self::SEEN.get() + 1);
        Self::SEEN.get()
    }
}

pub(crate) fn keys(log: &mut Vec<String>) {
    HELD.set(31);
    show!(log, HOLDER.key.get());
    show!(log, [Holder::bump(), Holder::bump()]);
    show!(log, thread::spawn(|| (Holder::bump(), HOLDER.key.get())).join().unwrap());
    show!(log, LAZY.with(|list| list.iter().sum::<u32>()));
    show!(log, LAZY.try_with(|list| list.len()));
    show!(log, PUBLIC.with(|number| *number));
    show!(log, elsewhere::INNER.with(|text| text.len()));
    let key: &'static LocalKey<Vec<u32>> = &LAZY;
    show!(log, key);
    show!(log, key.with(|list| LAZY.with(|same| std::ptr::eq(list, same))));

    // Each thread has its own.
    let other = LAZY.with(|list| {
        let address = list.as_ptr() as usize;
        thread::spawn(move || LAZY.with(|other| other.as_ptr() as usize != address)).join().unwrap()
    });
    show!(log, other);
    thread_local!(static IN_A_FUNCTION: Cell<u32> = Cell::new(1));
    let threads = [(); 3].map(|()| {
        thread::spawn(|| {
            IN_A_FUNCTION.with(|cell| cell.set(cell.get() + 1));
            thread::yield_now();
            IN_A_FUNCTION.get()
        })
    });
    show!(log, threads.map(|thread| thread.join().unwrap()));
    traits!(log, LocalKey<u32>, LocalKey<std::rc::Rc<u32>>, LocalKey<Cell<u32>>, AccessError);
}

/// In a thread of its own, so that the section starts with fresh values wherever it runs.
pub(crate) fn cells(log: &mut Vec<String>) {
    let body = |log: &mut Vec<String>| {
        show!(log, (NUMBER.get(), NUMBER.replace(11), NUMBER.take(), NUMBER.get()));
        NUMBER.set(12);
        show!(log, NUMBER.with(Cell::get));
        show!(log, (CONST.get(), CONST.replace(21), CONST.take()));
        CONST.set(22);
        show!(log, CONST.try_with(Cell::get));
        show!(log, WITHOUT_SEMICOLON.with_borrow(String::len));
        WITHOUT_SEMICOLON.with_borrow_mut(|text| text.push('!'));
        show!(log, WITHOUT_SEMICOLON.replace("other".into()));
        show!(log, WITHOUT_SEMICOLON.take());
        WITHOUT_SEMICOLON.set("third".into());
        show!(log, WITHOUT_SEMICOLON.take());
        CONST_BLOCK.with_borrow_mut(|list| list.push(1));
        show!(log, CONST_BLOCK.take());

        // Keys of std's own cells have the same helpers.
        thread_local!(static PLAIN: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
        PLAIN.set(2);
        show!(log, (PLAIN.get(), PLAIN.replace(3), PLAIN.take()));

        // To set a value before the first use does without the initializer.
        thread_local!(static UNUSED: Cell<u32> = panic!("the initializer is not needed"));
        UNUSED.set(1);
        show!(log, UNUSED.get());
        thread_local!(static UNUSED_TEXT: RefCell<String> = panic!("the initializer is not needed"));
        UNUSED_TEXT.set("set".into());
        show!(log, UNUSED_TEXT.take());
    };
    let log = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            body(log);
            log
        });
        thread.join().unwrap()
    });
    show!(log, thread::spawn(|| (NUMBER.get(), CONST.get())).join().unwrap());
}

struct Logs(&'static str, mpsc::Sender<String>);

impl Drop for Logs {
    fn drop(&mut self) {
        // A value that is being destroyed cannot be reached any more; others can, or are destroyed too.
        let itself = LOGS.try_with(|_| ());
        self.1.send(format!("{} {itself:?} {}", self.0, NUMBER.get())).unwrap();
    }
}

thread_local!(static LOGS: RefCell<Option<Logs>> = const { RefCell::new(None) });

pub(crate) fn destructors(log: &mut Vec<String>) {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || LOGS.set(Some(Logs("dropped", sender))));
    show!(log, thread.join().is_ok());
    show!(log, receiver.iter().collect::<Vec<_>>());

    // It is destroyed as well if the thread panics.
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        LOGS.set(Some(Logs("dropped by a panic", sender)));
        panic!("after it was set");
    });
    show!(log, thread.join().is_err());
    show!(log, receiver.iter().collect::<Vec<_>>());

    // And in each thread.
    struct Registers(Arc<Mutex<BTreeSet<u32>>>, u32);
    impl Drop for Registers {
        fn drop(&mut self) {
            self.0.lock().unwrap().insert(self.1);
        }
    }
    thread_local!(static REGISTERS: RefCell<Vec<Registers>> = RefCell::default());
    let dropped = Arc::new(Mutex::new(BTreeSet::new()));
    let threads = [1, 2, 3].map(|number| {
        let registers = Registers(Arc::clone(&dropped), number);
        thread::spawn(move || REGISTERS.with_borrow_mut(|list| list.push(registers)))
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    show!(log, dropped);

    let (sender, receiver) = mpsc::channel();
    struct Reports(mpsc::Sender<AccessError>);
    impl Drop for Reports {
        fn drop(&mut self) {
            self.0.send(REPORTS.try_with(|_| ()).unwrap_err()).unwrap();
        }
    }
    thread_local!(static REPORTS: RefCell<Option<Reports>> = const { RefCell::new(None) });
    thread::spawn(move || REPORTS.set(Some(Reports(sender)))).join().unwrap();
    let error: AccessError = receiver.recv().unwrap();
    show!(log, (error, error.to_string(), error == error.clone(), error.source().is_none()));
}
