//! Which limits a call has, and asking all of them at once.

use super::{
    Clock, LimitStore, SystemClock, Wanted,
    rule::{Attempt, Rule},
    store::Standing,
};
use crate::{Caller, Operation, watch::until};
use diptych_spec::{Deadline, Declaration, Error, Included, Limit, Mistake, Quota, Result};
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
    /// What is wrong with the limits of the server, over these operations, and with those of what they include.
    pub(crate) fn mistakes(&self, operations: &[Operation]) -> Vec<Mistake> {
        let mut found =
            MountLimits::mistakes(&self.server, "the server", operations.iter().map(Operation::declaration));
        let counted = counted(operations);
        for declaration in operations.iter().map(Operation::declaration) {
            let differs = |included: &&Included| {
                let (related, counted) = (included.related(), counted.get(included.related().name()));
                !related.limits().is_empty() && counted.is_some_and(|other| other.limits() != related.limits())
            };
            found.extend(declaration.includes().iter().filter(differs).map(|included| {
                let (name, list) = (included.name(), included.related().name());
                let why =
                    "which also has others elsewhere; say them once, at the operation, and they hold here as well";
                Mistake::new(declaration.name(), format!("includes `{name}` with limits of `{list}`, {why}"))
            }));
        }
        found
    }

    /// For at most so many keys of each limit.
    pub(crate) fn build(self, operations: &[Operation], keys: usize) -> Limits {
        let limited = counted(operations).into_iter().filter(|(_, own)| !own.limits().is_empty());
        let own = limited.map(|(name, own)| (name.to_owned(), Rule::all("operation", name, own.limits(), keys)));
        Limits {
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            store: self.store,
            keys,
            server: Rule::all("server", "server", &self.server, keys),
            own: own.collect(),
        }
    }
}

/// Whose limits are counted under each name: the operation's, and of a list that is only included, its own.
fn counted(operations: &[Operation]) -> HashMap<&str, &Declaration> {
    let declared = || operations.iter().map(Operation::declaration);
    let included = declared().flat_map(Declaration::includes).map(Included::related);
    let mut counted = HashMap::new();
    for declaration in declared().chain(included) {
        counted.entry(declaration.name()).or_insert(declaration);
    }
    counted
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
        self.own(operation).iter().chain(&self.server).chain(caller.mount_limits.rules())
    }

    fn own(&self, operation: &str) -> &[Rule] {
        let own = if self.own.is_empty() { None } else { self.own.get(operation) };
        own.map_or(&[], Vec::as_slice)
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

    /// Counts a call of this cost with every limit, or, when one of them lets it not through, with none. `told` is where it then
    /// stands. A store elsewhere is waited for until the call's deadline.
    pub(crate) async fn take_cost(
        &self,
        declaration: &Declaration,
        cost: u32,
        caller: &Caller,
        deadline: Deadline,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        let asked = (self.rules(declaration.name(), caller), declaration.name(), cost);
        self.take_of(asked, caller, deadline, told).await
    }

    /// Counts that a call includes a list, with the list's own limits: the call is counted with all others.
    pub(crate) async fn take_included(&self, list: &Declaration, caller: &Caller, deadline: Deadline) -> Result<()> {
        let rules = self.own(list.name());
        if rules.is_empty() || list.cost() == 0 {
            return Ok(());
        }
        self.take_of((rules.iter(), list.name(), list.cost()), caller, deadline, None).await
    }

    async fn take_of<'r>(
        &'r self,
        (rules, name, cost): (impl Iterator<Item = &'r Rule> + Clone, &str, u32),
        caller: &Caller,
        deadline: Deadline,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        let Some(store) = &self.store else { return self.take_here((rules, name, cost), caller, told) };
        let wanted = rules.clone().map(|rule| Wanted::new(&rule.limit, rule.key(name, caller), cost));
        let wanted: Vec<_> = wanted.collect();
        let standings = until(deadline, &caller.withdrawn, store.take(&wanted)).await?;
        if standings.len() != wanted.len() {
            return Err(Error::internal(
                "a store of limits answered for another number of counters than it was asked for",
            ));
        }
        concluded(rules.zip(standings), told)
    }

    /// The same, in the memory of this process.
    fn take_here<'r>(
        &self,
        (rules, name, cost): (impl Iterator<Item = &'r Rule>, &str, u32),
        caller: &Caller,
        told: Option<&mut Vec<Quota>>,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut attempts: [Option<Attempt<'_>>; MOST] = [const { None }; MOST];
        for (place, rule) in attempts.iter_mut().zip(rules) {
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
