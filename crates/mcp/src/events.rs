//! Messages that go out before a reply, or instead of one: a queue between the protocol and a transport.

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// What is queued beyond this is merged or left out, where the protocol allows it.
const ROOM: usize = 256;
/// The same in bytes.
const ROOM_BYTES: usize = 4 * 1024 * 1024;
/// What can wait waits while there are so many.
const WAIT_BYTES: usize = 256 * 1024;

/// One server-sent event (HTML, section 9.2), or one line of stdio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What a client names to go on after it.
    pub id: Option<String>,
    /// How long a client is to wait before it comes back.
    pub retry: Option<Duration>,
    /// A message; empty in an event that only has an id.
    pub data: Bytes,
}

/// The messages that belong to one request and are sent before its reply. A transport makes one for each request, hands it to
/// the server, and sends what [`Events::next`] gives. Clones are the same queue.
///
/// As soon as there is an event, or [`Events::started`] says so, an HTTP response is an event stream; its last event is
/// the answer, and the reply has no body.
#[derive(Clone, Default)]
pub struct Events(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Event>,
    /// Those of the messages in the queue.
    bytes: usize,
    started: bool,
    closed: bool,
    /// The work goes on without its connection.
    survives: bool,
    /// The last event in the queue is progress, which the next one may replace.
    progress_last: bool,
}

impl Events {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next event; `None` once nothing more will come. For one reader.
    pub async fn next(&self) -> Option<Event> {
        poll_fn(|context| {
            self.0.reader.register(context.waker());
            let mut state = self.lock();
            match state.queue.pop_front() {
                Some(event) => {
                    state.bytes -= event.data.len();
                    state.progress_last &= !state.queue.is_empty();
                    drop(state);
                    self.0.writer.wake();
                    Poll::Ready(Some(event))
                }
                None if state.closed => Poll::Ready(None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Waits until the response has to be an event stream. For the reader.
    pub async fn started(&self) {
        poll_fn(|context| {
            self.0.reader.register(context.waker());
            if self.lock().started { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether the call has to go on when its connection is lost: in the old eras a disconnect withdraws nothing (2025-11-25,
    /// basic/transports, Sending Messages to the Server).
    #[must_use]
    pub fn survives(&self) -> bool {
        self.lock().survives
    }

    pub(crate) fn set_survives(&self) {
        self.lock().survives = true;
    }

    /// Whether the response has to be an event stream.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.lock().started
    }

    /// The response is an event stream, before there is an event.
    pub(crate) fn start(&self) {
        self.lock().started = true;
        self.0.reader.wake();
    }

    pub(crate) fn push(&self, event: Event) {
        self.add(event, false);
    }

    /// Adds an event unless the reader is far behind; says whether it was added.
    pub(crate) fn offer(&self, event: Event) -> bool {
        let room = self.lock().has_room(ROOM_BYTES);
        if room {
            self.add(event, false);
        }
        room
    }

    /// Adds an event that makes the one before it stale, when that is of the same kind and not read yet.
    pub(crate) fn replace(&self, event: Event) {
        self.add(event, true);
    }

    fn add(&self, event: Event, progress: bool) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.started = true;
        if progress && state.progress_last {
            let stale = state.queue.pop_back();
            state.bytes -= stale.map_or(0, |stale| stale.data.len());
        }
        state.bytes += event.data.len();
        state.queue.push_back(event);
        state.progress_last = progress;
        drop(state);
        self.0.reader.wake();
    }

    /// Waits until there is room.
    pub(crate) async fn room(&self) {
        poll_fn(|context| {
            self.0.writer.register(context.waker());
            let state = self.lock();
            if state.has_room(WAIT_BYTES) || state.closed { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Waits until the queue is closed.
    pub(crate) async fn closed(&self) {
        poll_fn(|context| {
            self.0.writer.register(context.waker());
            if self.lock().closed { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Nothing more will be read, or come. What is queued can still be read.
    pub fn close(&self) {
        self.lock().closed = true;
        self.0.reader.wake();
        self.0.writer.wake();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        self.queue.len() < ROOM && self.bytes < bytes
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Events").field("queued", &state.queue.len()).field("closed", &state.closed).finish()
    }
}

impl Event {
    pub(crate) fn message(data: impl Into<Bytes>) -> Self {
        Self { id: None, retry: None, data: data.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn event(text: &'static str) -> Event {
        Event::message(text.as_bytes())
    }

    #[test]
    fn progress_replaces_progress_that_nobody_read() {
        let events = Events::new();
        events.replace(event("1"));
        events.replace(event("2"));
        events.push(event("log"));
        events.replace(event("3"));
        events.close();
        events.push(event("late"));
        let mut read = Vec::new();
        while let Some(event) = events.next().now_or_never().flatten() {
            read.push(event.data);
        }
        assert_eq!(read, ["2", "log", "3"]);
    }

    #[test]
    fn a_reader_that_is_far_behind_is_not_sent_more() {
        let events = Events::new();
        assert!((0..ROOM).all(|_| events.offer(event("x"))));
        assert!(!events.offer(event("x")));
        assert!(events.room().now_or_never().is_none());
        assert!(events.next().now_or_never().flatten().is_some());
        assert!(events.room().now_or_never().is_some());
        // However few there are, when they are long.
        let (events, long) = (Events::new(), || Event::message(vec![b'x'; ROOM_BYTES / 2 + 1]));
        assert!(events.offer(long()));
        assert!(events.room().now_or_never().is_none(), "what can wait does");
        assert!(events.offer(long()) && !events.offer(long()));
        events.replace(event("progress"));
        events.replace(long());
        while events.next().now_or_never().flatten().is_some() {}
        assert_eq!(events.lock().bytes, 0);
    }
}
