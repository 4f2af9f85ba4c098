//! The source of the operations that matter, with what was done there: those that the cause names, those of a race or of
//! threads that wait, and the place of a panic.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use textwrap::core::display_width;

use super::width::shortened;
use super::{CALL_OF_WAKER, Doing, Failure, FailureKind, Place, Spin, source};

/// How long labels may be, where they do not fit otherwise.
const SHORT_LABELS: [usize; 4] = [usize::MAX, 32, 24, 16];

/// How many places are shown.
const PLACES: usize = 6;

/// A file, and what is to be said of words in it.
struct Labelled {
    file: String,
    text: String,
    spans: Vec<(Range<usize>, String)>,
}

/// The source around the places that matter; nothing if it is not at hand.
pub(super) fn snippets(failure: &Failure, width: usize) -> String {
    let mut files: BTreeMap<String, BTreeMap<(u32, u32), Vec<String>>> = BTreeMap::new();
    let mut count = 0;
    for (place, label) in labels(failure) {
        let labels =
            files.entry(place.file.clone()).or_default().entry((place.line, place.column)).or_default();
        count += usize::from(labels.is_empty());
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    if count == 0 || count > PLACES {
        return String::new();
    }
    let mut texts: Vec<Labelled> = Vec::new();
    for (file, places) in files {
        let Some(text) = source::text(&file) else { continue };
        let span = |(&(line, column), labels): (&(u32, u32), &Vec<String>)| {
            Some((span(&text, line, column)?, labels.join("; ")))
        };
        let spans: Vec<_> = places.iter().filter_map(span).collect();
        if !spans.is_empty() {
            texts.push(Labelled { file, text, spans });
        }
    }
    let mut all = String::new();
    for Labelled { file, text, spans } in &texts {
        let group = |length: usize| {
            let annotation = |(span, label): &(Range<usize>, String)| {
                AnnotationKind::Primary.span(span.clone()).label(shortened(label, length))
            };
            let snippet = Snippet::source(text.as_str()).path(file.as_str());
            Group::with_level(Level::NOTE).element(snippet.annotations(spans.iter().map(annotation)))
        };
        all += &rendered(group, width);
        all.push('\n');
    }
    all
}

/// The source with its labels, which are not to be longer than it says, in so much room. The renderer makes source fit, and takes
/// no notice of labels; so it is told of less room until they fit as well, and shows a part of the lines then. If that does not
/// do, labels are cut short.
fn rendered<'a>(group: impl Fn(usize) -> Group<'a>, width: usize) -> String {
    let fits = |text: &String| text.lines().all(|line| display_width(line) <= width);
    let in_room = |room, length| Renderer::plain().term_width(room).render(&[group(length)]);
    let rooms = || (width / 2..=width).rev();
    let all = SHORT_LABELS.into_iter().flat_map(|length| rooms().map(move |room| (room, length)));
    all.map(|(room, length)| in_room(room, length)).find(fits).unwrap_or_else(|| in_room(width, usize::MAX))
}

/// The word that begins at a place, in bytes of the text.
fn span(text: &str, line: u32, column: u32) -> Option<Range<usize>> {
    let mut starts = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    let (start, line) = starts.nth(line.checked_sub(1)? as usize)?;
    let (at, _) = line.char_indices().nth(column.checked_sub(1)? as usize)?;
    let word = line[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '!');
    let length: usize = word.map(char::len_utf8).sum();
    Some(start + at..start + at + length.max(1))
}

/// What is to be shown at which place.
fn labels(failure: &Failure) -> Vec<(Place, String)> {
    let threads = &failure.trace.threads;
    let mut labels = Vec::new();
    let cause = failure.cause.iter();
    let orders =
        cause.clone().flat_map(|cause| &cause.orders).flat_map(|order| [&order.before, &order.after]);
    let mut doings: Vec<&Doing> =
        orders.chain(cause.flat_map(|cause| &cause.oddities).map(|(doing, _)| doing)).collect();
    doings.sort_by_key(|doing| doing.step.unwrap_or(u64::MAX));
    for doing in doings {
        labels.push((doing.place.clone(), label(failure, doing)));
    }
    for side in failure.race.iter().flat_map(|race| &race.sides) {
        let label = format!("{}: {} (step {})", threads[side.thread], side.verb, side.step);
        labels.push((side.place.clone(), label));
    }
    if labels.is_empty() {
        labels.extend(failure.spins.iter().flat_map(|spin| loop_labels(&threads[spin.thread], spin)));
        for wait in &failure.waits {
            let thread = &threads[wait.thread];
            let label = match wait.what {
                CALL_OF_WAKER => format!("the last operation of {thread}, which waits"),
                _ => format!("{thread} waits here"),
            };
            labels.push((wait.place.clone(), label));
            for (holder, place) in &wait.holders {
                labels.push((place.clone(), format!("{} took it here", threads[*holder])));
            }
        }
    }
    let is_told =
        failure.race.is_some() || failure.kind == FailureKind::GoodSamaritan && !failure.spins.is_empty();
    if let Some(place) = failure.place.as_ref().filter(|_| !is_told) {
        let label = match failure.kind {
            FailureKind::StepLimit => "the last step",
            FailureKind::Hang => "it does not come back from here",
            _ => "it fails here",
        };
        labels.push((place.clone(), label.to_owned()));
    }
    labels
}

/// `main: load = 0, spin, again and again`, for each place at which a thread's loop does something.
fn loop_labels(thread: &str, spin: &Spin) -> Vec<(Place, String)> {
    let mut places: Vec<(Place, Vec<String>)> = Vec::new();
    for row in &spin.rows {
        let Some(place) = &row.place else { continue };
        let done = format!("{}{}", row.verb, row.note);
        match places.iter_mut().find(|(other, _)| other == place) {
            Some((_, doings)) => doings.push(done),
            None => places.push((place.clone(), vec![done])),
        }
    }
    let label = |doings: Vec<String>| format!("{thread}: {}, again and again", doings.join(", "));
    places.into_iter().map(|(place, doings)| (place, label(doings))).collect()
}

/// `main: load = 0 (step 3)`.
fn label(failure: &Failure, doing: &Doing) -> String {
    let thread = &failure.trace.threads[doing.thread];
    let Some(step) = doing.step else { return format!("{thread} waits here") };
    let row = failure.trace.rows.iter().find(|row| row.step == step && row.thread == doing.thread);
    let note = row.map_or("", |row| row.note.as_str());
    format!("{thread}: {}{note} (step {step})", doing.verb)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_place_is_the_word_that_begins_there() {
        let text = "fn main() {\n    süß.load(x);\n}\n";
        assert_eq!(&text[span(text, 2, 9).unwrap()], "load");
        assert_eq!(&text[span(text, 2, 8).unwrap()], ".");
        assert_eq!(span(text, 9, 1), None);
    }
}
