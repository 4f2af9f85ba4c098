//! Lock-order cycles in words.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::names::Names;
use super::{ObjectName, Place};

/// A thread that wants a lock while it holds another.
#[derive(Clone, Debug)]
pub(crate) struct LockRequest {
    pub(crate) thread: String,
    pub(crate) wanted: LockName,
    pub(crate) held: LockName,
}

/// A lock, and how and where it is taken.
#[derive(Clone, Debug)]
pub(crate) struct LockName {
    pub(crate) object: ObjectName,
    /// Whether it is taken for reading.
    pub(crate) shared: bool,
    pub(crate) taken_at: Place,
}

/// Threads of which each wants what the next one holds.
#[derive(Clone, Debug)]
pub(crate) struct LockCycle {
    pub(crate) requests: Vec<LockRequest>,
}

impl LockCycle {
    /// A row for each thread, and how to break the cycle.
    pub(super) fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let locks = self.requests.iter().flat_map(|request| [&request.held, &request.wanted]);
        let names = Names::of_objects(locks.map(|lock| &lock.object));
        for LockRequest { thread, wanted, held } in &self.requests {
            let verb = |lock: &LockName| if lock.shared { "read" } else { "lock" };
            writeln!(
                f,
                "  {thread} wants to {} {} at {}\n      while it holds {}, which it took at {}",
                verb(wanted),
                names.of(&wanted.object),
                wanted.taken_at,
                names.of(&held.object),
                held.taken_at,
            )?;
        }
        let Some(odd) = self.odd_one() else { return Ok(()) };
        write!(
            f,
            "  to break the cycle, let {} take {} before {}, or hold one at a time",
            odd.thread,
            names.of(&odd.wanted.object),
            names.of(&odd.held.object),
        )
    }

    /// The request that goes against the order in which most take their locks: by the places where the locks were made,
    /// the one that goes back where others go on.
    fn odd_one(&self) -> Option<&LockRequest> {
        let key = |lock: &LockName| {
            let ObjectName { made_at, ordinal, .. } = &lock.object;
            (made_at.file.clone(), made_at.line, made_at.column, ordinal.0)
        };
        let goes_back = |request: &&LockRequest| key(&request.wanted) < key(&request.held);
        let back = self.requests.iter().filter(goes_back).count();
        // If most go back, the one that goes on is odd.
        let is_odd = |request: &&LockRequest| goes_back(request) == (2 * back <= self.requests.len());
        self.requests.iter().find(is_odd)
    }
}

/// What a summary says of a cycle that was not met.
pub(crate) fn potential(cycle: &LockCycle, attempts: u32) -> String {
    let mut text = format!(
        "potential deadlock, which {attempts} executions that were steered towards it did not meet:\n"
    );
    let written = cycle.write(&mut text);
    debug_assert!(written.is_ok(), "a string takes everything");
    text
}

/// The whole order as a graph in Graphviz's language: an arrow leads from a lock to those that were taken while it was
/// held; arrows of a cycle are red.
pub(crate) fn dot(edges: &[LockRequest], cycles: &[LockCycle]) -> String {
    let locks = || edges.iter().flat_map(|edge| [&edge.held.object, &edge.wanted.object]);
    let names = Names::of_objects(locks());
    let mut nodes: BTreeMap<String, &Place> = BTreeMap::new();
    for lock in locks() {
        nodes.insert(names.of(lock), &lock.made_at);
    }
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = "digraph lock_order {\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n".to_owned();
    for (name, made_at) in &nodes {
        let _ = writeln!(
            text,
            "  {} [label={}];",
            quoted(name),
            quoted(&format!("{name}\n{made_at}")).replace('\n', "\\n")
        );
    }
    for edge in edges {
        let ends = (names.of(&edge.held.object), names.of(&edge.wanted.object));
        let in_cycle = cycles
            .iter()
            .flat_map(|cycle| &cycle.requests)
            .any(|request| (names.of(&request.held.object), names.of(&request.wanted.object)) == ends);
        let colour = if in_cycle { ", color=red, fontcolor=red" } else { "" };
        let label = quoted(&format!("{} at {}", edge.thread, edge.wanted.taken_at));
        let _ = writeln!(text, "  {} -> {} [label={label}{colour}];", quoted(&ends.0), quoted(&ends.1));
    }
    text + "}\n"
}
