//! How much is kept of event streams for clients that come back: so many bytes in all, and a quarter of them for one caller, so that
//! nobody takes the room of all others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A caller has at most one of so many parts.
const PARTS: usize = 4;

/// What is kept for everybody.
#[derive(Debug)]
pub(crate) struct Kept {
    most: usize,
    bytes: AtomicUsize,
}

/// What is kept for one caller, in all their sessions.
#[derive(Debug)]
pub(crate) struct Share {
    all: Arc<Kept>,
    bytes: AtomicUsize,
}

impl Kept {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, bytes: AtomicUsize::new(0) }
    }
}

impl Share {
    pub(crate) fn of(all: &Arc<Kept>) -> Self {
        Self { all: Arc::clone(all), bytes: AtomicUsize::new(0) }
    }

    pub(crate) fn take(&self, bytes: usize) {
        for counter in [&self.bytes, &self.all.bytes] {
            counter.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        for counter in [&self.bytes, &self.all.bytes] {
            counter.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Whether more is kept than may be, for the caller or for everybody.
    pub(crate) fn is_full(&self) -> bool {
        let most = self.all.most;
        self.bytes.load(Ordering::Relaxed) > most / PARTS || self.all.bytes.load(Ordering::Relaxed) > most
    }
}

/// Without a bound: what belongs to no session over HTTP keeps nothing.
impl Default for Share {
    fn default() -> Self {
        Self::of(&Arc::new(Kept::new(usize::MAX)))
    }
}
