//! From a report to the parts of its document.

use std::collections::BTreeMap;
use std::fmt;

use super::parts::*;
use super::tables::{Tables, kept, portable, visit_objects, visit_places};
use crate::report::cause::write_cause;
use crate::report::locks::LockName;
use crate::report::names::Names;
use crate::report::race::write_race;
use crate::report::text::waits_for;
use crate::report::trace::cell;
use crate::report::{
    Cause, CauseOrder, Doing, Ended, Failure, Frame, ObjectName, Passing, Place, RaceSide, Report, Row,
    Trace, Wait,
};

pub(super) struct Writer {
    pub(super) tables: Tables,
    names: Names,
    /// Absolute paths that may stand in texts, and what stands there instead.
    absolute: BTreeMap<String, String>,
}

impl Writer {
    pub(super) fn new(report: &Report) -> Writer {
        let mut tables = Tables::default();
        visit_objects(report, &mut |object| tables.add(object));
        let names = Names::of_objects(tables.objects.iter());
        let mut writer = Writer { tables, names, absolute: BTreeMap::new() };
        visit_places(report, &mut |place| writer.add_absolute(place));
        writer
    }

    fn add_absolute(&mut self, place: &Place) {
        let short = portable(&place.file);
        if short != place.file {
            self.absolute.insert(place.file.clone(), short);
        }
    }

    /// A text that drawloom or the program has made, without absolute paths of the source.
    pub(super) fn text(&self, text: &str) -> String {
        self.absolute.iter().fold(text.to_owned(), |text, (full, short)| text.replace(full, short))
    }

    fn written(&self, write: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result) -> String {
        self.text(fmt::from_fn(write).to_string().trim_end())
    }

    fn object(&self, object: &ObjectName) -> usize {
        self.tables.object_numbers[&Tables::key(object)]
    }

    fn place(&mut self, place: &Place) -> usize {
        self.tables.place(place)
    }

    pub(super) fn objects(&mut self) -> Vec<ObjectPart> {
        let objects = std::mem::take(&mut self.tables.objects);
        let part = |object: &ObjectName| ObjectPart {
            kind: object.kind,
            name: self.names.of(object),
            brief: self.names.brief(object),
            made_at: self.tables.place(&object.made_at),
            ordinal: object.ordinal.0,
            of: object.ordinal.1,
        };
        objects.iter().map(part).collect()
    }

    pub(super) fn trace(&mut self, trace: &Trace) -> TracePart {
        let rows = kept(trace);
        let from = rows.first().map_or(0, |row| row.step);
        let handovers = trace.handovers.iter().filter(|handover| handover.from >= from);
        let mut parts: Vec<RowPart> = rows.iter().map(|row| self.row(row)).collect();
        for (pair, part) in rows.windows(2).zip(parts.iter_mut().skip(1)) {
            part.switch = match (pair[0].thread == pair[1].thread, pair[0].preempted) {
                (true, _) => None,
                (false, false) => Some("switch"),
                (false, true) => Some("preemption"),
            };
        }
        TracePart {
            threads: trace.threads.clone(),
            left_out_before: trace.left_out + trace.rows.len() - rows.len(),
            left_out_after: trace.left_out_after.steps,
            rows: parts,
            handovers: handovers
                .map(|handover| HandoverPart { from: handover.from, to: handover.to, kind: handover.kind })
                .collect(),
        }
    }

    fn row(&mut self, row: &Row) -> RowPart {
        let found = row.found.clone();
        RowPart {
            step: row.step,
            thread: row.thread,
            verb: row.verb,
            text: self.text(&cell(row, &self.names)),
            object: row.object.as_ref().map(|object| self.object(object)),
            place: row.place.as_ref().map(|place| self.place(place)),
            stale: found.read.is_some() && found.last.is_some(),
            old: found.old,
            new: found.new,
            read: found.read,
            last: found.last,
            source: found.source,
            ordering: found.ordering,
            ended: found.ended.map(|ended| match ended {
                Ended::Failed => "failed",
                Ended::FailedSpuriously => "failed-spuriously",
                Ended::TimedOut => "timed-out",
                Ended::Spuriously => "woken-spuriously",
            }),
            other_thread: found.other,
            switch: None,
            states: row
                .states
                .iter()
                .map(|(object, state)| StatePart { object: self.object(object), state: state.clone() })
                .collect(),
        }
    }

    pub(super) fn failure(&mut self, failure: &Failure) -> FailurePart {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        FailurePart {
            kind: failure.kind.name(),
            message: self.text(&failure.message),
            place: failure.place.as_ref().map(|place| self.place(place)),
            execution: failure.execution,
            steps: failure.steps,
            switches: failure.effort.switches,
            preemptions: failure.effort.preemptions,
            waited_nanoseconds: failure.effort.waited.as_nanos() as u64,
            minimized: failure.minimized.map(|minimized| MinimizedPart {
                found_steps: minimized.steps,
                found_preemptions: minimized.preemptions,
                replays: minimized.replays,
                is_minimal: minimized.is_minimal,
                weak_memory: minimized.memory.map(WeakMemoryPart::from),
            }),
            replay: ReplayPart {
                command: known(failure.exact()).map(|_| failure.rerun_command()),
                token: known(&failure.token),
                seed: known(&failure.seed_text).filter(|seed| *seed != failure.token),
            },
            cause: failure.cause.as_ref().map(|cause| CausePart {
                text: self.written(|f| write_cause(cause, &failure.trace, &self.names, f)),
                is_proved: cause.is_proved,
                screened: cause.screened,
                orders: cause.orders.iter().map(|order| self.order(order)).collect(),
                oddities: cause.oddities.iter().map(|(doing, found)| self.oddity(doing, found)).collect(),
                passing: cause.passing.as_ref().map(|passing| self.passing(cause, passing, &failure.trace)),
            }),
            no_cause: failure.no_cause.clone(),
            waits: failure.waits.iter().map(|wait| self.wait(wait, &failure.trace.threads)).collect(),
            spins: failure
                .spins
                .iter()
                .map(|spin| SpinPart {
                    thread: spin.thread,
                    rows: spin.rows.iter().map(|row| self.row(row)).collect(),
                })
                .collect(),
            stack: failure.standing.as_ref().map_or(Vec::new(), |standing| frames(&standing.frames)),
            race: failure.race.as_ref().map(|race| RacePart {
                text: self.written(|f| write_race(race, &failure.trace.threads, &self.names, f)),
                object: self.object(&race.object),
                overlap: race.overlap,
                sides: race.sides.iter().map(|side| self.side(side)).collect(),
                weak: race
                    .weak
                    .iter()
                    .map(|weak| WeakPart {
                        thread: weak.thread,
                        verb: weak.verb,
                        object: self.object(&weak.object),
                        place: self.place(&weak.place),
                        ordering: weak.order.clone(),
                        needed: weak.needed,
                    })
                    .collect(),
            }),
            lock_cycle: failure.lock_cycle.as_ref().map(|cycle| {
                let mut text = String::new();
                cycle.write(&mut text).expect("a string takes everything");
                LockCyclePart {
                    text: self.text(text.trim_end()),
                    requests: cycle
                        .requests
                        .iter()
                        .map(|request| RequestPart {
                            thread: request.thread.clone(),
                            wanted: self.lock(&request.wanted),
                            held: request.held.as_ref().map(|held| self.lock(held)),
                        })
                        .collect(),
                }
            }),
        }
    }

    fn oddity(&mut self, doing: &Doing, found: &str) -> OddityPart {
        OddityPart {
            operation: self.doing(doing),
            found: found.trim_start_matches([':', '=', ' ']).to_owned(),
        }
    }

    fn passing(&mut self, cause: &Cause, passing: &Passing, failing: &Trace) -> PassingPart {
        let find = |doing: &Doing| same_in(failing, &passing.trace, doing);
        let steps = |order: &CauseOrder| (find(&order.before), find(&order.after));
        let is_turned =
            |order: &&CauseOrder| matches!(steps(order), (Some(before), Some(after)) if after < before);
        // An operation may be found nowhere in a schedule that ends otherwise: then the explanation's word is taken.
        let turned = cause.orders.iter().position(|order| is_turned(&order)).unwrap_or(passing.turned);
        let (before_step, after_step) = cause.orders.get(turned).map_or((None, None), steps);
        PassingPart { turned, before_step, after_step, trace: self.trace(&passing.trace) }
    }

    fn order(&mut self, order: &CauseOrder) -> OrderPart {
        OrderPart {
            before: self.doing(&order.before),
            after: self.doing(&order.after),
            is_needed: order.is_needed,
        }
    }

    fn doing(&mut self, doing: &Doing) -> DoingPart {
        DoingPart {
            thread: doing.thread,
            verb: doing.verb,
            object: doing.object.as_ref().map(|object| self.object(object)),
            place: self.place(&doing.place),
            step: doing.step,
        }
    }

    fn wait(&mut self, wait: &Wait, threads: &[String]) -> WaitPart {
        WaitPart {
            thread: wait.thread,
            what: wait.what,
            text: waits_for(wait, threads, &self.names),
            object: wait.object.as_ref().map(|object| self.object(object)),
            joins: wait.joins,
            place: self.place(&wait.place),
            holders: wait
                .holders
                .iter()
                .map(|(thread, place)| HolderPart { thread: *thread, place: self.place(place) })
                .collect(),
            is_of_task: wait.is_of_task,
            history: wait.history.as_ref().map(|history| self.text(history)),
            stack: frames(&wait.stack),
        }
    }

    fn side(&mut self, side: &RaceSide) -> SidePart {
        let held = side.held.as_ref().map(|held| {
            let lock = |(lock, place): &(ObjectName, Place)| HeldPart {
                object: self.object(lock),
                place: self.place(place),
            };
            held.iter().map(lock).collect()
        });
        SidePart {
            thread: side.thread,
            verb: side.verb,
            step: side.step,
            place: self.place(&side.place),
            held,
            stack: frames(&side.stack),
        }
    }

    fn lock(&mut self, lock: &LockName) -> LockPart {
        LockPart { object: self.object(&lock.object), shared: lock.shared, place: self.place(&lock.taken_at) }
    }
}

fn frames(stack: &[Frame]) -> Vec<FramePart> {
    let part = |frame: &Frame| FramePart { function: frame.function.clone(), place: frame.place.clone() };
    stack.iter().map(part).collect()
}

/// The step of `other` in which the operation is done that `doing` is in `trace`: that of the same thread at the same place,
/// the same number of times after the first.
fn same_in(trace: &Trace, other: &Trace, doing: &Doing) -> Option<u64> {
    fn is_it(row: &Row, doing: &Doing) -> bool {
        row.thread == doing.thread && row.verb == doing.verb && row.place.as_ref() == Some(&doing.place)
    }
    let until = doing.step.unwrap_or(u64::MAX);
    let earlier = trace.rows.iter().filter(|row| row.step < until && is_it(row, doing)).count();
    // What is left out of one of the two would have to be counted as well.
    let counts = trace.left_out == 0 && other.left_out == 0;
    other.rows.iter().filter(|row| counts && is_it(row, doing)).nth(earlier).map(|row| row.step)
}
