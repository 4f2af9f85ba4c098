//! Mirror of `std::collections::hash_map`.
//!
//! std's inherent methods are repeated, although `Deref` reaches them, because programs also name them by
//! path, as in `.map(HashMap::len)`, and because methods that consume the map cannot go through `Deref`.

use std::borrow::Borrow;
use std::collections::TryReserveError;
use std::collections::hash_map as standard;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::{Deref, DerefMut, Index};

pub use std::collections::hash_map::*;

pub use super::random_state::RandomState;

/// Mirror of [`std::collections::HashMap`], with an iteration order that a replay repeats.
///
/// A map keeps the keys that it was made with: one made before the exploration (in a captured variable,
/// say) has an order of the operating system's choosing.
pub struct HashMap<K, V, S = RandomState>(standard::HashMap<K, V, S>);

impl<K, V> HashMap<K, V, RandomState> {
    /// Makes an empty map.
    #[must_use]
    pub fn new() -> HashMap<K, V, RandomState> {
        HashMap::default()
    }

    /// Makes an empty map with room for `capacity` elements.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> HashMap<K, V, RandomState> {
        HashMap::with_capacity_and_hasher(capacity, RandomState::default())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// Makes an empty map that hashes by `hash_builder`.
    pub const fn with_hasher(hash_builder: S) -> HashMap<K, V, S> {
        HashMap(standard::HashMap::with_hasher(hash_builder))
    }

    /// Makes an empty map with room for `capacity` elements that hashes by `hasher`.
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> HashMap<K, V, S> {
        HashMap(standard::HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    /// The number of elements that fit without another allocation.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Visits the keys.
    pub fn keys(&self) -> Keys<'_, K, V> {
        super::note_order(self.0.len());
        self.0.keys()
    }

    /// Consumes the map into its keys.
    pub fn into_keys(self) -> IntoKeys<K, V> {
        super::note_order(self.0.len());
        self.0.into_keys()
    }

    /// Visits the values.
    pub fn values(&self) -> Values<'_, K, V> {
        super::note_order(self.0.len());
        self.0.values()
    }

    /// Visits the values, to change them.
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        super::note_order(self.0.len());
        self.0.values_mut()
    }

    /// Consumes the map into its values.
    pub fn into_values(self) -> IntoValues<K, V> {
        super::note_order(self.0.len());
        self.0.into_values()
    }

    /// Visits the elements.
    pub fn iter(&self) -> Iter<'_, K, V> {
        super::note_order(self.0.len());
        self.0.iter()
    }

    /// Visits the elements, to change their values.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        super::note_order(self.0.len());
        self.0.iter_mut()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all elements out and keeps the memory.
    pub fn drain(&mut self) -> Drain<'_, K, V> {
        super::note_order(self.0.len());
        self.0.drain()
    }

    /// Takes out the elements for which `predicate` holds, as the iterator is advanced.
    pub fn extract_if<F>(&mut self, predicate: F) -> ExtractIf<'_, K, V, F>
    where
        F: FnMut(&K, &mut V) -> bool,
    {
        super::note_order(self.0.len());
        self.0.extract_if(predicate)
    }

    /// Keeps only the elements for which `predicate` holds.
    pub fn retain<F>(&mut self, predicate: F)
    where
        F: FnMut(&K, &mut V) -> bool,
    {
        super::note_order(self.0.len());
        self.0.retain(predicate);
    }

    /// Removes all elements and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What the map hashes by.
    pub fn hasher(&self) -> &S {
        self.0.hasher()
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Eq + Hash,
    S: BuildHasher,
{
    /// Makes room for `additional` more elements.
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// Makes room for `additional` more elements, if that is possible.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.0.try_reserve(additional)
    }

    /// Gives back the memory that the elements do not need.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Gives back memory, except what `min_capacity` elements need.
    pub fn shrink_to(&mut self, min_capacity: usize) {
        self.0.shrink_to(min_capacity);
    }

    /// The place of `key`, to look at it or fill it.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        self.0.entry(key)
    }

    /// The value of `key`.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(key)
    }

    /// The element with this key.
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get_key_value(key)
    }

    /// The values of several keys at once, to change them; panics if two keys are the same.
    pub fn get_disjoint_mut<Q, const N: usize>(&mut self, keys: [&Q; N]) -> [Option<&'_ mut V>; N]
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get_disjoint_mut(keys)
    }

    /// The values of several keys at once, to change them.
    ///
    /// # Safety
    ///
    /// No two keys may be the same.
    pub unsafe fn get_disjoint_unchecked_mut<Q, const N: usize>(
        &mut self,
        keys: [&Q; N],
    ) -> [Option<&'_ mut V>; N]
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // SAFETY: the caller owes exactly what std's method asks for.
        unsafe { self.0.get_disjoint_unchecked_mut(keys) }
    }

    /// Whether there is a value for `key`.
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.contains_key(key)
    }

    /// The value of `key`, to change it.
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get_mut(key)
    }

    /// Sets the value of `key` and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Removes `key` and returns its value.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.remove(key)
    }

    /// Removes `key` and returns the element.
    pub fn remove_entry<Q>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.remove_entry(key)
    }
}

/// Lends std's map to whatever asks for one.
impl<K, V, S> Deref for HashMap<K, V, S> {
    type Target = standard::HashMap<K, V, S>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V, S> DerefMut for HashMap<K, V, S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Clone, V: Clone, S: Clone> Clone for HashMap<K, V, S> {
    fn clone(&self) -> Self {
        HashMap(self.0.clone())
    }

    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for HashMap<K, V, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::note_order(self.0.len());
        self.0.fmt(formatter)
    }
}

impl<K, V, S: Default> Default for HashMap<K, V, S> {
    fn default() -> Self {
        HashMap::with_hasher(S::default())
    }
}

impl<K, V, S> PartialEq for HashMap<K, V, S>
where
    K: Eq + Hash,
    V: PartialEq,
    S: BuildHasher,
{
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V, S> Eq for HashMap<K, V, S>
where
    K: Eq + Hash,
    V: Eq,
    S: BuildHasher,
{
}

impl<K, Q, V, S> Index<&Q> for HashMap<K, V, S>
where
    K: Eq + Hash + Borrow<Q>,
    Q: Eq + Hash + ?Sized,
    S: BuildHasher,
{
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        &self.0[key]
    }
}

impl<K, V, const N: usize> From<[(K, V); N]> for HashMap<K, V, RandomState>
where
    K: Eq + Hash,
{
    fn from(elements: [(K, V); N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<K, V, S> FromIterator<(K, V)> for HashMap<K, V, S>
where
    K: Eq + Hash,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(elements: I) -> Self {
        HashMap(elements.into_iter().collect())
    }
}

impl<K, V, S> Extend<(K, V)> for HashMap<K, V, S>
where
    K: Eq + Hash,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, elements: I) {
        self.0.extend(elements);
    }
}

impl<'a, K, V, S> Extend<(&'a K, &'a V)> for HashMap<K, V, S>
where
    K: Eq + Hash + Copy,
    V: Copy,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, elements: I) {
        self.0.extend(elements);
    }
}

impl<K, V, S> IntoIterator for HashMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        super::note_order(self.0.len());
        self.0.into_iter()
    }
}

impl<'a, K, V, S> IntoIterator for &'a HashMap<K, V, S> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V, S> IntoIterator for &'a mut HashMap<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}
