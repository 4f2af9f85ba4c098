//! `Mutex`, `RwLock`, their guards and the errors of locking.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::rc::Rc;

use super::facade::sync::{
    Arc, LockResult, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    TryLockResult,
};
use super::facade::thread;
use super::panic_of;

pub(crate) fn mutex(log: &mut Vec<String>) {
    let mutex = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (1..=3)
        .map(|number| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || *mutex.lock().unwrap() += number)
        })
        .collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
    show!(log, *mutex.lock().unwrap());
    show!(log, mutex);

    let mut guard: MutexGuard<'_, i32> = mutex.lock().unwrap();
    *guard += 1;
    show!(log, guard);
    show!(log, format!("{guard} {:>4}", guard));
    show!(log, mutex);
    show!(log, mutex.try_lock());
    show!(log, matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    drop(guard);
    show!(log, mutex.try_lock().map(|guard| *guard).ok());
    show!(log, mutex.is_poisoned());
    mutex.clear_poison();

    let mut mutex = Arc::into_inner(mutex).unwrap();
    *mutex.get_mut().unwrap() += 1;
    show!(log, mutex);
    show!(log, mutex.into_inner());
    show!(log, Mutex::<String>::default());
    show!(log, Mutex::from("value"));
    show!(
        log,
        thread::scope(|scope| {
            let mutex = Mutex::new(vec![1]);
            scope.spawn(move || mutex.lock().unwrap().len()).join().unwrap()
        })
    );

    traits!(
        log,
        Mutex<u32>,
        Mutex<Cell<u32>>,
        Mutex<Rc<u32>>,
        Mutex<PhantomPinned>,
        Mutex<&'static Cell<u32>>,
        Mutex<[u32]>
    );
    traits!(log, MutexGuard<'static, u32>, MutexGuard<'static, Cell<u32>>, MutexGuard<'static, str>);
}

pub(crate) fn mutex_poisoning(log: &mut Vec<String>) {
    let mutex = Mutex::new(1);
    show!(
        log,
        panic_of(|| {
            let mut guard = mutex.lock().unwrap();
            *guard = 2;
            panic!("while locked");
        })
    );
    show!(log, mutex.is_poisoned());
    show!(log, mutex);
    show!(log, mutex.lock());
    show!(log, mutex.try_lock());
    show!(log, matches!(mutex.try_lock(), Err(TryLockError::Poisoned(error)) if **error.get_ref() == 2));
    show!(log, *mutex.lock().unwrap_or_else(PoisonError::into_inner));
    mutex.clear_poison();
    show!(log, mutex.lock());

    show!(
        log,
        panic_of(|| {
            let _guard = mutex.lock();
            panic!("{} again", "panics");
        })
    );
    let mut mutex = mutex;
    show!(log, mutex.get_mut());
    show!(log, mutex.get_mut().map_err(|error| *error.into_inner()));
    show!(log, mutex.into_inner());

    // A guard that is made while the thread already unwinds does not poison.
    struct LocksOnDrop<'a>(&'a Mutex<u32>);
    impl Drop for LocksOnDrop<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let mutex = Mutex::new(1);
    show!(
        log,
        panic_of(|| {
            let _on_drop = LocksOnDrop(&mutex);
            panic!("before the lock");
        })
    );
    show!(log, mutex);

    // A panic that is caught in the thread itself poisons as well.
    let caught = std::panic::catch_unwind(|| {
        let _guard = mutex.lock().unwrap();
        std::panic::resume_unwind(Box::new("payload"));
    });
    show!(log, caught.unwrap_err().downcast_ref::<&str>());
    show!(log, mutex.is_poisoned());
}

static MUTEX: Mutex<u32> = Mutex::new(1);
static RWLOCK: RwLock<u32> = RwLock::new(2);
static MUTEXES: [Mutex<u32>; 2] = [const { Mutex::new(3) }; 2];

const fn locks() -> (Mutex<&'static str>, RwLock<&'static str>) {
    (Mutex::new("mutex"), RwLock::new("rwlock"))
}

pub(crate) fn const_contexts(log: &mut Vec<String>) {
    show!(log, *MUTEX.lock().unwrap());
    show!(log, *RWLOCK.read().unwrap());
    show!(log, *RWLOCK.write().unwrap());
    show!(log, MUTEXES);
    show!(log, locks());
    show!(log, thread::spawn(|| MUTEX.lock().map(|guard| *guard).unwrap()).join().unwrap());
}

pub(crate) fn rwlock(log: &mut Vec<String>) {
    let lock = Arc::new(RwLock::new(0));
    let handles: Vec<_> = (1..=3)
        .map(|number| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                *lock.write().unwrap() += number;
                *lock.read().unwrap() >= number
            })
        })
        .collect();
    for handle in handles {
        show!(log, handle.join().unwrap());
    }
    show!(log, lock);

    let first: RwLockReadGuard<'_, i32> = lock.read().unwrap();
    let second = lock.try_read().unwrap();
    show!(log, (&first, &second));
    show!(log, format!("{first} {:>4}", second));
    show!(log, lock.try_write());
    show!(log, lock);
    drop((first, second));

    let mut guard: RwLockWriteGuard<'_, i32> = lock.write().unwrap();
    *guard += 1;
    show!(log, guard);
    show!(log, format!("{guard} {:>4}", guard));
    show!(log, lock);
    show!(log, lock.try_read());
    show!(log, lock.try_write());
    drop(guard);
    *lock.try_write().unwrap() += 1;
    show!(log, lock.is_poisoned());
    lock.clear_poison();

    let mut lock = Arc::into_inner(lock).unwrap();
    *lock.get_mut().unwrap() += 1;
    show!(log, lock.into_inner());
    show!(log, RwLock::<String>::default());
    show!(log, RwLock::from("value"));

    traits!(
        log,
        RwLock<u32>,
        RwLock<Cell<u32>>,
        RwLock<Rc<u32>>,
        RwLock<PhantomPinned>,
        RwLock<&'static Cell<u32>>,
        RwLock<[u32]>
    );
    traits!(log, RwLockReadGuard<'static, u32>, RwLockReadGuard<'static, Cell<u32>>);
    traits!(log, RwLockWriteGuard<'static, u32>, RwLockWriteGuard<'static, Cell<u32>>);
}

pub(crate) fn rwlock_poisoning(log: &mut Vec<String>) {
    let lock = RwLock::new(1);
    show!(
        log,
        panic_of(|| {
            let _guard = lock.read().unwrap();
            panic!("while reading");
        })
    );
    show!(log, lock.is_poisoned());
    show!(
        log,
        panic_of(|| {
            let _guard = lock.write().unwrap();
            panic!("while writing");
        })
    );
    show!(log, lock.is_poisoned());
    show!(log, lock);
    show!(log, lock.read());
    show!(log, lock.write());
    show!(log, lock.try_read());
    show!(log, lock.try_write());
    show!(log, lock.read().map_err(|error| *error.into_inner()).err());
    lock.clear_poison();
    show!(log, lock.write());
    show!(
        log,
        panic_of(|| {
            let _guard = lock.write();
            panic!("while writing again");
        })
    );
    let mut lock = lock;
    show!(log, lock.get_mut());
    show!(log, lock.into_inner());
}

pub(crate) fn errors(log: &mut Vec<String>) {
    let mut error = PoisonError::new(1);
    *error.get_mut() += 1;
    show!(log, error.get_ref());
    show!(log, error);
    show!(log, error.to_string());
    show!(log, error.source().is_none());
    show!(log, error.into_inner());

    let error: TryLockError<i32> = PoisonError::new(1).into();
    show!(log, error);
    show!(log, error.to_string());
    show!(log, error.source().is_none());
    let error = TryLockError::<i32>::WouldBlock;
    show!(log, error);
    show!(log, error.to_string());

    let mutex = Mutex::new(1);
    let result: LockResult<MutexGuard<'_, i32>> = mutex.lock();
    show!(log, result.is_ok());
    let try_result: TryLockResult<MutexGuard<'_, i32>> = mutex.try_lock();
    show!(log, try_result.is_err());

    fn propagated(mutex: &Mutex<i32>) -> Result<i32, Box<dyn Error + '_>> {
        Ok(*mutex.try_lock()?)
    }
    show!(log, propagated(&mutex).map_err(|error| error.to_string()));
    traits!(log, PoisonError<u32>, PoisonError<Cell<u32>>, TryLockError<u32>, TryLockError<Rc<u32>>);
}

pub(crate) fn unsized_content(log: &mut Vec<String>) {
    let slice: &Mutex<[u32]> = &Mutex::new([1, 2, 3]);
    slice.lock().unwrap()[0] = 4;
    show!(log, slice);
    let object: Arc<Mutex<dyn Debug + Send>> = Arc::new(Mutex::new("object"));
    show!(log, object.lock().unwrap());
    let object: Box<RwLock<dyn Debug>> = Box::new(RwLock::new("object"));
    show!(log, object.read().unwrap());
    show!(log, object);
    let slice: &mut RwLock<[u32]> = &mut RwLock::new([1, 2]);
    slice.get_mut().unwrap().reverse();
    show!(log, slice.write().unwrap().len());

    // Content may be dropped before the lock, as long as dropping the lock does not look at it.
    let (mutex, lock) = (Mutex::new(None), RwLock::new(None));
    let value = String::from("shorter lived");
    *mutex.lock().unwrap() = Some(&value);
    *lock.write().unwrap() = Some(&value);
    show!(log, (&mutex, &lock));

    // Guards may stand for ones that live less long, and of what lives less long.
    fn shorten_mutex<'a, T>(guard: MutexGuard<'static, T>) -> MutexGuard<'a, T> {
        guard
    }
    fn shorten_read<'a>(guard: RwLockReadGuard<'static, &'static str>) -> RwLockReadGuard<'a, &'a str> {
        guard
    }
    fn shorten_write<'a, T>(guard: RwLockWriteGuard<'static, T>) -> RwLockWriteGuard<'a, T> {
        guard
    }
    static TEXT: RwLock<&str> = RwLock::new("static");
    show!(log, shorten_mutex(MUTEX.lock().unwrap()));
    show!(log, shorten_read(TEXT.read().unwrap()));
    show!(log, shorten_write(RWLOCK.write().unwrap()));
}
