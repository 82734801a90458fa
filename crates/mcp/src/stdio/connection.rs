//! One client: what it has agreed on, what it waits for, and the answer to each of its lines.
//!
//! The era is decided message by message, as over HTTP; only that `initialize` holds for the rest of the connection, where
//! HTTP has a session. What has no id that could be read is logged and not answered: answers to noise are noise to the
//! other side.

use super::calls::Calls;
use crate::era::{REVISIONS, Revision};
use crate::ladder::{self, Step};
use crate::lifecycle::Agreed;
use crate::method;
use crate::refuse::{Refusal, Refused};
use crate::reply::Reply;
use crate::rpc::{Body, Id, Message, Notification, Request};
use crate::server::{Inner, batchable, requests, together};
use diptych_pipeline::OnDisconnect;
use diptych_spec::Principal;
use futures_util::future::{self, FutureExt as _};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) struct Connection<'s> {
    server: &'s Inner,
    principal: Option<&'s Principal>,
    /// What the last `initialize` agreed on.
    revision: Mutex<Option<&'static Revision>>,
    calls: Calls,
    places: Arc<Semaphore>,
    /// A request found no place.
    is_full: AtomicBool,
}

/// A line to write. The request keeps its place until then, so that a client that does not read is not read from.
pub(super) struct Answer {
    pub(super) line: Vec<u8>,
    _places: OwnedSemaphorePermit,
}

impl<'s> Connection<'s> {
    pub(super) fn new(server: &'s Inner, principal: Option<&'s Principal>) -> Self {
        Self {
            server,
            principal,
            revision: Mutex::default(),
            calls: Calls::default(),
            places: Arc::new(Semaphore::new(places(server))),
            is_full: AtomicBool::new(false),
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
        match ladder::climb(None, &line, self.server.settings.max_depth) {
            Ok(Step::Modern(revision, request)) => self.one(revision, &request).await,
            Ok(Step::Initialize(request)) => self.placed(1, self.initialize(&request)).await,
            Ok(Step::Noted(notification) | Step::InSession(Body::One(Message::Notification(notification)))) => {
                self.note(&notification);
                None
            }
            Ok(Step::InSession(Body::One(Message::Response))) => None,
            Ok(Step::InSession(Body::One(Message::Request(request)))) => match self.revision() {
                Some(revision) => self.one(revision, &request).await,
                None => self.early(&request).await,
            },
            Ok(Step::InSession(Body::Many(messages))) => self.many(&messages).await,
            Err(Refused { id: Some(id), refusal }) => self.placed(1, refusal.reply(Some(id))).await,
            Err(Refused { id: None, refusal }) => {
                tracing::warn!(why = refusal.message(), "a line was skipped: it cannot be answered");
                None
            }
        }
    }

    async fn one(&self, revision: &'static Revision, request: &Request<'_>) -> Option<Answer> {
        let work = async {
            let places = self.places(1).await?;
            Answer::new(&self.reply(revision, request).await, places)
        };
        self.calls.withdrawable(request.id, work).await?
    }

    /// Several messages at once, which only 2025-03-26 has (basic, Batching). A part that is withdrawn is left out.
    async fn many(&self, messages: &[Message<'_>]) -> Option<Answer> {
        let revision = self.revision();
        let allowed = match revision {
            Some(revision) => batchable(revision, messages).map(|()| revision),
            None => Err(Refusal::request("a batch needs an `initialize` before it")),
        };
        let revision = match allowed {
            Ok(revision) => revision,
            Err(refusal) => return self.none_of(messages, &refusal).await,
        };
        let parts =
            requests(messages).map(|request| self.calls.withdrawable(request.id, self.reply(revision, request)));
        let parts: Vec<_> = parts.collect();
        for message in messages {
            if let Message::Notification(notification) = message {
                self.note(notification);
            }
        }
        let places = self.places(parts.len()).await?;
        let answers: Vec<_> = future::join_all(parts).await.into_iter().flatten().collect();
        Answer::new(&together(&answers)?, places)
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
            return self.one(Revision::negotiated(""), request).await;
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
        if let Some(Agreed { revision, client }) = agreed {
            tracing::debug!(revision = revision.name, client, "MCP connection initialized");
            *self.revision.lock().unwrap_or_else(PoisonError::into_inner) = Some(revision);
        }
        reply
    }

    /// `notifications/cancelled`, of both eras; unknown, late and malformed ones are passed over (basic/utilities or
    /// basic/patterns, Cancellation). No other notification changes anything here.
    fn note(&self, notification: &Notification<'_>) {
        if notification.method == "notifications/cancelled"
            && let Some(id) = notification.params.members.get("requestId").and_then(Id::of)
        {
            self.calls.withdraw(id);
        }
    }

    /// A withdrawn call is rolled back in both eras: on stdio it is the client that says so, not a network that fails.
    async fn reply(&self, revision: &'static Revision, request: &Request<'_>) -> Reply {
        let answer = self.server.answer(revision, request, self.principal, OnDisconnect::Cancel);
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(method = &*request.method, "a request panicked");
            Refusal::fault().reply(Some(request.id))
        })
    }

    async fn placed(&self, count: usize, reply: Reply) -> Option<Answer> {
        Answer::new(&reply, self.places(count).await?)
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

    fn revision(&self) -> Option<&'static Revision> {
        *self.revision.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn places(server: &Inner) -> usize {
    server.settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)
}

impl Answer {
    fn new(reply: &Reply, places: OwnedSemaphorePermit) -> Option<Self> {
        // What an operation answers may be JSON of its own, on several lines; a newline in JSON is white space.
        let on_one_line = |&byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
        (!reply.body.is_empty()).then(|| Self::of(reply.body.iter().map(on_one_line).collect(), places))
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
