//! What the source says about a place: the name of the variable that an object was made for.
//!
//! Only for reading: a name that cannot be found is left out, and nothing depends on it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Place;

/// The line of source at `place`, if the file is at hand.
fn line(place: &Place) -> Option<String> {
    text(&place.file)?.lines().nth(place.line.checked_sub(1)? as usize).map(str::to_owned)
}

/// The file's text, if it is at hand. Paths are relative to the workspace, and tests run in a package's folder: so the
/// folders above are tried too.
pub(super) fn text(file: &str) -> Option<String> {
    let file = Path::new(file);
    if file.is_absolute() {
        return fs::read_to_string(file).ok();
    }
    let here = std::env::current_dir().ok()?;
    let candidates = here.ancestors().map(|folder: &Path| -> PathBuf { folder.join(file) });
    candidates.take(4).find_map(|path| fs::read_to_string(path).ok())
}

/// The variable, static or field that the object made at `place` was made for.
pub(super) fn variable(place: &Place) -> Option<String> {
    let line = line(place)?;
    let (before, from) = line.split_at_checked((place.column as usize).saturating_sub(1))?;
    let name = || name_before(before).map(str::to_owned);
    part_of_tuple(before, from).or_else(name).or_else(|| name_in_array(before, from))
}

/// `NAME.1` for the second expression of a tuple that NAME is bound to: `let NAME = Arc::new((expression, `.
fn part_of_tuple(before: &str, from: &str) -> Option<String> {
    if before.contains("let (") {
        return None;
    }
    let (mut depth, mut position) = (0u32, 0);
    for (at, c) in before.char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' if depth > 0 => depth -= 1,
            '(' if before[..at].trim_end().ends_with(['(', '=']) => {
                let is_tuple = position > 0 || has_next(from);
                let name = name_before(&before[..at]).filter(|_| is_tuple)?;
                return Some(format!("{name}.{position}"));
            }
            // What is called with more than this is no `Arc::new`.
            '(' if position > 0 => return None,
            '[' | '{' => return None,
            ',' if depth == 0 => position += 1,
            _ => {}
        }
    }
    None
}

/// Whether a comma follows the expression that `from` starts with, in the parentheses around it.
fn has_next(from: &str) -> bool {
    let mut depth = 0i32;
    for c in from.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return true,
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    false
}

/// `NAME[1]` for the second expression of an array that NAME is bound to: `let NAME = Arc::new([expression, `. In an array of
/// equals, `[expression; 3]`, it would be the name of all.
fn name_in_array(before: &str, from: &str) -> Option<String> {
    let (mut depth, mut position) = (0i32, 0);
    for (at, c) in before.char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '{' => depth -= 1,
            '[' if depth > 0 => depth -= 1,
            '[' => {
                let is_of_equals = from.split_once(']').is_none_or(|(element, _)| element.contains(';'));
                let name = name_before(&before[..at]).filter(|_| !is_of_equals)?;
                return Some(format!("{name}[{position}]"));
            }
            ',' if depth == 0 => position += 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

/// The name that the expression after `before` is given: `let NAME = Arc::new(`, `static NAME: T =`, `NAME:`.
fn name_before(before: &str) -> Option<&str> {
    if let Some(name) = name_in_tuple(before) {
        return Some(name);
    }
    // What stands between the name and the expression is a path and calls only: in an array the name would be that of
    // several.
    let end = before.trim_end_matches(|c: char| c.is_alphanumeric() || "_:(&<".contains(c)).trim_end();
    if let Some(bound) = end.strip_suffix('=') {
        let keyword = ["let mut ", "let ", "static mut ", "static ", "const "];
        let (_, after) = keyword.iter().find_map(|keyword| bound.rsplit_once(keyword))?;
        return identifier(after);
    }
    let field = end.strip_suffix(':')?;
    let start = field.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    identifier(&field[start..])
}

/// The name in `let (NAME, other) = f(` and `let (other, NAME) = (expression, `: of a function's result the first, which of
/// a channel is its sender.
fn name_in_tuple(before: &str) -> Option<&str> {
    let (_, after) = before.rsplit_once("let (")?;
    let (pattern, expression) = after.split_once(") = ")?;
    let expression = expression.trim_start();
    let (mut depth, mut position) = (0i32, 0usize);
    for c in expression.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 1 && expression.starts_with('(') => position += 1,
            ';' | '"' => return None,
            _ => {}
        }
    }
    let name = pattern.split(',').nth(position)?.trim();
    let name = name.strip_prefix("mut ").unwrap_or(name);
    identifier(name).filter(|found| found.len() == name.len())
}

/// The identifier that `text` starts with, if it is a whole one.
fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let name = &text[..end];
    let first = name.chars().next()?;
    (!first.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{name_before, name_in_array, part_of_tuple};

    #[test]
    fn parts_of_tuples_are_numbered() {
        let name = |line: &str| {
            let (before, from) = line.split_once('@').unwrap();
            part_of_tuple(before, from)
        };
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(name("let pair = Arc::new((@Mutex::new(f(1, 2)), Condvar::new()));"), named("pair.0"));
        assert_eq!(name("let pair = Arc::new((Mutex::new(f(1, 2)), @Condvar::new()));"), named("pair.1"));
        assert_eq!(name("let pair = (Mutex::new(1), Arc::new(@Mutex::new(2)));"), named("pair.1"));
        assert_eq!(name("let lock = Arc::new((@Mutex::new(1)));"), None);
        assert_eq!(name("let pair = Pair::of(Mutex::new(1), @Mutex::new(2));"), None);
        assert_eq!(name("let (a, b) = (Mutex::new(1), @Mutex::new(2));"), None);
        assert_eq!(name("let lock = Arc::new(@Mutex::new(1));"), None);
    }

    #[test]
    fn elements_of_arrays_are_numbered() {
        let name = |line: &str| {
            let (before, from) = line.split_once('@').unwrap();
            name_in_array(before, from)
        };
        assert_eq!(
            name("let locks = Arc::new([@Mutex::new(1), Mutex::new(f(2))]);"),
            Some("locks[0]".to_owned())
        );
        assert_eq!(
            name("let locks = Arc::new([Mutex::new(f(1, 1)), @Mutex::new(2)]);"),
            Some("locks[1]".to_owned())
        );
        assert_eq!(name("let locks = [@Mutex::new(0); 3];"), None);
        assert_eq!(name("let locks = [const { @Mutex::new(0) }; 3];"), None);
        assert_eq!(name("    let lock = @Mutex::new(0);"), None);
    }

    #[test]
    fn names_are_found_where_objects_are_bound() {
        assert_eq!(name_before("    let a = Arc::new("), Some("a"));
        assert_eq!(name_before("let mut flag = "), Some("flag"));
        assert_eq!(name_before("let a = f(); let b = Arc::new("), Some("b"));
        assert_eq!(name_before("static COUNT: AtomicUsize = "), Some("COUNT"));
        assert_eq!(name_before("    balance: "), Some("balance"));
        assert_eq!(name_before("    state: Arc::new("), Some("state"));
        assert_eq!(name_before("let a = Arc::new(Buffer { item: "), Some("item"));
        assert_eq!(name_before("let x: Arc<Mutex<u32>> = Arc::new("), Some("x"));
        assert_eq!(name_before("    "), None);
        assert_eq!(name_before("let (a, b) = ("), Some("a"));
        assert_eq!(name_before("let (a, mut b) = (Arc::new(f(1, 2)), Arc::new("), Some("b"));
        assert_eq!(name_before("let (sender, receiver) = mpsc::"), Some("sender"));
        assert_eq!(name_before("let ((a, b), c) = ("), None);
        assert_eq!(name_before("    foo("), None);
        assert_eq!(name_before("let locks = [Mutex::new(0), "), None);
    }
}
