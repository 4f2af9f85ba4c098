//! A failure as text that is worth pinning in a snapshot: what happened, in order, and why it fails; nothing that changes when
//! lines are inserted above, such as places, or with the seed.

use std::fmt::Write as _;

use super::{Doing, Failure};

/// The failure without places, seed and token.
pub(crate) fn pinned(failure: &Failure) -> String {
    let names = failure.names();
    let threads = &failure.trace.threads;
    let mut text = format!("{}: {}\n\n", failure.kind, without_places(&failure.message));
    for row in &failure.trace.rows {
        let object = row.object.as_ref().map(|object| format!(" {}", named(&names.brief(object))));
        let _ =
            writeln!(text, "{}: {}{}{}", threads[row.thread], row.verb, object.unwrap_or_default(), row.note);
        if row.preempted {
            let _ = writeln!(text, "{}: preempted", threads[row.thread]);
        }
    }
    for wait in &failure.waits {
        let object = wait.object.as_ref().map(|object| format!(" {}", named(&names.brief(object))));
        let _ = writeln!(text, "{} waits {}{}", threads[wait.thread], wait.what, object.unwrap_or_default());
    }
    let describe = |doing: &Doing| {
        let object = doing.object.as_ref().map(|object| format!(" of {}", named(&names.brief(object))));
        format!("{}'s {}{}", threads[doing.thread], doing.verb, object.unwrap_or_default())
    };
    for order in failure.cause.iter().flat_map(|cause| &cause.orders) {
        let _ = writeln!(text, "because {} comes before {}", describe(&order.before), describe(&order.after));
    }
    text
}

/// An object's name, which is by its place if it has no other.
fn named(name: &str) -> String {
    match name.split_once(" of ") {
        Some((kind, _)) => format!("a {kind}"),
        None => name.to_owned(),
    }
}

/// Without what looks like `src/lib.rs:7:5`.
fn without_places(text: &str) -> String {
    let is_place = |word: &str| {
        let mut parts = word.trim_end_matches([',', ';', ')']).rsplitn(3, ':');
        let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u32>().is_ok());
        is_number(parts.next()) && is_number(parts.next()) && parts.next().is_some()
    };
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| if is_place(word) { "…" } else { word });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::without_places;

    #[test]
    fn places_are_left_out_of_messages() {
        let text = "the lock made at src/lib.rs:7:5, by main\n  left: 1";
        assert_eq!(without_places(text), "the lock made at … by main\n  left: 1");
    }
}
