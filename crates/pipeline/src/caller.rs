//! Who makes a call, where it comes in, and what becomes of it when they go away.

use crate::{BeforeCommit, MountLimits, Ticket};
use diptych_spec::{Audience, ExpectedVersion, IdempotencyKey, Peer, Principal};
use std::{fmt, net::IpAddr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Who calls, how they are reached, and what becomes of the call when they go away.
#[derive(Clone)]
pub struct Caller {
    /// The authenticated caller, if there is one.
    pub principal: Option<Principal>,
    /// Where the call comes in.
    pub via: Via,
    /// What a disconnect means.
    pub on_disconnect: OnDisconnect,
    /// The line to the caller while the operation runs.
    pub peer: Option<Arc<dyn Peer>>,
    /// Cancelled when the caller withdraws the call: it is rolled back.
    pub withdrawn: CancellationToken,
    /// How long the call may take, in place of what the operation declares.
    pub deadline: Option<Duration>,
    /// What is kept in the transaction of a service besides what the service does.
    pub before_commit: Option<Arc<dyn BeforeCommit>>,
    /// The limits of the mount that the call comes in by.
    pub mount_limits: MountLimits,
    /// What the call can be sent again with.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The version of the target that the caller knows, where it is no argument.
    pub expected_version: Option<ExpectedVersion>,
    /// Whether the call has been counted already.
    pub ticket: Ticket,
}

/// Where a call comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// What the caller speaks.
    pub surface: Surface,
    /// The path of the MCP mount; empty for the server itself.
    pub mount: Arc<str>,
    /// The caller's network address, when there is one.
    pub address: Option<IpAddr>,
}

/// What a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// HTTP, with a route for each operation.
    Rest,
    /// MCP, over HTTP or standard input and output.
    Mcp,
    /// Rust, in the same process.
    InProcess,
    /// Nobody waits: the operation runs as a task.
    Task,
}

impl Surface {
    /// Who reads what is answered; nobody in particular where the application itself calls.
    #[must_use]
    pub const fn audience(self) -> Option<Audience> {
        match self {
            Self::Rest => Some(Audience::People),
            Self::Mcp | Self::Task => Some(Audience::Agents),
            Self::InProcess => None,
        }
    }

    /// Its name, as records and logs have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Mcp => "mcp",
            Self::InProcess => "in_process",
            Self::Task => "task",
        }
    }
}

impl Via {
    /// By this surface, at the server itself, from nowhere.
    #[must_use]
    pub fn new(surface: Surface) -> Self {
        Self { surface, mount: Arc::default(), address: None }
    }

    /// From this address.
    #[must_use]
    pub fn with_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }
}

/// What becomes of a service when its caller goes away, that is, when the dispatch future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It is rolled back.
    Cancel,
    /// It runs to its end.
    Finish,
}

impl Caller {
    /// This caller; a disconnect cancels.
    #[must_use]
    pub fn new(principal: Option<Principal>, via: Via) -> Self {
        Self {
            principal,
            via,
            on_disconnect: OnDisconnect::Cancel,
            peer: None,
            withdrawn: CancellationToken::new(),
            deadline: None,
            before_commit: None,
            mount_limits: MountLimits::default(),
            idempotency_key: None,
            expected_version: None,
            ticket: Ticket::default(),
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("principal", &self.principal)
            .field("via", &self.via)
            .field("on_disconnect", &self.on_disconnect)
            .finish_non_exhaustive()
    }
}
