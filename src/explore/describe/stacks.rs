//! From a captured stack to the program's own functions.
//!
//! std resolves a stack only to text, so the text is read: a line for the function, and one for the place. What cannot be
//! read is left out. Frames of drawloom, of std and of the test harness are left out too: they are below or above what
//! somebody who reads a report has written.

use std::backtrace::Backtrace;
use std::panic::Location;
use std::path::Path;

use crate::report::{Frame, Place};

/// Names of functions that begin so are not the program's.
const OTHERS: [&str; 5] = ["drawloom::", "std::", "core::", "alloc::", "__"];

/// Parts of the paths of std's files, where they were compiled and where they are installed.
const IN_STD: [&str; 2] = ["/rustc/", "/rustlib/src/rust/"];

/// Part of the path of what carries threads, whose stacks begin in it.
const CARRIER: &str = "/corosensei-";

/// Where drawloom's own files are, if it was compiled here.
const OURS: [&str; 2] =
    [concat!(env!("CARGO_MANIFEST_DIR"), "/src/"), concat!(env!("CARGO_MANIFEST_DIR"), "/shims/")];

/// Where a thread's stack begins. What is below belongs to the exploration.
const BOTTOM: [&str; 2] = ["stack_init_trampoline", "corosensei::"];

/// A function that stands on a stack.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) function: String,
    /// Where, as reports write it, and in which column.
    place: Option<(String, u32)>,
    /// Whether it is neither drawloom's nor std's.
    is_programs: bool,
    /// Whether it is so and lies below the folder where the test runs: no dependency.
    pub(super) is_local: bool,
}

impl Named {
    #[cfg(test)]
    pub(super) fn new(function: &str, is_local: bool) -> Named {
        Named { function: function.to_owned(), place: None, is_programs: is_local, is_local }
    }

    pub(super) fn place_of(&self) -> Option<Place> {
        let (place, column) = self.place.as_ref()?;
        let (file, line) = place.rsplit_once(':')?;
        Some(Place { file: file.to_owned(), line: line.parse().ok()?, column: *column })
    }
}

/// The program's functions, the innermost first.
pub(super) fn frames(stack: &Backtrace) -> Vec<Frame> {
    shown(named(stack))
}

/// All functions above the bottom of a thread's stack, the innermost first.
pub(super) fn named(stack: &Backtrace) -> Vec<Named> {
    let here = std::env::current_dir().unwrap_or_default();
    parse(&stack.to_string(), &here)
}

/// Those of them that are the program's.
pub(super) fn shown(all: Vec<Named>) -> Vec<Frame> {
    let programs = all.into_iter().filter(|frame| frame.is_programs);
    programs
        .map(|frame| Frame { function: frame.function, place: frame.place.map(|(place, _)| place) })
        .collect()
}

/// As `shown`, without what a dependency's function that the program has called does inside of it.
pub(super) fn shown_from_the_call(mut all: Vec<Named>) -> Vec<Frame> {
    if let Some(first) = all.iter().position(|frame| frame.is_local) {
        let called = all[..first].iter().rposition(|frame| frame.is_programs);
        all.drain(..called.unwrap_or(first));
    }
    shown(all)
}

/// Where the program does that which stands in `location`: if a dependency does it, where the program has called that.
pub(super) fn own_place(all: &[Named], location: &Location<'_>) -> Place {
    let is_of_dependency = Path::new(location.file()).is_absolute() && !is_in_std(location.file());
    let calls = all.iter().find(|frame| frame.is_local).filter(|_| is_of_dependency);
    calls.and_then(Named::place_of).unwrap_or_else(|| Place::from(location))
}

fn parse(text: &str, here: &Path) -> Vec<Named> {
    let mut frames: Vec<Named> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut().filter(|frame| frame.place.is_none()) {
                let column = place.rsplit_once(':').and_then(|(_, column)| column.parse().ok());
                let is_below = place.starts_with("./") || Path::new(place).starts_with(here);
                frame.place = Some((shorten(place, here), column.unwrap_or(1)));
                let is_others = is_in_std(place)
                    || place.contains(CARRIER)
                    || OURS.iter().any(|folder| here.join(place).starts_with(folder));
                // Where only lines are known of a program, its functions have no paths.
                frame.is_programs |= !has_path(&frame.function) && place.contains(".rs:");
                // An implementation of std's for one of its types begins with the type.
                frame.is_programs &= !is_others;
                frame.is_local = frame.is_programs && is_below;
            }
            continue;
        }
        let Some((number, function)) = line.split_once(": ") else { continue };
        if number.parse::<u32>().is_err() {
            continue;
        }
        // `<Type as Trait>::method` is whose type is.
        let owner = function.trim_start_matches(['<', '&', '*']);
        if BOTTOM.iter().any(|bottom| owner.starts_with(bottom)) {
            break;
        }
        let is_programs = !OTHERS.iter().any(|other| owner.starts_with(other)) && function != "<unknown>";
        // What has no path and stands above all of the program's is the system's: `syscall`.
        let is_programs = is_programs && (has_path(function) || frames.iter().any(|frame| frame.is_programs));
        let function = without_hash(function).to_owned();
        frames.push(Named { function, place: None, is_programs, is_local: false });
    }
    frames
}

fn is_in_std(path: &str) -> bool {
    IN_STD.iter().any(|part| path.contains(part))
}

/// Whether a function is named with its module.
fn has_path(function: &str) -> bool {
    function.starts_with('<') || function.split('<').next().is_some_and(|name| name.contains("::"))
}

/// Without the hash that tells functions of the same name apart.
fn without_hash(function: &str) -> &str {
    match function.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => function,
    }
}

/// `./src/lib.rs:7:5` as `src/lib.rs:7`, and a file elsewhere by the end of its path: nothing of the machine.
fn shorten(place: &str, here: &Path) -> String {
    let place = match place.rsplit_once(':') {
        Some((line, column)) if line.contains(':') && column.parse::<u32>().is_ok() => line,
        _ => place,
    };
    if let Some(place) = place.strip_prefix("./") {
        return place.to_owned();
    }
    let path = Path::new(place);
    if let Ok(below) = path.strip_prefix(here) {
        return below.display().to_string();
    }
    let mut parts: Vec<&str> = place.rsplit(['/', '\\']).take(4).collect();
    parts.reverse();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_program_are_kept() {
        let text = "   0: drawloom::rt::stack
             at ./src/rt/evidence.rs:3:9
   1: <drawloom::cell::Cell<T>>::set
   2: <shop::Queue<T> as core::ops::Drop>::drop::h0123456789abcdef
             at /home/somebody/shop/src/queue.rs:12:30
   3: core::ptr::drop_in_place
   4: shop::serve::{{closure}}
             at ./tests/serve.rs:40:5
   5: <unknown>
   6: stack_init_trampoline
   7: start_thread
";
        let frame = |function: &str, place: &str| Frame {
            function: function.to_owned(),
            place: Some(place.to_owned()),
        };
        let expected = [
            frame("<shop::Queue<T> as core::ops::Drop>::drop", "src/queue.rs:12"),
            frame("shop::serve::{{closure}}", "tests/serve.rs:40"),
        ];
        let all = parse(text, Path::new("/home/somebody/shop"));
        let place = all[2].place_of().map(|place| (place.file, place.line, place.column));
        assert_eq!(place, Some(("src/queue.rs".to_owned(), 12, 30)));
        assert_eq!(shown(all), expected);
    }

    #[test]
    fn functions_without_paths_are_told_by_their_files() {
        let text = format!(
            "   0: syscall
   1: sqlite3_step
             at ./sqlite3.c:7
   2: lock<u32>
             at {}sync/mutex.rs:3:9
   3: call_once<shop::serve::{{closure_env#0}}, ()>
             at /rustc/5980/library/core/src/ops/function.rs:250:5
   4: serve
             at ./tests/serve.rs:40:5
",
            OURS[0]
        );
        let expected = Frame { function: "serve".to_owned(), place: Some("tests/serve.rs:40".to_owned()) };
        assert_eq!(shown(parse(&text, Path::new("/home/somebody/shop"))), [expected]);
    }

    #[test]
    fn a_real_stack_can_be_read() {
        // Its functions are drawloom's own, so the text is asked.
        let text = Backtrace::force_capture().to_string();
        assert!(text.contains("a_real_stack_can_be_read"), "{text}");
        let renamed = text.replace("drawloom::", "shop::");
        let frames = shown(parse(&renamed, Path::new("/")));
        assert!(
            frames.iter().any(|frame| frame.function.ends_with("a_real_stack_can_be_read")),
            "{frames:?}"
        );
    }
}
