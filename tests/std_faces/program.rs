//! The program: its sections, and what they share.

pub(crate) use super::facade;

mod arc;
mod atomics;
mod cells;
mod channels;
mod locals;
mod locks;
mod maps;
mod once;
mod recent;
mod sets;
mod threads;
mod times;
mod waits;

use facade::thread;

/// Every section, under the name that a failure shows.
pub(crate) const SECTIONS: &[(&str, super::super::Section)] = &[
    ("mutex", locks::mutex),
    ("mutex poisoning", locks::mutex_poisoning),
    ("mutex in const contexts", locks::const_contexts),
    ("rwlock", locks::rwlock),
    ("rwlock poisoning", locks::rwlock_poisoning),
    ("lock errors", locks::errors),
    ("unsized locks", locks::unsized_content),
    ("condvar", waits::condvar),
    ("condvar timeouts", waits::timeouts),
    ("condvar poisoning", waits::poisoning),
    ("barrier", waits::barrier),
    ("once", once::once),
    ("once poisoning", once::once_poisoning),
    ("once lock", once::once_lock),
    ("lazy lock", once::lazy_lock),
    ("channel", channels::unbounded),
    ("sync channel", channels::bounded),
    ("channel timeouts", channels::timeouts),
    ("channel iterators", channels::iterators),
    ("channel errors", channels::errors),
    ("arc", arc::arc),
    ("arc conversions", arc::conversions),
    ("arc receivers and coercions", arc::language),
    ("weak", arc::weak),
    ("integer atomics", atomics::integers),
    ("atomic bool", atomics::boolean),
    ("atomic pointer", atomics::pointer),
    ("atomic statics and fences", atomics::statics_and_fences),
    ("threads", threads::spawn_and_join),
    ("thread builder", threads::builder),
    ("scoped threads", threads::scoped),
    ("parking", threads::parking),
    ("thread functions", threads::functions),
    ("thread locals", locals::keys),
    ("thread local cells", locals::cells),
    ("thread local destructors", locals::destructors),
    ("cell", cells::cell),
    ("cell views", cells::views),
    ("unsafe cell", cells::unsafe_cell),
    ("ref cell", cells::ref_cell),
    ("once and lazy cells", cells::once_and_lazy),
    ("instant", times::instant),
    ("system time", times::system_time),
    ("duration", times::duration),
    ("hash map", maps::methods),
    ("hash map entries", maps::entries),
    ("hash map traits", maps::traits),
    ("other collections", maps::other_collections),
    ("hash set", sets::methods),
    ("hash set operations", sets::operations),
    ("hash set traits", sets::traits),
    ("recent locks", recent::locks),
    ("recent atomics", recent::atomics),
    ("recent lazy values", recent::lazy),
    ("recent rest", recent::rest),
];

/// Runs `body` in a thread of its own, which panics; returns with what message.
fn panic_of(body: impl FnOnce() + Send) -> String {
    let payload = thread::scope(|scope| scope.spawn(body).join()).expect_err("no panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().map_or("not a text".into(), |text| text.to_string()),
    }
}
