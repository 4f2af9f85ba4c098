//! From a captured stack to the program's own functions.
//!
//! std resolves a stack only to text, so the text is read: a line for the function, and one for the place. What cannot be
//! read is left out. Frames of drawloom, of std and of the test harness are left out too: they are below or above what
//! somebody who reads a report has written.

use std::backtrace::Backtrace;
use std::path::Path;

use crate::report::Frame;

/// Names of functions that begin so are not the program's.
const OTHERS: [&str; 5] = ["drawloom::", "std::", "core::", "alloc::", "__"];

/// Where a thread's stack begins. What is below belongs to the exploration.
const BOTTOM: [&str; 2] = ["stack_init_trampoline", "corosensei::"];

/// The program's functions, the innermost first.
pub(super) fn frames(stack: &Backtrace) -> Vec<Frame> {
    let here = std::env::current_dir().unwrap_or_default();
    parse(&stack.to_string(), &here)
}

fn parse(text: &str, here: &Path) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut is_ours = false;
    for line in text.lines().map(str::trim_start) {
        if let Some(place) = line.strip_prefix("at ") {
            if let (true, Some(frame)) = (is_ours, frames.last_mut()) {
                frame.place.get_or_insert_with(|| shorten(place, here));
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
        is_ours = !OTHERS.iter().any(|other| owner.starts_with(other)) && function != "<unknown>";
        if is_ours {
            frames.push(Frame { function: without_hash(function).to_owned(), place: None });
        }
    }
    frames
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
        assert_eq!(parse(text, Path::new("/home/somebody/shop")), expected);
    }

    #[test]
    fn a_real_stack_can_be_read() {
        // Its functions are drawloom's own, so the text is asked.
        let text = Backtrace::force_capture().to_string();
        assert!(text.contains("a_real_stack_can_be_read"), "{text}");
        let renamed = text.replace("drawloom::", "shop::");
        let frames = parse(&renamed, Path::new("/"));
        assert!(
            frames.iter().any(|frame| frame.function.ends_with("a_real_stack_can_be_read")),
            "{frames:?}"
        );
    }
}
