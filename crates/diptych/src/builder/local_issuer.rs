//! The issuer for development: beside the authenticator, and apart from the server for `app token`. Both read the key in the issuer's
//! file; where the server is, both read from the configuration.

use super::{MCPServerBuilder, security::asked_scopes};
use crate::{StartError, command::WantedToken, configuration};
use diptych_auth::{Authenticator as _, Beside, DevelopmentTokens, LocalIssuer};
use diptych_spec::Secret;
use std::sync::Arc;

impl MCPServerBuilder {
    /// An OAuth issuer for development, in this process, at `/issuer`. It can grant the scopes that operations ask for, unless it
    /// says otherwise, and stands beside the authenticator: the tokens that it made are its own to judge. With it the server
    /// listens on loopback addresses only.
    pub fn local_issuer(mut self, issuer: LocalIssuer) -> Self {
        self.local_issuer = Some(issuer);
        self
    }

    /// Puts it beside the authenticator.
    pub(super) fn take_local_issuer(&mut self) -> Option<LocalIssuer> {
        let issuer = self.local_issuer.take().map(|issuer| self.offering(issuer))?;
        let names = || Arc::new(DevelopmentTokens::with_scopes(asked_scopes(self.operations.as_slice()))) as _;
        let other = self.authenticator.clone().unwrap_or_else(names);
        self.authenticator = Some(Arc::new(Beside::new(issuer.clone(), other)));
        Some(issuer)
    }

    /// The issuer, which can grant what operations ask for.
    fn offering(&self, issuer: LocalIssuer) -> LocalIssuer {
        if issuer.scopes_supported().is_empty() {
            issuer.scopes(asked_scopes(self.operations.as_slice()))
        } else {
            issuer
        }
    }

    /// A token that the server takes.
    ///
    /// # Errors
    /// There is no issuer, its key is in no file, or what is asked for makes no token.
    pub(super) fn issued(mut self, wanted: &WantedToken) -> Result<Secret, StartError> {
        let wrong = StartError::Configuration;
        let issuer = self.local_issuer.take().ok_or_else(|| {
            wrong(
                "this program has no local issuer; give its builder `.local_issuer(LocalIssuer::kept_in(…))`"
                    .to_owned(),
            )
        })?;
        if !issuer.is_kept() {
            let why = "the local issuer keeps its key in memory, so that no server takes a token that is made here; use `LocalIssuer::kept_in(…)`";
            return Err(wrong(why.to_owned()));
        }
        let issuer = located(self.offering(issuer), wanted)?;
        if let Some(mistake) = issuer.mistakes().first() {
            return Err(wrong(mistake.message().to_owned()));
        }
        let known = issuer.scopes_supported();
        if let Some(unknown) = wanted.scopes.iter().find(|scope| !known.contains(scope)) {
            let known = known.join(", ");
            return Err(wrong(format!("no operation asks for the scope `{unknown}`; there are: {known}")));
        }
        let scopes = if wanted.scopes.is_empty() { known } else { &wanted.scopes };
        let audience = wanted.audience.as_deref().or(issuer.audience()).unwrap_or_default();
        let token = issuer.token(&wanted.subject, scopes, audience, wanted.expires);
        token.map_err(|error| wrong(error.detail().to_owned()))
    }
}

/// Where the server is: as the program says, or as the audience does, or as the environment does.
fn located(issuer: LocalIssuer, wanted: &WantedToken) -> Result<LocalIssuer, StartError> {
    if let Some(audience) = &wanted.audience {
        return Ok(issuer.resource(audience));
    }
    if issuer.audience().is_some() {
        return Ok(issuer);
    }
    let bind = configuration::bind()?;
    if bind.port() == 0 {
        let why = "with port 0 in DIPTYCH_BIND nobody knows where the server is; give `--audience`, the URL of its MCP endpoint";
        return Err(StartError::Configuration(why.to_owned()));
    }
    Ok(issuer.resource(format!("http://{bind}{}", crate::server::MCP)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MCPServer;
    use std::time::Duration;

    #[test]
    fn a_token_needs_a_key_that_stays_and_a_place() {
        let file = std::env::temp_dir().join(format!("diptych-issued-{}.json", std::process::id()));
        let wanted = |subject: &str, scope: Option<&str>, audience: Option<&str>| WantedToken {
            subject: subject.to_owned(),
            scopes: scope.into_iter().map(str::to_owned).collect(),
            audience: audience.map(str::to_owned),
            expires: Duration::from_secs(60),
        };
        let server = || MCPServer::builder("notes", "1");
        let kept = || LocalIssuer::kept_in(&file);
        let url = Some("http://127.0.0.1:1/mcp");
        for (builder, wanted, why) in [
            (server(), wanted("ann", None, url), "has no local issuer"),
            (server().local_issuer(LocalIssuer::new()), wanted("ann", None, url), "keeps its key in memory"),
            (server().local_issuer(kept()), wanted("a b", None, url), "a user is"),
            (server().local_issuer(kept()), wanted("ann", Some("x"), url), "no operation asks for the scope `x`"),
            (server().local_issuer(kept()), wanted("ann", None, Some("https://a.example/mcp")), "loopback addresses"),
        ] {
            let error = builder.issued(&wanted).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let issuer = kept().scopes(["a", "b"]);
        let token = server().local_issuer(issuer).issued(&wanted("ann", Some("b"), url)).unwrap();
        assert_eq!(token.expose().split('.').count(), 3);
        std::fs::remove_file(file).unwrap();
    }
}
