//! Where counters are, when they are not in this process.

use super::LimitKey;
use diptych_spec::{Limit, Result};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Counters that several processes share, in place of those that a process keeps in its memory.
///
/// All counters of a call are asked and taken from together: one script in Redis, one statement elsewhere. [`LimitKey`]'s text
/// names a counter; how it counts is what [`Limit::counting`] says.
pub trait LimitStore: Send + Sync + 'static {
    /// Takes from every counter, or, when one of them lets it not through, from none. Where the call then stands with each, in the
    /// same order.
    ///
    /// # Errors
    /// The counters are out of reach. The call is refused with this error; a store that would rather let it through says so.
    fn take<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Result<Vec<Standing>>>;
}

/// What a call takes from one counter.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Wanted<'a> {
    /// How it counts.
    pub limit: &'a Limit,
    /// Which counter.
    pub key: LimitKey<'a>,
    /// How many.
    pub cost: u32,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(limit: &'a Limit, key: LimitKey<'a>, cost: u32) -> Self {
        Self { limit, key, cost }
    }
}

/// Where a call stands with one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether this counter lets it through.
    pub granted: bool,
    /// How many are left.
    pub remaining: u32,
    /// When there are more; when it is not granted, how long to wait until it would be.
    pub reset: Duration,
}
