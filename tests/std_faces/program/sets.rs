//! `HashSet`.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::rc::Rc;

use super::facade::collections::hash_map::RandomState;
use super::facade::collections::hash_set::{
    Difference, Drain, ExtractIf, Intersection, IntoIter, Iter, SymmetricDifference, Union,
};
use super::facade::collections::{HashSet, TryReserveError};

/// The values in an order that does not depend on the hasher.
fn sorted<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

pub(crate) fn methods(log: &mut Vec<String>) {
    let mut set: HashSet<String> = HashSet::new();
    show!(log, (&set, set.len(), set.is_empty(), set.capacity()));
    show!(log, (set.insert("a".into()), set.insert("a".into()), set.insert("b".into())));
    show!(log, (set.contains("a"), set.contains("c"), set.get("b"), set.get("c")));
    show!(log, (set.replace("a".into()), set.replace("c".into())));
    show!(log, (set.remove("a"), set.remove("a"), set.take("b"), set.take("b"), &set));
    let iter: Iter<'_, String> = set.iter();
    show!(log, (iter.len(), sorted(iter.clone())));
    for value in &set {
        assert!(set.contains(value));
    }

    set.extend(["d".into(), "e".into(), "f".into()]);
    set.retain(|value| value != "c");
    show!(log, set.len());
    let extracted: ExtractIf<'_, String, _> = set.extract_if(|value| value == "d");
    show!(log, extracted.collect::<Vec<_>>());
    let drain: Drain<'_, String> = set.drain();
    show!(log, sorted(drain));
    set.reserve(100);
    show!(log, set.capacity() >= 100);
    set.shrink_to(50);
    show!(log, set.capacity() >= 50);
    set.shrink_to_fit();
    show!(log, (set.capacity(), set.try_reserve(10)));
    let error: TryReserveError = set.try_reserve(usize::MAX).unwrap_err();
    show!(log, error);
    set.insert("g".into());
    set.clear();
    show!(log, set);
    show!(log, HashSet::<u32>::with_capacity(10).capacity() >= 10);

    let state = RandomState::new();
    let with_hasher: HashSet<u32> = HashSet::with_hasher(state.clone());
    show!(log, with_hasher.hasher().hash_one(1) == state.hash_one(1));
    show!(log, HashSet::<u32>::with_capacity_and_hasher(10, state).capacity() >= 10);
    let into_iter: IntoIter<u32> = HashSet::from([1, 2]).into_iter();
    show!(log, sorted(into_iter));
    show!(log, [HashSet::from([1])].iter().map(HashSet::len).collect::<Vec<_>>());
}

pub(crate) fn operations(log: &mut Vec<String>) {
    let (left, right) = (HashSet::from([1, 2, 3]), HashSet::from([2, 3, 4]));
    let difference: Difference<'_, i32, RandomState> = left.difference(&right);
    show!(log, difference.clone());
    show!(log, sorted(difference));
    let symmetric: SymmetricDifference<'_, i32, RandomState> = left.symmetric_difference(&right);
    show!(log, sorted(symmetric));
    let intersection: Intersection<'_, i32, RandomState> = left.intersection(&right);
    show!(log, sorted(intersection));
    let union: Union<'_, i32, RandomState> = left.union(&right);
    show!(log, sorted(union));
    show!(log, (left.is_disjoint(&right), left.is_subset(&right), left.is_superset(&right)));
    show!(log, left.is_superset(&HashSet::from([1, 2])));
    show!(log, HashSet::from([1]).is_subset(&left));

    let both: HashSet<i32> = &left & &right;
    let either: HashSet<i32> = &left | &right;
    show!(log, (sorted(both), sorted(either)));
    show!(log, (sorted(&left ^ &right), sorted(&left - &right)));
}

static CONST: HashSet<u32, BuildHasherDefault<DefaultHasher>> =
    HashSet::with_hasher(BuildHasherDefault::new());

pub(crate) fn traits(log: &mut Vec<String>) {
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    struct Holds {
        set: HashSet<u32>,
    }
    let holds = Holds { set: HashSet::from([1]) };
    show!(log, (&holds, holds == holds.clone(), holds == Holds::default(), CONST.len()));

    let mut set: HashSet<u32> = [1, 2].into_iter().collect();
    set.extend([3]);
    set.extend(&HashSet::from([4]));
    let mut copy = HashSet::default();
    copy.clone_from(&set);
    show!(log, (copy == set, sorted(set)));
    show!(log, HashSet::<Rc<u32>>::default());
    traits!(log, HashSet<u32>, HashSet<Rc<u32>>, HashSet<&'static std::cell::Cell<u32>>);
    traits!(log, &'static HashSet<u32>, Iter<'static, u32>, IntoIter<u32>, Drain<'static, u32>);
}
