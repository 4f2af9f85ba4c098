//! The order of locks as a graph: an arrow leads from a lock to those that were taken while it was held. As text for
//! Graphviz here, and drawn in `lock_drawing`.

use std::fmt::Write as _;

use super::names::Names;
use super::{ObjectName, Place};

/// A lock was taken while another was held.
#[derive(Clone, Debug)]
pub(crate) struct LockEdge {
    pub(crate) thread: String,
    pub(crate) held: ObjectName,
    pub(crate) wanted: ObjectName,
    pub(crate) taken_at: Place,
    /// Whether it is part of a cycle of threads that may wait for each other.
    pub(crate) in_cycle: bool,
}

/// The order of all locks of a test.
#[derive(Clone, Debug)]
pub(crate) struct LockGraph {
    /// What locks are called, and where they were made; in the order of these places.
    pub(super) nodes: Vec<(String, Place)>,
    pub(super) arrows: Vec<Arrow>,
}

/// An arrow between two locks, by their positions.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Who took the lock at its end, and where.
    pub(super) thread: String,
    pub(super) taken_at: Place,
    pub(super) in_cycle: bool,
}

impl LockGraph {
    pub(crate) fn new(edges: &[LockEdge]) -> LockGraph {
        let locks = || edges.iter().flat_map(|edge| [&edge.held, &edge.wanted]);
        let names = Names::of_objects(locks());
        let node = |lock: &ObjectName| (names.of(lock), lock.made_at.clone());
        let mut nodes: Vec<(String, Place)> = locks().map(node).collect();
        let order =
            |node: &(String, Place)| (node.1.file.clone(), node.1.line, node.1.column, node.0.clone());
        nodes.sort_by_key(order);
        nodes.dedup_by_key(|node| order(node));
        let position = |lock: &ObjectName| {
            let wanted = order(&node(lock));
            nodes.iter().position(|node| order(node) == wanted).expect("all are there")
        };
        let arrow = |edge: &LockEdge| Arrow {
            from: position(&edge.held),
            to: position(&edge.wanted),
            thread: edge.thread.clone(),
            taken_at: edge.taken_at.clone(),
            in_cycle: edge.in_cycle,
        };
        let arrows = edges.iter().map(arrow).collect();
        LockGraph { nodes, arrows }
    }

    /// In Graphviz's language. Arrows of a cycle are red.
    pub(crate) fn dot(&self) -> String {
        let quoted = |text: &str| {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
        };
        let mut text = "digraph lock_order {\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n".to_owned();
        for (number, (name, made_at)) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "  lock{number} [label={}];", quoted(&format!("{name}\n{made_at}")));
        }
        for Arrow { from, to, thread, taken_at, in_cycle } in &self.arrows {
            let colour = if *in_cycle { ", color=red, fontcolor=red" } else { "" };
            let label = quoted(&format!("{thread} at {taken_at}"));
            let _ = writeln!(text, "  lock{from} -> lock{to} [label={label}{colour}];");
        }
        text + "}\n"
    }
}
