//! One client: what it has agreed on, what it waits for, and the answer to each of its lines.
//!
//! The era is decided message by message, as over HTTP; only that `initialize` holds for the rest of the connection, where
//! HTTP has a session. What has no id that could be read is logged and not answered: answers to noise are noise to the
//! other side.

use crate::answer::cancelled;
use crate::batch::{answered, batchable, requests};
use crate::call::Side;
use crate::calls::Calls;
use crate::era::{REVISIONS, Revision};
use crate::events::Events;
use crate::inner::Inner;
use crate::ladder::{self, Step};
use crate::line::Line;
use crate::method;
use crate::refuse::{Refusal, Refused};
use crate::reply::Reply;
use crate::rpc::{Body, Message, Notification, Request};
use crate::session::Session;
use crate::subscribe::{self, Told};
use crate::trace::Carrier;
use bytes::Bytes;
use diptych_pipeline::OnDisconnect;
use diptych_spec::Principal;
use futures_util::future::{self, Either, FutureExt as _};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// How many messages that are not answers wait to be written.
const NOTICES: usize = 64;

pub(super) struct Connection<'s> {
    server: &'s Inner,
    principal: Option<&'s Principal>,
    /// What the last `initialize` agreed on.
    session: watch::Sender<Option<Arc<Session>>>,
    calls: Calls,
    places: Arc<Semaphore>,
    /// A request found no place.
    is_full: AtomicBool,
    /// Places of messages that are not answers.
    notices: Arc<Semaphore>,
    lines: UnboundedSender<Answer>,
}

/// A line to write. The request keeps its place until then, so that a client that does not read is not read from.
pub(super) struct Answer {
    pub(super) line: Vec<u8>,
    _places: OwnedSemaphorePermit,
}

impl<'s> Connection<'s> {
    pub(super) fn new(server: &'s Inner, principal: Option<&'s Principal>, lines: UnboundedSender<Answer>) -> Self {
        Self {
            server,
            principal,
            session: watch::Sender::new(None),
            calls: Calls::default(),
            places: Arc::new(Semaphore::new(places(server))),
            is_full: AtomicBool::new(false),
            notices: Arc::new(Semaphore::new(NOTICES)),
            lines,
        }
    }

    /// Whether the next line may be read. A notification needs no place, so that there is something to withdraw with
    /// while all are taken; it is the request without one that stops the reading.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full.load(Ordering::Relaxed)
    }

    /// Does what the line says. Everything up to a notification's effect, and up to where a request can be withdrawn,
    /// happens when this is first polled.
    pub(super) async fn answer(&self, line: Vec<u8>) -> Option<Answer> {
        match ladder::climb(None, &line, &self.server.settings.json) {
            Ok(Step::Modern(revision, request)) => self.one(revision, &request, None).await,
            Ok(Step::Initialize(request)) => self.placed(1, self.initialize(&request)).await,
            Ok(Step::Noted(notification)) => {
                self.note(&notification);
                None
            }
            Ok(Step::InSession(Body::One(Message::Request(request)))) => match self.session() {
                Some(session) => self.one(session.revision, &request, Some(session)).await,
                None => self.early(&request).await,
            },
            Ok(Step::InSession(Body::One(message))) => {
                self.hear(&message);
                None
            }
            Ok(Step::InSession(Body::Many(messages))) => self.many(&messages).await,
            Err(Refused { id: Some(id), refusal }) => self.placed(1, refusal.reply(Some(id))).await,
            Err(Refused { id: None, refusal }) => {
                tracing::warn!(code = refusal.code(), "a line was skipped: it cannot be answered");
                None
            }
        }
    }

    /// Tells a client of the old era what changes, for as long as the connection lives.
    pub(super) async fn tell(&self) {
        let mut agreed = self.session.subscribe();
        loop {
            let session = agreed.borrow_and_update().clone();
            let told = async {
                match &session {
                    Some(session) if !session.ended.is_cancelled() => {
                        subscribe::tell(self.server, session, self.principal, self, false).await;
                    }
                    _ => future::pending().await,
                }
            };
            let again = agreed.changed();
            // An `initialize` later on begins anew; a stream that came of age does as well.
            if let Either::Right((Err(_), _)) = future::select(pin!(told), pin!(again)).await {
                return;
            }
            if self.server.closing.is_cancelled() {
                return;
            }
        }
    }

    async fn one(
        &self,
        revision: &'static Revision,
        request: &Request<'_>,
        session: Option<Arc<Session>>,
    ) -> Option<Answer> {
        let entry = self.calls.enter(request.id);
        let work = pin!(async {
            let places = self.places(1).await?;
            let events = Events::new();
            let line = Arc::new(Line::new(&events));
            let side = side(session, line, entry.withdrawn());
            let reply = pin!(async {
                let reply = self.reply(revision, request, &side).await;
                events.close();
                reply
            });
            let (reply, ()) = future::join(reply, self.forward(&events)).await;
            Answer::new(&reply.body, places)
        });
        entry.unless_withdrawn(work).await?
    }

    /// Writes what comes before the reply, and the reply where it is the last of it.
    async fn forward(&self, events: &Events) {
        while let Some(event) = events.next().await {
            self.notice(&event.data).await;
        }
    }

    /// Writes a message that is not the answer to a line.
    async fn notice(&self, message: &Bytes) {
        if let Ok(place) = Arc::clone(&self.notices).acquire_owned().await
            && let Some(line) = Answer::new(message, place)
        {
            // Nobody receives once writing failed, and then this is about to be dropped.
            let _ = self.lines.send(line);
        }
    }

    /// Several messages at once, which only 2025-03-26 has (basic, Batching). A part that is withdrawn is left out.
    async fn many(&self, messages: &[Message<'_>]) -> Option<Answer> {
        let session = self.session().ok_or_else(|| Refusal::request("a batch needs an `initialize` before it"));
        let session = match session.and_then(|own| batchable(own.revision, messages).map(|()| own)) {
            Ok(session) => session,
            Err(refusal) => return self.none_of(messages, &refusal).await,
        };
        let parts = requests(messages).map(|request| {
            let entry = self.calls.enter(request.id);
            let side = side(Some(Arc::clone(&session)), Arc::new(Line::mute()), entry.withdrawn());
            let revision = session.revision;
            let answer = async move { entry.unless_withdrawn(pin!(self.reply(revision, request, &side))).await };
            (request.id, answer)
        });
        let parts: Vec<_> = parts.collect();
        messages.iter().for_each(|message| self.hear(message));
        let places = self.places(parts.len()).await?;
        let answers = answered(parts, self.server.engine.settings().max_result_bytes).await?;
        Answer::new(&answers.body, places)
    }

    /// A batch is refused as a whole, and each of its requests hears of it: without an id, nobody would know.
    async fn none_of(&self, messages: &[Message<'_>], refusal: &Refusal) -> Option<Answer> {
        let refused = |request: &Request<'_>| Refusal::request(refusal.message().to_owned()).reply(Some(request.id));
        let answers: Vec<_> = requests(messages).map(refused).collect();
        let places = self.places(answers.len()).await?;
        let lines: Vec<_> = answers.iter().map(|answer| &*answer.body).collect();
        (!lines.is_empty()).then(|| Answer::of(lines.join(&b'\n'), places))
    }

    /// A request of the old era before `initialize`, or of a client that is finding out what this server speaks: silence
    /// would keep it waiting (2026-07-28, basic/transports/stdio).
    async fn early(&self, request: &Request<'_>) -> Option<Answer> {
        // Allowed this early (2025-11-25, basic/lifecycle), and the same in every revision that has it.
        if request.method == "ping" {
            return self.one(Revision::negotiated(""), request, None).await;
        }
        let refusal = if method::exists(&request.method, &self.server.lists) {
            ladder::unclaimed(request)
        } else {
            Refusal::method(&REVISIONS[0], &request.method)
        };
        self.placed(1, refusal.reply(Some(request.id))).await
    }

    fn initialize(&self, request: &Request<'_>) -> Reply {
        let (reply, agreed) = self.server.initialize(request);
        if let Some(session) = agreed {
            tracing::debug!(revision = session.revision.name, "MCP connection initialized");
            if let Some(before) = self.session.send_replace(Some(Arc::new(session))) {
                before.ended.cancel();
            }
        }
        reply
    }

    /// A message that is not answered.
    fn hear(&self, message: &Message<'_>) {
        if let Message::Notification(notification) = message {
            self.note(notification);
        }
        if let Some(session) = self.session() {
            session.note(message);
        }
    }

    /// `notifications/cancelled`, of both eras.
    fn note(&self, notification: &Notification<'_>) {
        if let Some(id) = cancelled(notification) {
            self.calls.withdraw(id);
        }
    }

    async fn reply(&self, revision: &'static Revision, request: &Request<'_>, side: &Side) -> Reply {
        let answer = self.server.answer(revision, request, self.principal, side);
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(method = &*request.method, "a request panicked");
            Refusal::fault().reply(Some(request.id))
        })
    }

    async fn placed(&self, count: usize, reply: Reply) -> Option<Answer> {
        Answer::new(&reply.body, self.places(count).await?)
    }

    /// Waits for places, and keeps further lines from being read meanwhile. A batch is never wider than all of them.
    async fn places(&self, count: usize) -> Option<OwnedSemaphorePermit> {
        let count = u32::try_from(count.min(places(self.server))).ok()?;
        if let Ok(free) = Arc::clone(&self.places).try_acquire_many_owned(count) {
            return Some(free);
        }
        let _full = Full::set(&self.is_full);
        Arc::clone(&self.places).acquire_many_owned(count).await.ok()
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.borrow().clone()
    }
}

impl Told for Connection<'_> {
    async fn tell(&self, message: Vec<u8>) {
        self.notice(&Bytes::from(message)).await;
    }
}

/// A withdrawn call is rolled back in both eras: on stdio it is the client that says so, not a network that fails.
fn side(session: Option<Arc<Session>>, line: Arc<Line>, withdrawn: &CancellationToken) -> Side {
    let withdrawn = withdrawn.clone();
    Side { session, line, withdrawn, on_disconnect: OnDisconnect::Cancel, carrier: Carrier::Stdio, address: None }
}

fn places(server: &Inner) -> usize {
    server.settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)
}

impl Answer {
    fn new(body: &Bytes, places: OwnedSemaphorePermit) -> Option<Self> {
        // What an operation answers may be JSON of its own, on several lines; a newline in JSON is white space.
        let on_one_line = |&byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
        (!body.is_empty()).then(|| Self::of(body.iter().map(on_one_line).collect(), places))
    }

    fn of(mut line: Vec<u8>, places: OwnedSemaphorePermit) -> Self {
        line.push(b'\n');
        Self { line, _places: places }
    }
}

/// Says that a request waits for a place, for as long as it does.
struct Full<'f>(&'f AtomicBool);

impl<'f> Full<'f> {
    fn set(is_full: &'f AtomicBool) -> Self {
        is_full.store(true, Ordering::Relaxed);
        Self(is_full)
    }
}

impl Drop for Full<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
