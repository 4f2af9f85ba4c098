//! How wide a report is, and how its prose is made to fit.
//!
//! Where a report is kept or compared it has 100 columns, so that the same failure has the same text everywhere. Where it is
//! printed for a person it is as wide as the terminal, within limits: with less than 80 columns the trace is no table any
//! more, and lines of more than 100 are hard to read.

use std::{env, fmt};

use console::Term;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

/// The width of a report that does not depend on who reads it.
pub(super) const WIDTH: usize = 100;

/// The least width.
const NARROWEST: usize = 80;

/// The width that is asked for, as in `format!("{report:80}")`.
pub(super) fn of(f: &fmt::Formatter<'_>) -> usize {
    f.width().unwrap_or(WIDTH).max(NARROWEST)
}

/// The width for whoever reads what is printed now.
pub(super) fn for_reader() -> usize {
    let mut terminals = [Term::stdout(), Term::stderr()].into_iter();
    let terminal = terminals.find_map(|terminal| terminal.size_checked()).map(|(_, columns)| columns.into());
    chosen(env::var("COLUMNS").ok().as_deref(), terminal)
}

/// `COLUMNS` comes first, as somebody has set it: shells do not hand it on by themselves.
fn chosen(columns: Option<&str>, terminal: Option<usize>) -> usize {
    let set = columns.and_then(|columns| columns.trim().parse().ok());
    set.or(terminal).unwrap_or(WIDTH).clamp(NARROWEST, WIDTH)
}

/// The text with its long lines broken. What follows a break stands `hanging` columns further to the right than the line.
pub(super) fn fit(text: &str, width: usize, hanging: usize) -> String {
    let mut fitted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
        if display_width(content) <= width {
            fitted += line;
            continue;
        }
        let words = content.trim_start();
        let indent = content.len() - words.len();
        let (first, others) = (" ".repeat(indent), " ".repeat(indent + hanging));
        let options = unbroken_words(width).initial_indent(&first).subsequent_indent(&others);
        fitted += &textwrap::fill(words, options);
        fitted += end;
    }
    fitted
}

/// Lines are broken between words only: paths and commands are to be copied.
fn unbroken_words<'a>(width: usize) -> Options<'a> {
    Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation)
}

/// At most so many characters of a text.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let cut: String = text.chars().take(length - 1).collect();
    format!("{}…", cut.trim_end())
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{chosen, fit};

    #[test]
    fn the_width_is_what_is_set_or_that_of_the_terminal_within_limits() {
        assert_eq!(chosen(None, None), 100);
        assert_eq!(chosen(None, Some(90)), 90);
        assert_eq!(chosen(Some("85"), Some(90)), 85);
        assert_eq!(chosen(Some("wide"), Some(90)), 90);
        assert_eq!(chosen(Some("40"), None), 80);
        assert_eq!(chosen(None, Some(200)), 100);
    }

    #[test]
    fn lines_are_broken_between_words_and_keep_their_indentation() {
        let text = "short\n  a line that is too long\n      some-path/that-is-long.rs:1:2\nend\n";
        let fitted = "short\n  a line that\n    is too\n    long\n      some-path/that-is-long.rs:1:2\nend\n";
        assert_eq!(fit(text, 14, 2), fitted);
    }

    #[test]
    fn text_that_fits_stays_as_it_is() {
        for text in ["", "\n", "a  b \n\n  c", "left → right\n"] {
            assert_eq!(fit(text, 12, 4), text);
        }
    }
}
