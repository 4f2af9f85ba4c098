//! The checkpoint file: the schedule of a failure, as a token. loom keeps there how far its enumeration has come,
//! for the sake of the failure that comes next; here the failure's schedule itself is kept.

use std::fs;
use std::io;
use std::path::Path;

use drawloom::Failure;

/// The token in the file, if there is a file.
pub(super) fn read(file: &Path) -> Result<Option<String>, String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(format!(
                "the checkpoint file {} cannot be read: {error}; make it readable, or unset it",
                file.display()
            ));
        }
    };
    if text.trim_start().starts_with(['{', '[']) {
        return Err(format!(
            "the checkpoint file {} is one of loom's own, which say how far loom's enumeration has come and mean nothing \
             here; remove it",
            file.display()
        ));
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(token), None) => Ok(Some(token.to_owned())),
        _ => Err(format!(
            "the checkpoint file {} does not hold one line with a schedule; remove it, or put the token of a report there",
            file.display()
        )),
    }
}

/// Keeps the failure's schedule. It must not get in the way of the failure itself.
pub(super) fn write(file: &Path, failure: &Failure) {
    if failure.token().is_empty() {
        return;
    }
    let message = failure.message().replace('\n', "\n# ");
    let text = format!("# {}: {message}\n{}\n", failure.kind(), failure.token());
    match fs::write(file, text) {
        Ok(()) => eprintln!("the schedule was written to the checkpoint file {}", file.display()),
        Err(error) => eprintln!(
            "the schedule could not be written to the checkpoint file {}: {error}; make the folder writable, or keep the \
             token",
            file.display()
        ),
    }
}
