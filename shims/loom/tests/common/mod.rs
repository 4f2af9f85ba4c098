//! What the test files share: a model that has to fail, with its message, and a test run in a process of its own.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

/// The message with which the model fails.
#[track_caller]
pub(crate) fn fails(model: impl Fn() + Send + Sync + 'static) -> String {
    panics(|| loom::model(model))
}

/// The message with which `f` panics.
#[track_caller]
pub(crate) fn panics<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it does not panic") };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().expect("a message").to_string(),
    }
}

/// Runs an ignored test of this test file alone, with these variables. Whether it passed, and what it printed.
pub(crate) fn run_alone(test: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
    command.args([test, "--exact", "--ignored", "--nocapture"]).env_remove("RUSTFLAGS");
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("LOOM_") || name.starts_with("DRAWLOOM_"))
    {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().expect("it can be run");
    let printed = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(printed).expect("it prints text");
    assert!(text.contains("running 1 test"), "{text}");
    (output.status.success(), text)
}
