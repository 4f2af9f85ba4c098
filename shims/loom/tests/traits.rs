//! Which types may go to other threads, and be shared among them: as loom's.

use std::cell::Cell as StdCell;
use std::rc::Rc;

use loom::cell::{Cell, ConstPtr, MutPtr, UnsafeCell};
use loom::sync::{
    Arc, Barrier, Condvar, Mutex, MutexGuard, Notify, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use loom::sync::{atomic, mpsc};
use loom::{alloc, lazy_static, thread};

fn send<T: Send + ?Sized>() {}
fn both<T: Send + Sync + ?Sized>() {}

/// Ambiguous, and so refused by the compiler, if the type has the trait.
macro_rules! lacks {
    ($trait:ident: $($type:ty),+) => {$({
        trait Ambiguous<A> {
            fn check() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $trait> Ambiguous<u8> for T {}
        <$type as Ambiguous<_>>::check();
    })+};
}

#[test]
fn auto_traits_are_looms() {
    both::<(Arc<u32>, Arc<str>, Mutex<StdCell<u32>>, RwLock<u32>, Condvar, Notify, Barrier)>();
    both::<(atomic::AtomicBool, atomic::AtomicU64, atomic::AtomicI8, atomic::AtomicPtr<Rc<u32>>)>();
    both::<(thread::Thread, thread::ThreadId, thread::JoinHandle<u32>, thread::Builder)>();
    both::<(mpsc::Sender<u32>, alloc::Track<u32>, thread::LocalKey<Rc<u32>>)>();
    send::<(UnsafeCell<u32>, Cell<u32>, mpsc::Receiver<u32>)>();
    fn static_value<T: Sync>() {}
    static_value::<lazy_static::Lazy<Rc<u32>>>();

    lacks!(Send: Arc<StdCell<u32>>, Arc<Rc<u32>>, Mutex<Rc<u32>>, UnsafeCell<Rc<u32>>, ConstPtr<u32>, MutPtr<u32>);
    lacks!(Send: MutexGuard<'_, u32>, RwLockReadGuard<'_, u32>, RwLockWriteGuard<'_, u32>);
    lacks!(Send: thread::JoinHandle<Rc<u32>>, mpsc::Sender<Rc<u32>>, alloc::Track<Rc<u32>>);
    lacks!(Sync: UnsafeCell<u32>, Cell<u32>, ConstPtr<u32>, MutPtr<u32>, mpsc::Receiver<u32>, RwLock<StdCell<u32>>);
}

#[cfg(feature = "futures")]
#[test]
fn a_place_for_a_waker_is_shared() {
    both::<loom::future::AtomicWaker>();
}
