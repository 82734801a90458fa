//! From a bearer token to a principal.

use super::{
    ResourceServer,
    claims::{AUDIENCE, Claims},
    compact::Compact,
    known::{Known, Verdict},
    mistakes,
    outage::{Outage, Refusal},
    trusted::Trusted,
};
use crate::{Authenticator, Credentials};
use diptych_spec::{Error, Mistake, Principal, Result, Secret};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{sync::Arc, time::SystemTime};

/// A longer token is not looked at.
const LONGEST_TOKEN: usize = 16 * 1024;

const TOO_LONG: &str = "the token is too long";
const STRANGER: &str = "the token is of an issuer that this server does not trust";
const NO_OPAQUE: &str = "the token is not a signed JWT, and this server takes no others";
const NO_MORE: &str = "the caller may not act any more";

/// What an opaque token is asked about again with. Nobody else can name the type, so nobody else can read it.
struct Opaque(Secret);

impl ResourceServer {
    async fn principal(&self, token: &str, endpoint: &str) -> Result<Principal> {
        let claims = match self.verdict(token).await {
            Ok(Verdict::Good(claims)) => claims,
            Ok(Verdict::Refused(reason)) => return Err(Credentials::invalid_token(reason)),
            Err(outage) => return Err(outage.into()),
        };
        claims.are_good_at(SystemTime::now(), self.leeway).map_err(Credentials::invalid_token)?;
        if claims.audiences().is_some_and(|audiences| !self.is_for(endpoint, audiences)) {
            return Err(Credentials::invalid_token(AUDIENCE));
        }
        let principal = claims.principal.clone();
        match &self.active {
            Some(active) if !active(principal.clone()).await? => Err(Credentials::invalid_token(NO_MORE)),
            _ => Ok(principal),
        }
    }

    /// What is to be thought of a token, whenever and wherever it is sent.
    async fn verdict(&self, token: &str) -> Result<Verdict, Outage> {
        if token.len() > LONGEST_TOKEN {
            return Ok(Verdict::Refused(TOO_LONG));
        }
        let hash = Known::hash(token);
        if let Some(verdict) = self.known.get(&hash).await {
            return Ok(verdict);
        }
        if !Compact::is_one(token) {
            let Some(issuer) = self.trusted.iter().find(|issuer| issuer.takes_opaque()) else {
                return Ok(Verdict::Refused(NO_OPAQUE));
            };
            return self.known.get_or(hash, self.asked(issuer, token)).await;
        }
        match self.verified(token).await {
            Ok(claims) => {
                let verdict = Verdict::Good(Arc::new(claims));
                self.known.keep(hash, verdict.clone(), token.len()).await;
                Ok(verdict)
            }
            // Not kept: there is no end of tokens that are not good, and refusing one costs no more than finding it.
            Err(Refusal::Token(reason)) => Ok(Verdict::Refused(reason)),
            Err(Refusal::Outage(outage)) => Err(outage),
        }
    }

    async fn verified(&self, token: &str) -> Result<Claims, Refusal> {
        let compact = Compact::read(token)?;
        // Not yet believed: it only says whose keys to try.
        let name = compact.claims.get("iss").and_then(Value::as_str).ok_or(STRANGER)?;
        let issuer = self.trusted.iter().find(|issuer| issuer.url() == name).ok_or(STRANGER)?;
        let mut claims = issuer.verify(compact).await?;
        if self.keeps_tokens {
            claims.principal = claims.principal.with_token(Secret::new(token));
        }
        Ok(claims)
    }

    /// What the issuer says of an opaque token, and how long that was.
    async fn asked(&self, issuer: &Trusted, token: &str) -> Result<(Verdict, usize), Outage> {
        match issuer.introspect(token).await {
            Ok((mut claims, bytes)) => {
                claims.principal = claims.principal.with_evidence(Opaque(Secret::new(token)));
                if self.keeps_tokens {
                    claims.principal = claims.principal.with_token(Secret::new(token));
                }
                Ok((Verdict::Good(Arc::new(claims)), bytes + token.len()))
            }
            Err(Refusal::Token(reason)) => Ok((Verdict::Refused(reason), 0)),
            Err(Refusal::Outage(outage)) => Err(outage),
        }
    }

    async fn still_acts(&self, principal: &Principal) -> Result<bool> {
        if principal.expires_at().is_some_and(|end| end <= SystemTime::now()) {
            return Ok(false);
        }
        if !self.issuers().any(|issuer| issuer == principal.issuer()) {
            return Ok(true);
        }
        if let Some(Opaque(token)) = principal.evidence() {
            match self.verdict(token.expose()).await.map_err(Error::from)? {
                Verdict::Good(claims) if claims.are_good_at(SystemTime::now(), self.leeway).is_ok() => {}
                Verdict::Good(_) | Verdict::Refused(_) => return Ok(false),
            }
        }
        match &self.active {
            Some(active) => active(principal.clone()).await,
            None => Ok(true),
        }
    }
}

impl Authenticator for ResourceServer {
    /// Who the bearer token says, if it is good, now, for this endpoint.
    ///
    /// # Errors
    /// `invalid_token` with the reason; `issuer_unavailable` (503) when it cannot be told because the issuer cannot be asked.
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(async move {
            match headers.bearer() {
                Some(token) => self.principal(token?, headers.endpoint()).await.map(Some),
                None => Ok(None),
            }
        })
    }

    /// Until the token expires; an opaque one also as long as its issuer says so; and as long as the application says so. Callers of
    /// other issuers are somebody else's.
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        Box::pin(self.still_acts(principal))
    }

    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        self.resource_of(endpoint).map(|resource| resource.metadata_url())
    }

    fn metadata(&self, endpoint: &str) -> Option<Value> {
        self.resource_of(endpoint).map(|resource| self.metadata.document(resource.as_str(), self.issuers()))
    }

    fn mistakes(&self) -> Vec<Mistake> {
        mistakes::of(self)
    }
}
