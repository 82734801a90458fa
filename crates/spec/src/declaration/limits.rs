//! How often an operation may be called.

use super::Declaration;
use crate::Limit;

impl Declaration {
    /// The most limits that an operation, a mount or a server has of its own.
    pub const MOST_LIMITS: usize = 4;

    /// Its own limits; those of the server and of the mount hold besides.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// How much a call counts for every limit; with 0 it is not counted.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) fn check_limits(&self, found: &mut Vec<String>) {
        found.extend(Limit::mistakes(&self.limits));
        found.extend(self.limits.iter().filter_map(|limit| limit.cost_mistake(self.most_cost())));
        if self.cost == 0 && !self.limits.is_empty() {
            found.push("has a limit and `.cost(0)`, which is never counted; leave out one of them".to_owned());
        }
    }
}

impl Limit {
    /// What is wrong with the limits of one operation, mount or server.
    #[must_use]
    pub fn mistakes(limits: &[Self]) -> Vec<String> {
        let mut found: Vec<_> = limits.iter().filter_map(Self::mistake).collect();
        if limits.len() > Declaration::MOST_LIMITS {
            found.push(format!("has {} limits; at most {} can hold together", limits.len(), Declaration::MOST_LIMITS));
        }
        found
    }
}
