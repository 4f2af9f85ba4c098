//! What segments that begin at the same place have touched, in any execution.
//!
//! Whether a task that locks a mutex, if a flag is set, races with another one that locks it, is not to be seen in an execution in which
//! the flag is not set. That they are taken to depend on each other there as well is what lets the search find the way from one to
//! the other: source sets need a relation that is the same in all states. What was learnt too late for the executions before
//! is used when all is explored again.

use std::panic::Location;

use crate::rt::tasks::ResumePoint;

use super::touched::{Fixed, Touched, Touches, meet};

/// Where a segment begins: in which task, and how far that has come. Of a task that not every execution numbers alike, the place counts
/// where it was spawned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Label {
    task: Option<u64>,
    spawned_at: &'static Location<'static>,
    resume_point: ResumePoint,
}

/// The number of the place where a segment began, and what it has touched.
type Labelled<'a> = (Option<usize>, &'a Touches);

/// What is known of one such place.
#[derive(Debug)]
struct Place {
    label: Label,
    touches: Touches,
    /// In which run it was met first.
    run: u64,
}

/// What is known of all.
#[derive(Default, Debug)]
pub(super) struct MayTouch {
    places: Vec<Place>,
    run: u64,
    /// What there is before anything is chosen.
    fixed: Option<Fixed>,
    /// Whether more became known of a place that runs before have met.
    pub(super) has_grown: bool,
}

impl MayTouch {
    /// Something is chosen for the first time. So many objects and tasks there are.
    pub(super) fn note_first_choice(&mut self, objects: u32, tasks: u64) {
        self.fixed.get_or_insert(Fixed { objects, tasks });
    }

    /// All is explored again with what is known.
    pub(super) fn begin_again(&mut self) {
        (self.run, self.has_grown) = (0, false);
        self.places.iter_mut().for_each(|place| place.run = 0);
    }

    /// The number of the place where a segment of this task begins.
    pub(super) fn label(
        &mut self,
        task: u64,
        spawned_at: &'static Location<'static>,
        resume_point: ResumePoint,
    ) -> usize {
        let task = self.fixed.is_none_or(|fixed| task <= fixed.tasks).then_some(task);
        let label = Label { task, spawned_at, resume_point };
        self.places.iter().position(|place| place.label == label).unwrap_or_else(|| {
            self.places.push(Place { label, touches: Touches::new(), run: self.run });
            self.places.len() - 1
        })
    }

    /// The footprints of a run that has ended.
    pub(super) fn add<'a>(&mut self, run: impl Iterator<Item = (u64, Labelled<'a>)>) {
        let fixed = self.fixed.unwrap_or(Fixed::ALL);
        for (task, (label, touches)) in run {
            let Some(place) = label.and_then(|label| self.places.get_mut(label)) else { continue };
            for &(what, writes) in touches {
                if matches!(what, Touched::Task(own, _) if own == task) {
                    continue;
                }
                // Objects that have no fixed number are told apart by where they were made.
                let known = place.touches.iter_mut().find(|(other, _)| fixed.is_same(*other, what));
                let has_grown = match known {
                    Some((_, other)) => !std::mem::replace(other, *other || writes) && writes,
                    None => {
                        place.touches.push((what, writes));
                        true
                    }
                };
                self.has_grown |= has_grown && place.run < self.run;
            }
        }
        self.run += 1;
    }

    /// Whether two segments may ever have touched the same.
    pub(super) fn meet(&self, (one, touched): Labelled<'_>, (two, also): Labelled<'_>) -> bool {
        let known =
            |label: Option<usize>| label.and_then(|label| self.places.get(label)).map(|place| &place.touches);
        let (first, second) = (known(one), known(two));
        let fixed = self.fixed.unwrap_or(Fixed::ALL);
        let is_same = |one, two| fixed.is_same(one, two);
        first.is_some_and(|first| meet(first, also, is_same))
            || second.is_some_and(|second| meet(touched, second, is_same))
            || first.zip(second).is_some_and(|(first, second)| meet(first, second, is_same))
    }
}
