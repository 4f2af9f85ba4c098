//! What executions of a test look like: how long they are, who does how much, and what is shared.
//!
//! PCT needs the length, URW and SURW the steps of each thread. They are taken from the first executions of
//! an exploration (the largest of each number) and then stay as they are. Later executions could
//! improve them, but then execution k could not be run without all those before it.

use std::collections::BTreeMap;

use crate::rt::Execution;
use crate::rt::object::ObjectKind;
use crate::rt::op::{ObjectId, ThreadId};

use super::surw::is_counted;
pub use crate::rt::object::ObjectKey;

/// How many executions are profiled.
pub(crate) const PROFILED: u64 = 16;

/// How much of an execution is looked at.
pub(crate) const PROFILED_STEPS: usize = 100_000;

/// The largest number seen, by thread (its lineage).
type Counts = BTreeMap<u64, u64>;

/// What the profiled executions looked like.
#[derive(Clone, Default, Debug)]
pub struct Profile {
    contended_steps: u64,
    subtree_steps: Counts,
    objects: BTreeMap<ObjectKey, Counts>,
    sites: BTreeMap<ObjectKey, Counts>,
    shared: Vec<ObjectKey>,
}

impl Profile {
    /// The most steps of an execution at which more than one thread could go on.
    pub fn contended_steps(&self) -> u64 {
        self.contended_steps
    }

    /// Each thread's lineage with its steps and those of its descendants, by lineage.
    pub fn subtree_steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.subtree_steps.iter().map(|(&lineage, &steps)| (lineage, steps))
    }

    /// The objects that more than one thread used and one of them changed.
    pub fn shared_objects(&self) -> &[ObjectKey] {
        &self.shared
    }

    /// As [`Profile::subtree_steps`], counting only operations on one object, or on all objects made at the
    /// same place.
    pub fn subtree_accesses(&self, object: ObjectKey, whole_site: bool) -> Vec<(u64, u64)> {
        let counts = if whole_site { self.sites.get(&object.site()) } else { self.objects.get(&object) };
        counts.into_iter().flatten().map(|(&lineage, &count)| (lineage, count)).collect()
    }

    /// Adds what the execution that has just ended looked like.
    pub(crate) fn add(&mut self, execution: &Execution) {
        self.contended_steps = self.contended_steps.max(execution.contended_steps);
        let kernel = &execution.kernel;
        let mut steps = vec![0; kernel.thread_count()];
        let mut by_object: Vec<Option<(Vec<u64>, bool)>> = vec![None; kernel.objects.len()];
        for event in &execution.trace {
            steps[event.thread.index()] += 1;
            let Some(accesses) = by_object.get_mut(event.op.object.index()) else { continue };
            let (counts, written) = accesses.get_or_insert_with(|| (vec![0; kernel.thread_count()], false));
            if is_counted(event.op.kind) {
                counts[event.thread.index()] += 1;
                *written |= event.op.kind.is_write();
            }
        }
        let mut accesses: BTreeMap<ObjectKey, (Vec<u64>, bool)> = BTreeMap::new();
        for (index, counted) in by_object.into_iter().enumerate() {
            let object = ObjectId(index as u32);
            if let Some(counted) = counted
                && kernel.objects.get(object).kind != ObjectKind::Thread
            {
                accesses.insert(kernel.object_key(object), counted);
            }
        }
        let lineages: Vec<(u64, ThreadId)> =
            kernel.threads().map(|(_, thread)| (thread.lineage, thread.parent)).collect();
        add_subtrees(&mut self.subtree_steps, &lineages, steps);
        let mut sites: BTreeMap<ObjectKey, Vec<u64>> = BTreeMap::new();
        for (key, (counts, written)) in accesses {
            let users = counts.iter().filter(|&&count| count > 0).count();
            if written && users > 1 && !self.shared.contains(&key) {
                self.shared.push(key);
            }
            let site = sites.entry(key.site()).or_insert_with(|| vec![0; counts.len()]);
            site.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
            add_subtrees(self.objects.entry(key).or_default(), &lineages, counts);
        }
        for (site, counts) in sites {
            add_subtrees(self.sites.entry(site).or_default(), &lineages, counts);
        }
    }
}

/// Raises `largest` to the sums of `own` over each thread and its descendants.
fn add_subtrees(largest: &mut Counts, lineages: &[(u64, ThreadId)], mut own: Vec<u64>) {
    for (index, &(lineage, parent)) in lineages.iter().enumerate().rev() {
        let total = own[index];
        if index > 0 {
            own[parent.index()] += total;
        }
        let seen = largest.entry(lineage).or_default();
        *seen = total.max(*seen);
    }
}
