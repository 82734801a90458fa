//! Which limits a call has, and asking all of them at once.

use super::{
    Clock, LimitStore, SystemClock, Wanted,
    rule::{Attempt, Rule},
    store::Standing,
};
use crate::{Caller, Operation, watch::until};
use diptych_spec::{Deadline, Declaration, Error, Limit, Mistake, Quota, Result};
use std::{collections::HashMap, fmt, sync::Arc};

/// The most limits of one call: of the operation, the server and the mount.
const MOST: usize = 3 * Declaration::MOST_LIMITS;

/// The limits of an engine, with their counters.
pub(crate) struct Limits {
    clock: Arc<dyn Clock>,
    /// Counters that are not here.
    store: Option<Arc<dyn LimitStore>>,
    keys: usize,
    /// For every operation.
    server: Vec<Rule>,
    /// For one operation, by its name.
    own: HashMap<String, Vec<Rule>>,
}

/// What limits are made from, besides the declarations.
#[derive(Default)]
pub(crate) struct LimitsBuilder {
    pub(crate) server: Vec<Limit>,
    pub(crate) store: Option<Arc<dyn LimitStore>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

/// The limits of one mount, with their counters. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct MountLimits(Option<Arc<[Rule]>>);

impl LimitsBuilder {
    /// What is wrong with the limits of the server, over these operations.
    pub(crate) fn mistakes(&self, operations: &[Operation]) -> Vec<Mistake> {
        MountLimits::mistakes(&self.server, "the server", operations.iter().map(Operation::declaration))
    }

    /// For at most so many keys of each limit.
    pub(crate) fn build(self, operations: &[Operation], keys: usize) -> Limits {
        let limited = operations.iter().map(Operation::declaration).filter(|own| !own.limits().is_empty());
        let own = limited.map(|own| (own.name().to_owned(), Rule::all("operation", own.name(), own.limits(), keys)));
        Limits {
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            store: self.store,
            keys,
            server: Rule::all("server", "server", &self.server, keys),
            own: own.collect(),
        }
    }
}

impl MountLimits {
    /// What is wrong with the limits of a mount, over its operations: also those that cost more than a limit ever has.
    #[must_use]
    pub fn mistakes<'a>(
        limits: &[Limit],
        place: &str,
        operations: impl Iterator<Item = &'a Declaration> + Clone,
    ) -> Vec<Mistake> {
        let own = Limit::mistakes(limits).into_iter().map(|why| Mistake::new(place.to_owned(), why));
        let costs = limits.iter().flat_map(|limit| {
            let over = operations.clone();
            over.filter_map(|own| Some(Mistake::new(own.name(), limit.cost_mistake(own.most_cost())?)))
        });
        own.chain(costs).collect()
    }

    fn rules(&self) -> &[Rule] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Limits {
    /// The clock that they count with.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Those of a mount, whose name tells it from others of the application.
    pub(crate) fn of_mount(&self, name: &str, limits: &[Limit]) -> MountLimits {
        MountLimits((!limits.is_empty()).then(|| Rule::all("mount", name, limits, self.keys).into()))
    }

    /// Whether calls of an operation by this caller are counted.
    pub(crate) fn apply(&self, declaration: &Declaration, caller: &Caller) -> bool {
        declaration.cost() > 0 && self.rules(declaration.name(), caller).next().is_some()
    }

    /// Always in this order, so that nobody waits for a key that somebody holds who waits for theirs.
    fn rules<'a>(&'a self, operation: &str, caller: &'a Caller) -> impl Iterator<Item = &'a Rule> + Clone {
        let own = if self.own.is_empty() { None } else { self.own.get(operation) };
        own.into_iter().flatten().chain(&self.server).chain(caller.mount_limits.rules())
    }

    /// Counts a call with every limit, or with none; as [`Limits::take_cost`].
    pub(crate) async fn take(
        &self,
        declaration: &Declaration,
        caller: &Caller,
        deadline: Deadline,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        self.take_cost(declaration, declaration.cost(), caller, deadline, told).await
    }

    /// Counts a call of this cost with every limit, or, when one of them lets it not through, with none. `told` is where it then stands. A store elsewhere is
    /// waited for until the call's deadline.
    pub(crate) async fn take_cost(
        &self,
        declaration: &Declaration,
        cost: u32,
        caller: &Caller,
        deadline: Deadline,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        let Some(store) = &self.store else { return self.take_here(declaration, cost, caller, told) };
        let name = declaration.name();
        let wanted: Vec<_> =
            self.rules(name, caller).map(|rule| Wanted::new(&rule.limit, rule.key(name, caller), cost)).collect();
        let standings = until(deadline, &caller.withdrawn, store.take(&wanted)).await?;
        if standings.len() != wanted.len() {
            return Err(Error::internal(
                "a store of limits answered for another number of counters than it was asked for",
            ));
        }
        let asked = self.rules(name, caller).zip(standings);
        concluded(asked, told)
    }

    /// The same, in the memory of this process.
    fn take_here(
        &self,
        declaration: &Declaration,
        cost: u32,
        caller: &Caller,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        let (name, now) = (declaration.name(), self.clock.now());
        let mut attempts: [Option<Attempt<'_>>; MOST] = [const { None }; MOST];
        for (place, rule) in attempts.iter_mut().zip(self.rules(name, caller)) {
            *place = Some(rule.attempt(&rule.key(name, caller), cost, now));
        }
        let asked = || attempts.iter().flatten().map(|attempt| (attempt.rule(), attempt.standing()));
        concluded(asked(), told)?;
        attempts.into_iter().flatten().for_each(Attempt::keep);
        Ok(())
    }
}

/// What follows from all of them together: the longest wait.
fn concluded<'r>(
    asked: impl Iterator<Item = (&'r Rule, Standing)> + Clone,
    told: Option<&mut Vec<Quota>>,
) -> Result<()> {
    let refusing = asked.clone().filter(|(_, standing)| !standing.granted);
    if let Some((rule, standing)) = refusing.max_by_key(|(_, standing)| standing.reset) {
        let quotas = asked.filter(|(rule, standing)| rule.is_shown() || !standing.granted);
        let quotas = quotas.map(|(rule, standing)| rule.quota(standing)).collect();
        return Err(Error::rate_limited(&rule.limit, standing.reset).with_quotas(quotas));
    }
    if let Some(told) = told {
        told.extend(asked.filter(|(rule, _)| rule.is_shown()).map(|(rule, standing)| rule.quota(standing)));
    }
    Ok(())
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("server", &self.server).field("own", &self.own).finish_non_exhaustive()
    }
}

impl fmt::Debug for LimitsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitsBuilder").field("server", &self.server).finish_non_exhaustive()
    }
}
