//! A trusted issuer at work: its keys, and what it says of opaque tokens.

use super::{
    Issuer, SigningAlgorithm,
    claims::{Claims, Origin},
    compact::{Compact, Header},
    discovery::{self, Discovered},
    fetch::Fetcher,
    introspection::Introspector,
    keys::Keys,
    outage::{Outage, Refusal},
    reach::{self, Reach},
    refreshed::Refreshed,
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// How long the metadata of an issuer is used; keys come and go, but hardly where they are.
const DISCOVERED_FOR: Duration = Duration::from_hours(1);
const DISCOVERED_AT_MOST: Duration = Duration::from_hours(24);

const KIND: &str = "the token is not an access token: its type is not `at+jwt`";
const ID_TOKEN: &str = "the token is an ID token, not an access token";
const ALGORITHM: &str = "the token is not signed with an algorithm of its issuer's keys";
const UNKNOWN_KEY: &str = "the token is signed with a key that its issuer does not have";
const SIGNATURE: &str = "the signature of the token is not right";
const INACTIVE: &str = "the token has expired, was revoked, or is none of the issuer's";

/// Claims that only ID tokens have (OpenID Connect Core 1.0, sections 3.1.3.6 and 3.3.2.11).
const OF_ID_TOKENS: [&str; 3] = ["at_hash", "c_hash", "s_hash"];

pub(super) struct Trusted {
    issuer: Issuer,
    fetcher: Arc<Fetcher>,
    metadata: Arc<Refreshed<Discovered>>,
    keys: Source,
    introspector: Option<Introspector>,
}

enum Source {
    Given(Arc<Keys>),
    Fetched(Refreshed<Keys>),
}

impl Trusted {
    pub(super) fn new(issuer: Issuer) -> Self {
        let fetcher = Arc::new(Fetcher::new(Self::reach_of(&issuer), issuer.timeout));
        let metadata = Arc::new(metadata(&issuer, &fetcher));
        let keys = match &issuer.keys {
            Some(Ok(keys)) => Source::Given(Arc::clone(keys)),
            _ => Source::Fetched(keys(&issuer, &fetcher, &metadata)),
        };
        let introspector = issuer.introspection.as_ref().map(|who| Introspector::new(who, issuer.timeout));
        Self { issuer, fetcher, metadata, keys, introspector }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(super) fn url(&self) -> &str {
        &self.issuer.url
    }

    pub(super) fn takes_opaque(&self) -> bool {
        self.introspector.is_some()
    }

    /// How far requests for an issuer go.
    pub(super) fn reach_of(issuer: &Issuer) -> Reach {
        match Url::parse(&issuer.url) {
            _ if issuer.private_network => Reach::Private,
            Ok(url) if reach::is_loopback(&url) => Reach::Machine,
            _ => Reach::Public,
        }
    }

    /// What keeps requests from being sent, if any have to be.
    pub(super) fn mistake(&self) -> Option<String> {
        let asks = matches!(self.keys, Source::Fetched(_)) || self.introspector.is_some();
        (asks && !self.fetcher.is_ready()).then(|| {
            "it cannot be asked: TLS finds no certificates that this machine trusts; install `ca-certificates`"
                .to_owned()
        })
    }

    /// What a token says that names this issuer, if it is of this issuer.
    ///
    /// # Errors
    /// It is not, or that cannot be told.
    pub(super) async fn verify(&self, token: Compact<'_>) -> Result<Claims, Refusal> {
        match token.header.kind.as_deref() {
            Some("at+jwt") => {}
            None | Some("jwt") if self.issuer.plain_jwt => {
                if OF_ID_TOKENS.iter().any(|name| token.claims.contains_key(*name)) {
                    return Err(ID_TOKEN.into());
                }
            }
            _ => return Err(KIND.into()),
        }
        let algorithm = SigningAlgorithm::named(&token.header.algorithm);
        let algorithm = algorithm.filter(|named| self.issuer.algorithms.contains(named)).ok_or(ALGORITHM)?;
        let keys = self.keys_for(&token.header).await?;
        let mut tried = 0;
        let id = token.header.key.as_deref();
        let is_signed = keys.candidates(id, algorithm).inspect(|_| tried += 1).any(|key| {
            let message = token.message.as_bytes();
            jsonwebtoken::crypto::verify(token.signature, message, key, algorithm.library()).unwrap_or(false)
        });
        match (is_signed, tried) {
            (true, _) => Ok(Claims::read(&self.issuer, Origin::Jwt, token.claims)?),
            (false, 0) => Err(ALGORITHM.into()),
            (false, _) => Err(SIGNATURE.into()),
        }
    }

    /// The keys, with the one that a token names if it names one.
    async fn keys_for(&self, header: &Header) -> Result<Arc<Keys>, Refusal> {
        let (keys, source) = match &self.keys {
            Source::Given(keys) => (Arc::clone(keys), None),
            Source::Fetched(source) => (source.get().await?, Some(source)),
        };
        let Some(id) = header.key.as_deref() else { return Ok(keys) };
        if keys.has(id) {
            return Ok(keys);
        }
        let newer = match source {
            Some(source) => source.newer(&keys).await?,
            None => None,
        };
        Ok(newer.filter(|keys| keys.has(id)).ok_or(UNKNOWN_KEY)?)
    }

    /// What the issuer says of an opaque token, and about how many bytes that is.
    ///
    /// # Errors
    /// The token is not good, or that cannot be told.
    pub(super) async fn introspect(&self, token: &str) -> Result<(Claims, usize), Refusal> {
        let Some(introspector) = &self.introspector else { return Err(INACTIVE.into()) };
        let given = self.issuer.introspection_endpoint.as_deref().and_then(|url| Url::parse(url).ok());
        let (endpoint, secret_in_body) = match given {
            Some(url) => (url, false),
            None => {
                let metadata = self.metadata.get().await?;
                let endpoint = metadata.introspection_endpoint.clone();
                (endpoint.ok_or(Outage("its metadata names no introspection endpoint"))?, metadata.secret_in_body)
            }
        };
        let answer = introspector.ask(&self.fetcher, endpoint, secret_in_body, token).await;
        let answer = answer.inspect_err(|outage| introspector.log(&self.issuer.url, *outage))?;
        let (claims, bytes) = answer.ok_or(INACTIVE)?;
        Ok((Claims::read(&self.issuer, Origin::Introspection, claims)?, bytes))
    }
}

fn metadata(issuer: &Issuer, fetcher: &Arc<Fetcher>) -> Refreshed<Discovered> {
    let (fetcher, url) = (Arc::clone(fetcher), issuer.url.clone());
    let times = [DISCOVERED_FOR, DISCOVERED_AT_MOST, DISCOVERED_FOR];
    Refreshed::new(format!("the metadata of {}", issuer.url), times, move || {
        let (fetcher, url) = (Arc::clone(&fetcher), url.clone());
        Box::pin(async move { discovery::discover(&fetcher, &url).await })
    })
}

fn keys(issuer: &Issuer, fetcher: &Arc<Fetcher>, metadata: &Arc<Refreshed<Discovered>>) -> Refreshed<Keys> {
    let (fetcher, metadata) = (Arc::clone(fetcher), Arc::clone(metadata));
    let given = issuer.jwks_uri.as_deref().and_then(|url| Url::parse(url).ok());
    let times = [issuer.keys_for, issuer.stale_for, issuer.refetch_every];
    Refreshed::new(format!("the keys of {}", issuer.url), times, move || {
        let (fetcher, metadata, given) = (Arc::clone(&fetcher), Arc::clone(&metadata), given.clone());
        Box::pin(async move {
            let url = match given {
                Some(url) => url,
                None => metadata.get().await?.jwks_uri.clone().ok_or(Outage("its metadata names no keys"))?,
            };
            let json = fetcher.get(&url).await?;
            Keys::served(&json).map_err(|_| Outage("its keys are no JWK set"))
        })
    })
}
