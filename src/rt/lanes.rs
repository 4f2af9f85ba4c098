//! Sets of threads as bit sets over *lanes*.
//!
//! A lane is a small number that a thread holds while it lives; a finished thread gives its lane back.
//! So the sets stay as wide as the number of threads alive at once, and the cost of a step does not
//! depend on how many have ended. Up to 64 threads a set is one word.

/// A set of lanes.
#[derive(Default, Debug)]
pub(crate) struct LaneSet {
    first: u64,
    rest: Vec<u64>,
}

impl LaneSet {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.first = 0;
        self.rest.clear();
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first == 0 && (self.rest.is_empty() || self.rest.iter().all(|&word| word == 0))
    }

    #[inline]
    pub(crate) fn contains(&self, lane: u32) -> bool {
        if lane < 64 {
            return self.first >> lane & 1 == 1;
        }
        let (word, bit) = Self::split(lane);
        self.rest.get(word).is_some_and(|w| w >> bit & 1 == 1)
    }

    #[inline]
    pub(crate) fn insert(&mut self, lane: u32) {
        if lane < 64 {
            self.first |= 1 << lane;
        } else {
            let (word, bit) = Self::split(lane);
            if word >= self.rest.len() {
                self.rest.resize(word + 1, 0);
            }
            self.rest[word] |= 1 << bit;
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, lane: u32) {
        if lane < 64 {
            self.first &= !(1 << lane);
        } else {
            let (word, bit) = Self::split(lane);
            if let Some(w) = self.rest.get_mut(word) {
                *w &= !(1 << bit);
            }
        }
    }

    /// Adds every lane of `other`.
    #[inline]
    pub(crate) fn add_all(&mut self, other: &LaneSet) {
        self.first |= other.first;
        if other.rest.len() > self.rest.len() {
            self.rest.resize(other.rest.len(), 0);
        }
        for (mine, theirs) in self.rest.iter_mut().zip(&other.rest) {
            *mine |= theirs;
        }
    }

    /// Removes every lane of `other`.
    #[inline]
    pub(crate) fn remove_all(&mut self, other: &LaneSet) {
        self.first &= !other.first;
        for (mine, theirs) in self.rest.iter_mut().zip(&other.rest) {
            *mine &= !theirs;
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        let mut count = self.first.count_ones();
        for word in &self.rest {
            count += word.count_ones();
        }
        count as usize
    }

    /// The `n`-th lane in ascending order; `n` must be less than `len`.
    #[inline]
    pub(crate) fn nth(&self, n: usize) -> u32 {
        let mut n = n as u32;
        let here = self.first.count_ones();
        if n < here {
            return nth_set_bit(self.first, n);
        }
        n -= here;
        for (index, &word) in self.rest.iter().enumerate() {
            let here = word.count_ones();
            if n < here {
                return (index as u32 + 1) * 64 + nth_set_bit(word, n);
            }
            n -= here;
        }
        unreachable!("a lane is asked for that the set does not hold");
    }

    /// The lanes in ascending order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = std::iter::once(self.first).chain(self.rest.iter().copied());
        words.enumerate().flat_map(|(index, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    index as u32 * 64 + bit
                })
            })
        })
    }

    fn split(lane: u32) -> (usize, u32) {
        (lane as usize / 64 - 1, lane % 64)
    }
}

/// The position of the `n`-th set bit, by halving: constant time without a hardware deposit instruction.
#[inline]
fn nth_set_bit(word: u64, mut n: u32) -> u32 {
    if n == 0 {
        return word.trailing_zeros();
    }
    let mut position = 0;
    let mut width = 32;
    let mut rest = word;
    while width > 0 {
        let low = rest & ((1u64 << width) - 1);
        let count = low.count_ones();
        if n >= count {
            n -= count;
            rest >>= width;
            position += width;
        } else {
            rest = low;
        }
        width /= 2;
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_agrees_with_a_sorted_list() {
        let mut set = LaneSet::default();
        let lanes = [0, 1, 5, 31, 32, 63, 64, 70, 127, 128, 900];
        for &lane in lanes.iter().rev() {
            set.insert(lane);
        }
        assert_eq!(set.len(), lanes.len());
        assert_eq!(set.iter().collect::<Vec<_>>(), lanes);
        for (n, &lane) in lanes.iter().enumerate() {
            assert_eq!(set.nth(n), lane);
            assert!(set.contains(lane));
        }
        assert!(!set.contains(2) && !set.contains(65) && !set.contains(5000));
        let mut other = LaneSet::default();
        other.insert(5);
        other.insert(128);
        set.remove_all(&other);
        assert_eq!(set.len(), lanes.len() - 2);
        set.add_all(&other);
        assert_eq!(set.iter().collect::<Vec<_>>(), lanes);
        for lane in lanes {
            set.remove(lane);
        }
        assert!(set.is_empty());
    }
}
