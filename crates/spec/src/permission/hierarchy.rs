//! Scopes that contain others.

use crate::{Mistake, Principal};
use std::{borrow::Cow, collections::BTreeMap};

/// Which scopes contain which others. Nothing is guessed from how they are written: `invoices:write` contains `invoices:read` where it
/// is said, and `admin` contains everything that is named here and nothing else.
#[derive(Debug, Clone, Default)]
pub struct ScopeHierarchy(BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>);

impl ScopeHierarchy {
    /// Whoever has `scope` has these, too, and what these contain.
    pub fn contains<S: Into<Cow<'static, str>>>(
        &mut self,
        scope: impl Into<Cow<'static, str>>,
        others: impl IntoIterator<Item = S>,
    ) {
        self.0.entry(scope.into()).or_default().extend(others.into_iter().map(Into::into));
    }

    /// Whether no scope contains another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The principal with every scope that its own contain; `None` when that is none.
    #[must_use]
    pub fn expand(&self, principal: &Principal) -> Option<Principal> {
        // Where nothing was said, nothing is gained: the rule, and asked at every call.
        if self.is_empty() {
            return None;
        }
        let mut gained: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = principal.scopes().iter().map(String::as_str).collect();
        while let Some(scope) = open.pop() {
            for other in self.0.get(scope).into_iter().flatten() {
                // Also what ends a circle.
                if !principal.has_scope(other) && !gained.contains(&&**other) {
                    gained.push(other);
                    open.push(other);
                }
            }
        }
        (!gained.is_empty()).then(|| principal.with_more_scopes(gained))
    }

    /// Everything that is wrong with it.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let named = self.0.iter().flat_map(|(scope, others)| std::iter::once(scope).chain(others));
        named.filter_map(|scope| not_a_scope(scope)).map(|why| Mistake::new("the scope hierarchy", why)).collect()
    }
}

/// Why this is not one scope (RFC 6749, section 3.3).
pub(super) fn not_a_scope(scope: &str) -> Option<String> {
    let plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    let is_one = !scope.is_empty() && scope.bytes().all(plain);
    (!is_one)
        .then(|| format!("names the scope {scope:?}, which is not one: no space, quote or backslash, and not empty"))
}
