//! Colours for a report on a terminal. What is printed elsewhere, kept or compared stays plain text.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};

use super::{FailureKind, Report, width};

/// The report's text, as wide as the terminal, and in colours if a person is going to see it: when standard output and
/// standard error are terminals (a test harness keeps what a test prints and shows it on the former) and `NO_COLOR` is
/// not set (<https://no-color.org>).
pub fn for_terminal(report: &Report) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let text = format!("{report:0$}", width::for_reader());
    if wanted && std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
        let kind = report.failure().map(|failure| failure.kind());
        coloured(&text, kind)
    } else {
        text
    }
}

fn coloured(text: &str, kind: Option<FailureKind>) -> String {
    let alarm = AnsiColor::Red.on_default().bold();
    let (bold, dimmed) = (Style::new().bold(), Style::new().dimmed());
    let paint = |style: Style, text: &str| format!("{style}{text}{style:#}");
    let lines = text.lines().enumerate().map(|(number, line)| {
        if number == 0
            && let Some(rest) = kind.and_then(|kind| line.strip_prefix(kind.name()))
        {
            let (kind, _) = line.split_at(line.len() - rest.len());
            return format!("{}{}", paint(alarm, kind), paint(bold, rest));
        }
        for label in ["replay:", "note:"] {
            if let Some(rest) = line.strip_prefix(label) {
                return format!("{}{rest}", paint(bold, label));
            }
        }
        line.replace('│', &paint(dimmed, "│"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let text = "deadlock in t: stuck\n  step │ main\n\nnote: │\nreplay: x";
        let coloured = coloured(text, Some(FailureKind::Deadlock));
        assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31mdeadlock\u{1b}[0m"), "{coloured:?}");
        let mut plain = String::new();
        let mut parts = coloured.split('\u{1b}');
        plain.push_str(parts.next().unwrap());
        for part in parts {
            plain.push_str(part.split_once('m').unwrap().1);
        }
        assert_eq!(plain, text);
    }
}
