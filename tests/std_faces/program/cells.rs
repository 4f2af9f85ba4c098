//! `cell`: every type of it.

use std::marker::PhantomPinned;
use std::rc::Rc;

use super::facade::cell::{
    BorrowError, BorrowMutError, Cell, LazyCell, OnceCell, Ref, RefCell, RefMut, UnsafeCell,
};
use super::panic_of;

const fn in_const() -> (u32, u32, u32) {
    let mut cell = Cell::new(1);
    let first = *cell.get_mut();
    *cell.get_mut() += 2;
    let mut unsafe_cell = UnsafeCell::new(3);
    *unsafe_cell.get_mut() += 1;
    let mut value = 5;
    *UnsafeCell::from_mut(&mut value).get_mut() += 1;
    (first + cell.into_inner(), unsafe_cell.into_inner(), value)
}

pub(crate) fn cell(log: &mut Vec<String>) {
    const VALUES: (u32, u32, u32) = in_const();
    show!(log, VALUES);
    let mut cell = Cell::new(1);
    cell.set(2);
    cell.update(|value| value + 1);
    show!(log, (&cell, cell.get(), cell.replace(4), cell.take()));
    let other = Cell::from(5);
    cell.swap(&other);
    *cell.get_mut() += 1;
    show!(log, (&cell, &other, cell == other, cell < other, cell.cmp(&other), cell.partial_cmp(&other)));
    // SAFETY: nobody else has the cell.
    unsafe { *cell.as_ptr() += 1 };
    show!(log, cell.clone().into_inner());
    show!(log, Cell::<String>::default().into_inner());
    show!(log, Cell::new(String::from("text")).replace(String::new()));
    show!(log, Cell::new(f32::NAN) == Cell::new(f32::NAN));
    traits!(
        log,
        Cell<u32>,
        Cell<String>,
        Cell<Rc<u32>>,
        Cell<PhantomPinned>,
        Cell<[u32]>,
        Cell<&'static std::cell::Cell<u32>>
    );
}

pub(crate) fn views(log: &mut Vec<String>) {
    let mut values = [1, 2, 3];
    let cells: &[std::cell::Cell<i32>] = Cell::from_mut(&mut values[..]).as_slice_of_cells();
    cells[0].swap(&cells[2]);
    cells.iter().for_each(|cell| cell.set(cell.get() * 2));
    show!(log, values);
    let array: &Cell<[i32; 3]> = &Cell::new(values);
    let slice: &Cell<[i32]> = array;
    slice.as_slice_of_cells()[0].set(0);
    show!(log, array.get());
    let boxed: Box<Cell<[i32]>> = Box::new(Cell::new([1, 2]));
    show!(log, boxed.as_slice_of_cells());
}

struct Shared(UnsafeCell<u32>);

// SAFETY: the content is only read.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(1));

pub(crate) fn unsafe_cell(log: &mut Vec<String>) {
    let mut cell = UnsafeCell::new(1);
    // SAFETY: no reference to the content exists.
    unsafe { *cell.get() += 1 };
    *cell.get_mut() += 1;
    // SAFETY: as above.
    unsafe { *UnsafeCell::raw_get(&raw const cell) += 1 };
    show!(log, cell);
    show!(log, cell.into_inner());
    show!(log, (UnsafeCell::<u32>::default().into_inner(), UnsafeCell::from(5).into_inner()));
    let mut value = 6;
    *UnsafeCell::from_mut(&mut value).get_mut() += 1;
    show!(log, value);
    // SAFETY: the content is only read.
    show!(log, unsafe { *SHARED.0.get() });
    let slice: &UnsafeCell<[u32]> = &UnsafeCell::new([1, 2]);
    // SAFETY: no other reference to the content exists.
    show!(log, unsafe { (&*slice.get()).len() });
    traits!(log, UnsafeCell<u32>, UnsafeCell<Rc<u32>>, UnsafeCell<[u32]>);
}

pub(crate) fn ref_cell(log: &mut Vec<String>) {
    let mut cell = RefCell::new(1);
    *cell.borrow_mut() += 1;
    show!(log, (&cell, cell.replace(3), cell.replace_with(|value| *value + 1), cell.take()));
    let other = RefCell::from(5);
    cell.swap(&other);
    *cell.get_mut() += 1;
    show!(log, (cell == other, cell < other, cell.cmp(&other), cell.partial_cmp(&other)));
    // SAFETY: nothing is borrowed, nor will be while the results are used.
    show!(log, unsafe { (*cell.as_ptr(), cell.try_borrow_unguarded()) });
    {
        let first: Ref<'_, i32> = cell.borrow();
        let second = Ref::clone(&first);
        show!(log, (&first, format!("{second}"), cell.try_borrow()));
        let error: BorrowMutError = cell.try_borrow_mut().unwrap_err();
        show!(log, (&error, error.to_string()));
    }
    {
        let first: RefMut<'_, i32> = cell.borrow_mut();
        show!(log, (&first, format!("{first}"), &cell));
        let error: BorrowError = cell.try_borrow().unwrap_err();
        show!(log, (&error, error.to_string()));
        // SAFETY: the error is not a reference.
        show!(log, unsafe { cell.try_borrow_unguarded() });
    }
    show!(
        log,
        panic_of(|| {
            let cell = RefCell::new(1);
            let _borrowed = cell.borrow();
            cell.borrow_mut();
        })
    );
    show!(
        log,
        panic_of(|| {
            let cell = RefCell::new(1);
            let _borrowed = cell.borrow_mut();
            let _ = cell.borrow();
        })
    );

    let pair = RefCell::new((1, "text"));
    show!(log, Ref::map(pair.borrow(), |pair| &pair.1));
    show!(log, Ref::filter_map(pair.borrow(), |pair| pair.1.get(1..2)).unwrap());
    show!(log, Ref::filter_map(pair.borrow(), |_| None::<&u32>).unwrap_err());
    show!(log, Ref::map_split(pair.borrow(), |pair| (&pair.0, &pair.1)));
    *RefMut::map(pair.borrow_mut(), |pair| &mut pair.0) += 1;
    *RefMut::filter_map(pair.borrow_mut(), |pair| Some(&mut pair.0)).unwrap() += 1;
    show!(log, RefMut::filter_map(pair.borrow_mut(), |_| None::<&mut u32>).unwrap_err());
    show!(log, RefMut::map_split(pair.borrow_mut(), |pair| (&mut pair.0, &mut pair.1)));
    show!(log, (pair.clone().into_inner(), RefCell::<u32>::default()));
    let object: Rc<RefCell<dyn std::fmt::Debug>> = Rc::new(RefCell::new(1));
    show!(log, object);
    traits!(log, RefCell<u32>, RefCell<Rc<u32>>, Ref<'static, u32>, RefMut<'static, u32>);
    traits!(log, BorrowError, BorrowMutError);
}

pub(crate) fn once_and_lazy(log: &mut Vec<String>) {
    let mut cell = OnceCell::new();
    show!(log, (&cell, cell.get(), cell.set(1), cell.set(2), cell.get_or_init(|| 3)));
    *cell.get_mut().unwrap() += 1;
    show!(log, (cell.clone(), cell == OnceCell::from(2), cell.take(), cell.take()));
    show!(log, (OnceCell::<u32>::default(), OnceCell::from(1).into_inner()));

    let calls = Cell::new(0);
    let lazy = LazyCell::new(|| calls.replace(calls.get() + 1));
    show!(log, (&lazy, LazyCell::force(&lazy), *lazy, &lazy, &calls));
    show!(log, *LazyCell::<u32>::default());
    let mut lazy: LazyCell<Vec<u32>> = LazyCell::new(|| vec![1]);
    lazy.push(2);
    show!(log, lazy);
    traits!(log, OnceCell<u32>, OnceCell<Rc<u32>>, LazyCell<u32>, LazyCell<u32, Rc<u32>>);
}
