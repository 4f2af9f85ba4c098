//! What a worker says when it is asked what it does.

/// What a worker that was asked has answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    expect(dead_code, reason = "nobody can be asked there")
)]
pub(in crate::rt) enum Answer {
    /// Nothing: it cannot be reached, or no thread of the model runs there.
    None,
    /// It was in the middle of what must not be left there: an allocation, say. To be asked again soon.
    Busy,
    /// As `Busy`, but it is only code of a shared library of which nothing is known.
    InLibrary,
    /// It runs, and where was noted. To be asked again soon.
    Noted,
    /// It is drawloom that takes long, not the program's code.
    OwnWork,
    /// It has ended the execution.
    Ended,
}

/// How many times it is noted where a thread that runs is, before its execution is ended.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const NOTED: usize = 30;
