//! `Builder`: what its fields and loom's variables do.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{panics, run_alone};
use loom::model::Builder;
use loom::thread;

/// How often `builder` runs `model`.
fn executions(builder: &Builder, model: fn()) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    count.load(Ordering::Relaxed)
}

/// A model with one execution.
fn nothing() {}

/// `threads` threads, each with `increments` of one number, which can come in any order.
fn increment(threads: usize, increments: usize) {
    use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let number = Arc::new(AtomicUsize::new(0));
    for _ in 0..threads {
        let number = number.clone();
        thread::spawn(move || (0..increments).for_each(|_| _ = number.fetch_add(1, Relaxed)));
    }
}

/// A model with 90 executions: 6! / (2! 2! 2!) orders.
fn ninety() {
    increment(3, 2);
}

/// A model with more executions than can be run: 24! / (6! 6! 6! 6!) orders.
fn endless() {
    increment(4, 6);
}

/// Two increments, one of which is lost if a thread is preempted between its load and its store.
fn lost_update() {
    use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let number = Arc::new(AtomicUsize::new(0));
    let other = number.clone();
    let thread = thread::spawn(move || other.store(other.load(SeqCst) + 1, SeqCst));
    number.store(number.load(SeqCst) + 1, SeqCst);
    thread.join().unwrap();
    assert_eq!(number.load(SeqCst), 2, "an update was lost");
}

/// How often the first execution is run again as it was, to see that it does the same. The first 16, and one of 64 of the
/// others, run once more in another order.
const AGAIN: usize = 20;

/// The exploration begins anew when it sees that memory is watched, which the count of loom's `Arc` is.
const ANEW: usize = 1;

/// How many runs twenty executions take, and as many that are sampled: the first and the last four of these run twice.
const TWENTY: usize = ANEW + 20 + AGAIN + 16 + 20 + 5;

#[test]
fn every_execution_is_explored_once() {
    assert_eq!(executions(&Builder::new(), nothing), 1 + AGAIN + 1);
    assert_eq!(executions(&Builder::new(), ninety), ANEW + 90 + AGAIN + 17);
}

#[test]
fn permutations_bound_the_executions() {
    let mut builder = Builder::new();
    builder.max_permutations = Some(90);
    assert_eq!(executions(&builder, ninety), ANEW + 90 + AGAIN + 17);
    // As many are sampled as were explored.
    builder.max_permutations = Some(20);
    assert_eq!(executions(&builder, ninety), TWENTY);
    builder.max_permutations = Some(0);
    assert_eq!(executions(&builder, nothing), 1 + AGAIN + 1);
}

#[test]
fn duration_bounds_the_time() {
    let mut builder = Builder::default();
    builder.max_permutations = Some(usize::MAX);
    builder.max_duration = Some(Duration::from_millis(30));
    // Once is enough; and it ends.
    assert!(executions(&builder, endless) > 0);
}

#[test]
fn preemptions_are_bounded() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(0);
    builder.check(lost_update);
    builder.preemption_bound = Some(1);
    assert!(panics(|| builder.check(lost_update)).contains("an update was lost"));
}

#[test]
fn branches_do_not_lower_the_limit_of_steps() {
    let mut builder = Builder::new();
    builder.max_branches = 1;
    builder.max_permutations = Some(20);
    builder.check(|| (0..100).for_each(|_| thread::yield_now()));
}

#[test]
fn nothing_is_explored_before_explore_is_called() {
    let mut builder = Builder::new();
    builder.expect_explicit_explore = true;
    builder.check(lost_update);
    let explored = panics(|| {
        builder.check(|| {
            loom::explore();
            lost_update();
        });
    });
    assert!(explored.contains("an update was lost"));
    builder.check(|| {
        loom::explore();
        loom::stop_exploring();
        lost_update();
    });
    loom::model(|| {
        loom::skip_branch();
        loom::explore();
        lost_update();
    });
}

#[test]
fn a_model_in_a_model_is_refused() {
    let message = common::fails(|| loom::model(|| ()));
    assert!(message.contains("`loom::model` and `Builder::check` cannot be nested"), "{message}");
}

/// A file that no other test uses, and that does not exist.
fn checkpoint(name: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn the_checkpoint_file_keeps_the_failing_schedule_which_runs_first_then() {
    let file = checkpoint("failing");
    let mut builder = Builder::new();
    builder.checkpoint_file(file.to_str().unwrap());
    assert!(panics(|| builder.check(lost_update)).contains("an update was lost"));
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("# panic: ") && kept.contains("\ndl1"), "{kept}");

    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let again = panics(|| {
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            lost_update();
        });
    });
    assert!(again.contains("an update was lost"));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
    // What passes now does not keep the others from being run.
    builder.max_permutations = Some(20);
    assert_eq!(executions(&builder, ninety), 1 + TWENTY);
}

#[test]
fn a_checkpoint_file_with_something_else_in_it_is_refused() {
    for (name, content, expected) in [
        ("loom", "{\"preemption_bound\":null}", "is one of loom's own"),
        ("empty", "# nothing\n\n", "does not hold one line with a schedule"),
        ("lines", "dl1A\ndl1B\n", "does not hold one line with a schedule"),
        ("garbage", "dl1AAAA\n", "does not hold a schedule: `dl1AAAA` cannot be replayed"),
    ] {
        let file = checkpoint(name);
        std::fs::write(&file, content).unwrap();
        let mut builder = Builder::new();
        builder.checkpoint_file(file.to_str().unwrap());
        let message = panics(|| executions(&builder, nothing));
        assert!(message.contains(expected) && message.contains("remove it"), "{message}");
    }
    let mut builder = Builder::new();
    builder.checkpoint_file(env!("CARGO_TARGET_TMPDIR"));
    assert!(panics(|| executions(&builder, nothing)).contains("cannot be read"));
}

#[test]
#[ignore = "run by tests below"]
fn updates() {
    loom::model(lost_update);
}

#[test]
#[ignore = "run by tests below"]
fn increments() {
    loom::model(ninety);
}

#[test]
fn the_variables_are_heeded() {
    let file = checkpoint("variable");
    let (passed, text) = run_alone(
        "updates",
        &[("LOOM_MAX_PREEMPTIONS", "0"), ("LOOM_CHECKPOINT_FILE", file.to_str().unwrap())],
    );
    assert!(
        passed && text.contains("updates: bounded: the only execution with at most 0 preemptions"),
        "{text}"
    );
    assert!(!file.exists());

    let (passed, text) = run_alone("updates", &[("LOOM_CHECKPOINT_FILE", file.to_str().unwrap())]);
    assert!(!passed && text.contains("was written to the checkpoint file"), "{text}");
    let (passed, text) = run_alone("updates", &[("LOOM_CHECKPOINT_FILE", file.to_str().unwrap())]);
    assert!(!passed && text.contains("was run first, and fails"), "{text}");

    let (passed, text) = run_alone("increments", &[]);
    assert!(passed && text.contains("increments: verified: all 90 executions"), "{text}");
    let (passed, text) = run_alone("increments", &[("LOOM_MAX_PERMUTATIONS", "15")]);
    assert!(passed && text.contains("increments: sampled: 15 schedules"), "{text}");

    let (passed, text) = run_alone("updates", &[("LOOM_MAX_BRANCHES", "few")]);
    assert!(!passed && text.contains("invalid value for `LOOM_MAX_BRANCHES`: it is `few`"), "{text}");
}

#[test]
fn drawlooms_variables_override_looms() {
    let (passed, text) =
        run_alone("increments", &[("LOOM_MAX_PERMUTATIONS", "1500"), ("DRAWLOOM_EXECUTIONS", "70")]);
    assert!(passed && text.contains("increments: sampled: 70 schedules"), "{text}");
    let (passed, text) =
        run_alone("increments", &[("LOOM_MAX_PERMUTATIONS", "70"), ("DRAWLOOM_STRATEGY", "exhaustive")]);
    assert!(
        !passed && text.contains("unverified in increments: there are more executions than the 70"),
        "{text}"
    );
    let (passed, text) =
        run_alone("updates", &[("LOOM_MAX_PREEMPTIONS", "0"), ("DRAWLOOM_MAX_PREEMPTIONS", "none")]);
    assert!(!passed && text.contains("an update was lost"), "{text}");
    let (passed, text) = run_alone("increments", &[("DRAWLOOM_LOG", "off")]);
    assert!(passed && !text.contains("verified"), "{text}");
    let (passed, text) = run_alone("updates", &[("DRAWLOOM_EXECUTIONS", "none")]);
    assert!(!passed && text.contains("DRAWLOOM_EXECUTIONS is `none`, but takes"), "{text}");
    let (passed, text) = run_alone("updates", &[("DRAWLOOM_REPLAY", "dl1AAAA")]);
    assert!(!passed && text.contains("misuse in updates: `dl1AAAA` cannot be replayed"), "{text}");
}
