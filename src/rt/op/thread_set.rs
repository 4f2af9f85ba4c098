//! Sets of threads as bit sets over *lanes*.
//!
//! A lane is a small number that a thread holds while it lives; a finished thread gives its lane back.
//! So the sets stay as wide as the number of threads alive at once, and the cost of a step does not
//! depend on how many have ended. Up to 64 threads a set is one word.

/// A set of lanes. It knows its size, since counting bits is no single instruction on every processor.
#[derive(Default, Debug)]
pub(crate) struct LaneSet {
    first: u64,
    rest: Vec<u64>,
    /// How many of them are in `first`, and in all.
    first_len: usize,
    len: usize,
    /// How often it has changed.
    version: u64,
}

impl PartialEq for LaneSet {
    fn eq(&self, other: &LaneSet) -> bool {
        // Two empty lists are not compared: to compare nothing at no address takes glibc's AVX-512 `memcmp` 250 ns.
        let is_small = self.rest.is_empty() && other.rest.is_empty();
        self.first == other.first && self.len == other.len && (is_small || self.rest == other.rest)
    }
}

impl LaneSet {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.first = 0;
        self.rest.clear();
        self.first_len = 0;
        self.len = 0;
        self.version += 1;
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
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
        if self.contains(lane) {
            return;
        }
        self.len += 1;
        self.version += 1;
        if lane < 64 {
            self.first_len += 1;
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
        if !self.contains(lane) {
            return;
        }
        self.len -= 1;
        self.version += 1;
        if lane < 64 {
            self.first_len -= 1;
            self.first &= !(1 << lane);
        } else {
            let (word, bit) = Self::split(lane);
            self.rest[word] &= !(1 << bit);
        }
    }

    /// Adds every lane of `other`.
    pub(crate) fn add_all(&mut self, other: &LaneSet) {
        if other.rest.len() > self.rest.len() {
            self.rest.resize(other.rest.len(), 0);
        }
        self.version += 1;
        let mut added = other.first & !self.first;
        self.first |= added;
        self.first_len += added.count_ones() as usize;
        self.len += added.count_ones() as usize;
        for (mine, theirs) in self.rest.iter_mut().zip(&other.rest) {
            added = theirs & !*mine;
            *mine |= added;
            self.len += added.count_ones() as usize;
        }
    }

    /// Removes every lane of `other`.
    pub(crate) fn remove_all(&mut self, other: &LaneSet) {
        self.version += 1;
        let mut removed = other.first & self.first;
        self.first &= !removed;
        self.first_len -= removed.count_ones() as usize;
        self.len -= removed.count_ones() as usize;
        for (mine, theirs) in self.rest.iter_mut().zip(&other.rest) {
            removed = theirs & *mine;
            *mine &= !removed;
            self.len -= removed.count_ones() as usize;
        }
    }

    /// Becomes equal to `other` without giving up its memory.
    pub(crate) fn copy_from(&mut self, other: &LaneSet) {
        self.first = other.first;
        self.rest.clone_from(&other.rest);
        self.first_len = other.first_len;
        self.len = other.len;
        self.version += 1;
    }

    /// A number that is another one after each change; unchanged, the set may have it still.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Whether the two have a lane in common.
    pub(crate) fn intersects(&self, other: &LaneSet) -> bool {
        self.first & other.first != 0
            || self.rest.iter().zip(&other.rest).any(|(mine, theirs)| mine & theirs != 0)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The `n`-th lane in ascending order; `n` must be less than `len`.
    #[inline]
    pub(crate) fn nth(&self, n: usize) -> u32 {
        match n.checked_sub(self.first_len) {
            None => nth_set_bit(self.first, n as u32),
            Some(n) => self.nth_of_rest(n as u32),
        }
    }

    fn nth_of_rest(&self, mut n: u32) -> u32 {
        let (last, others) = self.rest.split_last().expect("a lane is asked for that the set does not hold");
        for (index, word) in others.iter().enumerate() {
            let here = word.count_ones();
            if n < here {
                return (index as u32 + 1) * 64 + nth_set_bit(*word, n);
            }
            n -= here;
        }
        self.rest.len() as u32 * 64 + nth_set_bit(*last, n)
    }

    /// The lanes in ascending order.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        lanes_of(std::iter::once(self.first).chain(self.rest.iter().copied()))
    }

    /// The lanes that `other` does not have, in ascending order.
    pub(crate) fn without<'a>(&'a self, other: &'a LaneSet) -> impl Iterator<Item = u32> + 'a {
        lanes_of(self.words_without(other))
    }

    /// How many lanes `other` does not have.
    #[inline]
    pub(crate) fn count_without(&self, other: &LaneSet) -> usize {
        if self.rest.is_empty() {
            return (self.first & !other.first).count_ones() as usize;
        }
        self.words_without(other).map(|word| word.count_ones() as usize).sum()
    }

    /// The `n`-th of the lanes that `other` does not have, in ascending order; there must be so many.
    #[inline]
    pub(crate) fn nth_without(&self, other: &LaneSet, n: usize) -> u32 {
        if self.rest.is_empty() {
            return nth_set_bit(self.first & !other.first, n as u32);
        }
        let mut n = n as u32;
        for (index, word) in self.words_without(other).enumerate() {
            let here = word.count_ones();
            if n < here {
                return index as u32 * 64 + nth_set_bit(word, n);
            }
            n -= here;
        }
        unreachable!("a lane is asked for that the sets do not leave")
    }

    fn words_without<'a>(&'a self, other: &'a LaneSet) -> impl Iterator<Item = u64> + Clone + 'a {
        let theirs = other.rest.iter().copied().chain(std::iter::repeat(0));
        let rest = self.rest.iter().zip(theirs).map(|(mine, theirs)| mine & !theirs);
        std::iter::once(self.first & !other.first).chain(rest)
    }

    fn split(lane: u32) -> (usize, u32) {
        (lane as usize / 64 - 1, lane % 64)
    }
}

/// The lanes of the bits that are set in words.
#[inline]
fn lanes_of(words: impl Iterator<Item = u64> + Clone) -> impl Iterator<Item = u32> + Clone {
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

/// The position of the `n`-th set bit of each byte: at eight times the byte, and `n`.
static NTH_OF_BYTE: [u8; 8 << 8] = {
    let mut table = [0; 8 << 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut n) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte << 3 | n] = bit as u8;
                n += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// The position of the `n`-th set bit: from a table, for the byte that sums over bytes tell, which are
/// made with one multiplication (Vigna, "Broadword implementation of rank/select queries", 2008). A loop would be left at another
/// round each time, which no processor predicts.
#[inline]
fn nth_set_bit(word: u64, n: u32) -> u32 {
    if word < 256 {
        return u32::from(NTH_OF_BYTE[(word as usize) << 3 | (n & 7) as usize]);
    }
    nth_set_bit_by_sums(word, n)
}

fn nth_set_bit_by_sums(word: u64, n: u32) -> u32 {
    let ones = 0x0101_0101_0101_0101u64;
    let pairs = word - (word >> 1 & 0x5555_5555_5555_5555);
    let nibbles = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
    let bytes = (nibbles + (nibbles >> 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // Byte i of `sums` is the number of bits in bytes 0 to i.
    let sums = bytes.wrapping_mul(ones);
    // The highest bit of each byte of which the sum is at most n: how many there are, one multiplication adds up.
    let at_most = (((u64::from(n) * ones) | (ones << 7)) - sums) & (ones << 7);
    let byte = ((at_most >> 7).wrapping_mul(ones) >> 56) as u32 * 8;
    let before = (sums << 8 >> byte) as u8;
    let within = (word >> byte & 0xff) as usize;
    byte + u32::from(NTH_OF_BYTE[within << 3 | (n.wrapping_sub(u32::from(before)) & 7) as usize])
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
        assert!(set.intersects(&other) && other.intersects(&set));
        assert_eq!(set.without(&other).collect::<Vec<_>>(), [0, 1, 31, 32, 63, 64, 70, 127, 900]);
        assert_eq!(other.without(&set).next(), None);
        assert_eq!((set.count_without(&other), other.count_without(&set)), (9, 0));
        let nth: Vec<_> = (0..9).map(|n| set.nth_without(&other, n)).collect();
        assert_eq!(nth, set.without(&other).collect::<Vec<_>>());
        let mut copy = LaneSet::default();
        copy.copy_from(&set);
        set.remove_all(&other);
        assert!(!set.intersects(&other));
        assert_eq!(copy.without(&set).collect::<Vec<_>>(), [5, 128]);
        assert_eq!(set.len(), lanes.len() - 2);
        set.add_all(&other);
        assert_eq!(set.iter().collect::<Vec<_>>(), lanes);
        for lane in lanes {
            set.remove(lane);
        }
        assert!(set.is_empty());
    }

    #[test]
    fn the_nth_bit_is_found_in_any_word() {
        let mut word = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..1000 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            for candidate in [word, word & word << 7, u64::MAX, word | word >> 3] {
                let bits = (0..64).filter(|bit| candidate >> bit & 1 == 1);
                for (n, bit) in bits.enumerate() {
                    assert_eq!(nth_set_bit(candidate, n as u32), bit, "{candidate:#x} {n}");
                }
            }
        }
    }
}
