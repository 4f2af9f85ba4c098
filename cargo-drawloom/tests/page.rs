//! What docs/push-button.md shows is what is printed: its program is explored as it stands there, and again by its token.
//!
//! The runtime is compiled for that, if it is not there, so this is ignored in the usual run; `.ci/run` has it:
//! `cargo test -p cargo-drawloom -- --ignored`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What stands in the page after `fence`, up to the end of the block.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    let after = page.split_once(fence).unwrap_or_else(|| panic!("the page has no block {fence}")).1;
    after.split_once("\n```").expect("the block ends").0.trim_start_matches('\n')
}

/// A package of this name, with these files.
fn package(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n");
    for (file, text) in [("Cargo.toml", manifest.as_str())].iter().chain(files) {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

fn cargo_drawloom(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-drawloom"));
    command.arg("drawloom").args(arguments).current_dir(folder);
    // Those of the cargo that runs this test.
    for (name, _) in std::env::vars_os() {
        let is_of_cargo =
            name.to_str().is_some_and(|name| name.starts_with("CARGO") || name.starts_with("DRAWLOOM"));
        if is_of_cargo && name != "CARGO_HOME" && name != "CARGO_DRAWLOOM_CACHE" {
            command.env_remove(name);
        }
    }
    command.env_remove("RUSTC_WRAPPER").env("CARGO_TERM_COLOR", "never").output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
#[ignore = "compiles the runtime"]
fn the_page_shows_what_is_printed() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/push-button.md"))
        .unwrap();
    let folder = package("counter", &[("src/lib.rs", block(&page, "```rust,ignore"))]);
    let first = cargo_drawloom(&folder, &["test", "--lib"]);
    let text = printed(&first);
    assert!(!first.status.success(), "{text}");
    let report = block(&page, "<!-- printed by cargo-drawloom/tests/page.rs -->\n```text");
    assert!(text.contains(report), "the page shows\n{report}\nand this is printed:\n{text}");
    let token =
        text.split_once("cargo drawloom replay ").expect("a token").1.split(' ').next().unwrap_or_default();
    let again = printed(&cargo_drawloom(&folder, &["replay", token, "increments_count"]));
    assert!(again.contains("assertion `left == right` failed"), "{again}");
    let bad = printed(&cargo_drawloom(&folder, &["replay", "nonsense", "increments_count"]));
    assert!(bad.contains("`nonsense` cannot be replayed") && bad.contains("1 failed"), "{bad}");
}

/// Each of these is one kind of test, and one way to pass or to fail.
const KINDS: &str = r#"
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

static SEEN: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static ONCE: OnceLock<u32> = OnceLock::new();

#[test]
#[should_panic(expected = "boom")]
fn panics() { panic!("boom"); }

#[test]
fn returns_an_error() -> Result<(), String> { println!("it was printed"); Err("no".to_owned()) }

#[test]
#[ignore]
fn is_ignored() { panic!(); }

#[test]
fn an_hour_is_slept() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_secs(3600));
    assert!(start.elapsed() >= Duration::from_secs(3600));
    println!("an hour later");
}

#[test]
fn statics_are_fresh_in_each_execution() {
    let thread = std::thread::spawn(|| SEEN.lock().unwrap().push(1));
    SEEN.lock().unwrap().push(2);
    thread.join().unwrap();
    assert_eq!(SEEN.lock().unwrap().len(), 2);
    assert!(ONCE.set(1).is_ok());
}

#[test]
fn hash_maps_and_times_are_std_s() {
    let map: std::collections::HashMap<u32, u32> = (0..10).map(|n| (n, n)).collect();
    assert_eq!(map.values().sum::<u32>(), 45);
    assert!(std::fs::metadata(".").unwrap().modified().unwrap() > std::time::SystemTime::UNIX_EPOCH);
}
"#;

#[test]
#[ignore = "compiles the runtime"]
fn tests_of_all_kinds_are_explored() {
    let folder = package("kinds", &[("src/lib.rs", ""), ("tests/kinds.rs", KINDS)]);
    let text = printed(&cargo_drawloom(&folder, &["test", "--test", "kinds"]));
    for passed in
        ["panics", "an_hour_is_slept", "statics_are_fresh_in_each_execution", "hash_maps_and_times_are_std_s"]
    {
        let line = text.lines().find(|line| line.starts_with(&format!("test {passed}")));
        assert!(line.is_some_and(|line| line.ends_with("ok")), "{passed}: {text}");
    }
    assert!(text.contains("4 passed; 1 failed; 1 ignored"), "{text}");
    assert_eq!(text.matches("it was printed").count(), 1, "{text}");
    // The keys of a map are random numbers, which are not tried in all their values.
    let passed = "2 explored whole, 1 explored with sleeps and timeouts that end in the order of their times, \
                  1 explored within bounds (random numbers, preemptions), 0 sampled, 0 run once";
    assert!(text.contains(passed), "{text}");
    let list =
        printed(&cargo_drawloom(&folder, &["test", "--test", "kinds", "--", "--list", "--format", "terse"]));
    assert!(list.contains("an_hour_is_slept: test"), "{list}");
    let one = printed(&cargo_drawloom(
        &folder,
        &["test", "--test", "kinds", "--", "--exact", "panics", "an_hour_is_slept"],
    ));
    assert!(one.contains("2 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out"), "{one}");
    let shown =
        printed(&cargo_drawloom(&folder, &["test", "--test", "kinds", "--", "--nocapture", "an_hour"]));
    assert_eq!(shown.matches("an hour later").count(), 1, "{shown}");
    let other = printed(&cargo_drawloom(&folder, &["test", "--target", "wasm32-unknown-unknown"]));
    assert!(other.contains("tests are explored on this machine only, which is "), "{other}");
}

/// Two tests, one of which fails where preemptions are not limited, and a package's settings.
const SET: &str = r#"
#[test]
fn fails() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let add = || COUNT.store(COUNT.load(SeqCst) + 1, SeqCst);
    std::thread::scope(|scope| {
        scope.spawn(add);
        scope.spawn(add);
    });
    assert_eq!(COUNT.load(SeqCst), 2);
}

mod slow {
    #[test]
    fn passes() {}
}
"#;

#[test]
#[ignore = "compiles the runtime"]
fn files_have_settings() {
    let with = |toml: &str| {
        let folder = package("settings", &[("src/lib.rs", SET), ("drawloom.toml", toml)]);
        printed(&cargo_drawloom(&folder, &["test", "--lib"]))
    };
    let text = with("");
    assert!(text.contains("1 passed; 1 failed") && text.contains("1 explored whole"), "{text}");
    let text = with("[tests.fails]\nmax-preemptions = 0\n[tests.\"slow::\"]\nexplore = false\n");
    assert!(text.contains("2 passed; 0 failed") && text.contains("1 explored within bounds"), "{text}");
    assert!(
        text.contains("slow::passes was run once, and not explored: ")
            && text.contains("drawloom.toml says so")
    );
    let text = with("tme = \"1s\"\n");
    assert!(text.contains("drawloom.toml: there is no setting `tme`; there are: artifacts, "), "{text}");
    let text = with("[tests.fails]\ntime = \"soon\"\n");
    assert!(text.contains("DRAWLOOM_TIME is `soon`, but takes a length of time"), "{text}");
    assert!(text.contains("DRAWLOOM_TIME is set in ") && text.contains("1 passed; 1 failed"), "{text}");
}

#[test]
#[ignore = "compiles the runtime"]
fn the_doctor_says_what_is_seen() {
    const ASSEMBLY: &str = "#![deny(unused_crate_dependencies)]\npub fn pause() { unsafe { core::arch::asm!(\"nop\") } }\n#[test]\nfn pauses() { pause() }\n";
    let folder = package(
        "examined",
        &[("src/lib.rs", ASSEMBLY), ("tests/more.rs", "#[test] fn a() {}\n#[test] fn b() {}\n")],
    );
    let text = printed(&cargo_drawloom(&folder, &["doctor"]));
    for line in [
        "  examined 0.0.0, more 0.0.0",
        "assembly: what it does to memory is not seen",
        "  examined 0.0.0: src/lib.rs:2",
        "lib examined of examined: 1 test",
        "test more of examined: 2 tests",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}:\n{text}");
    }
}

/// A lock of the operating system, in a dependency: two that are taken in both orders, and a lost update.
const PARKING_LOT: &str = r#"
use parking_lot::Mutex;
use std::sync::Arc;

#[test]
fn adds() {
    let sum = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&sum);
    let thread = std::thread::spawn(move || *theirs.lock() += 1);
    *sum.lock() += 1;
    thread.join().unwrap();
    assert_eq!(*sum.lock(), 2);
}

#[test]
fn waits_for_each_other() {
    let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (first, second) = (Arc::clone(&one), Arc::clone(&two));
    let thread = std::thread::spawn(move || {
        let _second = second.lock();
        let _first = first.lock();
    });
    {
        let _one = one.lock();
        let _two = two.lock();
    }
    thread.join().unwrap();
}
"#;

#[test]
#[ignore = "compiles the runtime"]
fn futexes_wait_in_the_model() {
    let manifest = "[package]\nname = \"futexes\"\nedition = \"2024\"\n[dependencies]\nparking_lot = \"0.12\"\n[workspace]\n";
    let folder = package("futexes", &[("Cargo.toml", manifest), ("tests/locks.rs", PARKING_LOT)]);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/lib.rs"), "").unwrap();
    let text = printed(&cargo_drawloom(&folder, &["test", "--test", "locks"]));
    assert!(text.contains("1 passed; 1 failed") && text.contains("0 run once"), "{text}");
    assert!(text.contains("deadlock in waits_for_each_other: no thread can go on"), "{text}");
    // Where the test has called the lock, and not where that has called the system.
    assert!(text.contains("at tests/locks.rs:21:28") && text.contains("at tests/locks.rs:25:24"), "{text}");
}

/// What is seen only if a few lines of a dependency are others, or if the process is another than under `cargo test`.
const OF_DEPENDENCIES: &str = r#"
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use thread_local::ThreadLocal;

#[test]
fn locks_of_parking_lot_are_taken_the_other_way_round() {
    let here = Arc::new((Mutex::new(0), Mutex::new(0)));
    let there = Arc::clone(&here);
    let thread = thread::spawn(move || { let _first = there.0.lock(); let _second = there.1.lock(); });
    { let _second = here.1.lock(); let _first = here.0.lock(); }
    thread.join().unwrap();
}

#[test]
fn parking_lot_wakes() {
    let here = Arc::new((Mutex::new(false), Condvar::new()));
    let there = Arc::clone(&here);
    let thread = thread::spawn(move || { *there.0.lock() = true; there.1.notify_one(); });
    let mut is_done = here.0.lock();
    while !*is_done { here.1.wait(&mut is_done); }
    drop(is_done);
    thread.join().unwrap();
}

#[test]
fn each_thread_has_its_own() {
    let here = Arc::new(ThreadLocal::new());
    let there = Arc::clone(&here);
    assert_eq!(*here.get_or(|| 1), 1);
    thread::spawn(move || assert_eq!(*there.get_or(|| 2), 2)).join().unwrap();
    assert_eq!(here.get(), Some(&1));
}

#[test]
fn the_system_call_for_random_bytes_is_drawn() {
    let mut byte = 0_u8;
    // SAFETY: there is room for one byte.
    let count = unsafe { libc::syscall(libc::SYS_getrandom, &raw mut byte, 1_usize, 0_u32) };
    assert_eq!(count, 1);
    if byte % 2 == 0 { thread::spawn(|| ()).join().unwrap(); }
}

#[test]
fn starts_its_program_again() {
    let run = |test| Command::new(std::env::current_exe().unwrap()).args(["--ignored", "--exact", test]).output().unwrap();
    assert_eq!(run("aborts").status.signal(), Some(6));
    assert!(run("lives").status.success());
}

#[test]
#[ignore]
fn aborts() { std::process::abort(); }

#[test]
#[ignore]
fn lives() { thread::spawn(|| ()).join().unwrap(); }
"#;

#[test]
#[ignore = "compiles the runtime"]
fn dependencies_that_wait_by_themselves_are_explored() {
    let manifest = "[package]\nname = \"dependencies\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
                    libc = \"0.2\"\nparking_lot = \"0.12\"\nthread_local = \"1.1\"\n";
    let files = [("src/lib.rs", ""), ("Cargo.toml", manifest), ("tests/all.rs", OF_DEPENDENCIES)];
    let text = printed(&cargo_drawloom(&package("dependencies", &files), &["test", "--test", "all"]));
    assert!(text.contains("4 passed; 1 failed; 2 ignored"), "{text}");
    assert!(text.contains("deadlock in locks_of_parking_lot_are_taken_the_other_way_round"), "{text}");
    // How much of parking_lot's is explored depends on the machine.
    assert!(text.contains("2 explored whole, ") && text.contains(", 0 run once"), "{text}");
}

/// tokio as it is, with its workers and the queue of events that they wait at.
const REAL_TOKIO: &str = r#"
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

#[tokio::test]
async fn sleeps() {
    let began = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(began.elapsed() >= Duration::from_secs(3_600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loses_an_update() {
    let sum = Arc::new(Mutex::new(0));
    let add = |sum: Arc<Mutex<i32>>| async move {
        let before = *sum.lock().await;
        *sum.lock().await = before + 1;
    };
    let (one, two) = (tokio::spawn(add(Arc::clone(&sum))), tokio::spawn(add(Arc::clone(&sum))));
    one.await.unwrap();
    two.await.unwrap();
    assert_eq!(*sum.lock().await, 2);
}
"#;

#[test]
#[ignore = "compiles the runtime"]
fn the_real_tokio_is_explored_if_it_is_asked_for() {
    let manifest = "[package]\nname = \"real-tokio\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
                    tokio = { version = \"1\", features = [\"full\"] }\n";
    let files = [("src/lib.rs", ""), ("Cargo.toml", manifest), ("tests/all.rs", REAL_TOKIO)];
    let folder = package("real-tokio", &files);
    let text = printed(&cargo_drawloom(&folder, &["test", "--tokio=real", "--test", "all"]));
    assert!(text.contains("1 passed; 1 failed") && text.contains(", 0 run once"), "{text}");
    assert!(
        text.contains("panic in loses_an_update: ") && text.contains(" loses_an_update --tokio=real"),
        "{text}"
    );
}
