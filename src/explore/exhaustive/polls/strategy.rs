//! The search as a strategy: it makes the choices that it has decided on, and hears of what the tasks do.

use std::cell::RefCell;
use std::rc::Rc;

use super::search::{Search, Unfit};
use super::touched::Touched;
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::ObjectId;

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
        search.note_early_passes(point.early_passes());
        search.may_touch.note_first_choice(known, point.task_count());
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
                let is_alone = options.len() == 1;
                if search.chooses_to_probe((task, point.resume_point()), is_alone) {
                    return 1;
                }
                search.end_segment();
                let node = (!is_alone).then_some(search.at);
                let next = if is_alone { task } else { search.choose_task(&options, known) };
                let Some(node) = node.filter(|_| next != task) else {
                    // Also where there is nothing to choose: what a segment touches is not to be up to whether others are ready.
                    search.begin_segment((task, point.spawned_at(task)), point.resume_point(), node);
                    return 0;
                };
                // What it still does in this poll belongs to what it has done.
                search.gives_way_to = Some((next, node));
                1
            }
            Choice::GivesWayWithin => {
                let gives_way = search.choose_freely(alternatives);
                search.gives_way_within |= gives_way == 1;
                gives_way
            }
            _ => search.choose_freely(alternatives),
        }
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, _: ThreadId, op: &Op, point: &SchedulingPoint<'_>, _: &mut Rng) {
        let mut search = self.0.borrow_mut();
        search.note_early_passes(point.early_passes());
        let passes_early = op.kind == OpKind::PollNext && std::mem::take(&mut search.passes_early);
        if point.thread_count() > 1 {
            search.unfit = Some(Unfit::Threads);
        }
        let running = point.running_task();
        let woken = point.woken_task().filter(|_| op.kind == OpKind::Wake && point.is_task_queue(op.object));
        let is_itself = woken.zip(running).is_some_and(|((woken, _), (running, _))| woken == running);
        if op.kind == OpKind::PollNext {
            (search.gives_way_within, search.probes) = (false, false);
        } else if (search.gives_way_to.is_some() || search.probes) && !is_itself {
            search.composes = true;
        }
        match op.kind {
            OpKind::PollNext => match running {
                Some((task, _)) => {
                    if search.gives_way_to.take().is_some() {
                        search.unfit = Some(Unfit::Diverges);
                    }
                    let node = search.node.take();
                    search.begin_segment((task, point.spawned_at(task)), point.resume_point(), node);
                }
                None => search.pass_time(passes_early),
            },
            OpKind::Wake if point.is_task_queue(op.object) => {
                let Some((task, is_effective)) = woken else { return };
                // Also where it is not held back, as it overtakes the others: it would be if others were ready, or it did not.
                let has_yielded = is_itself && search.gives_way_to.is_none() && !search.gives_way_within;
                if has_yielded && !search.yielded.contains(&task) {
                    search.yielded.push(task);
                }
                search.note_wake(task, point.spawned_at(task), is_effective);
            }
            OpKind::EndPoll => {}
            _ if op.object == ObjectId::NONE => {}
            _ => {
                let what = Touched::Object(op.object, point.made_at(op.object));
                search.touch(what, op.changes());
                // Whether the task is polled before it is aborted matters, also where it waits.
                if let Some(task) = point.aborted_task(op) {
                    search.touch(Touched::Task(task, point.spawned_at(task)), false);
                }
            }
        }
    }
}
