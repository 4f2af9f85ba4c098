//! A thread's stack in words: the program's own functions.

use std::fmt;

use super::{Frame, Place};

/// How many functions are shown.
const FRAMES: usize = 6;

/// Writes a line for each function, if they say more than the place where the thread is.
pub(super) fn write_stack(stack: &[Frame], at: &Place, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if stack.len() < 2 && !at.is_in_std() {
        return Ok(());
    }
    write_frames(stack, f)
}

/// Writes a line for each function.
pub(super) fn write_frames(stack: &[Frame], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (number, Frame { function, place }) in stack.iter().take(FRAMES).enumerate() {
        let start = if number == 0 { "in" } else { "  " };
        match place {
            Some(place) => writeln!(f, "      {start} {function} ({place})")?,
            None => writeln!(f, "      {start} {function}")?,
        }
    }
    if stack.len() > FRAMES {
        writeln!(f, "         and {} more", stack.len() - FRAMES)?;
    }
    Ok(())
}
