//! Who is calling.

use std::{fmt, sync::Arc};

/// An authenticated caller. Two principals are the same when issuer and subject are.
#[derive(Clone)]
pub struct Principal {
    issuer: Arc<str>,
    subject: Arc<str>,
    scopes: Arc<[String]>,
}

impl Principal {
    /// A caller that `issuer` vouches for.
    ///
    /// # Errors
    /// Refuses an empty `subject`: a principal without an id could not be told from another.
    pub fn new(
        issuer: impl AsRef<str>,
        subject: impl AsRef<str>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> crate::Result<Self> {
        let subject = subject.as_ref();
        if subject.trim().is_empty() {
            return Err(crate::Error::unauthenticated().with_source("the credentials name no subject"));
        }
        let mut scopes: Vec<String> = scopes.into_iter().map(Into::into).filter(|s| !s.is_empty()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self { issuer: issuer.as_ref().into(), subject: subject.into(), scopes: scopes.into() })
    }

    /// Who vouches for the caller (the `iss` of RFC 7519).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The caller's id at the issuer (the `sub` of RFC 7519).
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What the caller was allowed to ask for (RFC 6749, section 3.3), sorted.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether the caller has `scope`, exactly.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.binary_search_by(|own| own.as_str().cmp(scope)).is_ok()
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.subject == other.subject && self.issuer == other.issuer
    }
}
impl Eq for Principal {}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
