//! Relations between at most 64 events, as matrices of bits, with the operators in which memory models are
//! written down.

/// A relation: bit `b` of row `a` says that `a` is related to `b`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Relation(Vec<u64>);

/// A set of events, by bit.
pub(crate) type Set = u64;

impl Relation {
    pub(crate) fn empty(size: usize) -> Relation {
        assert!(size <= 64, "a graph of {size} events");
        Relation(vec![0; size])
    }

    /// Each event of `set` to itself.
    pub(crate) fn identity(size: usize, set: Set) -> Relation {
        let mut identity = Relation::empty(size);
        for event in (0..size).filter(|event| set >> event & 1 == 1) {
            identity.add(event, event);
        }
        identity
    }

    pub(crate) fn add(&mut self, a: usize, b: usize) {
        self.0[a] |= 1 << b;
    }

    pub(crate) fn has(&self, a: usize, b: usize) -> bool {
        self.0[a] >> b & 1 == 1
    }

    fn size(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn or(&self, other: &Relation) -> Relation {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    pub(crate) fn and(&self, other: &Relation) -> Relation {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    pub(crate) fn without(&self, other: &Relation) -> Relation {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    /// `self ; other`.
    pub(crate) fn then(&self, other: &Relation) -> Relation {
        let row = |row: &u64| {
            let successors = (0..self.size()).filter(|event| row >> event & 1 == 1);
            successors.fold(0, |joined, event| joined | other.0[event])
        };
        Relation(self.0.iter().map(row).collect())
    }

    pub(crate) fn inverse(&self) -> Relation {
        let mut inverse = Relation::empty(self.size());
        for a in 0..self.size() {
            for b in (0..self.size()).filter(|&b| self.has(a, b)) {
                inverse.add(b, a);
            }
        }
        inverse
    }

    /// `self?`: one step or none.
    pub(crate) fn maybe(&self) -> Relation {
        self.or(&Relation::identity(self.size(), u64::MAX))
    }

    /// `self⁺`: one step or more.
    pub(crate) fn closure(&self) -> Relation {
        let mut closure = self.clone();
        for middle in 0..self.size() {
            for a in 0..self.size() {
                if closure.has(a, middle) {
                    closure.0[a] |= closure.0[middle];
                }
            }
        }
        closure
    }

    /// `[set] ; self`.
    pub(crate) fn from(&self, set: Set) -> Relation {
        let row = |(event, row): (usize, &u64)| if set >> event & 1 == 1 { *row } else { 0 };
        Relation(self.0.iter().enumerate().map(row).collect())
    }

    /// `self ; [set]`.
    pub(crate) fn to(&self, set: Set) -> Relation {
        Relation(self.0.iter().map(|row| row & set).collect())
    }

    pub(crate) fn is_irreflexive(&self) -> bool {
        (0..self.size()).all(|event| !self.has(event, event))
    }

    pub(crate) fn is_acyclic(&self) -> bool {
        self.closure().is_irreflexive()
    }
}
