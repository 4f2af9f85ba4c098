//! The tables of a document: every object and every place once, with names that mean the same on another machine.

use std::collections::BTreeMap;

use super::parts::PlacePart;
use crate::report::{KEPT_ROWS, ObjectName, Place, Report, Row, Trace};

/// How many parts of an absolute path are kept.
const KEPT_PARTS: usize = 4;

/// What tells objects apart: kind, file, line and column, ordinal.
type ObjectKey = (&'static str, String, (u32, u32), u32);

/// The tables that everything else refers to.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) objects: Vec<ObjectName>,
    pub(super) object_numbers: BTreeMap<ObjectKey, usize>,
    pub(super) places: Vec<PlacePart>,
    place_numbers: BTreeMap<(String, u32, u32), usize>,
}

impl Tables {
    pub(super) fn key(object: &ObjectName) -> ObjectKey {
        let Place { file, line, column } = &object.made_at;
        (object.kind, file.clone(), (*line, *column), object.ordinal.0)
    }

    pub(super) fn add(&mut self, object: &ObjectName) {
        let next = self.objects.len();
        let number = *self.object_numbers.entry(Tables::key(object)).or_insert(next);
        if number == next {
            self.objects.push(object.clone());
        }
        // Executions differ in how many there are of a kind.
        let of = &mut self.objects[number].ordinal.1;
        *of = object.ordinal.1.max(*of);
    }

    pub(super) fn place(&mut self, place: &Place) -> usize {
        let Place { file, line, column } = place;
        let next = self.places.len();
        let number = *self.place_numbers.entry((file.clone(), *line, *column)).or_insert(next);
        if number == next {
            self.places.push(PlacePart {
                file: portable(file),
                line: *line,
                column: *column,
                full: file.clone(),
            });
        }
        number
    }
}

/// Every object that the report names.
pub(super) fn visit_objects<'a>(report: &'a Report, visit: &mut impl FnMut(&'a ObjectName)) {
    let rows = |trace: &'a Trace, visit: &mut dyn FnMut(&'a ObjectName)| {
        for row in kept(trace) {
            row.object.iter().for_each(&mut *visit);
            row.states.iter().for_each(|(object, _)| visit(object));
        }
    };
    let Some(failure) = report.failure() else { return rows(&report.trace, visit) };
    rows(&failure.trace, visit);
    for wait in &failure.waits {
        wait.object.iter().for_each(&mut *visit);
    }
    for row in failure.spins.iter().flat_map(|spin| &spin.rows) {
        row.object.iter().for_each(&mut *visit);
    }
    if let Some(race) = &failure.race {
        visit(&race.object);
        let held = race.sides.iter().flat_map(|side| &side.held).flatten();
        held.for_each(|(lock, _)| visit(lock));
        race.weak.iter().for_each(|weak| visit(&weak.object));
    }
    if let Some(cause) = &failure.cause {
        let doings = cause.orders.iter().flat_map(|order| [&order.before, &order.after]);
        let doings = doings.chain(cause.oddities.iter().map(|(doing, _)| doing));
        doings.filter_map(|doing| doing.object.as_ref()).for_each(&mut *visit);
        cause.passing.iter().for_each(|passing| rows(&passing.trace, visit));
    }
    for request in failure.lock_cycle.iter().flat_map(|cycle| &cycle.requests) {
        request.held.iter().for_each(|held| visit(&held.object));
        visit(&request.wanted.object);
    }
}

/// Places whose files may be named in texts too.
pub(super) fn visit_places<'a>(report: &'a Report, visit: &mut impl FnMut(&'a Place)) {
    visit_objects(report, &mut |object| visit(&object.made_at));
    let trace = report.failure().map_or(&report.trace, |failure| &failure.trace);
    kept(trace).iter().filter_map(|row| row.place.as_ref()).for_each(&mut *visit);
    let Some(failure) = report.failure() else { return };
    failure.place.iter().for_each(&mut *visit);
    for wait in &failure.waits {
        visit(&wait.place);
        wait.holders.iter().for_each(|(_, place)| visit(place));
    }
    if let Some(race) = &failure.race {
        race.weak.iter().for_each(|weak| visit(&weak.place));
        for side in &race.sides {
            visit(&side.place);
            side.held.iter().flatten().for_each(|(_, place)| visit(place));
        }
    }
    for request in failure.lock_cycle.iter().flat_map(|cycle| &cycle.requests) {
        request.held.iter().for_each(|held| visit(&held.taken_at));
        visit(&request.wanted.taken_at);
    }
}

/// The rows that are kept of a trace.
pub(super) fn kept(trace: &Trace) -> &[Row] {
    &trace.rows[trace.rows.len().saturating_sub(KEPT_ROWS)..]
}

/// The end of an absolute path; any other path as it is.
pub(super) fn portable(file: &str) -> String {
    let is_absolute = file.starts_with(['/', '\\']) || file.get(1..3).is_some_and(|start| start == ":\\");
    if !is_absolute {
        return file.replace('\\', "/");
    }
    let mut parts: Vec<&str> = file.rsplit(['/', '\\']).take(KEPT_PARTS).collect();
    parts.reverse();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn absolute_paths_are_cut() {
        assert_eq!(portable("tests/it.rs"), "tests/it.rs");
        assert_eq!(portable("tests\\it.rs"), "tests/it.rs");
        assert_eq!(
            portable("/home/somebody/.cargo/registry/queue-1.0/src/lib.rs"),
            "registry/queue-1.0/src/lib.rs"
        );
        assert_eq!(portable("C:\\Users\\somebody\\shop\\src\\lib.rs"), "somebody/shop/src/lib.rs");
    }
}
