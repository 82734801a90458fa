//! A request of either era, with all that answering it needs.

use crate::era::Revision;
use crate::inner::Inner;
use crate::line::Line;
use crate::object::Members;
use crate::rpc::Id;
use crate::session::Session;
use crate::trace::Carrier;
use diptych_pipeline::{Caller, OnDisconnect, Surface, Via};
use diptych_spec::{Audience, Declaration, Error, Hidden, Principal};
use std::{net::IpAddr, sync::Arc};
use tokio_util::sync::CancellationToken;

/// A request of either era, with all that answering it needs.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Inner,
    pub(crate) revision: &'static Revision,
    pub(crate) principal: Option<&'a Principal>,
    pub(crate) id: Id<'a>,
    pub(crate) method: &'a str,
    pub(crate) params: &'a Members<'a>,
    pub(crate) meta: &'a Members<'a>,
    pub(crate) side: &'a Side,
}

/// The client's end of a request.
#[derive(Debug)]
pub(crate) struct Side {
    /// What the request belongs to, in the old eras.
    pub(crate) session: Option<Arc<Session>>,
    /// Where messages go before the reply.
    pub(crate) line: Arc<Line>,
    /// Cancelled when the client withdraws the request.
    pub(crate) withdrawn: CancellationToken,
    /// What becomes of the call when its future is dropped.
    pub(crate) on_disconnect: OnDisconnect,
    /// What the request came over.
    pub(crate) carrier: Carrier,
    /// The client's network address, when there is one.
    pub(crate) address: Option<IpAddr>,
}

/// How long a result holds, and for whom (2026-07-28, server/utilities/caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The result says nothing about it.
    Unsaid,
    /// It is not complete: the client is asked for something first.
    InputRequired,
    /// It is a task, not the result of the call.
    Task,
    /// It is what would have been answered, and nothing was kept.
    DryRun,
    /// It is the answer to an earlier call with the same idempotency key.
    Replayed,
    /// It is the end of a subscription.
    Subscription,
    /// For so many milliseconds; for everybody, or for this caller alone.
    For { ttl_ms: u32, public: bool },
}

impl Call<'_> {
    /// Whether the caller may use an operation.
    pub(crate) fn authorize(self, declaration: &Declaration) -> Result<(), Error> {
        self.server.engine.authorize(declaration, self.principal)
    }

    /// What the caller is not shown of the answers of an operation.
    pub(crate) fn hidden(self, declaration: &Declaration) -> Hidden {
        self.server.engine.hidden(declaration, self.principal, Audience::Agents)
    }

    /// The caller as the pipeline knows it.
    pub(crate) fn caller(self) -> Caller {
        let via = Via { surface: Surface::Mcp, mount: Arc::clone(&self.server.place), address: self.side.address };
        Caller {
            on_disconnect: self.side.on_disconnect,
            mount_limits: self.server.limits.clone(),
            withdrawn: self.side.withdrawn.clone(),
            ..Caller::new(self.principal.cloned(), via)
        }
    }
}
