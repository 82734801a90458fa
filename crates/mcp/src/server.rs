//! One endpoint over HTTP, both eras: from the request of a transport to its reply.

use crate::answer::gone;
use crate::batch::{answered, batchable, requests};
use crate::call::Side;
use crate::cost::ToolCost;
use crate::era::Revision;
use crate::events::Events;
use crate::header::Head;
use crate::inner::Inner;
use crate::ladder::{self, Step};
use crate::lifecycle;
use crate::line::Line;
use crate::list::Lists;
use crate::mount::Mount;
use crate::offer::Offer;
use crate::parameter::Parameters;
use crate::places::Places;
use crate::refuse::Refusal;
use crate::reply::Reply;
use crate::rpc::{Body, Message, Request};
use crate::session::{Limits, Session, Sessions};
use crate::settings::Settings;
use crate::stream::Stream;
use crate::subscribe::{self, Told};
use crate::trace::Carrier;
use crate::used::Used;
use diptych_pipeline::Engine;
use diptych_spec::{Declaration, Permission, Principal};
use futures_util::FutureExt as _;
use std::{fmt, pin::pin, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

const SESSION: &str = "mcp-session-id";
/// How many calls wait for answers of their clients, and how many of one caller: in the old eras they go on when nobody is there.
const QUESTIONS: usize = 1000;
const QUESTIONS_OF_ONE: usize = 32;

/// An MCP server without a transport. Cheap to clone; all clones share their sessions.
///
/// A transport checks the HTTP method, `Origin`, `Host` and credentials, limits the size of the body, calls one of the
/// three functions, and sends the events while the future runs and then the reply. When the client is gone it drops the
/// future, which withdraws the request, unless [`Events::survives`] says that the work goes on without a connection.
#[derive(Clone)]
pub struct Server(pub(crate) Arc<Inner>);

impl Server {
    /// Serves every operation of the engine as a tool, and those with a URI as resources too.
    #[must_use]
    pub fn new(engine: Engine, settings: Settings) -> Self {
        Self::mounted(engine, settings, "", &Mount::new())
    }

    /// Serves the operations of a mount, with what it says of itself in place of what `settings` say. `place` tells the mounts of
    /// an application apart: its path. [`Mount::mistakes`] are to be asked for first.
    #[must_use]
    pub fn mounted(engine: Engine, settings: Settings, place: &str, mount: &Mount) -> Self {
        let settings = mount.over(settings);
        let offer = Offer::of(engine.clone(), mount);
        let name = if place.is_empty() { "mcp" } else { place };
        let (most, most_of_one) = (settings.max_sessions, settings.max_sessions_of_one);
        let limits = Limits {
            idle: settings.session_idle,
            age: settings.session_age,
            most,
            most_of_one,
            most_kept: settings.max_kept_bytes,
        };
        Self(Arc::new(Inner {
            lists: Lists::of(&offer, mount),
            parameters: Parameters::of(&offer),
            sessions: Sessions::new(limits),
            used: Used::default(),
            listeners: Places::new(settings.max_listeners, most_of_one),
            questions: Places::new(QUESTIONS, QUESTIONS_OF_ONE),
            closing: CancellationToken::new(),
            implementation: lifecycle::implementation(&settings),
            limits: engine.mount_limits(name, &mount.limits),
            engine,
            offer,
            place: place.into(),
            settings,
        }))
    }

    /// A message, or in 2025-03-26 several (basic/transports, Sending Messages to the Server).
    pub async fn post(&self, head: &Head<'_>, body: &[u8], principal: Option<&Principal>, events: &Events) -> Reply {
        let reply = match ladder::climb(Some(head), body, &self.0.settings.json) {
            Ok(Step::Modern(revision, request)) => {
                let side = Side {
                    session: None,
                    line: Arc::new(if head.takes_events() { Line::new(events) } else { Line::mute() }),
                    withdrawn: CancellationToken::new(),
                    on_disconnect: gone(revision),
                    carrier: Carrier::http(head),
                    address: head.address(),
                };
                let fits = subscribe::fits(&request.method, body.len());
                match fits.and_then(|()| self.0.parameters.check(head, &request)) {
                    Ok(()) => self.0.answer(revision, &request, principal, &side).await,
                    Err(refusal) => refusal.reply(Some(request.id)),
                }
            }
            Ok(Step::Noted(_)) => Reply::empty(202),
            Ok(Step::Initialize(request)) => self.0.open_session(&request, principal),
            Ok(Step::InSession(body)) => self.0.in_session(head, body, principal, events).await,
            Err(refused) => refused.reply(),
        };
        if head.takes_json() { reply } else { reply.into_event() }
    }

    /// A stream of what the server has to say, or the rest of one that broke off (2025-11-25, basic/transports, Listening
    /// for Messages from the Server, and Resumability).
    pub async fn get(&self, head: &Head<'_>, principal: Option<&Principal>, events: &Events) -> Reply {
        if speaks_modern(head) {
            return not_allowed("POST");
        }
        let session = match self.0.session(head, principal) {
            Ok((_, session)) => session,
            Err(refusal) => return refusal.reply(None),
        };
        if !head.takes_events() {
            return Refusal::transport(406, "the answer is text/event-stream; `Accept` rules it out").reply(None);
        }
        let resumed = match head.one("last-event-id") {
            Ok(id) => id.and_then(|id| session.streams.find(id)),
            Err(why) => {
                return Refusal::request(format!("the header Last-Event-ID {}", why.words())).reply(None);
            }
        };
        tokio::select! {
            () = self.0.say(&session, resumed, principal, events) => {}
            () = self.0.engine.until_inactive(principal) => session.lose(principal),
        }
        events.close();
        Reply::empty(200)
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

    /// The path of its mount; empty for the server itself.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// The scopes that its operations ask for, each once, in order of declaration.
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let mut scopes = Vec::new();
        for scope in self.0.offer.declarations().filter_map(Declaration::permission).flat_map(Permission::scopes) {
            if !scopes.contains(&&**scope) {
                scopes.push(&**scope);
            }
        }
        scopes
    }

    /// Whether a caller without credentials can use anything here.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.offer.declarations().any(|declaration| declaration.permission().is_some_and(Permission::is_open))
    }

    /// The engine whose operations are served.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What each entry of `tools/list` costs, in the newest revision, whoever may see it.
    #[must_use]
    pub fn tool_costs(&self) -> Vec<ToolCost> {
        let entries = self.0.lists.tool_entries(&self.0.offer);
        entries.into_iter().map(|(name, entry)| ToolCost::new(name, entry.len())).collect()
    }

    /// Ends every stream, so that nothing keeps the transport from stopping.
    pub fn close(&self) {
        self.0.closing.cancel();
    }
}

/// A stream that says what the session has to say.
struct General<'e> {
    stream: Arc<Stream>,
    events: &'e Events,
}

impl Told for General<'_> {
    async fn tell(&self, message: Vec<u8>) {
        self.events.room().await;
        self.stream.push(message);
    }
}

impl Inner {
    /// Goes on with a stream that broke off, or says what the session has to say.
    async fn say(
        &self,
        session: &Session,
        resumed: Option<(Arc<Stream>, u64)>,
        principal: Option<&Principal>,
        events: &Events,
    ) {
        match resumed {
            Some((stream, seen)) if !stream.is_general => {
                stream.resume(events, seen);
                tokio::select! {
                    () = events.closed() => {}
                    () = session.ended.cancelled() => {}
                    () = self.closing.cancelled() => {}
                }
            }
            resumed => {
                let missed = resumed.is_some();
                let stream = match resumed {
                    Some((stream, seen)) if !stream.is_finished() => {
                        stream.resume(events, seen);
                        stream
                    }
                    _ => session.streams.open(events, true, session.revision.primes),
                };
                let line = General { stream, events };
                subscribe::tell(self, session, principal, &line, missed).await;
            }
        }
    }

    fn open_session(&self, request: &Request<'_>, principal: Option<&Principal>) -> Reply {
        match self.initialize(request) {
            (reply, Some(session)) => reply.with(SESSION, self.sessions.open(session, principal, Instant::now())),
            (refused, None) => refused,
        }
    }

    async fn in_session(
        &self,
        head: &Head<'_>,
        body: Body<'_>,
        principal: Option<&Principal>,
        events: &Events,
    ) -> Reply {
        let session = match self.session(head, principal) {
            Ok((_, session)) => session,
            Err(refusal) => {
                let id = match &body {
                    Body::One(Message::Request(request)) => Some(request.id),
                    _ => None,
                };
                return refusal.reply(id);
            }
        };
        match body {
            Body::One(Message::Request(request)) => {
                events.set_survives();
                let line = if head.takes_events() { Line::kept(events, &session) } else { Line::mute() };
                self.one(head, &session, &request, principal, line).await.unwrap_or_else(|line| line.withdrawn())
            }
            Body::One(message) => {
                session.note(&message);
                Reply::empty(202)
            }
            Body::Many(messages) => self.batch(head, &session, &messages, principal).await,
        }
    }

    /// The reply to one request, unless it is withdrawn: then there is none, and its line is left.
    async fn one(
        &self,
        head: &Head<'_>,
        session: &Arc<Session>,
        request: &Request<'_>,
        principal: Option<&Principal>,
        line: Line,
    ) -> Result<Reply, Arc<Line>> {
        let entry = session.calls.enter(request.id);
        let side = Side {
            session: Some(Arc::clone(session)),
            line: Arc::new(line),
            withdrawn: entry.withdrawn().clone(),
            on_disconnect: gone(session.revision),
            carrier: Carrier::http(head),
            address: head.address(),
        };
        let answer = pin!(self.answer(session.revision, request, principal, &side));
        entry.unless_withdrawn(answer).await.ok_or_else(|| Arc::clone(&side.line))
    }

    /// The requests run side by side, a few at a time; each is answered in its place, whatever HTTP would say to it alone.
    async fn batch(
        &self,
        head: &Head<'_>,
        session: &Arc<Session>,
        messages: &[Message<'_>],
        principal: Option<&Principal>,
    ) -> Reply {
        if let Err(refusal) = batchable(session.revision, messages) {
            return refusal.reply(None);
        }
        let one = |request| self.one(head, session, request, principal, Line::mute());
        let parts = requests(messages).map(|request| (request.id, one(request).map(Result::ok))).collect();
        messages.iter().for_each(|message| session.note(message));
        let answers = answered(parts, self.engine.settings().max_result_bytes).await;
        answers.unwrap_or_else(|| Reply::empty(202))
    }

    /// The caller's session, and its id.
    fn session<'h>(&self, head: &Head<'h>, principal: Option<&Principal>) -> Result<(&'h str, Arc<Session>), Refusal> {
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
        let Some(session) = self.sessions.touch(id, principal, Instant::now()) else {
            return Err(Refusal::transport(404, "there is no such session; start a new one with `initialize`"));
        };
        if session.revision.version_header {
            let served = |version: &str| Revision::named(version).is_some();
            match head.one("mcp-protocol-version") {
                Ok(version) if version.is_none_or(served) => {}
                _ => {
                    let known = Revision::names().join(", ");
                    return Err(Refusal::request(format!("MCP-Protocol-Version has to be one of {known}")));
                }
            }
        }
        Ok((id, session))
    }
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
