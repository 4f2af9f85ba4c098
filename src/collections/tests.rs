use std::hash::BuildHasher;

use super::hash_map::RandomState;
use super::*;

fn map(keys: (u64, u64)) -> HashMap<u32, ()> {
    let mut map = HashMap::with_hasher(RandomState::with_keys(keys.0, keys.1));
    map.extend((0..100).map(|key| (key, ())));
    map
}

fn order(keys: (u64, u64)) -> Vec<u32> {
    map(keys).into_keys().collect()
}

#[test]
fn equal_keys_give_equal_orders() {
    assert_eq!(order((1, 2)), order((1, 2)));
}

#[test]
fn either_key_changes_the_order() {
    assert_ne!(order((1, 2)), order((1, 3)));
    assert_ne!(order((1, 2)), order((3, 2)));
    assert_ne!(order((1, 2)), order((2, 1)));
}

#[test]
fn a_clone_hashes_like_its_original() {
    for state in [RandomState::new(), RandomState::with_keys(3, 4)] {
        assert_eq!(state.clone().hash_one("value"), state.hash_one("value"));
    }
}

#[test]
fn orders_differ_outside_of_an_exploration_as_in_std() {
    assert_ne!(RandomState::new().hash_one("value"), RandomState::new().hash_one("value"));
}

#[test]
fn std_functions_take_the_newtypes() {
    fn largest(map: &std::collections::HashMap<u32, (), RandomState>) -> Option<u32> {
        map.keys().max().copied()
    }
    fn clear(set: &mut std::collections::HashSet<u32, RandomState>) {
        set.clear();
    }
    assert_eq!(largest(&map((0, 0))), Some(99));
    let mut set = HashSet::from([1]);
    clear(&mut set);
    assert!(set.is_empty());
}

#[test]
fn sets_of_different_orders_are_compared_and_combined() {
    let set = |keys: (u64, u64), values: &[u32]| {
        let mut set = HashSet::with_hasher(RandomState::with_keys(keys.0, keys.1));
        set.extend(values);
        set
    };
    let (left, right) = (set((1, 1), &[1, 2, 3]), set((2, 2), &[2, 3, 4]));
    assert_eq!(left, set((5, 5), &[3, 2, 1]));
    assert_eq!(&left | &right, HashSet::from([1, 2, 3, 4]));
    assert_eq!(&left & &right, HashSet::from([2, 3]));
    assert_eq!(&left ^ &right, HashSet::from([1, 4]));
    assert_eq!(&left - &right, HashSet::from([1]));
}
