//! The parts of the page that stand below the time line: the schedule that passes, who waits for what, who goes round in a loop,
//! the accesses that race, the order of locks.

use maud::{Markup, html as markup};

use super::page::{Page, thread_class};
use crate::report::LockGraph;
use crate::report::document::{FailurePart, FramePart, LockCyclePart, RacePart, SpinPart, WaitPart};

impl Page<'_> {
    pub(super) fn details(&self, failure: &FailurePart) -> Markup {
        markup! {
            @if let Some(passing) = failure.cause.as_ref().and_then(|cause| cause.passing.as_ref()) {
                section #passing {
                    h2 { "The nearest schedule that passes" }
                    p.explanation {}
                    div.beside {
                        div { h3 { "fails" } div #fails.lanes tabindex="0" {} }
                        div { h3 { "passes" } div #passes.lanes tabindex="0" {} }
                    }
                    (self.printed(&passing.trace, &passing.turned_steps()))
                }
            }
            @if !failure.spins.is_empty() { (self.spins(&failure.spins)) }
            @if !failure.waits.is_empty() { (self.waits(&failure.waits)) }
            @if !failure.stack.is_empty() {
                section #standing {
                    h2 { "Where the thread stands" }
                    (stack(&failure.stack))
                }
            }
            @if let Some(race) = &failure.race { (self.race(race)) }
            @if let Some(cycle) = &failure.lock_cycle { (self.lock_cycle(cycle)) }
        }
    }

    fn waits(&self, waits: &[WaitPart]) -> Markup {
        let threads = &self.document.trace.threads;
        markup! {
            section #waits {
                h2 { "Who waits for what" }
                ul.cards {
                    @for wait in waits {
                        li {
                            p {
                                span.(thread_class(wait.thread)).thread { (threads[wait.thread]) }
                                " " (wait.text) " at " (self.place(wait.place))
                            }
                            @for holder in &wait.holders {
                                p.holder {
                                    @if wait.is_of_task { "taken by " } @else { "held by " }
                                    @if holder.thread == wait.thread { "itself" } @else {
                                        span.(thread_class(holder.thread)).thread { (threads[holder.thread]) }
                                    }
                                    @if wait.is_of_task { " at " } @else { ", which took it at " }
                                    (self.place(holder.place))
                                    @if wait.is_of_task { ", and not given back" }
                                }
                            }
                            @if let Some(history) = &wait.history { p { (history) } }
                            (stack(&wait.stack))
                        }
                    }
                }
            }
        }
    }

    fn spins(&self, spins: &[SpinPart]) -> Markup {
        let threads = &self.document.trace.threads;
        markup! {
            section #spins {
                h2 { "Who goes round in a loop" }
                ul.cards {
                    @for spin in spins {
                        li {
                            p { span.(thread_class(spin.thread)).thread { (threads[spin.thread]) } " does, again and again:" }
                            ol {
                                @for row in &spin.rows {
                                    li { (row.text) @if let Some(place) = row.place { " at " (self.place(place)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn race(&self, race: &RacePart) -> Markup {
        let threads = &self.document.trace.threads;
        markup! {
            section #race {
                h2 { "Data race" }
                ul.cards {
                    @for side in &race.sides {
                        li {
                            p {
                                span.(thread_class(side.thread)).thread { (threads[side.thread]) } "’s "
                                a.step href="#timeline" data-step=(side.step) data-verb=(side.verb) {
                                    (side.verb) " of " (self.document.objects[race.object].name)
                                }
                                " at " (self.place(side.place))
                            }
                        }
                    }
                }
                pre.prose { (race.text) }
            }
        }
    }

    fn lock_cycle(&self, cycle: &LockCyclePart) -> Markup {
        let name = |object: usize| &self.document.objects[object].name;
        markup! {
            section #lock-cycle {
                h2 { "The order of locks" }
                ul.cycle {
                    @for request in &cycle.requests {
                        li {
                            @if let Some(held) = &request.held { span.lock { (name(held.object)) } }
                            span.arrow { "—" b { (request.thread) } "→" }
                            span.lock { (name(request.wanted.object)) }
                        }
                    }
                }
                pre.prose { (cycle.text) }
            }
        }
    }
}

fn stack(frames: &[FramePart]) -> Markup {
    markup! {
        @if !frames.is_empty() {
            ol.stack {
                @for frame in frames {
                    li { code { (frame.function) } @if let Some(place) = &frame.place { " at " (place) } }
                }
            }
        }
    }
}

/// The order of locks as an image of its own: its style is not to meddle with the page's.
pub(super) fn drawing(graph: &LockGraph) -> Markup {
    let mut url = "data:image/svg+xml,".to_owned();
    for byte in graph.svg().bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b' '
            | b'/'
            | b'='
            | b':'
            | b'-'
            | b'.'
            | b','
            | b';' => {
                url.push(char::from(byte));
            }
            _ => url += &format!("%{byte:02x}"),
        }
    }
    markup! {
        section #lock-graph {
            h2 { "Locks that are taken while others are held" }
            img src=(url) alt="An arrow leads from each lock to those that were taken while it was held.";
        }
    }
}
