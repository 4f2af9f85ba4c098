//! The oracle that drawloom's modules mirror std's: one program, compiled against both.
//!
//! `program.rs` and its parts use every stable item of the mirrored modules and write down what they see. The
//! modules below include them twice; a method, constant or impl that drawloom lacks does not compile, and one
//! that behaves differently makes the logs differ. What is newer than the crate's minimal Rust version is
//! in `recent.rs` alone.
//!
//! The sections do not depend on scheduling, and they log no address, thread id or duration of the real
//! world, so that every execution of an exploration must log what std does.

// The program is compiled twice on purpose, and calls deprecated functions because std has them.
#![allow(clippy::duplicate_mod, clippy::incompatible_msrv, deprecated)]
// It says in a long form what has a shorter one, where the long form is what is tested.
#![allow(
    clippy::clone_on_copy,
    clippy::for_kv_map,
    clippy::into_iter_on_ref,
    clippy::missing_const_for_thread_local
)]

use std::sync::{LazyLock, Mutex, PoisonError};

use drawloom::{Config, StrategyKind, explore};

/// Logs an expression and what it evaluates to.
macro_rules! show {
    ($log:expr, $value:expr) => {
        $log.push(format!("{} = {:?}", stringify!($value), $value))
    };
}

#[macro_use]
mod probe;

#[path = "."]
mod under_std {
    pub(crate) use ::std as facade;
    pub(crate) mod program;
}

#[path = "."]
mod under_drawloom {
    pub(crate) use ::drawloom as facade;
    pub(crate) mod program;
}

/// One part of the program.
type Section = fn(&mut Vec<String>);

fn log_of(section: Section) -> Vec<String> {
    let mut log = Vec::new();
    section(&mut log);
    log
}

/// What the program logs with std, section by section.
static EXPECTED: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let sections = under_std::program::SECTIONS.iter();
    sections.map(|(_, section)| log_of(*section)).collect()
});

/// The program's statics belong to one test at a time.
static STATICS: Mutex<()> = Mutex::new(());

#[track_caller]
fn assert_same(name: &str, actual: &[String], expected: &[String]) {
    for (actual, expected) in actual.iter().zip(expected) {
        assert_eq!(actual, expected, "section {name} differs from std");
    }
    assert_eq!(actual.len(), expected.len(), "section {name} logs less or more than with std");
}

#[test]
fn outside_of_an_exploration_drawloom_behaves_as_std() {
    let _statics = STATICS.lock().unwrap_or_else(PoisonError::into_inner);
    for ((name, section), expected) in under_drawloom::program::SECTIONS.iter().zip(&*EXPECTED) {
        assert_same(name, &log_of(*section), expected);
    }
}

#[test]
fn inside_an_exploration_drawloom_behaves_as_std() {
    let _statics = STATICS.lock().unwrap_or_else(PoisonError::into_inner);
    for ((name, section), expected) in under_drawloom::program::SECTIONS.iter().zip(&*EXPECTED) {
        let config = Config::new().name(*name).strategy(StrategyKind::Portfolio).executions(20).spurious(0);
        let report = explore(config, || assert_same(name, &log_of(*section), expected));
        assert!(report.passed(), "{report}");
    }
}
