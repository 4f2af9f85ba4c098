//! A buffer for one item, where whoever changes it wakes one waiter, and all wait on one condition variable. The
//! waiter can be of the wrong kind: after a consumer has emptied the buffer, its wakeup may go to the other
//! consumer, who finds nothing and goes back to sleep. The producer, for whom it was meant, sleeps on: the
//! wakeup is lost, and everybody waits. The repair is a condition variable for each kind of waiter.
//!
//! `cargo run --example bounded_buffer`

use std::process::ExitCode;

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, ConfigError, explore, thread};

struct Buffer {
    item: Mutex<Option<u32>>,
    not_empty: Arc<Condvar>,
    not_full: Arc<Condvar>,
}

impl Buffer {
    fn put(&self, item: u32) {
        let slot = self.item.lock().unwrap();
        let mut slot = self.not_full.wait_while(slot, |slot| slot.is_some()).unwrap();
        *slot = Some(item);
        self.not_empty.notify_one();
    }

    fn take(&self) -> u32 {
        let slot = self.item.lock().unwrap();
        let mut slot = self.not_empty.wait_while(slot, |slot| slot.is_none()).unwrap();
        self.not_full.notify_one();
        slot.take().unwrap()
    }
}

fn one_producer_two_consumers(not_empty: Arc<Condvar>, not_full: Arc<Condvar>) {
    let buffer = Arc::new(Buffer { item: Mutex::new(None), not_empty, not_full });
    let consumers = [(); 2].map(|()| {
        let buffer = buffer.clone();
        thread::spawn(move || buffer.take())
    });
    buffer.put(1);
    buffer.put(2);
    let sum: u32 = consumers.map(|consumer| consumer.join().unwrap()).iter().sum();
    assert_eq!(sum, 3);
}

fn main() -> Result<ExitCode, ConfigError> {
    let config = Config::new().name("buffer, one condvar").with_environment()?;
    let buggy = explore(config, || {
        let changed = Arc::new(Condvar::new());
        one_producer_two_consumers(changed.clone(), changed);
    });
    println!("{buggy}");
    let mut as_told = !buggy.passed();

    // A token replays the program that it comes from.
    if std::env::var_os("DRAWLOOM_REPLAY").is_none() {
        let config = Config::new().name("buffer, two condvars").with_environment()?;
        let repaired = explore(config, || {
            one_producer_two_consumers(Arc::default(), Arc::default());
        });
        println!("{repaired}");
        as_told &= repaired.passed();
    }

    if as_told {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("The buffer should have failed with one condvar and passed with two.");
    Ok(ExitCode::FAILURE)
}
