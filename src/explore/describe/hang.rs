//! What a thread that has not come back from the program's code most likely waits for, by its stack.
//!
//! Nothing here is certain but the stack itself, which is shown. The names of functions tell most: whoever waits in a real
//! lock has a frame of it.

use std::borrow::Cow;
use std::time::Duration;

use super::stacks::{self, Named};
use crate::report::{Place, Standing};
use crate::rt::record::hang::Hang;

/// Names of functions, what whoever has such a frame waits for, and what to use in its place. The first that is found counts:
/// what is made of others comes before them.
const WAITS: [(&str, &str, &str); 22] = [
    ("tokio::", "tokio, whose blocking calls park the operating system's thread", "`drawloom::tokio`"),
    ("parking_lot::", "a lock of parking_lot", "drawloom's `sync`"),
    ("parking_lot_core::", "a lock of parking_lot", "drawloom's `sync`"),
    ("lock_api::", "a lock of parking_lot", "drawloom's `sync`"),
    ("crossbeam_channel::", "a channel of crossbeam", "drawloom's `sync::mpsc`"),
    ("crossbeam_utils::", "a primitive of crossbeam", "drawloom's `sync` and `thread`"),
    ("futures_executor::", "an executor that drawloom does not drive", "drawloom's `future::block_on`"),
    ("pollster::", "an executor that drawloom does not drive", "drawloom's `future::block_on`"),
    ("std::sync::mpsc", "a channel of std", "drawloom's `sync::mpsc`"),
    ("std::sync::mpmc", "a channel of std", "drawloom's `sync::mpsc`"),
    ("std::sync::barrier", "a `Barrier` of std", "drawloom's `sync::Barrier`"),
    ("sync::condvar", "a `Condvar` of std", "drawloom's `sync::Condvar`"),
    ("poison::condvar", "a `Condvar` of std", "drawloom's `sync::Condvar`"),
    ("sync::once", "a one-time initialization of std", "drawloom's `sync::OnceLock` or `sync::LazyLock`"),
    ("poison::once", "a one-time initialization of std", "drawloom's `sync::OnceLock` or `sync::LazyLock`"),
    ("sync::rwlock", "an `RwLock` of std", "drawloom's `sync::RwLock`"),
    ("poison::rwlock", "an `RwLock` of std", "drawloom's `sync::RwLock`"),
    ("sync::mutex", "a `Mutex` of std", "drawloom's `sync::Mutex`"),
    ("poison::mutex", "a `Mutex` of std", "drawloom's `sync::Mutex`"),
    ("::sleep", "real time to pass", "drawloom's `thread::sleep`"),
    ("park", "another thread of the operating system, parked", "drawloom's `thread`"),
    ("std::thread::", "the end of a thread of the operating system", "drawloom's `thread::spawn`"),
];

/// Names of functions, and what a loop with such a frame reads.
const READS: [(&str, &str); 5] = [
    ("strong_count", "the count of an `Arc`"),
    ("weak_count", "the count of an `Arc`"),
    ("try_lock", "a lock of std"),
    ("core::sync::atomic", "atomics of std"),
    ("std::sync::atomic", "atomics of std"),
];

/// What is known of a thread that has not come back.
pub(in crate::explore) struct Stood {
    pub(in crate::explore) standing: Standing,
    /// Where in the program's own files.
    pub(in crate::explore) place: Option<Place>,
    /// What it does, most likely.
    doing: String,
}

pub(in crate::explore) fn standing(hang: &Hang) -> Stood {
    let mut all = stacks::named(&hang.stack);
    // Some instructions belong to no line.
    let has_place = |stack: &Vec<Named>| stack.iter().any(|frame| frame.is_local);
    if !has_place(&all)
        && let Some(before) = hang.before.iter().map(stacks::named).find(has_place)
    {
        all = before;
    }
    let doing = match hang.call {
        Some(call) => waits(call, &all),
        None => {
            let before = hang.before.iter().map(stacks::named);
            runs(std::iter::once(Cow::Borrowed(&all[..])).chain(before.map(Cow::Owned)))
        }
    };
    let place = all.iter().find(|frame| frame.is_local).and_then(|frame| frame.place_of());
    let standing = Standing { thread: hang.thread.clone(), frames: stacks::shown_from_the_call(all) };
    Stood { standing, place, doing }
}

impl Stood {
    /// The failure's message.
    pub(in crate::explore) fn message(&self, hang_after: Option<Duration>) -> String {
        let time = hang_after.map_or(String::new(), |time| format!(" for {time:?}"));
        format!("{} has not come to an operation{time}: it most likely {}", self.standing.thread, self.doing)
    }
}

/// What a thread waits for that stands in a system call.
fn waits(call: i64, stack: &[Named]) -> String {
    let until_the_programs = stack.iter().take_while(|frame| !frame.is_local);
    let names: Vec<&str> = until_the_programs.map(|frame| &*frame.function).collect();
    let known = WAITS.iter().find(|(part, ..)| names.iter().any(|name| name.contains(part)));
    if let Some((_, what, instead)) = known {
        return format!(
            "waits for {what}, which drawloom does not see: nobody else can run meanwhile; use {instead} in its place"
        );
    }
    if is_futex(call) {
        return "waits for a real lock, a channel or the like, which drawloom does not see: nobody else can run meanwhile".to_owned();
    }
    "waits for input or output: nobody else can run meanwhile, and a test of schedules should not depend on it".to_owned()
}

#[cfg(target_os = "linux")]
fn is_futex(call: i64) -> bool {
    call == libc::SYS_futex
}

#[cfg(not(target_os = "linux"))]
fn is_futex(_: i64) -> bool {
    true
}

/// What a thread does that runs, and was seen with these stacks. The first that tells something is enough.
fn runs<'a>(mut stacks: impl Iterator<Item = Cow<'a, [Named]>>) -> String {
    let read_in = |stack: Cow<'a, [Named]>| {
        let near = stack.iter().take_while(|frame| !frame.is_local);
        let names: Vec<&str> = near.map(|frame| &*frame.function).collect();
        READS.iter().find(|(part, _)| names.iter().any(|name| name.contains(part))).map(|(_, what)| what)
    };
    match stacks.find_map(read_in) {
        Some(what) => format!(
            "goes round in a loop that reads {what}, which drawloom does not see: nobody else can run meanwhile; let the loop \
             wait for something of drawloom's, or call drawloom's `thread::yield_now()` in it"
        ),
        None => "goes round in a loop without operations, so that nobody else can run; or it computes something that takes \
                 long, and `hang_after` is to be raised"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(functions: &[&str]) -> Vec<Named> {
        let named = |function: &&str| Named::new(function, function.starts_with("shop::"));
        functions.iter().map(named).collect()
    }

    #[test]
    fn what_stands_nearest_to_the_program_tells_what_it_waits_for() {
        let recv = [
            "std::sys::pal::unix::futex::futex_wait",
            "std::thread::park",
            "std::sync::mpmc::list::Channel<T>::recv",
            "std::sync::mpsc::Receiver<T>::recv",
            "shop::serve",
            "std::sys::sync::mutex::futex::Mutex::lock",
        ];
        assert!(waits(202, &stack(&recv)).starts_with("waits for a channel of std, "));
        let lock = ["syscall", "std::sys::sync::mutex::futex::Mutex::lock_contended", "shop::serve"];
        assert!(waits(202, &stack(&lock)).starts_with("waits for a `Mutex` of std, "));
    }

    #[test]
    fn a_loop_is_told_by_what_it_reads() {
        let counts = ["core::sync::atomic::atomic_load", "alloc::sync::Arc<T>::strong_count", "shop::serve"];
        let (counts, alone) = (stack(&counts), stack(&["shop::serve"]));
        let seen = |stacks: &[&Vec<Named>]| runs(stacks.iter().map(|stack| Cow::Borrowed(&stack[..])));
        assert!(seen(&[&alone, &counts]).contains("reads the count of an `Arc`"));
        assert!(seen(&[&alone]).contains("without operations"));
    }
}
