//! The issuer: what it is told when it is set up, and which request goes where.

use super::{
    access::{self, NO_USER, is_resource, is_user},
    at::At,
    authorize, client, discovery,
    exchange::{IssuerReply, IssuerRequest, Refused},
    grants::{Grant, Grants},
    key::Key,
    key_file, token,
};
use crate::{Issuer, ResourceServer, SigningAlgorithm};
use diptych_spec::{Error, Result, Secret};
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, SystemTime},
};
use url::Url;

/// An OAuth 2.1 authorization server for development, in the same process as the server that it protects. It exercises the whole
/// path of a real one, from the 401 over metadata, registration and PKCE to the token, and needs nothing from outside. It takes
/// everybody at their word: whoever opens its page types a name.
///
/// Authorization code with PKCE (RFC 7636, S256 only), refresh tokens that rotate, client credentials; dynamic registration (RFC
/// 7591), which keeps nothing: the id of a client is its registration. Access tokens are JWTs (RFC 9068) signed with ES256, for the
/// one `resource` that was asked for (RFC 8707).
///
/// It listens on loopback addresses only, and replies to loopback peers that use a loopback name. Cheap to clone; all clones are
/// the same issuer.
///
/// ```
/// use diptych_auth::LocalIssuer;
/// use std::time::Duration;
///
/// let issuer = LocalIssuer::new().resource("http://127.0.0.1:8000/mcp").approve("ann");
/// let token = issuer.token("ann", ["notes:read"], "http://127.0.0.1:8000/mcp", Duration::from_secs(60)).unwrap();
/// assert_eq!(token.expose().split('.').count(), 3);
/// ```
#[derive(Clone)]
pub struct LocalIssuer {
    shared: Arc<Shared>,
    approved: Option<String>,
    scopes: Vec<String>,
    lifetime: Duration,
}

struct Shared {
    key: OnceLock<Result<Key, String>>,
    /// Where the key is kept.
    file: Option<PathBuf>,
    place: OnceLock<Result<Place, String>>,
    grants: Mutex<Grants>,
}

/// Where it is, once that is known.
pub(super) struct Place {
    /// Its identifier.
    url: String,
    pub(super) server: ResourceServer,
}

/// Its path.
const PATH: &str = "/issuer";
/// Where MCP is when the server runs by itself.
const MCP: &str = "/mcp";
/// How long an access token is good unless it is said, and at most.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl LocalIssuer {
    /// Every path that it replies at: its metadata (RFC 8414, section 3.1, and OpenID Connect Discovery 1.0, section 4), its keys, and
    /// its endpoints.
    pub const PATHS: [&str; 7] = [
        "/.well-known/oauth-authorization-server/issuer",
        "/.well-known/openid-configuration/issuer",
        "/issuer/.well-known/openid-configuration",
        "/issuer/jwks.json",
        "/issuer/authorize",
        "/issuer/token",
        "/issuer/register",
    ];

    /// With a key of its own that is kept in memory: tokens are good until the program ends.
    #[must_use]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// With the key in this file, which is made if it is not there: tokens outlive the program, and the command `token` makes ones
    /// that it takes. Nobody else may read the file; a folder that is made for it stays out of repositories.
    #[must_use]
    pub fn kept_in(path: impl AsRef<Path>) -> Self {
        Self::with(Some(path.as_ref().to_owned()))
    }

    fn with(file: Option<PathBuf>) -> Self {
        let shared = Shared { key: OnceLock::new(), file, place: OnceLock::new(), grants: Mutex::default() };
        Self { shared: Arc::new(shared), approved: None, scopes: Vec::new(), lifetime: LIFETIME }
    }

    /// The URL of the MCP endpoint, such as `http://127.0.0.1:8080/api/mcp`; the issuer is at `/issuer` of the same host and port. A
    /// server that runs by itself knows where it is, and is told nothing.
    #[must_use]
    pub fn resource(self, url: impl AsRef<str>) -> Self {
        let place = self.key().and_then(|key| Place::of(url.as_ref(), key));
        // The first word counts: a clone of it is in use already.
        let _ = self.shared.place.set(place);
        self
    }

    /// Whoever asks is this user, and is not asked: for tests, and for clients without a browser.
    #[must_use]
    pub fn approve(mut self, user: impl Into<String>) -> Self {
        self.approved = Some(user.into());
        self
    }

    /// What can be granted; those of all operations when the server's builder is given the issuer. Without any, whatever is asked.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// How long an access token is good; 1 hour, a year at most.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(LONGEST);
        self
    }

    /// The scopes that can be granted.
    #[must_use]
    pub fn scopes_supported(&self) -> &[String] {
        &self.scopes
    }

    /// A token for `subject` that is good at the endpoint `resource` for so long, of whole seconds, a year at most.
    ///
    /// # Errors
    /// `subject` is no name, `resource` is not on a loopback address, or the issuer does not know where it is.
    pub fn token(
        &self,
        subject: &str,
        scopes: impl IntoIterator<Item = impl Into<String>>,
        resource: &str,
        lifetime: Duration,
    ) -> Result<Secret> {
        let place = self.place().map_err(Error::bad_request)?;
        if !is_user(subject) {
            return Err(Error::bad_request(NO_USER));
        }
        if !is_resource(resource) {
            return Err(Error::bad_request(
                "the audience is not an http URL on a loopback address, without a fragment",
            ));
        }
        let grant = Grant {
            client: "token-command".to_owned(),
            user: subject.to_owned(),
            scopes: scopes.into_iter().map(Into::into).collect(),
            resource: resource.to_owned(),
        };
        let key = self.key().map_err(Error::bad_request)?;
        let made = access::signed(key, &place.url, &grant, lifetime.min(LONGEST));
        made.map(Secret::new).map_err(Error::internal)
    }

    /// Whether its key outlives the program.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.shared.file.is_some()
    }

    /// The MCP endpoint that it is for, once it knows where it is.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        self.place().ok().map(|place| place.server.resource())
    }

    /// Whether it can reply.
    ///
    /// # Errors
    /// What it lacks: a key file that can be used, or to know where it is.
    pub fn ready(&self) -> Result<(), String> {
        self.key().and(self.place()).map(drop)
    }

    /// Its identifier, once it knows where it is.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.place().ok().map(|place| &*place.url)
    }

    /// The reply to a request at one of [`LocalIssuer::PATHS`].
    #[must_use]
    pub fn reply(&self, request: &IssuerRequest<'_>) -> IssuerReply {
        let (Ok(key), Ok(place)) = (self.key(), self.place()) else {
            let unready = Refused::new("temporarily_unavailable", "the issuer does not know where it is");
            return unready.with_status(503).reply();
        };
        let at = At {
            key,
            url: &place.url,
            approved: self.approved.as_deref(),
            scopes: &self.scopes,
            lifetime: self.lifetime,
            grants: &self.shared.grants,
            now: SystemTime::now(),
        };
        let (allowed, reply): (&str, fn(&At<'_>, &IssuerRequest<'_>) -> IssuerReply) = match request.path {
            "/issuer/jwks.json" => ("GET", discovery::keys),
            "/issuer/authorize" => ("GET, POST", authorize::reply),
            "/issuer/token" => ("POST", token::reply),
            "/issuer/register" => ("POST", client::register),
            _ => ("GET", discovery::metadata),
        };
        let method = if request.method == "HEAD" { "GET" } else { request.method };
        if !allowed.split(", ").any(|allowed| allowed == method) {
            return IssuerReply::method(allowed);
        }
        reply(&at, request)
    }

    fn key(&self) -> Result<&Key, String> {
        let made = || match &self.shared.file {
            Some(file) => key_file::open(file),
            None => Key::generate().map_err(str::to_owned),
        };
        self.shared.key.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    pub(super) fn place(&self) -> Result<&Place, String> {
        let unknown = || "the local issuer does not know where it is; say it with `.resource(…)`".to_owned();
        self.shared.place.get().ok_or_else(unknown)?.as_ref().map_err(Clone::clone)
    }

    /// The server listens here, and runs by itself.
    pub(super) fn is_at(&self, address: SocketAddr) {
        let _ = self.shared.place.get_or_init(|| Place::of(&format!("http://{address}{MCP}"), self.key()?));
    }

    /// Everything that is wrong with how it was set up. A key file that is not there is made when the server listens, not before:
    /// the program may be asked for something else.
    pub(super) fn wrong(&self) -> Vec<String> {
        let is_there = self.shared.file.as_ref().is_none_or(|file| file.exists());
        let key = is_there.then(|| self.key().err()).flatten();
        let place = self.shared.place.get().and_then(|place| place.as_ref().err().cloned());
        let user = self.approved.as_ref().filter(|user| !is_user(user)).map(|_| NO_USER.to_owned());
        key.or(place).into_iter().chain(user).collect()
    }
}

impl Place {
    fn of(resource: &str, key: &Key) -> Result<Self, String> {
        if !is_resource(resource) {
            return Err(format!(
                "the local issuer is for loopback addresses; `{resource}` is not an http URL on one, without a fragment"
            ));
        }
        let origin = Url::parse(resource).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let url = format!("{origin}{PATH}");
        let trusted = Issuer::new(&url).keys(key.jwks().to_string()).algorithms([SigningAlgorithm::ES256]);
        Ok(Self { server: ResourceServer::new(resource).trust(trusted), url })
    }
}

impl Default for LocalIssuer {
    fn default() -> Self {
        Self::new()
    }
}

/// Without the key and what was granted.
impl fmt::Debug for LocalIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalIssuer")
            .field("url", &self.url())
            .field("approved", &self.approved)
            .finish_non_exhaustive()
    }
}
