//! Tokens that anybody can make up, for development and tests.

use crate::{Authenticator, Credentials};
use diptych_pipeline::Engine;
use diptych_spec::{Principal, Result};
use futures_util::future::BoxFuture;

/// Takes every caller at their word: the bearer token is the user.
///
/// `Bearer ann` is the subject `ann` with every scope that any operation asks for; `Bearer ann+invoices:read+x` has only
/// the scopes that are named. The issuer is `development`. A server with this authenticator listens on loopback addresses
/// only.
#[derive(Debug, Clone)]
pub struct DevelopmentTokens {
    scopes: Vec<String>,
}

impl DevelopmentTokens {
    /// For the operations of this engine.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let permissions = engine.operations().iter().flat_map(|operation| operation.declaration().permissions());
        Self::with_scopes(permissions.flat_map(|permission| permission.scopes().iter().map(|scope| scope.to_string())))
    }

    /// With these scopes for whoever names none.
    #[must_use]
    pub fn with_scopes(scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { scopes: scopes.into_iter().map(Into::into).collect() }
    }

    fn principal(&self, token: &str) -> Result<Principal> {
        let (subject, scopes) = match token.split_once('+') {
            Some((subject, scopes)) => (subject, scopes.split('+').map(str::to_owned).collect()),
            None => (token, self.scopes.clone()),
        };
        if !is_name(subject) {
            return Err(Credentials::invalid_token(
                "a development token is a name of letters, digits, `-`, `.`, `_` and `@`, then scopes after `+`",
            ));
        }
        Principal::new("development", subject, scopes)
    }
}

/// Whether somebody can be called that who is taken at their word.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@');
    !text.is_empty() && text.chars().all(plain)
}

impl Authenticator for DevelopmentTokens {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        let principal = headers.bearer().map(|token| self.principal(token?)).transpose();
        Box::pin(std::future::ready(principal))
    }

    /// The same as over HTTP: the name, or the name and its scopes.
    fn local(&self, user: &str) -> Result<Option<Principal>> {
        self.principal(user).map(Some)
    }

    fn is_for_development(&self) -> bool {
        true
    }
}
