//! One endpoint, both eras: from the request of a transport to its reply.

use crate::era::{Era, REVISIONS, Revision};
use crate::header::Head;
use crate::ladder::{self, Step};
use crate::lifecycle::{self, Agreed};
use crate::list::Lists;
use crate::method::Call;
use crate::object::Writer;
use crate::parameter::Parameters;
use crate::refuse::Refusal;
use crate::reply::Reply;
use crate::rpc::{self, Body, Message, Request};
use crate::session::{Limits, Sessions};
use crate::settings::Settings;
use diptych_pipeline::{Engine, OnDisconnect};
use diptych_spec::Principal;
use futures_util::future;
use std::{fmt, sync::Arc, time::Instant};

const SESSION: &str = "mcp-session-id";

/// An MCP server without a transport. Cheap to clone; all clones share their sessions.
///
/// A transport checks the HTTP method, `Origin`, `Host` and credentials, limits the size of the body, calls one of the
/// three functions and sends what it gets. When the client of a POST is gone it drops the future: that withdraws a
/// request of the new era, and changes nothing for one of the old.
#[derive(Clone)]
pub struct Server(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
    pub(crate) lists: Lists,
    pub(crate) parameters: Parameters,
    pub(crate) sessions: Sessions,
    /// The server's `Implementation`, by revision.
    pub(crate) implementation: [String; REVISIONS.len()],
}

impl Server {
    /// Serves every operation of the engine as a tool, and those with a URI as resources too.
    #[must_use]
    pub fn new(engine: Engine, settings: Settings) -> Self {
        let limits = Limits { idle: settings.session_idle, age: settings.session_age, most: settings.max_sessions };
        Self(Arc::new(Inner {
            lists: Lists::of(&engine),
            parameters: Parameters::of(&engine),
            sessions: Sessions::new(limits),
            implementation: lifecycle::implementation(&settings),
            engine,
            settings,
        }))
    }

    /// A message, or in 2025-03-26 several (basic/transports, Sending Messages to the Server).
    pub async fn post(&self, head: &Head<'_>, body: &[u8], principal: Option<&Principal>) -> Reply {
        match ladder::climb(Some(head), body, self.0.settings.max_depth) {
            Ok(Step::Modern(revision, request)) => match self.0.parameters.check(head, &request) {
                Ok(()) => self.0.answer(revision, &request, principal, gone(revision)).await,
                Err(refusal) => refusal.reply(Some(request.id)),
            },
            Ok(Step::Noted(_)) => Reply::empty(202),
            Ok(Step::Initialize(request)) => self.0.open_session(&request, principal),
            Ok(Step::InSession(body)) => self.0.in_session(head, body, principal).await,
            Err(refused) => refused.reply(),
        }
    }

    /// A stream of what the server has to say: it never has anything of its own to say, so 405 (2025-11-25,
    /// basic/transports, Listening for Messages from the Server).
    pub async fn get(&self, head: &Head<'_>, _principal: Option<&Principal>) -> Reply {
        let allow = if speaks_modern(head) { "POST" } else { "POST, DELETE" };
        not_allowed(allow)
    }

    /// The end of a session (2025-11-25, basic/transports, Session Management): 204, and from then on 404.
    pub async fn delete(&self, head: &Head<'_>, principal: Option<&Principal>) -> Reply {
        if speaks_modern(head) {
            return not_allowed("POST");
        }
        match self.0.session(head, principal) {
            Ok((id, _)) => {
                self.0.sessions.close(id);
                Reply::empty(204)
            }
            Err(refusal) => refusal.reply(None),
        }
    }
}

impl Inner {
    /// `on_disconnect`: what becomes of the call when the future is dropped.
    pub(crate) async fn answer(
        &self,
        revision: &'static Revision,
        request: &Request<'_>,
        principal: Option<&Principal>,
        on_disconnect: OnDisconnect,
    ) -> Reply {
        let call = Call { server: self, revision, principal, params: &request.params.members, on_disconnect };
        let mut out = begin_result(request);
        let mut result = Writer::open(&mut out);
        match call.answer(&request.method, &mut result).await {
            Ok(freshness) => {
                lifecycle::dress(call, freshness, &mut result);
                result.close();
                end_result(out)
            }
            Err(refusal) => refusal.reply(Some(request.id)),
        }
    }

    /// The reply to `initialize`, and what was agreed on if anything was.
    pub(crate) fn initialize(&self, request: &Request<'_>) -> (Reply, Option<Agreed>) {
        let mut out = begin_result(request);
        let mut result = Writer::open(&mut out);
        match lifecycle::initialize(self, &request.params.members, &mut result) {
            Ok(agreed) => {
                result.close();
                (end_result(out), Some(agreed))
            }
            Err(refusal) => (refusal.reply(Some(request.id)), None),
        }
    }

    fn open_session(&self, request: &Request<'_>, principal: Option<&Principal>) -> Reply {
        match self.initialize(request) {
            (reply, Some(Agreed { revision, client })) => {
                reply.with(SESSION, self.sessions.open(revision, principal, client, Instant::now()))
            }
            (refused, None) => refused,
        }
    }

    async fn in_session(&self, head: &Head<'_>, body: Body<'_>, principal: Option<&Principal>) -> Reply {
        let revision = match self.session(head, principal) {
            Ok((_, revision)) => revision,
            Err(refusal) => {
                let id = match &body {
                    Body::One(Message::Request(request)) => Some(request.id),
                    _ => None,
                };
                return refusal.reply(id);
            }
        };
        match body {
            Body::One(Message::Request(request)) => self.answer(revision, &request, principal, gone(revision)).await,
            // No notification of a client changes anything here, and no request of the server waits for a response.
            Body::One(Message::Notification(_) | Message::Response) => Reply::empty(202),
            Body::Many(messages) => self.batch(revision, &messages, principal).await,
        }
    }

    /// Several messages at once, which only 2025-03-26 has (basic, Batching). The requests run side by side; each
    /// is answered in its place, whatever HTTP would say to it alone.
    async fn batch(
        &self,
        revision: &'static Revision,
        messages: &[Message<'_>],
        principal: Option<&Principal>,
    ) -> Reply {
        if let Err(refusal) = batchable(revision, messages) {
            return refusal.reply(None);
        }
        let answer = |request| self.answer(revision, request, principal, gone(revision));
        let answers = future::join_all(requests(messages).map(answer)).await;
        together(&answers).unwrap_or_else(|| Reply::empty(202))
    }

    /// The caller's session, and the revision it speaks.
    fn session<'h>(
        &self,
        head: &Head<'h>,
        principal: Option<&Principal>,
    ) -> Result<(&'h str, &'static Revision), Refusal> {
        let id = match head.one(SESSION) {
            Ok(Some(id)) => id,
            Ok(None) => {
                return Err(Refusal::request(
                    "there is no Mcp-Session-Id; start with `initialize`, or send the `_meta` of 2026-07-28",
                ));
            }
            Err(why) => {
                return Err(Refusal::request(format!("the header Mcp-Session-Id {}", why.words())));
            }
        };
        let Some(revision) = self.sessions.touch(id, principal, Instant::now()) else {
            return Err(Refusal::transport(404, "there is no such session; start a new one with `initialize`"));
        };
        if revision.version_header {
            let served = |version: &str| Revision::named(version).is_some();
            match head.one("mcp-protocol-version") {
                Ok(version) if version.is_none_or(served) => {}
                _ => {
                    let known = Revision::names().join(", ");
                    return Err(Refusal::request(format!("MCP-Protocol-Version has to be one of {known}")));
                }
            }
        }
        Ok((id, revision))
    }
}

/// A client of the new era withdraws a call by disconnecting; one of the old eras says so, and may come back
/// (2025-11-25, basic/utilities/cancellation).
fn gone(revision: &Revision) -> OnDisconnect {
    match revision.era {
        Era::Modern => OnDisconnect::Cancel,
        Era::Legacy => OnDisconnect::Finish,
    }
}

/// Whether these messages may come together in this revision.
pub(crate) fn batchable(revision: &Revision, messages: &[Message<'_>]) -> Result<(), Refusal> {
    if !revision.batches {
        let name = revision.name;
        return Err(Refusal::request(format!("{name} has no batches; send one message per request")));
    }
    if requests(messages).any(|request| request.method == "initialize") {
        return Err(Refusal::request("`initialize` cannot be part of a batch"));
    }
    Ok(())
}

/// The requests among the messages.
pub(crate) fn requests<'m, 'a>(messages: &'m [Message<'a>]) -> impl Iterator<Item = &'m Request<'a>> {
    messages.iter().filter_map(|message| match message {
        Message::Request(request) => Some(request),
        Message::Notification(_) | Message::Response => None,
    })
}

/// The answers to a batch in one reply; none when nothing is answered.
pub(crate) fn together(answers: &[Reply]) -> Option<Reply> {
    if answers.is_empty() {
        return None;
    }
    let mut out = vec![b'['];
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&answer.body);
    }
    out.push(b']');
    Some(Reply::json(200, out))
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

fn speaks_modern(head: &Head<'_>) -> bool {
    let version = head.one("mcp-protocol-version");
    matches!(version, Ok(Some(version)) if Revision::named(version).is_some_and(Revision::is_modern))
}

fn not_allowed(allow: &'static str) -> Reply {
    Refusal::transport(405, format!("this endpoint takes {allow}")).reply(None).with("allow", allow)
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
