//! What objects are called: by the variable that they were made for, or by the place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{ObjectName, Place, Trace, source};

/// What the objects of a report are called.
pub(super) struct Names(BTreeMap<(String, u32, u32), Option<String>>);

impl Names {
    pub(super) fn of_trace(trace: &Trace) -> Names {
        Names::of_objects(trace.rows.iter().filter_map(|row| row.object.as_ref()))
    }

    pub(super) fn of_objects<'a>(objects: impl Iterator<Item = &'a ObjectName>) -> Names {
        let mut names = BTreeMap::new();
        for object in objects {
            let place = &object.made_at;
            names.entry(key(place)).or_insert_with(|| source::variable(place));
        }
        Names(names)
    }

    /// In the trace, which has little room: by the variable alone, where there is one.
    pub(super) fn brief(&self, object: &ObjectName) -> String {
        let full = self.of(object);
        match full.split_once('`') {
            Some((_, variable)) => format!("`{variable}"),
            None => full,
        }
    }

    /// With what it is.
    pub(super) fn of(&self, object: &ObjectName) -> String {
        let place = &object.made_at;
        let mut name = match self.0.get(&key(place)) {
            Some(Some(variable)) => format!("{} `{variable}`", object.kind),
            _ => format!("{} of {}:{}", object.kind, short(place), place.column),
        };
        let (number, of) = object.ordinal;
        if of > 1 {
            let _ = write!(name, " #{}", number + 1);
        }
        name
    }
}

fn key(place: &Place) -> (String, u32, u32) {
    (place.file.clone(), place.line, place.column)
}

/// File name and line.
pub(super) fn short(place: &Place) -> String {
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}
