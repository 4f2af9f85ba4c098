//! Operations that a thread repeats, with the same outcome each time, told once: a loop that waits would fill the trace.

use super::Row;

/// The longest repeated sequence that is looked for, in rows.
const LONGEST: usize = 4;

/// How many rows have to go for it to be worth it.
const WORTH: usize = 4;

/// What the trace shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Row(&'a Row),
    /// The rows before, so many times more.
    Again {
        thread: usize,
        times: usize,
        rows: usize,
        /// Whether the thread was preempted then.
        preempted: bool,
    },
}

impl Part<'_> {
    /// How many rows of the trace that is.
    pub(super) fn rows(&self) -> usize {
        match *self {
            Part::Row(_) => 1,
            Part::Again { rows, .. } => rows,
        }
    }

    pub(super) fn is_preempted(&self) -> bool {
        match *self {
            Part::Row(row) => row.preempted,
            Part::Again { preempted, .. } => preempted,
        }
    }
}

/// The rows, with repetitions told once.
pub(super) fn folded(rows: &[Row]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let longest = LONGEST.min(rows.len() - at);
        let found = (1..=longest).map(|period| (period, times(rows, at, period)));
        let worth = found.filter(|(period, times)| period * times >= WORTH);
        let Some((period, times)) = worth.max_by_key(|(period, times)| period * times) else {
            parts.push(Part::Row(&rows[at]));
            at += 1;
            continue;
        };
        parts.extend(rows[at..at + period].iter().map(Part::Row));
        let repeated = period * times;
        at += period + repeated;
        let Row { thread, preempted, .. } = rows[at - 1];
        parts.push(Part::Again { thread, times, rows: repeated, preempted });
    }
    parts
}

/// How often the `period` rows at `at` come again right after them, by one thread that goes on.
fn times(rows: &[Row], at: usize, period: usize) -> usize {
    let (block, rest) = rows[at..].split_at(period);
    if block.iter().any(|row| row.thread != block[0].thread || row.preempted) {
        return 0;
    }
    let mut times = 0;
    for again in rest.chunks_exact(period) {
        let preempted = again.iter().position(|row| row.preempted);
        let is_last = preempted == Some(period - 1);
        let goes_on = preempted.is_none() || is_last;
        if !goes_on || !block.iter().zip(again).all(|(row, other)| is_like(row, other)) {
            break;
        }
        times += 1;
        if is_last {
            break;
        }
    }
    times
}

fn is_like(row: &Row, other: &Row) -> bool {
    row.thread == other.thread
        && row.verb == other.verb
        && row.place == other.place
        && row.object == other.object
        && row.note == other.note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Found;

    /// A row a letter; a capital one is preempted.
    fn rows(letters: &str) -> Vec<Row> {
        let row = |(at, letter): (usize, char)| Row {
            step: at as u64 + 1,
            thread: 0,
            verb: "load",
            object: None,
            note: letter.to_ascii_lowercase().to_string(),
            found: Found::default(),
            place: None,
            preempted: letter.is_uppercase(),
            states: Vec::new(),
        };
        letters.chars().enumerate().map(row).collect()
    }

    fn folded_letters(letters: &str) -> String {
        let tell = |part: &Part<'_>| match part {
            Part::Row(row) => row.note.clone(),
            Part::Again { times, .. } => format!("({times})"),
        };
        folded(&rows(letters)).iter().map(tell).collect()
    }

    #[test]
    fn repetitions_are_told_once() {
        assert_eq!(folded_letters("abc"), "abc");
        assert_eq!(folded_letters("aaaa"), "aaaa");
        assert_eq!(folded_letters("xaaaaaay"), "xa(5)y");
        assert_eq!(folded_letters("xabababaz"), "xab(2)az");
        assert_eq!(folded_letters("abcabcabcd"), "abc(2)d");
    }

    #[test]
    fn a_preemption_ends_a_repetition() {
        assert_eq!(folded_letters("abababAbabab"), "ab(2)ababab");
        let parts = rows("aaaaaaA");
        let parts = folded(&parts);
        assert!(
            matches!(parts[..], [Part::Row(_), Part::Again { times: 6, preempted: true, .. }]),
            "{parts:?}"
        );
    }

    #[test]
    fn nothing_is_lost() {
        for letters in ["", "a", "aaaaabbbbbb", "abcdabcdabcdabc", "aaAaaaaaBbbbbb"] {
            let rows = rows(letters);
            assert_eq!(folded(&rows).iter().map(Part::rows).sum::<usize>(), rows.len(), "{letters}");
        }
    }
}
