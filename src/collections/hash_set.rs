//! Mirror of `std::collections::hash_set`, made like [`hash_map`](super::hash_map).

use std::borrow::Borrow;
use std::collections::TryReserveError;
use std::collections::hash_set as standard;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::{BitAnd, BitOr, BitXor, Deref, DerefMut, Sub};

pub use std::collections::hash_set::*;

use super::random_state::RandomState;

/// Mirror of [`std::collections::HashSet`], with an iteration order that a replay repeats.
///
/// A set keeps the keys that it was made with: one made before the exploration (in a captured variable,
/// say) has an order of the operating system's choosing.
pub struct HashSet<T, S = RandomState>(standard::HashSet<T, S>);

impl<T> HashSet<T, RandomState> {
    /// Makes an empty set.
    #[must_use]
    pub fn new() -> HashSet<T, RandomState> {
        HashSet::default()
    }

    /// Makes an empty set with room for `capacity` values.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> HashSet<T, RandomState> {
        HashSet::with_capacity_and_hasher(capacity, RandomState::default())
    }
}

impl<T, S> HashSet<T, S> {
    /// Makes an empty set that hashes by `hasher`.
    pub const fn with_hasher(hasher: S) -> HashSet<T, S> {
        HashSet(standard::HashSet::with_hasher(hasher))
    }

    /// Makes an empty set with room for `capacity` values that hashes by `hasher`.
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> HashSet<T, S> {
        HashSet(standard::HashSet::with_capacity_and_hasher(capacity, hasher))
    }

    /// The number of values that fit without another allocation.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Visits the values.
    pub fn iter(&self) -> Iter<'_, T> {
        super::note_order(self.0.len());
        self.0.iter()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all values out and keeps the memory.
    pub fn drain(&mut self) -> Drain<'_, T> {
        super::note_order(self.0.len());
        self.0.drain()
    }

    /// Takes out the values for which `predicate` holds, as the iterator is advanced.
    pub fn extract_if<F>(&mut self, predicate: F) -> ExtractIf<'_, T, F>
    where
        F: FnMut(&T) -> bool,
    {
        super::note_order(self.0.len());
        self.0.extract_if(predicate)
    }

    /// Keeps only the values for which `predicate` holds.
    pub fn retain<F>(&mut self, predicate: F)
    where
        F: FnMut(&T) -> bool,
    {
        super::note_order(self.0.len());
        self.0.retain(predicate);
    }

    /// Removes all values and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What the set hashes by.
    pub fn hasher(&self) -> &S {
        self.0.hasher()
    }
}

impl<T, S> HashSet<T, S>
where
    T: Eq + Hash,
    S: BuildHasher,
{
    /// Makes room for `additional` more values.
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// Makes room for `additional` more values, if that is possible.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.0.try_reserve(additional)
    }

    /// Gives back the memory that the values do not need.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Gives back memory, except what `min_capacity` values need.
    pub fn shrink_to(&mut self, min_capacity: usize) {
        self.0.shrink_to(min_capacity);
    }

    /// Visits the values that are in this set but not in `other`.
    pub fn difference<'a>(&'a self, other: &'a HashSet<T, S>) -> Difference<'a, T, S> {
        super::note_order(self.0.len());
        self.0.difference(&other.0)
    }

    /// Visits the values that are in one of the sets but not in both.
    pub fn symmetric_difference<'a>(&'a self, other: &'a HashSet<T, S>) -> SymmetricDifference<'a, T, S> {
        super::note_order(self.0.len());
        self.0.symmetric_difference(&other.0)
    }

    /// Visits the values that are in both sets.
    pub fn intersection<'a>(&'a self, other: &'a HashSet<T, S>) -> Intersection<'a, T, S> {
        super::note_order(self.0.len());
        self.0.intersection(&other.0)
    }

    /// Visits the values that are in either set, each once.
    pub fn union<'a>(&'a self, other: &'a HashSet<T, S>) -> Union<'a, T, S> {
        super::note_order(self.0.len());
        self.0.union(&other.0)
    }

    /// Whether `value` is in the set.
    pub fn contains<Q>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.contains(value)
    }

    /// The value of the set that equals `value`.
    pub fn get<Q>(&self, value: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(value)
    }

    /// Whether the sets have no value in common.
    pub fn is_disjoint(&self, other: &HashSet<T, S>) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// Whether `other` has all values of this set.
    pub fn is_subset(&self, other: &HashSet<T, S>) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether this set has all values of `other`.
    pub fn is_superset(&self, other: &HashSet<T, S>) -> bool {
        self.0.is_superset(&other.0)
    }

    /// Adds `value`, unless an equal one is there; returns whether it did.
    pub fn insert(&mut self, value: T) -> bool {
        self.0.insert(value)
    }

    /// Adds `value` and returns the equal one that it replaced.
    pub fn replace(&mut self, value: T) -> Option<T> {
        self.0.replace(value)
    }

    /// Removes `value` and returns whether it was there.
    pub fn remove<Q>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.remove(value)
    }

    /// Removes `value` and returns it.
    pub fn take<Q>(&mut self, value: &Q) -> Option<T>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.take(value)
    }
}

/// Lends std's set to whatever asks for one.
impl<T, S> Deref for HashSet<T, S> {
    type Target = standard::HashSet<T, S>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, S> DerefMut for HashSet<T, S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T: Clone, S: Clone> Clone for HashSet<T, S> {
    fn clone(&self) -> Self {
        HashSet(self.0.clone())
    }

    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl<T: fmt::Debug, S> fmt::Debug for HashSet<T, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::note_order(self.0.len());
        self.0.fmt(formatter)
    }
}

impl<T, S: Default> Default for HashSet<T, S> {
    fn default() -> Self {
        HashSet::with_hasher(S::default())
    }
}

impl<T, S> PartialEq for HashSet<T, S>
where
    T: Eq + Hash,
    S: BuildHasher,
{
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T, S> Eq for HashSet<T, S>
where
    T: Eq + Hash,
    S: BuildHasher,
{
}

impl<T, const N: usize> From<[T; N]> for HashSet<T, RandomState>
where
    T: Eq + Hash,
{
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T, S> FromIterator<T> for HashSet<T, S>
where
    T: Eq + Hash,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        HashSet(values.into_iter().collect())
    }
}

impl<T, S> Extend<T> for HashSet<T, S>
where
    T: Eq + Hash,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl<'a, T, S> Extend<&'a T> for HashSet<T, S>
where
    T: Eq + Hash + Copy + 'a,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl<T, S> IntoIterator for HashSet<T, S> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        super::note_order(self.0.len());
        self.0.into_iter()
    }
}

impl<'a, T, S> IntoIterator for &'a HashSet<T, S> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $values:literal) => {
        impl<T, S> $trait<&HashSet<T, S>> for &HashSet<T, S>
        where
            T: Eq + Hash + Clone,
            S: BuildHasher + Default,
        {
            type Output = HashSet<T, S>;

            #[doc = concat!("Makes a set of ", $values, ".")]
            fn $method(self, other: &HashSet<T, S>) -> HashSet<T, S> {
                HashSet($trait::$method(&self.0, &other.0))
            }
        }
    };
}

operator!(BitAnd, bitand, "the values that are in both sets");
operator!(BitOr, bitor, "the values that are in either set");
operator!(BitXor, bitxor, "the values that are in one of the sets but not in both");
operator!(Sub, sub, "the values that are in this set but not in the other");
