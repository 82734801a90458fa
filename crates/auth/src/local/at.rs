//! One request, in the midst of what it needs.

use super::{grants::Grants, key::Key};
use crate::scope::is_scope;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub(super) struct At<'a> {
    pub(super) key: &'a Key,
    /// The identifier of the issuer.
    pub(super) url: &'a str,
    /// Who is signed in without being asked.
    pub(super) approved: Option<&'a str>,
    /// What can be granted; whatever is asked when there are none.
    pub(super) scopes: &'a [String],
    /// How long an access token is good.
    pub(super) lifetime: Duration,
    pub(super) grants: &'a Mutex<Grants>,
    pub(super) now: SystemTime,
}

impl At<'_> {
    pub(super) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since 1970.
    pub(super) fn seconds(&self) -> u64 {
        self.now.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
    }

    /// The scopes to grant of those that were asked for: all that there are when none was, and none that do not exist (RFC 6749,
    /// section 3.3). `None` when nothing is left of them.
    pub(super) fn granted(&self, asked: Option<&str>) -> Option<Vec<String>> {
        let known = self.scopes;
        let Some(asked) = asked else { return Some(known.to_vec()) };
        let mut scopes: Vec<_> = asked.split(' ').filter(|scope| is_scope(scope)).map(str::to_owned).collect();
        scopes.retain(|scope| known.is_empty() || known.contains(scope));
        scopes.sort_unstable();
        scopes.dedup();
        (!scopes.is_empty()).then_some(scopes)
    }
}
