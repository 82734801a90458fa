//! Creating, listing and revoking keys.

use super::{ApiKey, ApiKeys, store, text};
use crate::scope::is_scope;
use chrono::{DateTime, Utc};
use diptych_pipeline::{Conn, Tx};
use diptych_spec::{Error, FieldError, Result, Secret};
use std::time::SystemTime;

/// How long a name, a label and who created a key may be, in characters.
const LONGEST: usize = 200;

/// A key that is to be created.
///
/// ```
/// use diptych_auth::NewApiKey;
/// use std::time::{Duration, SystemTime};
///
/// let in_90_days = SystemTime::now() + Duration::from_secs(90 * 24 * 60 * 60);
/// let key = NewApiKey::new("ci").scopes(["invoices:read"]).operations(["invoices.list"]).expires_at(in_90_days);
/// # let _ = key;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "no key is created until it is given to `ApiKeys::create`"]
pub struct NewApiKey {
    name: String,
    label: String,
    scopes: Vec<String>,
    operations: Option<Vec<String>>,
    created_by: String,
    expires_at: Option<SystemTime>,
}

impl NewApiKey {
    /// For the service account of this name: the subject of whoever calls with the key. Without scopes, and without an end.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// What it may be used for (RFC 6749, section 3.3).
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The only operations that it is good for, by name.
    pub fn operations(mut self, operations: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.operations = Some(operations.into_iter().map(Into::into).collect());
        self
    }

    /// From when on it is refused.
    pub fn expires_at(mut self, end: SystemTime) -> Self {
        self.expires_at = Some(end);
        self
    }

    /// What it is for, in words.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Who creates it.
    pub fn created_by(mut self, who: impl Into<String>) -> Self {
        self.created_by = who.into();
        self
    }

    fn wrong(&self, now: SystemTime) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let texts = [("/name", &self.name), ("/label", &self.label), ("/created_by", &self.created_by)];
        for (pointer, text) in texts {
            if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
                let detail = format!("must have at most {LONGEST} characters, and no control characters");
                wrong.push(FieldError::new(pointer, "text", detail));
            }
        }
        if self.name.trim().is_empty() {
            wrong.push(FieldError::new("/name", "length", "must not be empty"));
        }
        for (at, scope) in self.scopes.iter().enumerate() {
            if !is_scope(scope) {
                let detail = "must be one scope: without spaces, quotes and backslashes, and not empty";
                wrong.push(FieldError::new(format!("/scopes/{at}"), "scope", detail));
            }
        }
        if self.operations.as_ref().is_some_and(Vec::is_empty) {
            let detail = "must name an operation, or be left out for all that the scopes allow";
            wrong.push(FieldError::new("/operations", "length", detail));
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            wrong.push(FieldError::new("/expires_at", "past", "must be in the future"));
        }
        wrong
    }
}

impl ApiKeys {
    /// Creates a key, in this transaction. Its text is in no other place than the answer, and cannot be shown again.
    ///
    /// # Errors
    /// Invalid, with what is wrong with the key; those of the database.
    pub async fn create(&self, tx: &mut Tx, new: NewApiKey) -> Result<(ApiKey, Secret)> {
        let wrong = new.wrong(SystemTime::now());
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        let sorted = |mut list: Vec<String>| {
            list.sort_unstable();
            list.dedup();
            list
        };
        let (id, secret, hash) = text::draw(&self.prefix)?;
        let key = ApiKey {
            id,
            name: new.name,
            label: new.label,
            scopes: sorted(new.scopes),
            operations: new.operations.map(sorted),
            created_at: Utc::now(),
            created_by: new.created_by,
            expires_at: new.expires_at.map(DateTime::from),
            last_used_at: None,
            revoked_at: None,
        };
        store::insert(tx, &key, &hash).await?;
        Ok((key, secret))
    }

    /// The newest keys, also those that are not good any more; at most `most`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, conn: &mut Conn, most: u32) -> Result<Vec<ApiKey>> {
        store::list(conn, most).await
    }

    /// Revokes the key of this id, in this transaction; whether there is one. Processes that have seen it take it for as long as
    /// [`ApiKeys::cached_for`] says.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke(&self, tx: &mut Tx, id: &str) -> Result<bool> {
        store::revoke(tx, id).await
    }
}
