//! A limit that is at work: with the counters of its keys.

use super::{
    LimitKey,
    clock::nanos,
    counter::{Counter, Trial},
    store::Standing,
    table::{Held, Table},
};
use crate::Caller;
use diptych_spec::{By, Limit, Quota};
use std::{hash::Hash, sync::Arc, time::Duration};

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) limit: Limit,
    /// Which of all limits it is.
    id: String,
    /// What clients know it by.
    name: Arc<str>,
    counter: Counter,
    table: Table,
}

impl Rule {
    /// The limits of `owner`, in its order. `kind` tells an operation from a mount of the same name.
    pub(super) fn all(kind: &str, owner: &str, limits: &[Limit], keys: usize) -> Vec<Self> {
        let rules = limits.iter().enumerate().map(|(at, limit)| {
            let name = match (limit.name(), at) {
                (Some(name), _) => name.into(),
                (None, 0) => owner.into(),
                (None, at) => format!("{owner}-{}", at + 1).into(),
            };
            Self::new(limit.clone(), format!("{kind}:{owner}#{at}"), name, keys)
        });
        rules.collect()
    }

    pub(super) fn new(limit: Limit, id: String, name: Arc<str>, keys: usize) -> Self {
        Self { counter: Counter::of(&limit), table: Table::new(keys), limit, id, name }
    }

    /// The counter of a call.
    pub(super) fn key<'a>(&'a self, operation: &'a str, caller: &'a Caller) -> LimitKey<'a> {
        LimitKey::of(&self.limit, &self.id, operation, caller)
    }

    /// What would become of a key, which nobody else changes until that is kept or dropped.
    pub(super) fn attempt(&self, key: &impl Hash, cost: u32, now: Duration) -> Attempt<'_> {
        let (held, now) = (self.table.hold(key), nanos(now));
        let trial = self.counter.attempt(held.state().unwrap_or_default(), cost, now);
        Attempt { rule: self, held, trial, now }
    }

    /// Where a call stands with it, as clients are told.
    pub(super) fn quota(&self, standing: Standing) -> Quota {
        Quota {
            name: Arc::clone(&self.name),
            amount: self.limit.capacity(),
            per: match self.limit.capacity() == self.limit.amount() {
                true => self.limit.per(),
                // What the bucket holds comes back in this time.
                false => self.limit.refill().saturating_mul(self.limit.capacity()),
            },
            remaining: standing.remaining,
            reset: standing.reset,
            refuses: !standing.granted,
        }
    }

    /// Whether callers are told of it when they are let through: not when it would tell what others do.
    pub(super) fn is_shown(&self) -> bool {
        self.limit.counts_by(By::Principal) || self.limit.counts_by(By::Address)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        self.table.size()
    }
}

/// A key that is looked at.
pub(super) struct Attempt<'r> {
    rule: &'r Rule,
    held: Held<'r>,
    trial: Trial,
    now: u64,
}

impl<'r> Attempt<'r> {
    pub(super) fn rule(&self) -> &'r Rule {
        self.rule
    }

    pub(super) fn standing(&self) -> Standing {
        self.trial.standing
    }

    /// Makes it so.
    pub(super) fn keep(self) {
        let (counter, now) = (&self.rule.counter, self.now);
        self.held.keep(self.trial.state, |state| counter.is_spent(state, now), |state| counter.rank(state));
    }
}
