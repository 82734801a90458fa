//! Counters by key, in memory that is bounded whatever keys come.
//!
//! A table of small sets: the hash of a key says which set it belongs to, and a set holds [`WAYS`] keys and no more. A key is
//! kept as its hash, under a seed that nobody knows, so that no key is longer than another and none can be made to meet another.
//! When a set is full, what is forgotten is the key that has used least of its limit.

use super::counter::State;
use std::{
    fmt,
    hash::{BuildHasher as _, Hash, Hasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many keys a set holds.
const WAYS: usize = 32;

pub(super) struct Table {
    sets: Box<[Mutex<Vec<Slot>>]>,
    seed: RandomState,
}

/// A key and what is kept of it: 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Slot {
    key: [u64; 2],
    state: State,
}

impl Table {
    /// For at most so many keys, rounded up to whole sets.
    pub(super) fn new(most: usize) -> Self {
        let sets = most.div_ceil(WAYS).max(1);
        Self { sets: std::iter::repeat_with(Mutex::default).take(sets).collect(), seed: RandomState::new() }
    }

    /// Keeps everybody else away from this key until it is let go.
    pub(super) fn hold(&self, key: &impl Hash) -> Held<'_> {
        let key = self.hashed(key);
        // Spreads the hash over the sets (Lemire, "Fast random integer generation in an interval").
        let at = (u128::from(key[0]) * self.sets.len() as u128) >> 64;
        let set = self.sets[at as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let found = set.iter().position(|slot| slot.key == key);
        Held { set, key, found }
    }

    /// 128 bits, of which the second half is drawn from the hasher's state after the first.
    fn hashed(&self, key: &impl Hash) -> [u64; 2] {
        let mut hasher = self.seed.build_hasher();
        key.hash(&mut hasher);
        let first = hasher.finish();
        hasher.write_u8(0);
        [first, hasher.finish()]
    }

    /// How many keys there are, and how many bytes they take.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let sets = self.sets.iter().map(|set| {
            let set = set.lock().unwrap_or_else(PoisonError::into_inner);
            (set.len(), set.capacity() * size_of::<Slot>() + size_of::<Mutex<Vec<Slot>>>())
        });
        sets.fold((0, 0), |(keys, bytes), (own, size)| (keys + own, bytes + size))
    }
}

/// A key that nobody else changes meanwhile.
pub(super) struct Held<'t> {
    set: MutexGuard<'t, Vec<Slot>>,
    key: [u64; 2],
    found: Option<usize>,
}

impl Held<'_> {
    /// What is kept of it.
    pub(super) fn state(&self) -> Option<State> {
        self.found.map(|at| self.set[at].state)
    }

    /// Keeps this of it. It takes the place of a key of which nothing is lost, otherwise a free one; in a full set that of the key
    /// with the lowest rank.
    pub(super) fn keep(mut self, state: State, spent: impl Fn(State) -> bool, rank: impl Fn(State) -> u64) {
        let slot = Slot { key: self.key, state };
        if let Some(at) = self.found {
            self.set[at] = slot;
            return;
        }
        if let Some(at) = self.set.iter().position(|other| spent(other.state)) {
            self.set[at] = slot;
            return;
        }
        if self.set.len() < WAYS {
            self.set.push(slot);
            return;
        }
        let lowest = self.set.iter().enumerate().min_by_key(|(_, other)| rank(other.state));
        if let Some((at, _)) = lowest {
            self.set[at] = slot;
        }
    }

    /// Keeps nothing of it.
    pub(super) fn forget(mut self) {
        if let Some(at) = self.found {
            self.set.swap_remove(at);
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("sets", &self.sets.len()).finish_non_exhaustive()
    }
}
