//! Two threads count visits by loading the counter and storing it plus one. If both load before either
//! stores, both store the same number, and one visit is lost. That the counter is atomic does not help: each
//! access is, but the two together are not. The repair is the one operation that does both, `fetch_add`.
//!
//! `cargo run --example lost_update`

use std::process::ExitCode;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::{Config, ConfigError, explore, thread};

fn load_and_store(visits: &AtomicU32) {
    let seen = visits.load(Ordering::SeqCst);
    visits.store(seen + 1, Ordering::SeqCst);
}

fn fetch_add(visits: &AtomicU32) {
    visits.fetch_add(1, Ordering::SeqCst);
}

fn two_visits(count: fn(&AtomicU32)) {
    let visits = Arc::new(AtomicU32::new(0));
    let theirs = visits.clone();
    let other = thread::spawn(move || count(&theirs));
    count(&visits);
    other.join().unwrap();
    assert_eq!(visits.load(Ordering::SeqCst), 2, "a visit was lost");
}

fn main() -> Result<ExitCode, ConfigError> {
    let config = Config::new().name("visits, load and store").with_environment()?;
    let buggy = explore(config, || two_visits(load_and_store));
    println!("{buggy}");
    let mut as_told = !buggy.passed();

    // A token replays the program that it comes from.
    if std::env::var_os("DRAWLOOM_REPLAY").is_none() {
        let config = Config::new().name("visits, fetch_add").with_environment()?;
        let repaired = explore(config, || two_visits(fetch_add));
        println!("{repaired}");
        as_told &= repaired.passed();
    }

    if as_told {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("`load_and_store` should have failed and `fetch_add` passed.");
    Ok(ExitCode::FAILURE)
}
