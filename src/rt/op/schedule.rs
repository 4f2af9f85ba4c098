//! The schedule of an execution: every choice made, compact enough to be kept for millions of steps.
//!
//! Threads are recorded as runs, "thread t for n steps", usually one byte a run; the other choices stand
//! beside them in order. Replaying the two sequences gives the same execution again.

use crate::rt::op::ThreadId;

/// Marks a thread number or a run length that did not fit into four bits and follows as a varint.
const ESCAPE: u32 = 15;

/// The choices of one execution, while they are made and afterwards.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Schedule {
    runs: Vec<u8>,
    current: u32,
    length: u32,
    choices: Vec<u8>,
}

/// A thread and how many steps it takes in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) thread: ThreadId,
    pub(crate) length: u32,
}

impl Schedule {
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.choices.clear();
        self.current = 0;
        self.length = 0;
    }

    /// The next step is `thread`'s.
    #[inline]
    pub(crate) fn push_step(&mut self, thread: ThreadId) {
        if thread.0 == self.current && self.length < u32::MAX {
            self.length += 1;
        } else {
            self.end_run();
            self.current = thread.0;
            self.length = 1;
        }
    }

    /// A choice other than the next thread was made.
    #[inline]
    pub(crate) fn push_choice(&mut self, value: u64) {
        if value < 0x80 {
            self.choices.push(value as u8);
        } else {
            write_varint(&mut self.choices, value);
        }
    }

    /// How long the list of these is.
    #[inline]
    pub(crate) fn choices_length(&self) -> usize {
        self.choices.len()
    }

    #[inline]
    fn end_run(&mut self) {
        if self.length == 0 {
            return;
        }
        let (thread, length) = (self.current, self.length);
        if thread < ESCAPE && length < ESCAPE {
            self.runs.push((thread << 4 | length) as u8);
        } else {
            self.end_large_run();
        }
    }

    #[cold]
    fn end_large_run(&mut self) {
        let (thread, length) = (self.current, self.length);
        self.runs.push((thread.min(ESCAPE) << 4 | length.min(ESCAPE)) as u8);
        if thread >= ESCAPE {
            write_varint(&mut self.runs, u64::from(thread));
        }
        if length >= ESCAPE {
            write_varint(&mut self.runs, u64::from(length));
        }
    }

    /// The runs, in order.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut bytes = self.runs.as_slice();
        while let Some((&head, rest)) = bytes.split_first() {
            bytes = rest;
            let mut part = |nibble: u32| match nibble {
                ESCAPE => read_varint(&mut bytes).expect("written by end_run") as u32,
                small => small,
            };
            let thread = ThreadId(part(u32::from(head >> 4)));
            let length = part(u32::from(head & 15));
            runs.push(Run { thread, length });
        }
        if self.length > 0 {
            runs.push(Run { thread: ThreadId(self.current), length: self.length });
        }
        runs
    }

    /// The thread of the last step, and how many steps it has taken in a row.
    pub(crate) fn last_run(&self) -> Run {
        Run { thread: ThreadId(self.current), length: self.length }
    }

    /// The choices other than threads, in order.
    pub(crate) fn choices(&self) -> Vec<u64> {
        self.choices_until(self.choices.len())
    }

    /// Those that were made when the list of them was so long.
    pub(crate) fn choices_until(&self, length: usize) -> Vec<u64> {
        let mut bytes = &self.choices[..length];
        let mut choices = Vec::new();
        while !bytes.is_empty() {
            choices.push(read_varint(&mut bytes).expect("written by push_choice"));
        }
        choices
    }
}

/// Appends `value`, seven bits a byte, least significant first.
pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes one value off the front; `None` if the bytes end first or do not fit 64 bits.
pub(crate) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_and_choices_are_read_as_they_were_written(
            steps in prop::collection::vec((0u32..40, 1u32..40), 0..50),
            choices in prop::collection::vec(any::<u64>(), 0..20),
        ) {
            let mut schedule = Schedule::default();
            let mut expected: Vec<Run> = Vec::new();
            for (thread, length) in steps {
                for _ in 0..length {
                    schedule.push_step(ThreadId(thread));
                }
                match expected.last_mut() {
                    Some(last) if last.thread.0 == thread => last.length += length,
                    _ => expected.push(Run { thread: ThreadId(thread), length }),
                }
            }
            for &choice in &choices {
                schedule.push_choice(choice);
            }
            prop_assert_eq!(schedule.runs(), expected);
            prop_assert_eq!(schedule.choices(), choices);
        }
    }

    #[test]
    fn a_million_switches_fit_into_a_megabyte() {
        let mut schedule = Schedule::default();
        for step in 0..1_000_000 {
            schedule.push_step(ThreadId(step % 5));
        }
        assert!(schedule.runs.len() <= 1_000_000);
    }
}
