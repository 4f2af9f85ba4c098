//! What is made of an exploration's report: a summary, or a panic like loom's.

use std::panic::resume_unwind;
use std::path::Path;

use drawloom::__private::{for_terminal, wants_summary};
use drawloom::{Config, Failure, FailureKind, Report};

/// Shows the summary, or fails the test.
pub(super) fn conclude(config: &Config, report: &Report) {
    if let Some(failure) = report.failure() {
        fail(report, failure);
    }
    if wants_summary(config) {
        eprintln!("{}", for_terminal(report));
    }
}

/// As `conclude`, for the replay of what the checkpoint file holds; other schedules follow if it passed.
pub(super) fn conclude_checkpoint(report: &Report, file: &Path) {
    match report.failure() {
        Some(failure) if failure.kind() == FailureKind::Misuse => refuse(&format!(
            "the checkpoint file {} does not hold a schedule: {}; remove it",
            file.display(),
            failure.message()
        )),
        Some(failure) => {
            eprintln!("the schedule of the checkpoint file {} was run first, and fails", file.display());
            fail(report, failure);
        }
        None => eprintln!(
            "the schedule of the checkpoint file {} was run first, and passes; others follow",
            file.display()
        ),
    }
}

fn fail(report: &Report, failure: &Failure) -> ! {
    eprintln!("\n{}\n", for_terminal(report));
    unwind(message(failure))
}

/// Fails the test before anything was run.
pub(super) fn refuse(message: &str) -> ! {
    eprintln!("\n{message}\n");
    unwind(message.to_owned())
}

fn unwind(message: String) -> ! {
    // Not `panic!`: the place that it would name is in this file, which is nobody's concern.
    resume_unwind(Box::new(message))
}

/// The panic's message: drawloom's, with the words that loom would have used, for `#[should_panic(expected = …)]`.
fn message(failure: &Failure) -> String {
    let own = format!("{}: {}", failure.kind(), failure.message());
    let of_loom = match failure.kind() {
        FailureKind::Deadlock | FailureKind::LeakedThread => "deadlock",
        FailureKind::DataRace => "Causality violation",
        FailureKind::StepLimit | FailureKind::GoodSamaritan => "Model exceeded maximum number of branches",
        FailureKind::Leak if failure.message().starts_with("the Message ") => "Messages leaked",
        FailureKind::Leak if failure.message().starts_with("the Arc ") => "Arc leaked",
        FailureKind::Leak if failure.message().starts_with("the Waker ") => "Arc leaked",
        FailureKind::Leak => "Allocation leaked",
        _ => return own,
    };
    format!("{own} (loom: {of_loom})")
}
