//! Whoever made a call, as far as a running operation can reach them. A surface that has a line to its caller implements
//! [`Peer`]; handlers reach it through [`crate::Progress`], [`crate::Log`] and [`crate::Ask`].

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The caller's end of a running call. Nothing here waits: what cannot be sent at once is dropped or merged.
pub trait Peer: Send + Sync + 'static {
    /// Tells how far the work is; what does not go beyond the last report is not sent.
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>);

    /// Whether somebody wants to read messages of this level.
    fn wants(&self, level: LogLevel) -> bool;

    /// Sends a message for the log of the caller.
    fn log(&self, level: LogLevel, logger: Option<&str>, data: &Value);

    /// Whether the caller can be asked for this.
    fn can(&self, capability: Capability) -> bool;

    /// What was answered to the question of this key, as it was sent.
    fn answer(&self, key: &str) -> Option<Value>;

    /// Ends the connection while the work goes on; the caller comes back for the rest after `retry`.
    fn release(&self, retry: Duration);

    /// Whether the call becomes a task where its handler says that it begins.
    fn begins_task(&self) -> bool {
        false
    }
}

/// What callers can be asked for (MCP, `ClientCapabilities`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// The user fills in a form (`elicitation`, mode `form`).
    Form,
    /// The user visits a URL (`elicitation`, mode `url`).
    Url,
    /// The caller's language model writes a message (`sampling`).
    Sampling,
    /// The folders that the user works on (`roots`).
    Roots,
}

/// How serious a message is (RFC 5424, section 6.2.1), least serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the severity of the same name")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    /// All of them, least serious first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The level's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}
