//! `#[drawloom::test]` on every form of function that the test harness takes, with every argument.
//!
//! These run: that the expansion compiles can only be seen where the harness keeps it.

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

const ROUNDS: u64 = 20;
const KIB: usize = 1024;

fn increment_twice() -> u32 {
    let count = Arc::new(Mutex::new(0));
    let theirs = count.clone();
    let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
    *count.lock().unwrap() += 1;
    other.join().unwrap();
    *count.lock().unwrap()
}

fn lose_an_increment() -> u32 {
    let count = Arc::new(AtomicU32::new(0));
    let theirs = count.clone();
    let other = thread::spawn(move || {
        let seen = theirs.load(Ordering::Relaxed);
        theirs.store(seen + 1, Ordering::Relaxed);
    });
    count.fetch_add(1, Ordering::Relaxed);
    other.join().unwrap();
    count.load(Ordering::Relaxed)
}

async fn checked(count: u32) -> Result<u32, String> {
    if count == 2 { Ok(count) } else { Err(format!("{count} increments")) }
}

#[drawloom::test]
fn without_arguments() {
    assert_eq!(increment_twice(), 2);
}

#[drawloom::test()]
fn with_an_empty_list() {
    assert_eq!(increment_twice(), 2);
}

#[drawloom::test(executions = 20)]
fn with_a_result() -> Result<(), String> {
    if increment_twice() == 2 { Ok(()) } else { Err("an increment was lost".to_owned()) }
}

#[drawloom::test(executions = 20)]
fn with_a_question_mark() -> Result<(), std::num::ParseIntError> {
    assert_eq!(increment_twice(), "2".parse::<u32>()?);
    Ok(())
}

#[drawloom::test(executions = 20)]
async fn asynchronous() {
    checked(increment_twice()).await.unwrap();
}

#[drawloom::test(executions = 20)]
async fn asynchronous_with_a_question_mark() -> Result<(), String> {
    checked(increment_twice()).await?;
    Ok(())
}

#[drawloom::test(expect = "panic")]
fn expected_to_fail() {
    assert_eq!(lose_an_increment(), 2);
}

#[drawloom::test(expect = "panic")]
async fn asynchronous_and_expected_to_fail() -> Result<(), String> {
    checked(lose_an_increment()).await?;
    Ok(())
}

#[drawloom::test]
#[should_panic]
fn should_panic_below() {
    assert_eq!(lose_an_increment(), 2);
}

/// However long the message is: on a terminal it takes two lines.
#[drawloom::test]
#[should_panic(
    expected = "has two increments when both threads have ended, one after the other or at the same time"
)]
fn should_panic_with_a_long_message() {
    assert!(
        lose_an_increment() == 2,
        "the counter has two increments when both threads have ended, one after the other or at the same time"
    );
}

/// Documentation, too, may stand on a test.
#[should_panic]
#[drawloom::test]
fn should_panic_above() {
    assert_eq!(lose_an_increment(), 2);
}

#[drawloom::test]
#[ignore = "shows that the harness still knows about it"]
fn ignored() {
    unreachable!("an ignored test does not run");
}

#[drawloom::test]
#[cfg(any())]
fn left_out() {
    this_would_not_compile();
}

#[drawloom::test(
    executions = ROUNDS * 2,
    seed = { 7 + 1 },
    strategy = "pct:4",
    max_steps = 10_000,
    max_threads = 8,
    time = "10s",
    timeouts = "any",
    spurious = 0,
    workers = 1,
    stack_size = 256 * KIB,
    leaked_threads = "allow",
)]
#[allow(clippy::bool_assert_comparison)]
pub(crate) fn with_every_argument() {
    assert_eq!(increment_twice() == 2, true);
}

mod inside {
    use super::increment_twice;

    #[drawloom::test(executions = super::ROUNDS)]
    pub(crate) fn a_module() {
        assert_eq!(increment_twice(), 2);
    }
}

macro_rules! tests_with_seeds {
    ($($name:ident: $seed:expr, $strategy:literal;)*) => {
        $(
            #[drawloom::test(executions = 20, seed = $seed, strategy = $strategy)]
            fn $name() {
                assert_eq!(increment_twice(), 2);
            }
        )*
    };
}

tests_with_seeds! {
    from_a_macro: 1, "random";
    from_a_macro_again: ROUNDS, "urw";
}
