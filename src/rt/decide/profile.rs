//! What executions of a test look like: how long they are, who does how much, and what is shared.
//!
//! PCT needs the length, URW and SURW the steps of each thread. They are taken from the first executions of
//! an exploration (the largest of each number) and then stay as they are. Later executions could
//! improve them, but then execution k could not be run without all those before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::rt::kernel::Kernel;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::{Event, ObjectId, ThreadId};
use crate::rt::tasks::ToldTask;

pub use crate::rt::op::key::ObjectKey;

/// How many executions are profiled.
pub(crate) const PROFILED: u64 = 16;

/// How much of an execution is looked at.
pub(crate) const PROFILED_STEPS: usize = 100_000;

/// The largest number seen, by thread (its lineage).
type Counts = BTreeMap<u64, u64>;

/// Numbers of one execution, by thread.
type ByThread = BTreeMap<ThreadId, u64>;

/// What the profiled executions looked like.
#[derive(Clone, Default, Debug)]
pub struct Profile {
    contended_steps: u64,
    subtree_steps: Counts,
    subtree_polls: Counts,
    objects: BTreeMap<ObjectKey, Counts>,
    sites: BTreeMap<ObjectKey, Counts>,
    /// In the order in which they were found to be.
    shared: Vec<ObjectKey>,
    is_shared: BTreeSet<ObjectKey>,
}

impl Profile {
    /// The most steps of an execution at which more than one thread could go on, or more than one task be polled.
    pub fn contended_steps(&self) -> u64 {
        self.contended_steps
    }

    /// Each thread's lineage with its steps and those of its descendants, by lineage.
    pub fn subtree_steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.subtree_steps.iter().map(|(&lineage, &steps)| (lineage, steps))
    }

    /// Each task's spawn path with how often it and its descendants were polled, in that order.
    pub(crate) fn subtree_polls(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.subtree_polls.iter().map(|(&lineage, &polls)| (lineage, polls))
    }

    /// The objects that more than one thread used and one of them changed.
    pub fn shared_objects(&self) -> &[ObjectKey] {
        &self.shared
    }

    /// As [`Profile::subtree_steps`], counting only operations on one object, or on all objects made at the
    /// same place.
    pub fn subtree_accesses(
        &self,
        object: ObjectKey,
        whole_site: bool,
    ) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counts = if whole_site { self.sites.get(&object.site()) } else { self.objects.get(&object) };
        counts.into_iter().flatten().map(|(&lineage, &count)| (lineage, count))
    }

    /// Adds what the execution that has just ended looked like; of its operations, those that were traced.
    pub(crate) fn add(&mut self, kernel: &Kernel, contended_steps: u64, trace: &[Event]) {
        self.contended_steps = self.contended_steps.max(contended_steps);
        self.add_polls(&kernel.tasks.told);
        let mut steps = ByThread::new();
        // Sorted below, so that the accesses of one object stand together. Few threads use each object: a
        // table of all threads for each would be large where there are many of both.
        let mut accesses: Vec<(ObjectId, ThreadId, bool)> = Vec::new();
        for event in trace {
            *steps.entry(event.thread).or_default() += 1;
            let object = event.op.object;
            let counts = object != ObjectId::NONE
                && event.op.kind.can_be_held_back()
                && kernel.objects.get(object).kind != ObjectKind::Thread;
            if counts {
                accesses.push((object, event.thread, event.op.kind.is_write()));
            }
        }
        self.add_subtrees(kernel, |profile| &mut profile.subtree_steps, steps);
        accesses.sort_unstable();
        let mut sites: BTreeMap<ObjectKey, ByThread> = BTreeMap::new();
        for of_object in accesses.chunk_by(|a, b| a.0 == b.0) {
            let key = kernel.object_key(of_object[0].0);
            let mut counts = ByThread::new();
            for &(_, thread, _) in of_object {
                *counts.entry(thread).or_default() += 1;
            }
            let written = of_object.iter().any(|&(_, _, write)| write);
            if written && counts.len() > 1 && self.is_shared.insert(key) {
                self.shared.push(key);
            }
            let site = sites.entry(key.site()).or_default();
            for (&thread, &count) in &counts {
                *site.entry(thread).or_default() += count;
            }
            self.add_subtrees(kernel, |profile| profile.objects.entry(key).or_default(), counts);
        }
        for (site, counts) in sites {
            self.add_subtrees(kernel, |profile| profile.sites.entry(site).or_default(), counts);
        }
    }

    fn add_polls(&mut self, told: &[ToldTask]) {
        let mut polls: Vec<u64> = told.iter().map(|task| task.polls).collect();
        // Children have higher numbers than their parents.
        for (at, task) in told.iter().enumerate().rev() {
            let seen = self.subtree_polls.entry(task.lineage).or_default();
            *seen = polls[at].max(*seen);
            if let Some(parent) = task.parent {
                polls[parent as usize - 1] += polls[at];
            }
        }
    }

    /// Raises the largest counts to the sums of `own` over each thread and its descendants.
    fn add_subtrees(
        &mut self,
        kernel: &Kernel,
        largest: impl Fn(&mut Profile) -> &mut Counts,
        mut own: ByThread,
    ) {
        let largest = largest(self);
        // Children have higher numbers than their parents.
        while let Some((id, total)) = own.pop_last() {
            let thread = kernel.thread(id);
            let seen = largest.entry(thread.lineage).or_default();
            *seen = total.max(*seen);
            if id != ThreadId::MAIN {
                *own.entry(thread.parent).or_default() += total;
            }
        }
    }
}
