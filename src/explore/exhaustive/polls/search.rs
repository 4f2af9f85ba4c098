//! The search for executions that differ in the order in which one thread polls its tasks: a stack of choices, depth first.
//!
//! It is a strategy: it makes the choices that it has decided on, and the first one from there on. At the choice of a task it does
//! not try all that are ready, but those of which a race shows that their order matters (*source sets*), and none whose segment
//! was tried before and does not depend on what has happened since (*sleep sets*).

use super::segments::{Footprint, Segment, Touched, races};
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::ObjectId;
use std::cell::RefCell;
use std::rc::Rc;

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
}

/// The stack, and what the run that is going on has done so far.
#[derive(Debug, Default)]
pub(super) struct Search {
    nodes: Vec<Node>,
    /// The next choice of the run.
    at: usize,
    segments: Vec<Segment>,
    /// What need not be tried at the next choice.
    asleep: Vec<(u64, Footprint)>,
    /// Up to which number objects are the same in the run that these are of.
    known: u32,
    /// The task that is polled next, if the one that was polled gives way to it, and the choice that said so.
    gives_way_to: Option<(u64, usize)>,
    /// The choice of the task that is polled next.
    node: Option<usize>,
    /// Tasks that have yielded, and so may have been held back.
    yielded: Vec<u64>,
    epoch: u32,
    /// Whether only what was explored before comes of this run.
    pub(super) is_redundant: bool,
    pub(super) unfit: Option<Unfit>,
    /// Whether of a value that the program draws only one was tried.
    pub(super) draws: bool,
}

impl Search {
    fn begin(&mut self) {
        self.at = 0;
        self.segments.clear();
        self.asleep.clear();
        self.known = 0;
        self.gives_way_to = None;
        self.node = None;
        self.yielded.clear();
        self.epoch = 0;
        self.is_redundant = false;
    }

    /// The task that goes on, of these.
    fn choose_task(&mut self, options: &[u64], known: u32) -> u64 {
        if self.at == self.nodes.len() {
            let asleep = self.asleep.clone();
            // What sleeps is of a run that had the same objects up to an earlier choice.
            let known = if asleep.is_empty() { known } else { known.min(self.known) };
            let is_asleep = |task: &u64| asleep.iter().any(|(other, _)| other == task);
            let chosen = options.iter().copied().find(|task| !is_asleep(task));
            self.is_redundant |= chosen.is_none();
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

    fn choose_freely(&mut self, alternatives: usize) -> usize {
        if alternatives > ENUMERATED {
            self.draws = true;
            return 0;
        }
        if self.at == self.nodes.len() {
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

    /// A segment of this task begins. `node`: the choice of it, if there was one.
    fn begin_segment(&mut self, task: u64, node: Option<usize>) {
        self.end_segment();
        if self.segments.len() >= SEGMENTS {
            self.unfit = Some(Unfit::Large);
            return;
        }
        self.is_redundant |= node.is_none() && self.asleep.iter().any(|(other, _)| *other == task);
        let mut footprint = Footprint::default();
        footprint.add(Touched::Task(task), true);
        if let Some(at) = self.yielded.iter().position(|&other| other == task) {
            self.yielded.swap_remove(at);
            footprint.is_global = true;
        }
        self.segments.push(Segment { node, task, footprint, enables: Vec::new(), epoch: self.epoch });
    }

    /// Time has passed, as nothing was ready.
    fn pass_time(&mut self) {
        self.end_segment();
        self.epoch += 1;
        self.asleep.clear();
    }

    /// The running segment has touched something.
    fn touch(&mut self, what: Touched, writes: bool) {
        if let Some(segment) = self.segments.last_mut() {
            segment.footprint.add(what, writes);
        }
    }

    /// The running segment has woken a task. If that was awake, whether it is polled before that may matter; and it may be, by
    /// another waker than the one that has made it ready, which then is not in any case before the poll.
    fn note_wake(&mut self, task: u64, makes_ready: bool) {
        let Some((segment, earlier)) = self.segments.split_last_mut() else { return };
        if makes_ready {
            segment.enables.push(task);
            return;
        }
        if task == segment.task {
            return;
        }
        segment.footprint.add(Touched::Task(task), false);
        for other in earlier.iter_mut().rev().take_while(|other| other.task != task) {
            if let Some(at) = other.enables.iter().position(|&enabled| enabled == task) {
                other.enables.swap_remove(at);
                other.footprint.add(Touched::Task(task), false);
                return;
            }
        }
    }

    /// The last segment has ended: who sleeps on.
    fn end_segment(&mut self) {
        let Some(segment) = self.segments.last() else { return };
        let node = segment.node.and_then(|at| self.nodes.get(at));
        let Some(Node::Task { tried, asleep, known, chosen, .. }) = node else {
            let known = self.known;
            self.asleep.retain(|(_, footprint)| !segment.footprint.may_conflict(footprint, known));
            return;
        };
        let others = asleep.iter().chain(tried).filter(|(task, _)| task != chosen);
        let sleep_on = others.filter(|(_, footprint)| !segment.footprint.may_conflict(footprint, *known));
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
                ended_at.extend(segment.node);
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
        if self.is_redundant {
            return;
        }
        // What those would have done that were ready, and were ended, is not known: so it is in a race with the end.
        for node in ended_at {
            if let Some(Node::Task { options, wanted, .. }) = self.nodes.get_mut(node) {
                let new = options.iter().copied().filter(|task| !wanted.contains(task)).collect::<Vec<_>>();
                wanted.extend(new);
            }
        }
        for race in races(&self.segments) {
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
                Node::Free { .. } => {}
            }
            self.nodes.pop();
        }
        false
    }
}

/// The search as a strategy.
pub(super) struct Polls(pub(super) Rc<RefCell<Search>>);

impl Strategy for Polls {
    fn name(&self) -> &str {
        "exhaustive"
    }

    fn begin(&mut self, _: &Start<'_>, _: &mut Rng) {
        self.0.borrow_mut().begin();
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        self.0.borrow_mut().unfit = Some(Unfit::Threads);
        point.nth_enabled(0)
    }

    fn choose_at(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        _: &mut Rng,
    ) -> usize {
        let mut search = self.0.borrow_mut();
        let known = point.object_count();
        match choice {
            Choice::NextTask => {
                let options = point.ready_tasks(point.pending(point.current()).object);
                search.end_segment();
                let (task, node) = match search.gives_way_to.take() {
                    Some(decided) => decided,
                    None => {
                        let node = search.at;
                        (search.choose_task(&options, known), node)
                    }
                };
                search.node = Some(node);
                options.iter().position(|&other| other == task).unwrap_or(0)
            }
            Choice::GivesWay => {
                let Some((task, queue)) = point.running_task() else { return 0 };
                let mut options = vec![task];
                options.extend(point.ready_tasks(queue));
                search.end_segment();
                let node = search.at;
                let next = search.choose_task(&options, known);
                if next == task {
                    search.begin_segment(task, Some(node));
                    return 0;
                }
                // What it still does in this poll belongs to what it has done.
                search.gives_way_to = Some((next, node));
                1
            }
            _ => search.choose_freely(alternatives),
        }
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, _: ThreadId, op: &Op, point: &SchedulingPoint<'_>, _: &mut Rng) {
        let mut search = self.0.borrow_mut();
        if point.thread_count() > 1 {
            search.unfit = Some(Unfit::Threads);
        }
        let running = point.running_task();
        match op.kind {
            OpKind::PollNext => match running {
                Some((task, _)) => {
                    if search.gives_way_to.take().is_some() {
                        search.unfit = Some(Unfit::Diverges);
                    }
                    let node = search.node.take();
                    search.begin_segment(task, node);
                }
                None => search.pass_time(),
            },
            OpKind::Wake if point.is_task_queue(op.object) => {
                let Some((task, is_effective)) = point.woken_task() else { return };
                // Also where it is not held back, as it overtakes the others: it would be if others were ready, or it did not.
                let is_itself = running.is_some_and(|(running, _)| running == task);
                if is_itself && search.gives_way_to.is_none() && !search.yielded.contains(&task) {
                    search.yielded.push(task);
                }
                search.note_wake(task, is_effective);
            }
            OpKind::EndPoll => {}
            _ if op.object == ObjectId::NONE => {}
            _ => {
                let what = Touched::Object(op.object, point.made_at(op.object));
                search.touch(what, op.changes());
                // Whether the task is polled before it is aborted matters, also where it waits.
                if let Some(task) = point.aborted_task(op) {
                    search.touch(Touched::Task(task), false);
                }
            }
        }
    }
}
