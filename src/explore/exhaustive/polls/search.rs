//! The search for executions that differ in the order in which one thread polls its tasks: a stack of choices, depth first.
//!
//! It makes the choices that it has decided on, and the first one from there on. At the choice of a task it does not try all that are
//! ready, but those of which a race shows that their order matters (*source sets*), and none whose segment was tried before and does
//! not depend on what has happened since (*sleep sets*).

use std::panic::Location;

use super::may_touch::MayTouch;
use super::segments::{Footprint, Segment, races};
use super::touched::Touched;
use crate::rt::tasks::ResumePoint;

/// How many values of a choice of the program are tried at most.
const ENUMERATED: usize = 256;

/// How many segments an execution may have: races are looked for among all pairs.
const SEGMENTS: usize = 1_000;

/// Why the search is of no use for this test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit {
    /// There is another thread: the order of polls is not all there is.
    Threads,
    /// An execution is too long, or the choices of two runs differ.
    Large,
    Diverges,
}

/// A choice that was made.
#[derive(Debug)]
enum Node {
    /// Which task goes on.
    Task {
        options: Vec<u64>,
        wanted: Vec<u64>,
        /// Those that were tried, with what they did from here to the next choice.
        tried: Vec<(u64, Footprint)>,
        /// Those that need not be tried, with what they would do.
        asleep: Vec<(u64, Footprint)>,
        /// How many objects there were.
        known: u32,
        chosen: u64,
    },
    /// Something else, all of which is tried.
    Free { alternatives: usize, chosen: usize },
    /// Whether a task gives way only to see what comes of it, once for each await of each task.
    Probe { of: Await, gives_way: bool },
}

/// An await of a task, by its number.
type Await = (u64, ResumePoint);

/// The stack, and what the run that is going on has done so far.
#[derive(Debug, Default)]
pub(super) struct Search {
    nodes: Vec<Node>,
    /// The next choice of the run.
    pub(super) at: usize,
    segments: Vec<Segment>,
    /// What need not be tried at the next choice.
    asleep: Vec<(u64, Footprint)>,
    /// Up to which number objects are the same in the run that these are of.
    known: u32,
    /// The task that is polled next, if the one that was polled gives way to it, and the choice that said so.
    pub(super) gives_way_to: Option<(u64, usize)>,
    /// The choice of the task that is polled next.
    pub(super) node: Option<usize>,
    /// Whether the running task has given way in a future that polls several.
    pub(super) gives_way_within: bool,
    /// Whether it has given way to see what comes of it.
    pub(super) probes: bool,
    /// Where that was tried.
    probed: Vec<Await>,
    /// Whether it has done so where no other task is ready, which it never does otherwise: then its failure is none.
    pub(super) is_trial: bool,
    /// Whether a task that has given way elsewhere has done something in the same poll.
    pub(super) composes: bool,
    /// Tasks that have yielded, and so may have been held back.
    pub(super) yielded: Vec<u64>,
    epoch: u32,
    /// How often time has passed although somebody could go on, and whether it has since a task was taken last.
    early_passes: u32,
    pub(super) passes_early: bool,
    /// What segments may touch, from all runs.
    pub(super) may_touch: MayTouch,
    /// Whether the order of any two segments is taken to matter.
    every_order: bool,
    /// Whether only what was explored before comes of this run.
    pub(super) is_redundant: bool,
    /// How many segments it had before that was seen: the races of these are to be reversed.
    seen_until: usize,
    pub(super) unfit: Option<Unfit>,
    /// Whether of a value that the program draws only one was tried.
    pub(super) draws: bool,
}

impl Search {
    pub(super) fn new(every_order: bool) -> Search {
        Search { every_order, ..Search::default() }
    }

    /// Whether runs were looked at of which more became known later.
    pub(super) fn is_to_be_repeated(&self) -> bool {
        self.may_touch.has_grown && !self.every_order
    }

    /// Explores all again, with what is known of what segments may touch.
    pub(super) fn begin_again(&mut self, every_order: bool) {
        let (mut may_touch, probed) = (std::mem::take(&mut self.may_touch), std::mem::take(&mut self.probed));
        may_touch.begin_again();
        *self = Search { every_order, may_touch, probed, ..Search::default() };
    }

    pub(super) fn begin(&mut self) {
        self.at = 0;
        self.segments.clear();
        self.asleep.clear();
        self.known = 0;
        self.gives_way_to = None;
        self.node = None;
        (self.gives_way_within, self.probes, self.is_trial) = (false, false, false);
        self.yielded.clear();
        self.epoch = 0;
        (self.early_passes, self.passes_early) = (0, false);
        (self.is_redundant, self.seen_until) = (false, 0);
    }

    /// From here on the run may be one that was explored before, in another order. What has led here is nevertheless to be looked at: a
    /// race in it may be in no other run (Abdulla et al., section 5, look for races at each step, whatever becomes of the run).
    fn note_redundant(&mut self, is_redundant: bool) {
        if is_redundant && !self.is_redundant {
            (self.is_redundant, self.seen_until) = (true, self.segments.len());
        }
    }

    /// The task that goes on, of these.
    pub(super) fn choose_task(&mut self, options: &[u64], known: u32) -> u64 {
        if self.at == self.nodes.len() {
            let asleep = self.asleep.clone();
            // What sleeps is of a run that had the same objects up to an earlier choice.
            let known = if asleep.is_empty() { known } else { known.min(self.known) };
            let is_asleep = |task: &u64| asleep.iter().any(|(other, _)| other == task);
            let chosen = options.iter().copied().find(|task| !is_asleep(task));
            self.note_redundant(chosen.is_none());
            let chosen = chosen.unwrap_or(options[0]);
            let (options, wanted) = (options.to_vec(), vec![chosen]);
            self.nodes.push(Node::Task { options, wanted, tried: Vec::new(), asleep, known, chosen });
        }
        self.at += 1;
        match &self.nodes[self.at - 1] {
            Node::Task { options: before, chosen, .. } if before == options => *chosen,
            _ => {
                self.unfit = Some(Unfit::Diverges);
                options[0]
            }
        }
    }

    pub(super) fn choose_freely(&mut self, alternatives: usize) -> usize {
        if alternatives > ENUMERATED {
            self.draws = true;
            return 0;
        }
        if self.at == self.nodes.len() {
            // What follows was explored before.
            if self.is_redundant {
                return 0;
            }
            self.nodes.push(Node::Free { alternatives, chosen: 0 });
        }
        self.at += 1;
        match self.nodes[self.at - 1] {
            Node::Free { alternatives: before, chosen } if before == alternatives => chosen,
            _ => {
                self.unfit = Some(Unfit::Diverges);
                0
            }
        }
    }

    /// Whether a task gives way at an await that it has not given way at in any execution. If nothing follows in the same poll, the
    /// execution is none of its own: who comes between is a choice where the order of segments matters.
    pub(super) fn chooses_to_probe(&mut self, of: Await, is_alone: bool) -> bool {
        match self.nodes.get(self.at) {
            Some(&Node::Probe { of: other, gives_way }) if other == of => {
                self.at += 1;
                self.probes |= gives_way;
            }
            None if !self.is_redundant && !self.probed.contains(&of) => {
                self.probed.push(of);
                self.nodes.push(Node::Probe { of, gives_way: false });
                self.at += 1;
            }
            _ => return false,
        }
        self.note_redundant(self.probes);
        self.is_trial |= self.probes && is_alone;
        self.probes
    }

    /// A segment of this task begins. `node`: the choice of it, if there was one.
    pub(super) fn begin_segment(
        &mut self,
        (task, spawned_at): (u64, &'static Location<'static>),
        resume_point: ResumePoint,
        node: Option<usize>,
    ) {
        self.end_segment();
        if self.segments.len() >= SEGMENTS {
            self.unfit = Some(Unfit::Large);
            return;
        }
        self.note_redundant(node.is_none() && self.asleep.iter().any(|(other, _)| *other == task));
        let label = Some(self.may_touch.label(task, spawned_at, resume_point));
        let mut footprint = Footprint { label, ..Footprint::default() };
        footprint.add(Touched::Task(task, spawned_at), true);
        footprint.is_global = self.every_order;
        if let Some(at) = self.yielded.iter().position(|&other| other == task) {
            self.yielded.swap_remove(at);
            footprint.is_global = true;
        }
        self.segments.push(Segment { node, task, footprint, enables: Vec::new(), epoch: self.epoch });
    }

    /// Time has passed: `early` if somebody could go on. Else nothing that comes after it could come before.
    pub(super) fn pass_time(&mut self, early: bool) {
        self.end_segment();
        self.epoch += u32::from(!early);
        self.asleep.clear();
    }

    /// The running task may have chosen that time passes until one of its timers is due. Whoever comes after it finds it later.
    pub(super) fn note_early_passes(&mut self, count: u32) {
        if count > self.early_passes {
            self.early_passes = count;
            self.passes_early = true;
            if let Some(segment) = self.segments.last_mut() {
                segment.footprint.is_global = true;
            }
        }
    }

    /// The running segment has touched something.
    pub(super) fn touch(&mut self, what: Touched, writes: bool) {
        if let Some(segment) = self.segments.last_mut() {
            segment.footprint.add(what, writes);
        }
    }

    /// The running segment has woken a task. If that was awake, whether it is polled before that may matter; and it may be, by
    /// another waker than the one that has made it ready, which then is not in any case before the poll.
    pub(super) fn note_wake(&mut self, task: u64, spawned_at: &'static Location<'static>, makes_ready: bool) {
        let Some((segment, earlier)) = self.segments.split_last_mut() else { return };
        if makes_ready {
            segment.enables.push(task);
            return;
        }
        if task == segment.task {
            return;
        }
        segment.footprint.add(Touched::Task(task, spawned_at), false);
        for other in earlier.iter_mut().rev().take_while(|other| other.task != task) {
            if let Some(at) = other.enables.iter().position(|&enabled| enabled == task) {
                other.enables.swap_remove(at);
                other.footprint.add(Touched::Task(task, spawned_at), false);
                return;
            }
        }
    }

    /// The last segment has ended: who sleeps on.
    pub(super) fn end_segment(&mut self) {
        let Some(segment) = self.segments.last() else { return };
        let node = segment.node.and_then(|at| self.nodes.get(at));
        let Some(Node::Task { tried, asleep, known, chosen, .. }) = node else {
            let known = self.known;
            let may_touch = &self.may_touch;
            self.asleep.retain(|(_, footprint)| !segment.footprint.may_conflict(footprint, known, may_touch));
            return;
        };
        let others = asleep.iter().chain(tried).filter(|(task, _)| task != chosen);
        let sleep_on = others
            .filter(|(_, footprint)| !segment.footprint.may_conflict(footprint, *known, &self.may_touch));
        self.asleep = sleep_on.cloned().collect();
        // What sleeps on may be of a run that had the same objects up to an earlier choice.
        self.known = if asleep.is_empty() { *known } else { self.known.min(*known) };
    }

    /// The run has ended. `last_of`: the tasks with whose end a `block_on` ended, and with it all others.
    pub(super) fn end_run(&mut self, last_of: &[u64]) {
        let mut ended_at = Vec::new();
        for &main in last_of {
            if let Some(segment) = self.segments.iter_mut().rev().find(|segment| segment.task == main) {
                segment.footprint.is_global = true;
                ended_at.extend(segment.node.filter(|_| !self.is_redundant));
            }
        }
        self.end_segment();
        for segment in &self.segments {
            if let Some(Node::Task { tried, chosen, .. }) = segment.node.and_then(|at| self.nodes.get_mut(at))
            {
                // Other values of what the program has drawn in it may have let it do other things.
                match tried.iter_mut().find(|(task, _)| task == chosen) {
                    Some((_, footprint)) => footprint.merge(&segment.footprint),
                    None => tried.push((*chosen, segment.footprint.clone())),
                }
            }
        }
        // A choice of a task that was not polled after all, as the one that has given way to it has come to its end in the same poll.
        for node in &mut self.nodes {
            if let Node::Task { tried, chosen, .. } = node
                && !tried.iter().any(|(task, _)| task == chosen)
            {
                tried.push((*chosen, Footprint::unknown()));
            }
        }
        let run = self.segments.iter().map(|segment| {
            let Segment { task, footprint, .. } = segment;
            (*task, (footprint.label, &footprint.touched))
        });
        self.may_touch.add(run);
        let segments = if self.is_redundant { self.seen_until } else { self.segments.len() };
        // What those would have done that were ready, and were ended, is not known: so it is in a race with the end.
        for node in ended_at {
            if let Some(Node::Task { options, wanted, .. }) = self.nodes.get_mut(node) {
                let new = options.iter().copied().filter(|task| !wanted.contains(task)).collect::<Vec<_>>();
                wanted.extend(new);
            }
        }
        for race in races(&self.segments[..segments], &self.may_touch) {
            let Some(Node::Task { options, wanted, .. }) = self.nodes.get_mut(race.node) else { continue };
            if race.initials.iter().any(|task| wanted.contains(task)) {
                continue;
            }
            match race.initials.iter().find(|task| options.contains(task)) {
                Some(&task) => wanted.push(task),
                // It was held back, or not there yet.
                None => wanted.clone_from(options),
            }
        }
    }

    /// Goes on to the next execution. Whether there is one.
    pub(super) fn advance(&mut self) -> bool {
        while let Some(node) = self.nodes.last_mut() {
            match node {
                Node::Free { alternatives, chosen } if *chosen + 1 < *alternatives => {
                    *chosen += 1;
                    return true;
                }
                Node::Task { wanted, tried, asleep, chosen, .. } => {
                    let is_done = |task: &u64| tried.iter().chain(&*asleep).any(|(other, _)| other == task);
                    if let Some(&next) = wanted.iter().find(|task| !is_done(task)) {
                        *chosen = next;
                        return true;
                    }
                }
                Node::Probe { gives_way, .. } if !*gives_way => {
                    *gives_way = true;
                    return true;
                }
                Node::Free { .. } | Node::Probe { .. } => {}
            }
            self.nodes.pop();
        }
        false
    }
}
