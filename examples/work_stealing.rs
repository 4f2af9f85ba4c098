//! A thread works from one end of its deque, and an idle thread steals from the other. As long as the ends are
//! apart they need not agree about anything. Over the last item they meet: the owner claims it by moving
//! `tail`, the thief by moving `head`, neither sees the other's move in time, and the item is handed out
//! twice. The repair is that over the last item the owner competes for `head` as a thief does.
//!
//! `cargo run --example work_stealing`

use std::process::ExitCode;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicUsize, Ordering};
use drawloom::{Config, ConfigError, explore, thread};

/// The items stand at `head..tail`, and each is its own index.
struct Deque {
    head: AtomicUsize,
    tail: AtomicUsize,
}

impl Deque {
    fn steal(&self) -> Option<usize> {
        let first = self.head.load(Ordering::SeqCst);
        (first < self.tail.load(Ordering::SeqCst) && self.claim(first)).then_some(first)
    }

    fn claim(&self, first: usize) -> bool {
        self.head.compare_exchange(first, first + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn pop(&self) -> Option<usize> {
        let last = self.tail.fetch_sub(1, Ordering::SeqCst) - 1;
        if self.head.load(Ordering::SeqCst) <= last {
            return Some(last);
        }
        self.tail.store(last + 1, Ordering::SeqCst);
        None
    }

    fn pop_with_care(&self) -> Option<usize> {
        let last = self.tail.fetch_sub(1, Ordering::SeqCst) - 1;
        let first = self.head.load(Ordering::SeqCst);
        if first < last {
            return Some(last);
        }
        let won = first == last && self.claim(first);
        self.tail.store(last + 1, Ordering::SeqCst);
        won.then_some(last)
    }
}

fn each_item_once(pop: fn(&Deque) -> Option<usize>) {
    let deque = Arc::new(Deque { head: AtomicUsize::new(1), tail: AtomicUsize::new(3) });
    let victim = deque.clone();
    let thief = thread::spawn(move || victim.steal());

    let mut items: Vec<usize> = std::iter::from_fn(|| pop(&deque)).collect();
    items.extend(thief.join().unwrap());
    items.sort_unstable();
    assert_eq!(items, [1, 2]);
}

fn main() -> Result<ExitCode, ConfigError> {
    let config = Config::new().name("deque, pop").with_environment()?;
    let buggy = explore(config, || each_item_once(Deque::pop));
    println!("{buggy}");
    let mut as_told = !buggy.passed();

    // A token replays the program that it comes from.
    if std::env::var_os("DRAWLOOM_REPLAY").is_none() {
        let config = Config::new().name("deque, pop with care").with_environment()?;
        let repaired = explore(config, || each_item_once(Deque::pop_with_care));
        println!("{repaired}");
        as_told &= repaired.passed();
    }

    if as_told {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("The deque should have failed with `pop` and passed with `pop_with_care`.");
    Ok(ExitCode::FAILURE)
}
