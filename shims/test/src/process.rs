//! Each test has a process of its own: another run of the same program. So what one test leaves behind (threads that wait for ever,
//! statics, memory that it has corrupted) is no other's concern, and a test that ends its process has failed, and no other.
//!
//! The child writes to a file how its test has ended; what it prints is shown if that is a failure, as libtest does it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::settings::{self, Settings};
use crate::statics;
use crate::verdicts::{self, Passed};

/// How a child runs its test; set where the process is one.
const MODE: &str = "CARGO_DRAWLOOM_CHILD";
/// The name of its test.
const TEST: &str = "CARGO_DRAWLOOM_TEST";
/// The file for how that has ended.
const ENDED: &str = "CARGO_DRAWLOOM_ENDED";
/// Set for what a test starts: the same program, perhaps.
const WITHIN: &str = "CARGO_DRAWLOOM_WITHIN";

/// Set where what tests print is shown.
const SHOWS: &str = "CARGO_DRAWLOOM_SHOWS";

/// What `cargo drawloom` was told about packages, features and profiles; empty, or with a blank before it.
const FLAGS: &str = "CARGO_DRAWLOOM_FLAGS";

/// How long a test takes of which it is said that it takes long, as libtest has it.
const SLOW: Duration = Duration::from_secs(60);

/// How a child runs its test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// As an exploration.
    Explore,
    /// Once, as it would be without drawloom.
    Once,
}

/// How a test has ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Passed(Passed),
    /// It cannot be explored, for this reason.
    NotExplored(String),
    Failed(String),
}

/// What this process is to do, if it is a child.
pub(crate) struct Told {
    pub(crate) mode: Mode,
    pub(crate) test: String,
    /// Where it tells how that has ended.
    ended: Option<OsString>,
}

/// What this process is to do, if it is a child. No other thread runs yet.
pub(crate) fn child() -> Option<Told> {
    let mode = match std::env::var(MODE).ok()?.as_str() {
        "once" => Mode::Once,
        _ => Mode::Explore,
    };
    let told = Told { mode, test: std::env::var(TEST).ok()?, ended: std::env::var_os(ENDED) };
    // A test that starts this program again does not mean itself.
    for name in [MODE, TEST, ENDED] {
        // SAFETY: nobody else reads the environment meanwhile.
        unsafe { std::env::remove_var(name) };
    }
    // SAFETY: as above.
    unsafe { std::env::set_var(WITHIN, "1") };
    Some(told)
}

/// Whether a test has started this process.
pub(crate) fn is_within_test() -> bool {
    std::env::var_os(WITHIN).is_some()
}

/// How a child says in which way its test has passed.
const WORDS: [(&str, Passed); 5] = [
    ("explored", Passed::Explored),
    ("timed", Passed::Timed),
    ("bounded", Passed::Bounded),
    ("sampled", Passed::Sampled),
    ("strong", Passed::StrongMemory),
];

impl Told {
    /// The test of this child has ended.
    pub(crate) fn tell(&self, ended: &Ended) {
        let (word, text) = match ended {
            Ended::Passed(Passed::Once(why)) | Ended::NotExplored(why) => ("once", why.as_str()),
            Ended::Failed(message) => ("failed", message.as_str()),
            Ended::Passed(passed) => {
                let (word, _) =
                    WORDS.iter().find(|(_, other)| other == passed).expect("there is a word for each");
                (*word, "")
            }
        };
        if let Some(file) = &self.ended {
            std::fs::write(file, format!("{word}\n{text}")).unwrap_or_else(|error| {
                panic!("drawloom cannot write {}: {error}", Path::new(file).display())
            });
        }
    }
}

/// What a child has told.
fn told(text: &str) -> Option<Ended> {
    let (word, text) = text.split_once('\n')?;
    Some(match word {
        "once" => Ended::NotExplored(text.to_owned()),
        "failed" => Ended::Failed(text.to_owned()),
        _ => Ended::Passed(WORDS.iter().find(|(known, _)| *known == word)?.1.clone()),
    })
}

/// Runs a test. The message, if it fails.
pub(crate) fn run(name: &'static str, shows_output: bool) -> Result<(), String> {
    let settings = settings::of(name);
    if let Some(place) = &settings.left_out {
        let told = format!("the test was run once, as {place} says");
        return run_once(name, &settings, shows_output, format!("{place} says so"), &told);
    }
    let explored = Child::run(name, Mode::Explore, &settings, shows_output)?;
    match explored.ended {
        Some(Ended::Passed(passed)) => {
            verdicts::note(name, passed);
            Ok(())
        }
        Some(Ended::Failed(message)) => Err(message),
        Some(Ended::NotExplored(why)) => run_instead(name, &settings, shows_output, why),
        // It has ended its process: drawloom has said in which execution.
        None if !statics::has_own_allocator() => Err(format!(
            "{}\ndrawloom: the test has ended its process ({})",
            explored.printed, explored.status
        )),
        None => {
            let why = "it has ended its process, and its program has a `#[global_allocator]`: if that uses atomics or locks, they are \
                       used in the middle of drawloom's own operations";
            run_instead(name, &settings, shows_output, why.to_owned())
        }
    }
}

/// Runs a test once that could not be explored, for this reason.
fn run_instead(
    name: &'static str,
    settings: &Settings,
    shows_output: bool,
    why: String,
) -> Result<(), String> {
    let told = format!(
        "the test was run once, and not explored: {why}. Executions that were cut off before may have left files behind, or whatever \
         else the test makes outside of its process"
    );
    run_once(name, settings, shows_output, why, &told)
}

/// Runs a test once, for this reason; `told` is said if it fails.
fn run_once(
    name: &'static str,
    settings: &Settings,
    shows_output: bool,
    why: String,
    told: &str,
) -> Result<(), String> {
    let once = Child::run(name, Mode::Once, settings, shows_output)?;
    if !once.status.success() {
        return Err(format!("{}\ndrawloom: {told}", once.printed));
    }
    verdicts::note(name, Passed::Once(why));
    Ok(())
}

/// A child that has ended.
struct Child {
    status: ExitStatus,
    ended: Option<Ended>,
    printed: String,
}

impl Child {
    fn run(name: &str, mode: Mode, settings: &Settings, shows_output: bool) -> Result<Child, String> {
        let file = file_for_end();
        let program =
            std::env::current_exe().map_err(|error| format!("drawloom cannot find this program: {error}"))?;
        let mode = if mode == Mode::Once { "once" } else { "explore" };
        let mut command = Command::new(program);
        command.env(MODE, mode).env(TEST, name).env(ENDED, &file).stdin(Stdio::null());
        command.envs(settings.environment());
        if shows_output {
            command.env(SHOWS, "1");
            command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
        }
        let _slow = Slow::watch(name);
        let output = command.output().map_err(|error| format!("drawloom cannot run the test: {error}"))?;
        let ended = std::fs::read_to_string(&file).ok().and_then(|text| told(&text));
        let _ = std::fs::remove_file(&file);
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Ok(Child { status: output.status, ended, printed: format!("{stdout}{stderr}") })
    }
}

/// Tells of a test that takes long, until it has ended.
struct Slow {
    _ended: Sender<()>,
}

impl Slow {
    fn watch(name: &str) -> Slow {
        let (sender, ended) = channel();
        let name = name.to_owned();
        thread::spawn(move || {
            if ended.recv_timeout(SLOW) == Err(RecvTimeoutError::Timeout) {
                eprintln!("drawloom: test {name} has been running for over {} seconds", SLOW.as_secs());
            }
        });
        Slow { _ended: sender }
    }
}

/// Whether what the test of this child prints is to be shown, also if it passes.
pub(crate) fn shows_output() -> bool {
    std::env::var_os(SHOWS).is_some()
}

/// What `cargo drawloom` was told about packages, features and profiles: it belongs to how a test is run again.
pub(crate) fn flags() -> String {
    std::env::var(FLAGS).unwrap_or_default()
}

/// A file that no other child has.
fn file_for_end() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("cargo-drawloom-{}-{next}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_tells_is_understood() {
        assert_eq!(told("sampled\n"), Some(Ended::Passed(Passed::Sampled)));
        assert_eq!(told("failed\na\nb"), Some(Ended::Failed("a\nb".to_owned())));
        assert_eq!(
            told("once\nit does not repeat"),
            Some(Ended::NotExplored("it does not repeat".to_owned()))
        );
        assert_eq!(told("explo"), None);
    }
}
