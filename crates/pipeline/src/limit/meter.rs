//! One limit by itself, for what is limited before there is an operation: requests of an address, failed logins.

use super::{Clock, rule::Rule, store::Standing};
use diptych_spec::{Error, Limit, Result};
use std::{fmt, hash::Hash, sync::Arc};

/// One limit and its counters, in the memory of this process. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Meter {
    rule: Arc<Rule>,
    clock: Arc<dyn Clock>,
    /// What is too much, in words.
    what: &'static str,
}

impl Meter {
    /// For at most so many keys. `name` is what clients know it by, `what` says in words what is too much.
    #[must_use]
    pub fn new(limit: Limit, name: &str, what: &'static str, keys: usize, clock: Arc<dyn Clock>) -> Self {
        let named = limit.name().unwrap_or(name).into();
        Self { rule: Arc::new(Rule::new(limit, name.to_owned(), named, keys)), clock, what }
    }

    /// Counts one for this key.
    ///
    /// # Errors
    /// Rate limited, with how long to wait.
    pub fn take(&self, key: &impl Hash) -> Result<()> {
        let attempt = self.rule.attempt(key, 1, self.clock.now());
        let standing = attempt.standing();
        if !standing.granted {
            return Err(self.refused(standing));
        }
        attempt.keep();
        Ok(())
    }

    /// Whether there is still one for this key. Nothing is counted.
    ///
    /// # Errors
    /// Rate limited, with how long to wait.
    pub fn check(&self, key: &impl Hash) -> Result<()> {
        let standing = self.rule.attempt(key, 1, self.clock.now()).standing();
        if standing.granted { Ok(()) } else { Err(self.refused(standing)) }
    }

    fn refused(&self, standing: Standing) -> Error {
        let what = format!("{}: at most {}", self.what, self.rule.limit);
        Error::too_often(&what, standing.reset).with_quotas(vec![self.rule.quota(standing)])
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("rule", &self.rule).finish_non_exhaustive()
    }
}
