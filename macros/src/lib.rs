//! The attribute `#[drawloom::test]`.
//!
//! The crate does one thing in two steps: `arguments` reads what stands in the attribute's parentheses,
//! `expand` turns the function below it into a test that hands its body to drawloom's runner, with what `unseen`
//! noticed in it. Whatever is wrong becomes a compile error at the word that is wrong, and says what is right. Use it
//! through the crate `drawloom`, whose names the expansion refers to.

mod arguments;
mod expand;
mod nearest;
mod runtime;
mod select;
mod unseen;

use proc_macro::TokenStream;

/// Marks a function as a test that is run many times, under another interleaving each time.
///
/// It stands in the place of `#[test]`, on an `fn` or an `async fn` without parameters. The function may
/// return whatever a `#[test]` may return, such as a `Result`; `#[should_panic]`, `#[ignore]`, `#[cfg]` and
/// every other attribute mean what they always mean.
///
/// ```ignore
/// use drawloom::{sync::{Arc, Mutex}, thread};
///
/// #[drawloom::test]
/// fn both_increments_arrive() {
///     let count = Arc::new(Mutex::new(0));
///     let theirs = count.clone();
///     let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
///     *count.lock().unwrap() += 1;
///     other.join().unwrap();
///     assert_eq!(*count.lock().unwrap(), 2);
/// }
///
/// #[drawloom::test(executions = 50_000, strategy = "pct:5", time = "30s")]
/// async fn a_reader_sees_what_was_written() -> Result<(), String> {
///     Ok(())
/// }
/// ```
///
/// # Arguments
///
/// | argument | default | meaning |
/// | --- | --- | --- |
/// | `executions = N` | `10_000` | how many executions to run at most; no limit for `exhaustive` unless it is set |
/// | `cases = N` | `32` | how many inputs are drawn for a test that has parameters; see below |
/// | `exhaustive` | | the same as `strategy = "exhaustive"` |
/// | `seed = N` | `0x5EED` | what every random choice is derived from |
/// | `strategy = "…"` | `"auto"` | who makes the choices; see below |
/// | `max_steps = N` | `1_000_000` | an execution with more steps fails |
/// | `max_threads = N` | none | an execution with more threads alive at once fails |
/// | `max_preemptions = N` | none | at most so many switches away from a thread that could have gone on |
/// | `steps = N` | `30_000_000` | how many steps the executions of a sampled test may have in all |
/// | `time = "…"` | none | stop after `"500ms"`, `"10s"`, `"2m"`, whatever number of executions that makes |
/// | `hang_after = "…"` | `"5s"` | fail if the test's code has not come to an operation for so long; `"off"`: never |
/// | `timeouts = "…"` | `"last"` | when a wait with a timeout may time out: `"last"`, only once nothing else can go on; `"any"`, at any moment |
/// | `spurious = N` | `1` | how often in an execution std may do what it rarely does: end a wait for no reason, fail a weak compare-exchange, keep a reader behind a waiting writer, take a park token in a wait of its own; if it is set, async tasks are also polled so often although nobody has woken them |
/// | `cancel = "explore"` | `"never"` | how often in an execution a future may be dropped at an await although the test drops none: `"explore"` (once), or a number |
/// | `capacity = N` | none | how many messages a bounded channel holds at most, whatever it was made with |
/// | `max_queued = N` | none | a channel without bound that holds more messages fails the execution |
/// | `fifo = …` | `false` | `true`: async tasks are polled in the order of tokio's `current_thread`, and not in any |
/// | `memory = "…"` | `"rc11"` | the memory model of atomics: `"rc11"`, what their orderings allow; `"sc"`, every load reads the last store |
/// | `workers = N` | `1` | how many OS threads share the executions |
/// | `stack_size = BYTES` | 1 MiB | the stack of each thread |
/// | `leaked_threads = "…"` | `"deny"` | `"allow"`: threads may be left when the test ends |
/// | `daemons = …` | `false` | `true`: an execution ends with the test body, whatever the other threads do; `thread::BuilderExt::daemon` says so of one thread |
/// | `leaks = "…"` | `"warn"` | what becomes of guards that were forgotten, messages that nobody received, and tasks that had not ended when their runtime did: `"warn"` tells of them, `"deny"` fails the test; `"allow"`: nothing |
/// | `check_exclusive = …` | `false` | `true`: `get_mut` and `into_inner` of atomics are accesses, and race with operations that are not ordered; see `Config::check_exclusive` |
/// | `lock_order = "…"` | `"warn"` | what becomes of locks that are taken in an order that may end in a deadlock: where schedules are sampled, executions are led into it, and if they do not meet it, `"warn"` tells of it, unless it is sure, which fails the test; `"deny"` fails the test if the order has a cycle, sampled or not; `"allow"`: nothing |
/// | `shrink = …` | `true` | `false`: the schedule of a failure is reported as it was found, not minimized |
/// | `flavor = "…"` | `"current_thread"` | of an `async` test: the runtime that it runs on, with drawloom's feature `tokio`; or `"multi_thread"` |
/// | `worker_threads = N` | `2` | how many workers a `"multi_thread"` runtime has |
/// | `start_paused = …` | `true` | as for tokio; the time of an exploration is virtual in any case |
/// | `expect = "…"` | none | the test passes only if it fails, and in this way; see below |
///
/// The strategies are `"auto"` (every execution, if they are at most `executions`, and otherwise the portfolio),
/// `"exhaustive"` (every execution, or the test fails), `"portfolio"` (those that follow, in a mix), `"random"`, `"pct"` (depth 3) or `"pct:DEPTH"`,
/// `"pos"`, `"urw"`, `"surw"` and `"round-robin"`.
///
/// The failures that can be expected are `"panic"`, `"deadlock"`, `"livelock"`, `"good-samaritan"`, `"step-limit"`, `"thread-limit"`, `"queue-limit"`,
/// `"data-race"`, `"lock-order"`, `"leaked-thread"`, `"leak"`, `"unverified"`, `"nondeterminism"`, `"double-panic"`, `"stack-overflow"`, `"crash"`,
/// `"hang"` and `"misuse"`.
///
/// Where an integer is wanted, a constant expression of the argument's type does as well:
/// `executions = ROUNDS`, `stack_size = 64 * KIB`.
///
/// # Inputs
///
/// With the feature `proptest`, a test may have parameters, each with a strategy of proptest's that draws its values:
///
/// ```text
/// #[drawloom::test]
/// fn sums(#[strategy(1..5u32)] threads: u32, #[strategy(proptest::bool::ANY)] locked: bool) { … }
/// ```
///
/// Each input is explored. The first that fails is shrunk, and then its schedule; the report shows both, and the token has
/// both.
///
/// # Regressions
///
/// The schedule of a failure is kept and runs first the next time, except where the failure is what the
/// test wants: with `expect`, and under `#[should_panic]`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// As `#[drawloom::test]`, for `async` functions only: mirror of `#[tokio::test]`.
///
/// `flavor = "multi_thread"`, `worker_threads = N` and `start_paused` are arguments of `#[drawloom::test]` as well.
#[proc_macro_attribute]
pub fn tokio_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::async_test(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Runs an `async fn main` on a runtime: mirror of `#[tokio::main]`.
#[proc_macro_attribute]
pub fn tokio_main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    runtime::main(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `drawloom::tokio::select!` expands to this.
#[doc(hidden)]
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream {
    select::select(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `drawloom::tokio::join!` expands to this.
#[doc(hidden)]
#[proc_macro]
pub fn join(input: TokenStream) -> TokenStream {
    select::join(input.into(), false).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `drawloom::tokio::try_join!` expands to this.
#[doc(hidden)]
#[proc_macro]
pub fn try_join(input: TokenStream) -> TokenStream {
    select::join(input.into(), true).unwrap_or_else(syn::Error::into_compile_error).into()
}
