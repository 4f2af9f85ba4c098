//! `HashMap`, and what else `collections` has.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Deref;
use std::rc::Rc;

use super::facade::collections::hash_map::{
    Drain, Entry, ExtractIf, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, OccupiedEntry, RandomState,
    VacantEntry, Values, ValuesMut,
};
use super::facade::collections::{self, HashMap, TryReserveError};
use super::panic_of;

/// The elements in an order that does not depend on the hasher.
fn sorted<T: Ord>(elements: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut elements: Vec<T> = elements.into_iter().collect();
    elements.sort();
    elements
}

pub(crate) fn methods(log: &mut Vec<String>) {
    let mut map: HashMap<String, u32> = HashMap::new();
    show!(log, (&map, map.len(), map.is_empty(), map.capacity()));
    show!(log, (map.insert("a".into(), 1), map.insert("b".into(), 2), map.insert("a".into(), 3)));
    show!(log, (map.get("a"), map.get("c"), map.get_key_value("b"), map.contains_key("c"), map["a"]));
    *map.get_mut("a").unwrap() += 1;
    show!(log, map.get_disjoint_mut(["a", "b", "c"]));
    // SAFETY: the keys differ.
    show!(log, unsafe { map.get_disjoint_unchecked_mut(["a", "b"]) });
    show!(
        log,
        panic_of(|| {
            HashMap::from([(1, 1)]).get_disjoint_mut([&1, &1]);
        })
    );
    let keys: Keys<'_, String, u32> = map.keys();
    show!(log, sorted(keys));
    let values: Values<'_, String, u32> = map.values();
    show!(log, sorted(values));
    let values_mut: ValuesMut<'_, String, u32> = map.values_mut();
    values_mut.for_each(|value| *value += 1);
    let iter: Iter<'_, String, u32> = map.iter();
    show!(log, (iter.len(), sorted(iter.clone())));
    let iter_mut: IterMut<'_, String, u32> = map.iter_mut();
    iter_mut.for_each(|(_, value)| *value += 1);
    for (_, value) in &mut map {
        *value += 1;
    }
    for (key, value) in &map {
        assert_eq!(map[key], *value);
    }
    show!(log, (map.remove("a"), map.remove("a"), map.remove_entry("b"), &map));

    map.extend([("c".into(), 4), ("d".into(), 5), ("e".into(), 6)]);
    map.retain(|_, value| *value != 4);
    show!(log, map.len());
    let extracted: ExtractIf<'_, String, u32, _> = map.extract_if(|_, value| *value == 5);
    show!(log, extracted.collect::<Vec<_>>());
    let drain: Drain<'_, String, u32> = map.drain();
    show!(log, drain);
    show!(log, drain.collect::<Vec<_>>());
    map.reserve(100);
    show!(log, map.capacity() >= 100);
    map.shrink_to(50);
    show!(log, map.capacity() >= 50);
    map.shrink_to_fit();
    show!(log, map.capacity());
    show!(log, map.try_reserve(10));
    let error: TryReserveError = map.try_reserve(usize::MAX).unwrap_err();
    show!(log, (&error, error.to_string()));
    map.insert("f".into(), 7);
    map.clear();
    show!(log, map);
    show!(log, HashMap::<u32, u32>::with_capacity(10).capacity() >= 10);

    let map = HashMap::from([(1, 'a'), (2, 'b')]);
    let into_keys: IntoKeys<i32, char> = map.clone().into_keys();
    show!(log, sorted(into_keys));
    let into_values: IntoValues<i32, char> = map.clone().into_values();
    show!(log, sorted(into_values));
    let into_iter: IntoIter<i32, char> = map.into_iter();
    show!(log, sorted(into_iter));

    let state: RandomState = RandomState::new();
    let with_hasher: HashMap<u32, u32> = HashMap::with_hasher(state.clone());
    show!(log, with_hasher.hasher().hash_one(1) == state.hash_one(1));
    let with_both = HashMap::<u32, u32>::with_capacity_and_hasher(10, RandomState::default());
    show!(log, (with_both.capacity() >= 10, with_both.hasher(), state));

    // By path, as functions.
    let maps = [HashMap::from([(1, 2)]), HashMap::new()];
    show!(log, maps.iter().map(HashMap::len).collect::<Vec<_>>());
    show!(log, maps.into_iter().flat_map(HashMap::into_values).collect::<Vec<i32>>());
}

pub(crate) fn entries(log: &mut Vec<String>) {
    let mut map = HashMap::new();
    let entry: Entry<'_, &str, u32> = map.entry("a");
    show!(log, (&entry, entry.key()));
    *entry.or_insert(1) += 1;
    show!(log, map.entry("a").and_modify(|value| *value += 1).or_insert(0));
    show!(log, map.entry("b").or_insert_with(|| 5));
    show!(log, map.entry("long").or_insert_with_key(|key| key.len() as u32));
    show!(log, map.entry("c").or_default());
    show!(log, map.entry("d").insert_entry(6));
    match map.entry("a") {
        Entry::Occupied(mut entry) => {
            let entry: &mut OccupiedEntry<'_, &str, u32> = &mut entry;
            *entry.get_mut() += 1;
            show!(log, (entry.key(), entry.get()));
            show!(log, entry.insert(9));
            show!(log, entry);
        }
        Entry::Vacant(_) => unreachable!(),
    }
    if let Entry::Occupied(entry) = map.entry("a") {
        *entry.into_mut() += 1;
    }
    if let Entry::Occupied(entry) = map.entry("a") {
        show!(log, entry.remove());
    }
    if let Entry::Occupied(entry) = map.entry("b") {
        show!(log, entry.remove_entry());
    }
    if let Entry::Vacant(entry) = map.entry("e") {
        let entry: VacantEntry<'_, &str, u32> = entry;
        show!(log, (&entry, entry.key()));
        show!(log, entry.insert(10));
    }
    if let Entry::Vacant(entry) = map.entry("f") {
        show!(log, entry.insert_entry(11).key());
    }
    if let Entry::Vacant(entry) = map.entry("g") {
        show!(log, entry.into_key());
    }
    show!(log, sorted(map));
}

static CONST: HashMap<u32, u32, BuildHasherDefault<DefaultHasher>> =
    HashMap::with_hasher(BuildHasherDefault::new());

pub(crate) fn traits(log: &mut Vec<String>) {
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    struct Holds {
        map: HashMap<u32, u32>,
    }
    let holds = Holds { map: HashMap::from([(1, 2)]) };
    show!(log, (&holds, holds == holds.clone(), holds == Holds::default(), CONST.len()));

    let mut map: HashMap<u32, u32> = [(1, 2), (3, 4)].into_iter().collect();
    map.extend([(5, 6)]);
    map.extend(&HashMap::from([(7, 8)]));
    map.extend(BTreeMap::from([(9, 10)]));
    let mut copy = HashMap::default();
    copy.clone_from(&map);
    show!(log, (copy == map, sorted(map.clone()), map[&3]));
    show!(
        log,
        panic_of(|| {
            let _ = HashMap::from([(1, 2)])[&2];
        })
    );
    show!(log, HashMap::<Rc<u32>, f32>::default());
    show!(log, map.iter().map(|(key, value)| (value, key)).collect::<HashMap<_, _>>().len());
    traits!(log, HashMap<u32, u32>, HashMap<Rc<u32>, u32>, HashMap<u32, std::cell::Cell<u32>>);
    traits!(log, HashMap<u32, &'static std::cell::Cell<u32>>, &'static HashMap<u32, u32>, RandomState);
    traits!(log, Iter<'static, u32, u32>, IntoIter<u32, u32>, Keys<'static, u32, u32>, Drain<'static, u32, u32>);
}

pub(crate) fn other_collections(log: &mut Vec<String>) {
    show!(log, collections::BTreeMap::from([(1, 2)]));
    show!(log, collections::BTreeSet::from([1, 2]));
    show!(log, collections::VecDeque::from([1, 2]));
    show!(log, collections::LinkedList::from([1, 2]));
    show!(log, collections::BinaryHeap::from([1, 2]).into_sorted_vec());
    let mut map = collections::BTreeMap::new();
    let entry: collections::btree_map::Entry<'_, u32, u32> = map.entry(1);
    show!(log, entry);
    show!(log, collections::btree_set::BTreeSet::from([1]).range(..));
    show!(log, collections::hash_map::DefaultHasher::new());
    show!(log, collections::hash_map::HashMap::from([(1, 2)]));
    show!(log, collections::hash_set::HashSet::from([1]));
    show!(log, collections::binary_heap::BinaryHeap::from([1]).peek_mut().map(|top| *top.deref()));
    show!(log, collections::vec_deque::VecDeque::from([1]).iter());
    show!(log, collections::linked_list::LinkedList::from([1]).iter());
}
