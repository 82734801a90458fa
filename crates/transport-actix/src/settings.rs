//! What the HTTP surfaces accept, and how long they wait.

use std::time::Duration;

/// Limits and allow-lists of the HTTP surfaces.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The longest request body, in bytes; 1 MiB. A longer one is answered with 413 (RFC 9110, section 15.5.14). A longer
    /// line on stdio is skipped.
    pub body_limit: usize,
    /// How long a body may take to arrive; 30 seconds. A slower one is answered with 408 (RFC 9110, section 15.5.9).
    pub body_deadline: Duration,
    /// Origins whose pages may send requests (RFC 6454, section 7), such as `https://app.example.com`; none. The
    /// server's own host and loopback hosts always may. `null` never may.
    pub allowed_origins: Vec<String>,
    /// Names that the server is known by (RFC 9110, section 7.2), with or without a port; none. Loopback names always are.
    pub allowed_hosts: Vec<String>,
    /// When `Host` is checked; [`HostCheck::Auto`].
    pub host_check: HostCheck,
    /// Threads that serve requests; one for each processor.
    pub workers: Option<usize>,
    /// How long running calls are waited for when the server stops; 30 seconds.
    pub shutdown_timeout: Duration,
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

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            body_deadline: Duration::from_secs(30),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            host_check: HostCheck::default(),
            workers: None,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}
