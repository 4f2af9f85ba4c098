//! What is left of an exploration, in a file, so that one that was interrupted goes on.
//!
//! A graph refers to functions and addresses of one process, so it cannot be kept. But an exploration is
//! deterministic: a graph is told by the one that it was found from and its number among what was found there, down
//! to the empty graph. So the file names the graphs that are left as the leaves of a tree, and going on means to
//! explore the inner nodes of the tree once more, which are few beside the executions that need not be.
//!
//! The file is text, with a check sum. It is replaced as a whole, so that there is always one that holds.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use crate::explore::exhaustive::graph::origin::{Ancestor, Origin};
use crate::explore::exhaustive::run::probe::Site;
use crate::explore::replay::regressions::file_name;
use crate::explore::replay::token::crc32;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Strict;

const HEAD: &str = "drawloom checkpoint 3";

impl Drop for Ancestor {
    /// One after the other: a chain of ancestors may be too long for a recursion.
    fn drop(&mut self) {
        let mut next = self.origin.take();
        while let Some((ancestor, _)) = next {
            next = Arc::into_inner(ancestor).and_then(|mut ancestor| ancestor.origin.take());
        }
    }
}

/// A graph that was explored, in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Node {
    /// The node that it was found from, by its place in the file, and the number among what was found there.
    pub(super) place: Option<(u32, u32)>,
    pub(super) straight: u32,
    pub(super) found: u32,
}

/// What is in a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Saved {
    /// The test, and the settings that decide what its executions are.
    pub(super) test: String,
    pub(super) strict: Strict,
    pub(super) executions: u64,
    pub(super) blocked: u64,
    pub(super) steps: u64,
    pub(super) share: u64,
    pub(super) basis: Basis,
    pub(super) straight: Vec<Site>,
    /// Parents before their children.
    pub(super) nodes: Vec<Node>,
    /// What is left: places as in nodes.
    pub(super) left: Vec<Option<(u32, u32)>>,
}

impl Saved {
    /// Adds graphs that are left, in the order in which they are to be put back.
    pub(super) fn add<'a>(&mut self, left: impl Iterator<Item = &'a Origin>) {
        let mut known = HashMap::new();
        for origin in left {
            let place = origin.as_ref().map(|(ancestor, number)| (self.node(ancestor, &mut known), *number));
            self.left.push(place);
        }
    }

    fn node(&mut self, ancestor: &Arc<Ancestor>, known: &mut HashMap<*const Ancestor, u32>) -> u32 {
        let mut line = vec![ancestor];
        while let Some((parent, _)) = &line[line.len() - 1].origin
            && !known.contains_key(&Arc::as_ptr(line[line.len() - 1]))
        {
            line.push(parent);
        }
        for ancestor in line.into_iter().rev() {
            if known.contains_key(&Arc::as_ptr(ancestor)) {
                continue;
            }
            let parent = ancestor.origin.as_ref();
            let place = parent.map(|(parent, number)| (known[&Arc::as_ptr(parent)], *number));
            known.insert(Arc::as_ptr(ancestor), self.nodes.len() as u32);
            self.nodes.push(Node { place, straight: ancestor.straight, found: ancestor.found });
        }
        known[&Arc::as_ptr(ancestor)]
    }

    fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\ntest {}\n", self.test);
        let Strict { channels, ends, clocks, composes } = self.strict;
        let [channels, ends, clocks, composes] = [channels, ends, clocks, composes].map(u8::from);
        let mut line = |line: std::fmt::Arguments<'_>| {
            let written = text.write_fmt(line);
            debug_assert!(written.is_ok(), "a string takes everything");
            text.push('\n');
        };
        line(format_args!("flags {channels} {ends} {clocks} {composes} {}", self.basis.bits()));
        line(format_args!("counts {} {} {} {}", self.executions, self.blocked, self.steps, self.share));
        for site in &self.straight {
            line(format_args!("straight {} {} {}", site.line, site.column, site.file));
        }
        for node in &self.nodes {
            match node.place {
                None => line(format_args!("root {} {}", node.straight, node.found)),
                Some((parent, number)) => {
                    line(format_args!("node {parent} {number} {} {}", node.straight, node.found));
                }
            }
        }
        for place in &self.left {
            match place {
                None => line(format_args!("all")),
                Some((parent, number)) => line(format_args!("left {parent} {number}")),
            }
        }
        let check = crc32(text.as_bytes());
        text + &format!("end {check:08x}\n")
    }

    fn from_text(text: &str) -> Option<Saved> {
        let (body, end) = text.trim_end().rsplit_once('\n')?;
        let body = format!("{body}\n");
        if end != format!("end {:08x}", crc32(body.as_bytes())) {
            return None;
        }
        let mut lines = body.lines();
        lines.next().filter(|&head| head == HEAD)?;
        let mut saved = Saved::default();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "test" => saved.test = rest.to_owned(),
                "straight" => {
                    let mut parts = rest.splitn(3, ' ');
                    let mut number = || parts.next()?.parse().ok();
                    let (line, column) = (number()?, number()?);
                    saved.straight.push(Site { file: parts.next()?.to_owned(), line, column });
                }
                _ => saved.read_numbers(word, rest)?,
            }
        }
        Some(saved)
    }

    fn read_numbers(&mut self, word: &str, rest: &str) -> Option<()> {
        let numbers: Result<Vec<u64>, _> = rest.split_whitespace().map(str::parse).collect();
        let numbers = numbers.ok()?;
        let small = |number: u64| u32::try_from(number).ok();
        match (word, &numbers[..]) {
            ("flags", &[channels, ends, clocks, composes, basis]) => {
                let [channels, ends, clocks, composes] =
                    [channels, ends, clocks, composes].map(|flag| flag != 0);
                self.strict = Strict { channels, ends, clocks, composes };
                self.basis = Basis::from_bits(small(basis)?);
            }
            ("counts", &[executions, blocked, steps, share]) => {
                (self.executions, self.blocked) = (executions, blocked);
                (self.steps, self.share) = (steps, share);
            }
            ("root", &[straight, found]) => {
                self.nodes.push(Node { place: None, straight: small(straight)?, found: small(found)? });
            }
            ("node", &[parent, number, straight, found]) => {
                let place = Some((small(parent)?, small(number)?));
                self.nodes.push(Node { place, straight: small(straight)?, found: small(found)? });
            }
            ("all", &[]) => self.left.push(None),
            ("left", &[parent, number]) => self.left.push(Some((small(parent)?, small(number)?))),
            _ => return None,
        }
        Some(())
    }
}

/// A file for one exploration.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) path: PathBuf,
    /// What `Saved::test` has to be.
    pub(super) test: String,
}

impl Checkpoint {
    /// The file for `test`: `path`, or one of its own if that is a folder.
    pub(super) fn new(path: &Path, name: &str, settings: &str) -> Checkpoint {
        let path = if path.is_dir() {
            path.join(format!("{}.checkpoint", file_name(name)))
        } else {
            path.to_owned()
        };
        Checkpoint { path, test: format!("{name} {settings}") }
    }

    /// What is there, if something is.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, and what to do, in words.
    pub(super) fn read(&self) -> Result<Option<Saved>, String> {
        let path = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("the checkpoint {path} cannot be read: {error}")),
        };
        let Some(saved) = Saved::from_text(&text) else {
            return Err(format!(
                "{path} is no checkpoint of this version of drawloom, or it is damaged; remove it, or let \
                 DRAWLOOM_CHECKPOINT name another file"
            ));
        };
        if saved.test != self.test {
            return Err(format!(
                "the checkpoint {path} belongs to `{}`, and this is `{}`; remove it, run one test at a time, or let \
                 DRAWLOOM_CHECKPOINT name a folder, where each test has a file of its own",
                saved.test, self.test
            ));
        }
        Ok(Some(saved))
    }

    /// What to say if the tree does not fit the test.
    pub(super) fn misfit(&self) -> String {
        format!(
            "the checkpoint {} does not fit the test any more; remove it: an exploration goes on only if the program \
             is the same",
            self.path.display()
        )
    }

    /// Puts `saved` into the file.
    pub(super) fn write(&self, saved: &Saved) -> Result<(), String> {
        let beside = self.path.with_extension("new");
        let written = fs::write(&beside, saved.to_text()).and_then(|()| fs::rename(&beside, &self.path));
        written.map_err(|error| format!("the checkpoint {} cannot be written: {error}", self.path.display()))
    }

    /// There is nothing left.
    pub(super) fn remove(&self) {
        // One that was never written is not there, and one that cannot be removed is refused when it is read.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ancestor(origin: Origin, found: u32) -> Arc<Ancestor> {
        Arc::new(Ancestor { origin, straight: 1, found })
    }

    fn saved() -> Saved {
        let root = ancestor(None, 3);
        let child = ancestor(Some((Arc::clone(&root), 2)), 2);
        let left = [Some((Arc::clone(&child), 1)), Some((root, 0)), Some((child, 0))];
        let mut saved = Saved {
            test: "some::test memory=rc11".to_owned(),
            executions: 7,
            straight: vec![Site { file: "src/a file.rs".to_owned(), line: 3, column: 4 }],
            ..Saved::default()
        };
        saved.add(left.iter());
        saved
    }

    #[test]
    fn a_tree_is_named_from_its_root() {
        let saved = saved();
        let places: Vec<_> = saved.nodes.iter().map(|node| node.place).collect();
        assert_eq!(places, [None, Some((0, 2))]);
        assert_eq!(saved.left, [Some((1, 1)), Some((0, 0)), Some((1, 0))]);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let saved = saved();
        let text = saved.to_text();
        assert_eq!(Saved::from_text(&text), Some(saved));
        assert_eq!(Saved::from_text(&text.replace("left 1 1", "left 1 0")), None);
        assert_eq!(Saved::from_text(&text[..text.len() / 2]), None);
        assert_eq!(Saved::from_text(""), None);
    }

    #[test]
    fn a_long_line_of_ancestors_is_dropped() {
        let mut line = ancestor(None, 1);
        for _ in 0..200_000 {
            line = ancestor(Some((line, 0)), 1);
        }
        drop(line);
    }
}
