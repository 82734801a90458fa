//! The way from a call to whoever made it, while it runs.

use crate::events::{Event, Events};
use crate::reply::Reply;
use crate::session::Session;
use crate::stream::Stream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Where the messages of one request go.
#[derive(Debug)]
pub(crate) struct Line {
    /// None, when the client takes no stream.
    events: Option<Events>,
    /// Where what is sent is kept for a client that comes back.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    session: Arc<Session>,
    stream: OnceLock<Arc<Stream>>,
}

impl Line {
    /// Nothing can be sent.
    pub(crate) fn mute() -> Self {
        Self { events: None, kept: None }
    }

    pub(crate) fn new(events: &Events) -> Self {
        Self { events: Some(events.clone()), kept: None }
    }

    /// What is sent is kept in the session's streams.
    pub(crate) fn kept(events: &Events, session: &Arc<Session>) -> Self {
        let kept = Kept { session: Arc::clone(session), stream: OnceLock::new() };
        Self { events: Some(events.clone()), kept: Some(kept) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.events.is_some()
    }

    pub(crate) fn events(&self) -> Option<&Events> {
        self.events.as_ref()
    }

    /// Sends a message that must not be lost.
    pub(crate) fn send(&self, message: Vec<u8>) {
        match (self.stream(), &self.events) {
            (Some(stream), _) => stream.push(message),
            (None, Some(events)) => events.push(Event::message(message)),
            (None, None) => {}
        }
    }

    /// Sends a message that may be left out when the client is far behind.
    pub(crate) fn offer(&self, message: Vec<u8>) {
        match (self.stream(), &self.events) {
            (Some(stream), _) => stream.push(message),
            (None, Some(events)) => {
                events.offer(Event::message(message));
            }
            (None, None) => {}
        }
    }

    /// Sends progress, which the next one makes stale.
    pub(crate) fn progress(&self, message: Vec<u8>) {
        match (self.stream(), &self.events) {
            (Some(stream), _) => stream.push(message),
            (None, Some(events)) => events.replace(Event::message(message)),
            (None, None) => {}
        }
    }

    /// Closes the connection, when the client can come back for the rest.
    pub(crate) fn release(&self, retry: Duration) {
        if let Some(kept) = &self.kept
            && kept.session.revision.primes
            && let Some(stream) = self.stream()
        {
            stream.release(retry);
        }
    }

    /// The reply: as it is, or, once a stream has begun, as the last event of it.
    pub(crate) fn finish(&self, reply: Reply) -> Reply {
        let Some(events) = self.events.as_ref().filter(|_| self.has_begun()) else { return reply };
        if !reply.body.is_empty() {
            match self.stream() {
                Some(stream) => stream.push(reply.body),
                None => events.push(Event::message(reply.body)),
            }
        }
        if let Some(stream) = self.stream() {
            stream.finish();
        }
        events.close();
        Reply::empty(200)
    }

    /// What a transport sends for a request that was withdrawn, to which there is no answer: a stream without events,
    /// where the client takes one.
    pub(crate) fn withdrawn(&self) -> Reply {
        match &self.events {
            None => Reply::empty(202),
            Some(events) => {
                events.start();
                self.finish(Reply::empty(200))
            }
        }
    }

    fn has_begun(&self) -> bool {
        let stream = self.kept.as_ref().is_some_and(|kept| kept.stream.get().is_some());
        stream || self.events.as_ref().is_some_and(Events::has_started)
    }

    /// The stream that keeps what is sent; begun by the first message.
    fn stream(&self) -> Option<&Arc<Stream>> {
        let (kept, events) = (self.kept.as_ref()?, self.events.as_ref()?);
        let begin = || kept.session.streams.open(events, false, kept.session.revision.primes);
        Some(kept.stream.get_or_init(begin))
    }
}
