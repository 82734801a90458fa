//! Keys that were looked up a moment ago.

use super::{refused, text::Hash};
use diptych_spec::{Principal, Result};
use std::{
    sync::{Arc, atomic::AtomicI64},
    time::{Duration, Instant},
};

/// How many good keys are kept, and how many that were refused: a flood of these does not displace the good ones.
const MOST: usize = 10_000;

/// A good key.
pub(super) struct Known {
    principal: Principal,
    /// When its use was last noted, in milliseconds since 1970.
    used: AtomicI64,
}

impl Known {
    pub(super) fn new(principal: Principal, used: i64) -> Self {
        Self { principal, used: AtomicI64::new(used) }
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(super) fn used(&self) -> &AtomicI64 {
        &self.used
    }
}

/// By the hash of the key, so that no secret is kept.
pub(super) struct Cache {
    good: quick_cache::sync::Cache<Hash, (Instant, Arc<Known>)>,
    refused: quick_cache::sync::Cache<Hash, Instant>,
}

impl Cache {
    /// What is known of a key, unless it has to be looked up.
    pub(super) fn get(&self, hash: &Hash) -> Option<Result<Arc<Known>>> {
        let now = Instant::now();
        if let Some((until, known)) = self.good.get(hash)
            && now < until
        {
            return Some(Ok(known));
        }
        self.refused.get(hash).filter(|until| now < *until).map(|_| Err(refused()))
    }

    pub(super) fn keep(&self, hash: Hash, known: &Arc<Known>, span: Duration) {
        self.good.insert(hash, (Instant::now() + span, Arc::clone(known)));
    }

    pub(super) fn refuse(&self, hash: Hash, span: Duration) {
        self.good.remove(&hash);
        self.refused.insert(hash, Instant::now() + span);
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { good: quick_cache::sync::Cache::new(MOST), refused: quick_cache::sync::Cache::new(MOST) }
    }
}
