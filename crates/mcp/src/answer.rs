//! From a request to its reply, whatever it came over.

use crate::call::{Call, Side};
use crate::era::{Era, Revision};
use crate::inner::Inner;
use crate::lifecycle::{self, Agreed};
use crate::object::Writer;
use crate::refuse::{self, Refusal};
use crate::reply::Reply;
use crate::rpc::{self, Id, Message, Notification, Request};
use crate::session::Session;
use crate::trace;
use diptych_pipeline::OnDisconnect;
use diptych_spec::Principal;
use futures_util::TryFutureExt as _;
use std::pin::pin;
use tracing::Instrument as _;

impl Inner {
    /// The reply to a request; where a stream has begun, its last event.
    pub(crate) async fn answer(
        &self,
        revision: &'static Revision,
        request: &Request<'_>,
        principal: Option<&Principal>,
        side: &Side,
    ) -> Reply {
        let call = Call {
            server: self,
            revision,
            principal,
            id: request.id,
            method: &request.method,
            params: &request.params.members,
            meta: &request.params.meta,
            side,
        };
        let mut out = begin_result(request);
        let mut result = Writer::open(&mut out);
        let span = trace::request(call);
        let answer = {
            let answer = pin!(call.answer(&mut result));
            let answer = answer.inspect_err(trace::refused).instrument(span);
            tokio::select! {
                biased;
                answer = answer => answer,
                () = self.engine.until_inactive(principal) => Err(lost(principal, side)),
            }
        };
        let reply = match answer {
            Ok(freshness) => {
                lifecycle::dress(call, freshness, &mut result);
                result.close();
                end_result(out)
            }
            Err(refusal) => refusal.reply(Some(request.id)),
        };
        side.line.finish(reply)
    }

    /// The reply to `initialize`, and what was agreed on if anything was.
    pub(crate) fn initialize(&self, request: &Request<'_>) -> (Reply, Option<Session>) {
        let mut out = begin_result(request);
        let mut result = Writer::open(&mut out);
        match lifecycle::initialize(self, &request.params.members, &mut result) {
            Ok(Agreed { revision, capabilities }) => {
                result.close();
                (end_result(out), Some(Session::new(revision, capabilities)))
            }
            Err(refusal) => (refusal.reply(Some(request.id)), None),
        }
    }
}

impl Session {
    /// What a client tells about its own requests and those of the server; anything else is passed over, and so is what
    /// is unknown, late or malformed (basic/utilities or basic/patterns, Cancellation).
    pub(crate) fn note(&self, message: &Message<'_>) {
        match message {
            Message::Notification(notification) => {
                if let Some(id) = cancelled(notification) {
                    self.calls.withdraw(id);
                }
            }
            Message::Response(response) => {
                let result = response.result.and_then(|result| serde_json::from_str(result.get()).ok());
                self.pending.resolve(response.id.json(), result);
            }
            Message::Request(_) => {}
        }
    }
}

/// The caller may not act any more: what they called is rolled back, and in the old eras their session ends.
fn lost(principal: Option<&Principal>, side: &Side) -> Refusal {
    side.withdrawn.cancel();
    if let Some(session) = &side.session {
        session.lose(principal);
    }
    refuse::inactive()
}

/// The request that `notifications/cancelled` is about.
pub(crate) fn cancelled<'a>(notification: &Notification<'a>) -> Option<Id<'a>> {
    let requested = || notification.params.members.get("requestId").and_then(Id::of);
    (notification.method == "notifications/cancelled").then(requested).flatten()
}

/// A client of the new era withdraws a call by disconnecting; one of the old eras says so, and may come back
/// (2025-11-25, basic/utilities/cancellation).
pub(crate) fn gone(revision: &Revision) -> OnDisconnect {
    match revision.era {
        Era::Modern => OnDisconnect::Cancel,
        Era::Legacy => OnDisconnect::Finish,
    }
}

fn begin_result(request: &Request<'_>) -> Vec<u8> {
    let mut out = rpc::begin(Some(request.id));
    out.extend_from_slice(br#","result":"#);
    out
}

fn end_result(mut out: Vec<u8>) -> Reply {
    out.push(b'}');
    Reply::json(200, out)
}
