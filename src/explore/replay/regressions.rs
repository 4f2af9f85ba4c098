//! Failing schedules kept beside the code, meant to be committed, and run first the next time.
//!
//! One small text file a test: comments, and a token a line with what it showed. A token that no longer fits
//! the program is reported with how to remove it; one that fits and passes is a bug that stays fixed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const HEAD: &str = "\
# Schedules that made this test fail, kept by drawloom. They are run first each time.
# Commit this file; remove a line once its schedule no longer fits the test.
";

/// A test's name as that of a file.
pub(in crate::explore) fn file_name(test: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    test.replace("::", "--").chars().map(safe).collect()
}

/// The file of one test.
pub(crate) struct Regressions {
    path: PathBuf,
}

impl Regressions {
    /// The file of `test` in `folder`.
    pub(crate) fn new(folder: &Path, test: &str) -> Regressions {
        Regressions { path: folder.join(format!("{}.txt", file_name(test))) }
    }

    /// How to name the file to a person: its folder and name.
    pub(crate) fn label(&self) -> String {
        let tail: Vec<_> = self.path.components().rev().take(2).collect();
        let tail: PathBuf = tail.into_iter().rev().collect();
        tail.display().to_string()
    }

    /// The tokens kept, with their line numbers; none if there is no file.
    pub(crate) fn tokens(&self) -> io::Result<Vec<(usize, String)>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let content = |line: &str| {
            let token = line.split('#').next().unwrap_or_default().trim();
            (!token.is_empty()).then(|| token.to_owned())
        };
        let lines = text.lines().enumerate();
        Ok(lines.filter_map(|(index, line)| Some((index + 1, content(line)?))).collect())
    }

    /// Adds a token unless it is there.
    pub(crate) fn add(&self, token: &str, comment: &str) -> io::Result<()> {
        if self.tokens()?.iter().any(|(_, kept)| kept == token) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = !self.path.exists();
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.path)?;
        let comment = comment.lines().next().unwrap_or_default();
        // One write: tests run in parallel.
        let head = if new { HEAD } else { "" };
        file.write_all(format!("{head}{token}  # {comment}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_kept_once_with_their_comments() {
        let folder = std::env::temp_dir().join(format!("drawloom-regressions-{}", std::process::id()));
        let regressions = Regressions::new(&folder, "tests::a<b>");
        assert!(regressions.label().ends_with("tests--a-b-.txt"));
        assert!(regressions.tokens().unwrap().is_empty());
        regressions.add("dl1abc", "panic: lost\nupdate").unwrap();
        regressions.add("dl1abc", "again").unwrap();
        regressions.add("dl1def", "deadlock").unwrap();
        let kept = regressions.tokens().unwrap();
        assert_eq!(kept, [(3, "dl1abc".to_owned()), (4, "dl1def".to_owned())]);
        assert!(fs::read_to_string(&regressions.path).unwrap().contains("dl1abc  # panic: lost\n"));
        fs::remove_dir_all(folder).unwrap();
    }
}
