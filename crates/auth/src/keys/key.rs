//! A key, as it is kept and shown.

use chrono::{DateTime, Utc};
use diptych_spec::{Principal, Result};
use serde::Serialize;
use std::time::SystemTime;

/// What is known of a key; never its secret.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ApiKey {
    /// What it is found by: the part of the key between the two `_`.
    pub id: String,
    /// The service account that calls with it.
    pub name: String,
    /// What it is for, in words.
    pub label: String,
    /// What it may be used for, sorted (RFC 6749, section 3.3).
    pub scopes: Vec<String>,
    /// The only operations that it is good for; none given: every operation that its scopes allow.
    pub operations: Option<Vec<String>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Who created it, as that was told; empty when it was not.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it is taken at this moment.
    #[must_use]
    pub fn is_good(&self, now: SystemTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| SystemTime::from(end) > now)
    }

    /// Whoever calls with it.
    pub(super) fn principal(&self, issuer: &str) -> Result<Principal> {
        let mut principal = Principal::new(issuer, &self.name, &self.scopes)?.with_client(&*self.id);
        if let Some(end) = self.expires_at {
            principal = principal.with_expiry(end.into());
        }
        if let Some(operations) = &self.operations {
            principal = principal.with_operations(operations);
        }
        Ok(principal)
    }

    /// Whether it is good for all that the principal was told to be good for.
    pub(super) fn covers(&self, principal: &Principal) -> bool {
        let operations = match (&self.operations, principal.operations()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(theirs)) => theirs.iter().all(|name| own.contains(name)),
        };
        operations
            && *principal.subject() == *self.name
            && principal.scopes().iter().all(|scope| self.scopes.contains(scope))
    }
}
