//! Messages for the log of the caller, not of the server.

use crate::{Call, FromCall, LogLevel, Peer, Result, Signature};
use serde::Serialize;
use std::{borrow::Cow, fmt, sync::Arc};

/// Sends log messages to the caller, as an argument of a handler (MCP, server/utilities/logging).
///
/// They reach a caller who asked for messages of that level, while the operation runs; nobody else, and never the server's
/// own log, for which there is `tracing`. No secrets: a host may show them to anybody.
///
/// ```
/// # use diptych_spec::{Log, Result};
/// async fn import(log: Log) -> Result<()> {
///     log.info("reading the file");
///     log.warning(serde_json::json!({"skipped": 3, "why": "no number"}));
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Log {
    peer: Option<Arc<dyn Peer>>,
    name: Option<Cow<'static, str>>,
}

impl Log {
    /// The same log, under a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether the caller reads messages of this level: to save the work of making one.
    #[must_use]
    pub fn wants(&self, level: LogLevel) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.wants(level))
    }

    /// Sends `data`, text or any other JSON. What cannot be serialized is not sent.
    pub fn send(&self, level: LogLevel, data: impl Serialize) {
        if let Some(peer) = &self.peer
            && peer.wants(level)
            && let Ok(data) = serde_json::to_value(data)
        {
            peer.log(level, self.name.as_deref(), &data);
        }
    }

    /// Sends a message for whoever looks for a mistake.
    pub fn debug(&self, data: impl Serialize) {
        self.send(LogLevel::Debug, data);
    }

    /// Sends a message about what is going on.
    pub fn info(&self, data: impl Serialize) {
        self.send(LogLevel::Info, data);
    }

    /// Sends a message about what is unusual, but right.
    pub fn notice(&self, data: impl Serialize) {
        self.send(LogLevel::Notice, data);
    }

    /// Sends a message about what may be wrong.
    pub fn warning(&self, data: impl Serialize) {
        self.send(LogLevel::Warning, data);
    }

    /// Sends a message about what went wrong.
    pub fn error(&self, data: impl Serialize) {
        self.send(LogLevel::Error, data);
    }
}

impl FromCall for Log {
    fn describe(signature: &mut Signature) {
        signature.logs();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(Self { peer: call.peer().cloned(), name: None })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("name", &self.name).finish_non_exhaustive()
    }
}
