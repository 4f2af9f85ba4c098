//! A report as one page for a browser, with nothing outside of it: the document as JSON, the source around its places, and
//! what draws them.
//!
//! What is short stands in the page as text, so that it can be read, searched and printed without a script. Traces are drawn
//! by `html/timeline.js`, which makes elements only for the rows that are on the screen; of those on paper there is a table.

mod details;
mod page;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::Report;
use super::document::{CausePart, Document, DoingPart, FailurePart, TracePart, sources, to_json};
use super::width::grouped;
use page::{Page, thread_class};

const STYLE: &str = include_str!("html/page.css");
const SCRIPTS: [&str; 3] =
    [include_str!("html/timeline.js"), include_str!("html/panels.js"), include_str!("html/page.js")];

/// How many rows of a trace stand on paper, the last ones.
const PRINTED_ROWS: usize = 200;

/// How long a token is printed: nobody types a longer one.
const PRINTED_TOKEN: usize = 400;

/// The page of a report.
pub(crate) fn html(report: &Report) -> String {
    let document = Document::of(report);
    let page = Page { document: &document, lock_graph: report.lock_graph.as_ref() };
    page.write().into_string()
}

/// JSON as the content of an element `script`, which nothing in it can end.
fn embedded(json: &str) -> PreEscaped<String> {
    PreEscaped(json.replace('<', "\\u003c"))
}

impl Page<'_> {
    fn write(&self) -> Markup {
        let document = self.document;
        let test = if document.test.is_empty() { "drawloom" } else { &document.test };
        let kind = document.failure.as_ref().map_or("passed", |failure| failure.kind);
        let sources = to_json(&sources(document));
        markup! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
                    meta name="color-scheme" content="light dark";
                    title { (kind) ": " (test) }
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.kind.(if document.passed { "passed" } else { "failed" }) { (kind) }
                        h1 { (test) }
                        (self.heading())
                    }
                    main {
                        @if let Some(failure) = &document.failure {
                            (self.replay(failure))
                            @if let Some(cause) = &failure.cause { (self.cause(cause)) }
                            @if let Some(why) = &failure.no_cause {
                                section #cause { h2 { "Cause" } p { (why) } }
                            }
                        }
                        @if !document.trace.rows.is_empty() { (self.timeline()) }
                        @if let Some(failure) = &document.failure { (self.details(failure)) }
                        @if let Some(graph) = self.lock_graph { (details::drawing(graph)) }
                        @if !document.notes.is_empty() {
                            section #notes {
                                h2 { "Notes" }
                                @for note in &document.notes { p.note { (note) } }
                            }
                        }
                    }
                    footer {
                        p {
                            (counted(document.exploration.executions, "execution")) " with "
                            (counted(document.exploration.steps, "step")) ", strategy "
                            (document.exploration.strategy) ", seed " (document.exploration.seed)
                        }
                    }
                    script #report type="application/json" { (embedded(&document.json())) }
                    script #sources type="application/json" { (embedded(&sources)) }
                    @for script in SCRIPTS { script { (PreEscaped(script)) } }
                }
            }
        }
    }

    fn heading(&self) -> Markup {
        let Some(failure) = &self.document.failure else {
            return markup! { p.message { "The replayed execution did not fail." } };
        };
        let size = |steps, preemptions| {
            format!("{} and {}", counted(steps, "step"), counted(preemptions, "preemption"))
        };
        markup! {
            pre.message { (failure.message) }
            @if let Some(place) = failure.place { p.place { "at " (self.place(place)) } }
            @if failure.steps > 0 {
                p.size {
                    @if self.document.replayed {
                        "replayed: "
                    } @else {
                        "found in execution " (grouped(failure.execution)) ": "
                    }
                    b { (size(failure.steps, failure.preemptions)) }
                    @if let Some(minimized) = &failure.minimized {
                        @if minimized.is_minimal && failure.preemptions > 0 { ", the fewest" }
                        @let found = (minimized.found_steps, minimized.found_preemptions);
                        @if found != (failure.steps, failure.preemptions) { "; minimized from " (size(found.0, found.1)) }
                        @if let Some(memory) = &minimized.weak_memory { br; (memory.text) }
                    }
                }
            }
        }
    }

    fn replay(&self, failure: &FailurePart) -> Markup {
        let copied = |label: &str, text: &str| {
            let is_long = text.len() > PRINTED_TOKEN;
            markup! {
                div.copied.long[is_long] {
                    span.label { (label) }
                    code { (text) }
                    button.copy type="button" { "Copy" }
                }
            }
        };
        let replay = &failure.replay;
        markup! {
            @if replay.command.is_some() || replay.token.is_some() {
                section #replay {
                    h2 { "Replay" }
                    @if let Some(command) = &replay.command { (copied("command", command)) }
                    details {
                        summary { "Token and seed" }
                        @if let Some(token) = &replay.token { (copied("token", token)) }
                        @if let Some(seed) = &replay.seed { (copied("seed", seed)) }
                    }
                }
            }
        }
    }

    fn cause(&self, cause: &CausePart) -> Markup {
        let threads = &self.document.trace.threads;
        let doing = |doing: &DoingPart| {
            markup! {
                @let object = doing.object.map(|object| &self.document.objects[object].brief);
                span.(thread_class(doing.thread)).thread { (threads[doing.thread]) } "’s "
                a.step href="#timeline" data-step=[doing.step] data-verb=(doing.verb)
                    data-waits=[doing.step.is_none().then_some(doing.thread)]
                {
                    (doing.verb) @if let Some(object) = object { " of " (object) }
                }
                @match doing.step {
                    Some(step) => { " (" (self.place(doing.place)) ", step " (step) ")" }
                    None => { " (" (self.place(doing.place)) "), for which it waits" }
                }
            }
        };
        let mut lines = cause.text.lines();
        let first = lines.next().unwrap_or_default();
        let last = cause.text.lines().last().filter(|_| !cause.orders.is_empty()).unwrap_or_default();
        markup! {
            section #cause {
                h2 { "Cause" }
                p { (first.strip_prefix("cause: ").unwrap_or(first)) }
                ol.orders {
                    @for order in &cause.orders {
                        li {
                            span.before { (doing(&order.before)) }
                            span.after { em { "comes before " } (doing(&order.after)) }
                        }
                    }
                }
                @if !cause.oddities.is_empty() {
                    ul.oddities {
                        @for oddity in &cause.oddities { li { (doing(&oddity.operation)) ": " (oddity.found) } }
                    }
                }
                @if !last.is_empty() { p { (last.trim()) } }
            }
        }
    }

    fn timeline(&self) -> Markup {
        let trace = &self.document.trace;
        markup! {
            section #timeline {
                h2 { "Time line" }
                div.tools {
                    div.stepping {
                        button #first type="button" title="to the first step (Home)" { "«" }
                        button #back type="button" title="one step back (←)" { "‹" }
                        input #slider type="range" min="0" max=(trace.rows.len() - 1) value="0"
                            aria-label="step";
                        button #forward type="button" title="one step on (→)" { "›" }
                        button #last type="button" title="to the last step (End)" { "»" }
                        output #position {}
                    }
                    div.arrows {
                        label.reads { input #show-reads type="checkbox" checked; "reads from" }
                        label.handovers { input #show-handovers type="checkbox" checked; "hands over" }
                        span.key.preemption-key { "preemption" }
                    }
                }
                div.work {
                    div #lanes.lanes tabindex="0" role="listbox" aria-label="the operations in order" {}
                    aside {
                        div #operation aria-live="polite" {}
                        div #source {}
                        h3 { "Objects at this step" }
                        div #values {}
                    }
                }
                (self.printed(trace, &[]))
            }
        }
    }

    /// A trace for paper, and for browsers without scripts.
    fn printed(&self, trace: &TracePart, turned: &[u64]) -> Markup {
        let rows = &trace.rows[trace.rows.len().saturating_sub(PRINTED_ROWS)..];
        let hidden = trace.rows.len() - rows.len();
        markup! {
            table.printed {
                thead { tr { th { "step" } th { "thread" } th { "operation" } th { "where" } } }
                tbody {
                    @if hidden > 0 {
                        tr { td {} td colspan="3" { (grouped(hidden as u64)) " earlier operations are not printed" } }
                    }
                    @for row in rows {
                        tr.(row.switch.unwrap_or("same")).turned[turned.contains(&row.step)] {
                            td { (row.step) }
                            td { span.(thread_class(row.thread)).thread { (trace.threads[row.thread]) } }
                            td {
                                (row.text)
                                @if row.switch == Some("preemption") { b.preempts { " after a preemption" } }
                            }
                            td { @if let Some(place) = row.place { (self.short_place(place)) } }
                        }
                    }
                }
            }
        }
    }

    fn short_place(&self, place: usize) -> Markup {
        let place = &self.document.places[place];
        let file = place.file.rsplit('/').next().unwrap_or(&place.file);
        markup! { code.place { (file) ":" (place.line) } }
    }

    fn place(&self, place: usize) -> Markup {
        let place = &self.document.places[place];
        markup! { code.place { (place.file) ":" (place.line) } }
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", grouped(count)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn json_in_a_page_cannot_end_its_element() {
        let text = embedded("{\"a\":\"</script><!--\"}").into_string();
        assert_eq!(text, "{\"a\":\"\\u003c/script>\\u003c!--\"}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["a"], "</script><!--");
    }

    #[test]
    fn what_is_written_as_json_is_read_again() {
        let text = "\"quoted\" \\ \n\r\t\u{1}\u{7f} é 😀 </script>";
        let lines = BTreeMap::from([("a \"b\"", BTreeMap::from([("17".to_owned(), text.to_owned())]))]);
        let back: serde_json::Value = serde_json::from_str(&to_json(&lines)).unwrap();
        assert_eq!(back["a \"b\""]["17"], text);
    }

    #[test]
    fn assets_name_nothing_outside_the_page() {
        for asset in SCRIPTS.iter().chain([&STYLE]) {
            let without_namespace = asset.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !without_namespace.contains("http")
                    && !asset.contains("@import")
                    && !asset.contains("</script")
            );
        }
    }
}
