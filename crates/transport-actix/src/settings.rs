//! What the HTTP surfaces accept, and how long they wait.

use crate::{edge::forwarded::Proxies, limit::Gate};
use diptych_spec::JsonLimits;
use diptych_spec::{Limit, Mistake};
use std::time::Duration;

/// Limits and allow-lists of the HTTP surfaces.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The longest request body, in bytes; 1 MiB. A longer one is answered with 413 (RFC 9110, section 15.5.14). A longer
    /// line on stdio is skipped.
    pub body_limit: usize,
    /// How long a body may take to arrive; 30 seconds. A slower one is answered with 408 (RFC 9110, section 15.5.9).
    pub body_deadline: Duration,
    /// What JSON of a caller has to keep to, over REST, over MCP and on stdio; a depth of 64 and 100,000 values.
    pub json: JsonLimits,
    /// The longest path with its query, in bytes; 32 KiB. A longer path is answered with 414 (RFC 9110, section
    /// 15.5.15), a longer query with 400.
    pub uri_limit: usize,
    /// How many parameters a query may have; 256. More are answered with 400.
    pub query_limit: usize,
    /// Origins whose pages may send requests and read the answers (RFC 6454, section 7), such as `https://app.example.com`;
    /// none. The server's own host may as well. Loopback hosts may send, and read while the authenticator is for development.
    /// `null` never may.
    pub allowed_origins: Vec<String>,
    /// Whether pages of the allowed origins may have the browser's own credentials sent, cookies above all (WHATWG Fetch); no.
    /// Bearer tokens need it not: it is for an authenticator that reads cookies.
    pub cors_credentials: bool,
    /// Header fields that pages may send, beside those that diptych and MCP read; none. For an authenticator with a field of its
    /// own.
    pub cors_headers: Vec<String>,
    /// How long a browser may keep the answer to a preflight; 10 minutes.
    pub preflight_age: Duration,
    /// Names that the server is known by (RFC 9110, section 7.2), with or without a port; none. Loopback names always are.
    pub allowed_hosts: Vec<String>,
    /// When `Host` is checked; [`HostCheck::Auto`].
    pub host_check: HostCheck,
    /// Whether answers of 1 KiB and more that are text are sent as gzip to clients that take it; no. Streams of events are not,
    /// nor are answers to requests with cookies or `Basic` credentials (BREACH).
    #[cfg(feature = "compression")]
    pub compression: bool,
    /// Whether HTTP/2 is spoken in the clear, to clients that begin with it (RFC 9113, section 3.3); no. For a proxy in front.
    #[cfg(feature = "http2")]
    pub http2: bool,
    /// The certificate and the key of a listener that encrypts, with HTTP/2 and HTTP/1.1; none.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::Tls>,
    /// How long the head of a request may take to arrive; 5 seconds, at least 1. A slower one closes its connection; the first on a
    /// connection is answered with 408.
    pub head_deadline: Duration,
    /// How long a connection is kept without a request; 5 seconds, at least 1. What is in front of the server should keep its own for less.
    pub keep_alive: Duration,
    /// How long a client may leave an answer unread; 30 seconds. One that has taken less than 16 KiB since then, while there was
    /// more to take, is disconnected.
    pub write_deadline: Duration,
    /// How many connections one worker has at a time; 10,000. Further ones wait in the backlog of the system.
    pub max_connections: usize,
    /// Whether callers without credentials are refused before anything is read, with 401 and a challenge (RFC 6750, section 3): MCP
    /// clients begin to sign in there. `Some(true)` does it on REST and every MCP endpoint, also where an operation is open;
    /// `None`, which is the default, on an MCP endpoint where clients can learn how to sign in
    /// ([`diptych_auth::Authenticator::metadata`]) and no operation is open.
    pub require_authentication: Option<bool>,
    /// Requests of one network address, whatever they are for: REST, MCP, the OpenAPI document; none. One more is answered with 429
    /// (RFC 6585, section 4) before anything of it is looked at. Always counted by address.
    pub address_limit: Option<Limit>,
    /// Failed logins of one network address: 100 in a minute, in a sliding window. One more is answered with 429 before its
    /// credentials are looked at. Credentials that were good within the last hour are looked at all the same, so that nobody can lock
    /// out those who share an address with them.
    pub login_limit: Option<Limit>,
    /// How many addresses each of these keeps count of; 100,000.
    pub limit_keys: usize,
    /// Whether successful REST answers of operations with a limit say where the caller stands with it, in `RateLimit-Policy` and
    /// `RateLimit` (draft-ietf-httpapi-ratelimit-headers); yes. Answers with 429 always do.
    pub limit_fields: bool,
    /// Proxies that are believed when they say whom they forward for: networks such as `10.0.0.0/8`, or single addresses; none. Without,
    /// the address of a caller is that of whoever opened the connection.
    pub trusted_proxies: Vec<String>,
    /// Which header field these proxies write; [`ForwardedBy::XForwardedFor`].
    pub forwarded_by: ForwardedBy,
    /// Threads that serve requests; one for each processor.
    pub workers: Option<usize>,
    /// How long running calls are waited for when the server stops; 30 seconds.
    pub shutdown_timeout: Duration,
}

/// The header field in which a trusted proxy says whom it forwards for. The other one is not read: a proxy that does not write it lets
/// through what the client wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`: addresses, the nearest last.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), of which `for` is read.
    Forwarded,
}

/// When the `Host` of a request has to be a loopback name or one of [`HttpSettings::allowed_hosts`].
///
/// A server on a loopback address can be reached by a web page through a name that its owner points at 127.0.0.1 (DNS
/// rebinding); the name is all that tells such a request from one of the machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostCheck {
    /// When the server listens on a loopback address, or when there are allowed hosts.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never: something in front of the server checks it.
    Never,
}

impl HttpSettings {
    /// What is wrong with the limits and the proxies. The server does not start with any; in an application that exists, a proxy that
    /// cannot be read is not believed.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let (_, proxies) = Proxies::of(self);
        let proxies = proxies.into_iter().map(|why| Mistake::new("`trusted_proxies`", why));
        Gate::mistakes(self).into_iter().chain(proxies).collect()
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            body_deadline: Duration::from_secs(30),
            json: JsonLimits::default(),
            uri_limit: 32 * 1024,
            query_limit: 256,
            allowed_origins: Vec::new(),
            cors_credentials: false,
            cors_headers: Vec::new(),
            preflight_age: Duration::from_secs(10 * 60),
            allowed_hosts: Vec::new(),
            host_check: HostCheck::default(),
            #[cfg(feature = "compression")]
            compression: false,
            #[cfg(feature = "http2")]
            http2: false,
            #[cfg(feature = "tls")]
            tls: None,
            head_deadline: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            write_deadline: Duration::from_secs(30),
            max_connections: 10_000,
            require_authentication: None,
            address_limit: None,
            login_limit: Some(Limit::per_minute(100).sliding_window()),
            limit_keys: 100_000,
            limit_fields: true,
            trusted_proxies: Vec::new(),
            forwarded_by: ForwardedBy::default(),
            workers: None,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}
