//! API keys: secrets of programs, kept as hashes in the application's database.

mod cache;
mod key;
mod manage;
mod store;
mod text;
mod used;

pub use key::ApiKey;
pub use manage::NewApiKey;

use crate::{Authenticator, Credentials};
use cache::{Cache, Known};
use diptych_pipeline::Db;
use diptych_spec::{Error, Mistake, Principal, Result};
use futures_util::future::BoxFuture;
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};
use text::Key;

/// Takes the API keys of service accounts, sent as `Authorization: Bearer dk_…` (RFC 6750, section 2.1).
///
/// Keys are in the table `diptych_api_keys` of the application's database, which is made when the server starts. The command line
/// creates, lists and revokes them (`app keys create --name ci --scope invoices:read`), and so do [`ApiKeys::create`],
/// [`ApiKeys::list`] and [`ApiKeys::revoke`]. The caller of a key is the issuer `api-key`, the name of the service account as subject, and
/// the id of the key as client. Two keys of one name are the same principal, so that a key can be replaced by another.
///
/// What is known of a key is kept for 5 seconds: a revoked one is refused after that, by every process.
///
/// ```
/// use diptych_auth::{ApiKeys, Authenticator};
///
/// let keys = ApiKeys::new().prefix("acme");
/// assert!(keys.mistakes().is_empty());
/// ```
#[derive(Clone)]
pub struct ApiKeys {
    prefix: Arc<str>,
    issuer: Arc<str>,
    cached_for: Duration,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    db: OnceLock<Db>,
    cache: Cache,
}

impl ApiKeys {
    /// Keys that begin with `dk_`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            prefix: "dk".into(),
            issuer: "api-key".into(),
            cached_for: Duration::from_secs(5),
            shared: Arc::default(),
        }
    }

    /// What keys begin with, before the first `_`: 2 to 16 lower-case letters and digits, a letter first; `dk`. A name of your own
    /// lets secret scanners know whose key they have found.
    #[must_use]
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.prefix = prefix.as_ref().into();
        self
    }

    /// The issuer of the principals; `api-key`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl AsRef<str>) -> Self {
        self.issuer = issuer.as_ref().into();
        self
    }

    /// How long a key that was looked up is not looked up again, good or not: how long a revoked one is taken at most; 5 seconds. At
    /// zero every request asks the database.
    #[must_use]
    pub fn cached_for(mut self, span: Duration) -> Self {
        self.cached_for = span;
        self
    }

    fn db(&self) -> Result<&Db> {
        self.shared.db.get().ok_or_else(|| Error::internal("the API keys were not started: they have no database"))
    }

    /// Whose key it is.
    async fn look_up(&self, key: &Key<'_>) -> Result<Principal> {
        let cache = &self.shared.cache;
        let hash = key.hash();
        if let Some(known) = cache.get(&hash) {
            return self.used(&known?);
        }
        let db = self.db()?;
        let row = store::find(&mut db.read().await?, key.id()).await?;
        let own = row.filter(|row| row.is_of(&hash) && row.key.is_good(SystemTime::now()));
        let Some(row) = own else {
            cache.refuse(hash, self.cached_for);
            return Err(refused());
        };
        let known = Arc::new(Known::new(row.key.principal(&self.issuer)?, row.last_used_ms()));
        cache.keep(hash, &known, self.cached_for);
        self.used(&known)
    }

    fn used(&self, known: &Arc<Known>) -> Result<Principal> {
        let principal = known.principal();
        if principal.expires_at().is_some_and(|end| end <= SystemTime::now()) {
            return Err(refused());
        }
        if let (Some(key), Ok(db)) = (principal.client(), self.db()) {
            used::note(db, key, known.used());
        }
        Ok(principal.clone())
    }
}

impl Default for ApiKeys {
    fn default() -> Self {
        Self::new()
    }
}

/// A key that was never there, is cut off, has expired or was revoked: whoever sends it learns nothing of which.
fn refused() -> Error {
    Credentials::invalid_token("the API key is not good")
}

impl Authenticator for ApiKeys {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(async move {
            let Some(Ok(token)) = headers.bearer() else { return Ok(None) };
            if !text::is_of(&self.prefix, token) {
                return Ok(None);
            }
            // A slip of the pen does not reach the database.
            let key = Key::read(&self.prefix, token).ok_or_else(refused)?;
            self.look_up(&key).await.map(Some)
        })
    }

    /// Until the key is revoked or expires, or is good for less than it was when the principal was made.
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let now = SystemTime::now();
            if principal.expires_at().is_some_and(|end| end <= now) {
                return Ok(false);
            }
            if *principal.issuer() != *self.issuer {
                return Ok(true);
            }
            let Some(id) = principal.client() else { return Ok(false) };
            let row = store::find(&mut self.db()?.read().await?, id).await?;
            Ok(row.is_some_and(|row| row.key.is_good(now) && row.key.covers(principal)))
        })
    }

    fn start<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            store::migrate(db).await?;
            let _ = self.shared.db.set(db.clone());
            Ok(())
        })
    }

    fn api_keys(&self) -> Option<&ApiKeys> {
        Some(self)
    }

    fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        let mut mistake = |why: String| found.push(Mistake::new("the API keys", why));
        if !text::is_prefix(&self.prefix) {
            let prefix = &self.prefix;
            mistake(format!("have the prefix {prefix:?}; take 2 to 16 lower-case letters and digits, a letter first"));
        }
        if self.issuer.trim().is_empty() {
            mistake("have no issuer; leave it out for `api-key`".to_owned());
        }
        found
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("prefix", &self.prefix).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
