//! A report as a document for other programs: what the text says, in parts. As JSON it is described by
//! `docs/report.schema.json`; the page (`html`) is drawn from it too.
//!
//! Objects and places stand in tables and are referred to by their positions there: a trace of ten thousand rows names few
//! of them often. Values are text, as they may be addresses, or numbers too large for JavaScript; what is not known is left
//! out. Nothing here depends on the machine or the time: files that are named by absolute paths keep the ends of these.

mod parts;
mod tables;
mod writer;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, source};
pub(super) use parts::*;
use writer::Writer;

/// The version of the schema. Fields may be added without another one.
const VERSION: u32 = 1;

#[derive(Serialize, Debug)]
pub(in crate::report) struct Document {
    version: u32,
    drawloom: &'static str,
    pub(in crate::report) test: String,
    pub(in crate::report) passed: bool,
    pub(in crate::report) replayed: bool,
    pub(in crate::report) exploration: ExplorationPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) failure: Option<FailurePart>,
    pub(in crate::report) notes: Vec<String>,
    pub(in crate::report) objects: Vec<ObjectPart>,
    pub(in crate::report) places: Vec<PlacePart>,
    pub(in crate::report) trace: TracePart,
}

impl Document {
    pub(in crate::report) fn of(report: &Report) -> Document {
        let mut writer = Writer::new(report);
        let failure = report.failure();
        let trace = failure.map_or(&report.trace, |failure| &failure.trace);
        let trace = writer.trace(trace);
        let mut notes: Vec<String> = Vec::new();
        notes.extend(failure.iter().flat_map(|failure| &failure.notes).map(|note| writer.text(note)));
        notes.extend(report.notes.iter().map(|note| writer.text(note)));
        let failure = failure.map(|failure| writer.failure(failure));
        let objects = writer.objects();
        Document {
            version: VERSION,
            drawloom: env!("CARGO_PKG_VERSION"),
            test: report.test.clone(),
            passed: report.passed(),
            replayed: report.replayed || report.failure().is_some_and(|failure| failure.replayed),
            exploration: ExplorationPart {
                strategy: report.strategy.clone(),
                seed: format!("{:#x}", report.seed),
                executions: report.executions,
                steps: report.steps,
            },
            failure,
            notes,
            objects,
            places: writer.tables.places,
            trace,
        }
    }

    pub(in crate::report) fn json(&self) -> String {
        to_json(self)
    }
}

/// A value whose keys are text, as JSON.
pub(in crate::report) fn to_json(value: &impl Serialize) -> String {
    let mut text = vec![0; 1 << 16];
    loop {
        match serde_json_core::to_slice(value, &mut text) {
            Ok(length) => {
                text.truncate(length);
                return String::from_utf8(text).expect("JSON is text");
            }
            Err(serde_json_core::ser::Error::BufferFull) => text = vec![0; 2 * text.len()],
            Err(error) => unreachable!("it has nothing that JSON cannot say: {error}"),
        }
    }
}

/// The report as JSON, with a line for each row so that two reports can be compared by eye.
pub(crate) fn json(report: &Report) -> String {
    let mut text = Document::of(report).json();
    for start in ["\"trace\":{", "\"objects\":[", "\"places\":[", "\"failure\":{", "{\"step\":"] {
        text = text.replace(start, &format!("\n{start}"));
    }
    text + "\n"
}

/// The lines of source around the places of a document, by file and number.
pub(super) fn sources(document: &Document) -> BTreeMap<&str, BTreeMap<String, String>> {
    const AROUND: u32 = 8;
    let mut files: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut lines: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for place in &document.places {
        let text = files.entry(&place.full).or_insert_with(|| source::text(&place.full));
        let Some(text) = text else { continue };
        let first = place.line.saturating_sub(AROUND).max(1);
        let wanted = (first..).zip(text.lines().skip(first as usize - 1));
        let wanted = wanted.take_while(|(number, _)| *number <= place.line + AROUND);
        lines
            .entry(&place.file)
            .or_default()
            .extend(wanted.map(|(number, line)| (number.to_string(), line.to_owned())));
    }
    lines
}
