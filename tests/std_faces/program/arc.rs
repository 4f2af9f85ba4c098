//! `Arc` and `Weak`.

use std::any::Any;
use std::borrow::{Borrow, Cow};
use std::cell::{Cell, OnceCell};
use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::marker::PhantomPinned;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Wake, Waker};

use super::facade::sync::atomic::{AtomicU32, Ordering};
use super::facade::sync::{Arc, Weak};
use super::facade::thread;

pub(crate) fn arc(log: &mut Vec<String>) {
    let mut arc = Arc::new(1);
    show!(log, (&arc, format!("{arc}"), *arc, *arc.as_ref(), Borrow::<i32>::borrow(&arc)));
    *Arc::get_mut(&mut arc).unwrap() += 1;
    let other = Arc::clone(&arc);
    show!(log, Arc::get_mut(&mut arc));
    show!(log, (Arc::strong_count(&arc), Arc::weak_count(&arc), Arc::ptr_eq(&arc, &other)));
    show!(log, Arc::as_ptr(&arc) == Arc::as_ptr(&other));
    show!(log, format!("{arc:p}") == format!("{:p}", Arc::as_ptr(&arc)));
    *Arc::make_mut(&mut arc) += 1;
    show!(log, (&arc, &other, Arc::ptr_eq(&arc, &other)));
    show!(log, (arc == other, arc < other, arc.cmp(&other), arc.partial_cmp(&other)));
    let hash = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    show!(log, hash(&|hasher| arc.hash(hasher)) == hash(&|hasher| 3.hash(hasher)));
    show!(log, Arc::try_unwrap(arc));
    let another = other.clone();
    show!(log, Arc::try_unwrap(other));
    show!(log, Arc::unwrap_or_clone(another.clone()));
    show!(log, Arc::into_inner(another));

    let pointer = Arc::into_raw(Arc::new(5));
    // SAFETY: the pointer comes from `into_raw`, and counts are given back as often as taken.
    unsafe {
        Arc::increment_strong_count(pointer);
        let arc = Arc::from_raw(pointer);
        show!(log, Arc::strong_count(&arc));
        Arc::decrement_strong_count(pointer);
        show!(log, Arc::strong_count(&arc));
    }

    let mut uninit = Arc::<u32>::new_uninit();
    Arc::get_mut(&mut uninit).unwrap().write(6);
    // SAFETY: written above.
    show!(log, unsafe { uninit.assume_init() });
    let mut uninit = Arc::<[u32]>::new_uninit_slice(2);
    Arc::get_mut(&mut uninit).unwrap().iter_mut().for_each(|element| {
        element.write(7);
    });
    // SAFETY: written above.
    show!(log, unsafe { uninit.assume_init() });
    let pinned: Pin<Arc<u32>> = Arc::pin(8);
    show!(log, pinned);

    // The last owner drops the content, and sees what the others did.
    struct CountsDrops<'a>(&'a AtomicU32);
    impl Drop for CountsDrops<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = AtomicU32::new(0);
    thread::scope(|scope| {
        let arc = Arc::new(CountsDrops(&drops));
        for _ in 0..3 {
            let arc = Arc::clone(&arc);
            scope.spawn(move || arc.0.load(Ordering::Relaxed));
        }
    });
    show!(log, drops);
    let arc = Arc::new(AtomicU32::new(0));
    let owners: [_; 3] = std::array::from_fn(|_| Arc::clone(&arc));
    drop(arc);
    let handles = owners.map(|owner| {
        thread::spawn(move || {
            owner.fetch_add(1, Ordering::Relaxed);
            Arc::into_inner(owner).map(AtomicU32::into_inner)
        })
    });
    let last: Vec<_> = handles.into_iter().filter_map(|handle| handle.join().unwrap()).collect();
    show!(log, last);

    traits!(
        log,
        Arc<u32>,
        Arc<Cell<u32>>,
        Arc<Rc<u32>>,
        Arc<PhantomPinned>,
        Arc<&'static Cell<u32>>,
        Arc<str>,
        Arc<std::fmt::Error>
    );
}

pub(crate) fn conversions(log: &mut Vec<String>) {
    show!(log, Arc::<u32>::default());
    show!(log, (Arc::<[u32]>::default(), Arc::<str>::default(), Arc::<CStr>::default()));
    show!(log, Arc::from(1));
    show!(log, Arc::<[u32]>::from(&[1, 2][..]));
    show!(log, Arc::<[u32]>::from(&mut [1, 2][..]));
    show!(log, Arc::<[u32]>::from([1, 2]));
    show!(log, Arc::<[u32]>::from(vec![1, 2]));
    show!(log, Arc::<str>::from("text"));
    show!(log, Arc::<str>::from(String::from("text").as_mut_str()));
    show!(log, Arc::<str>::from(String::from("text")));
    show!(log, Arc::<str>::from(Cow::Borrowed("text")));
    show!(log, Arc::<str>::from(Box::<str>::from("text")));
    show!(log, Arc::<[u8]>::from(Arc::<str>::from("text")));
    show!(log, Arc::<dyn Debug>::from(Box::new(1) as Box<dyn Debug>));
    show!(log, (Arc::<CStr>::from(c"text"), Arc::<CStr>::from(CString::from(c"text"))));
    show!(log, (Arc::<OsStr>::from(OsStr::new("text")), Arc::<OsStr>::from(OsString::from("text"))));
    show!(log, (Arc::<Path>::from(Path::new("text")), Arc::<Path>::from(PathBuf::from("text"))));
    show!(log, (0..3).collect::<Arc<[u32]>>());
    show!(log, Arc::<[u32; 2]>::try_from(Arc::<[u32]>::from([1, 2])));
    show!(log, Arc::<[u32; 3]>::try_from(Arc::<[u32]>::from([1, 2])));
    show!(log, Arc::new(std::fmt::Error).source().is_none());
    show!(log, Arc::new(String::from("text")).len());
}

struct Greeter(&'static str);

trait Greets {
    fn greeting(self: Arc<Self>) -> String;
}

impl Greets for Greeter {
    fn greeting(self: Arc<Self>) -> String {
        format!("hello {}", self.0)
    }
}

impl Greeter {
    fn by_value(self: Arc<Self>) -> &'static str {
        self.0
    }

    fn by_reference(self: &Arc<Self>) -> usize {
        Arc::strong_count(self)
    }

    fn pinned(self: Pin<Arc<Self>>) -> &'static str {
        self.0
    }
}

struct CountsWakes(AtomicU32);

impl Wake for CountsWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the language lets programs do with `Arc` beyond calling methods.
pub(crate) fn language(log: &mut Vec<String>) {
    let greeter = Arc::new(Greeter("world"));
    show!(log, greeter.by_reference());
    show!(log, Arc::clone(&greeter).by_value());
    show!(log, Arc::pin(Greeter("pin")).pinned());
    let object: Arc<dyn Greets> = greeter;
    show!(log, object.greeting());

    let any: Arc<dyn Any + Send + Sync> = Arc::new(1u32);
    let any = any.downcast::<String>().unwrap_err();
    show!(log, any.downcast::<u32>().unwrap());
    let slice: Arc<[u32]> = Arc::new([1, 2, 3]);
    show!(log, slice);
    let function: Arc<dyn Fn(u32) -> u32 + Send + Sync> = Arc::new(|number| number + 1);
    show!(log, thread::spawn(move || function(1)).join().unwrap());
    let weak: Weak<dyn Debug> = Arc::downgrade(&(Arc::new(1) as Arc<dyn Debug>));
    show!(log, weak);

    let wakes = Arc::new(CountsWakes(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    waker.wake_by_ref();
    waker.wake();
    show!(log, wakes.0);

    // Content may be dropped before the last owner is.
    let owner = OnceCell::new();
    let value = String::from("shorter lived");
    show!(log, owner.set(Arc::new(&value)));
    fn shorten<'a>(arc: Arc<Option<&'static str>>) -> (Arc<Option<&'a str>>, Weak<Option<&'a str>>) {
        (Arc::clone(&arc), Arc::downgrade(&arc))
    }
    show!(log, shorten(Arc::new(Some("static"))));
}

static NONE: Weak<u32> = Weak::new();

pub(crate) fn weak(log: &mut Vec<String>) {
    let arc = Arc::new(1);
    let weak: Weak<i32> = Arc::downgrade(&arc);
    show!(log, (&weak, weak.upgrade(), weak.strong_count(), weak.weak_count(), Arc::weak_count(&arc)));
    show!(log, weak.ptr_eq(&weak.clone()));
    show!(log, weak.as_ptr() == Arc::as_ptr(&arc));
    let pointer = weak.clone().into_raw();
    // SAFETY: the pointer comes from `into_raw`.
    let same = unsafe { Weak::from_raw(pointer) };
    show!(log, same.ptr_eq(&weak));
    drop(arc);
    show!(log, (weak.upgrade(), weak.strong_count(), weak.weak_count()));
    show!(log, (NONE.upgrade(), Weak::<u32>::default().upgrade()));
    show!(log, Weak::<u32>::new().ptr_eq(&Weak::default()));

    struct Node {
        itself: Weak<Node>,
        number: u32,
    }
    let node =
        Arc::new_cyclic(|itself| Node { itself: itself.clone(), number: itself.strong_count() as u32 });
    show!(log, (node.itself.upgrade().unwrap().number, Arc::weak_count(&node)));

    // A thread upgrades before the last owner goes, or it gets nothing.
    let arc = Arc::new(1);
    let weak = Arc::downgrade(&arc);
    let thread = thread::spawn(move || weak.upgrade().is_none_or(|arc| *arc == 1));
    drop(arc);
    show!(log, thread.join().unwrap());
    traits!(log, Weak<u32>, Weak<Cell<u32>>, Weak<Rc<u32>>, Weak<str>);
}
