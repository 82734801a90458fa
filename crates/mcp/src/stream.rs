//! Event streams that a client of the old era can come back to (2025-11-25, basic/transports, Resumability and
//! Redelivery).
//!
//! What was sent is kept with its id, up to a bound; a client that lost its connection names the last id it saw and is sent
//! the rest. A stream has at most one connection at a time.

use crate::events::{Event, Events};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is kept of a stream.
const MAX_EVENTS: usize = 256;
/// What is kept of a stream, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many streams of a session are kept.
const MAX_STREAMS: usize = 32;
/// What is kept of all streams of a session that have ended, in bytes.
const MAX_ENDED_BYTES: usize = 8 * 1024 * 1024;
/// How long a client is to wait before it comes back.
const RETRY: Duration = Duration::from_secs(1);

/// The streams of one session.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    next: u64,
    /// Oldest first.
    streams: VecDeque<Arc<Stream>>,
}

#[derive(Debug)]
pub(crate) struct Stream {
    number: u64,
    /// Whether it says what the session has to say, rather than what belongs to one call.
    pub(crate) is_general: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    kept: VecDeque<(u64, Bytes)>,
    bytes: usize,
    connection: Option<Events>,
    is_finished: bool,
}

impl Streams {
    /// A new stream with this connection. With `primes`, its first event is an id to come back with.
    pub(crate) fn open(&self, connection: &Events, is_general: bool, primes: bool) -> Arc<Stream> {
        let mut streams = self.lock();
        let number = streams.next;
        streams.next += 1;
        let stream = Arc::new(Stream { number, is_general, state: Mutex::default() });
        while streams.ended_bytes() > MAX_ENDED_BYTES || streams.streams.len() >= MAX_STREAMS {
            let ended = streams.streams.iter().position(|stream| stream.lock().is_finished);
            streams.streams.remove(ended.unwrap_or(0));
        }
        streams.streams.push_back(Arc::clone(&stream));
        drop(streams);
        connection.start();
        stream.lock().connection = Some(connection.clone());
        if primes {
            stream.push(Bytes::new());
        }
        stream
    }

    /// The stream that an id belongs to, and where in it.
    pub(crate) fn find(&self, id: &str) -> Option<(Arc<Stream>, u64)> {
        let (number, event) = id.split_once('-')?;
        let (number, event): (u64, u64) = (number.parse().ok()?, event.parse().ok()?);
        let streams = self.lock();
        let stream = streams.streams.iter().find(|stream| stream.number == number)?;
        Some((Arc::clone(stream), event))
    }

    /// Ends all of them.
    pub(crate) fn close(&self) {
        for stream in self.lock().streams.drain(..) {
            stream.finish();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbered {
    fn ended_bytes(&self) -> usize {
        let kept = |stream: &Arc<Stream>| {
            let state = stream.lock();
            if state.is_finished { state.bytes } else { 0 }
        };
        self.streams.iter().map(kept).sum()
    }
}

impl Stream {
    pub(crate) fn push(&self, data: impl Into<Bytes>) {
        let data = data.into();
        let mut state = self.lock();
        let at = state.next;
        state.next += 1;
        state.bytes += data.len();
        state.kept.push_back((at, data.clone()));
        while state.kept.len() > MAX_EVENTS || (state.bytes > MAX_BYTES && state.kept.len() > 1) {
            let gone = state.kept.pop_front();
            state.bytes -= gone.map_or(0, |(_, data)| data.len());
        }
        // A client that is far behind has to come back for the rest.
        if let Some(connection) = &state.connection
            && !connection.offer(self.event(at, data))
        {
            connection.close();
            state.connection = None;
        }
    }

    /// Goes on over this connection, after the event `seen`; whatever was connected before is closed.
    pub(crate) fn resume(&self, connection: &Events, seen: u64) {
        connection.start();
        let mut state = self.lock();
        for (at, data) in state.kept.iter().filter(|(at, _)| *at > seen) {
            connection.push(self.event(*at, data.clone()));
        }
        if let Some(before) = state.connection.replace(connection.clone()) {
            before.close();
        }
        if state.is_finished {
            connection.close();
        }
    }

    /// Closes the connection; the stream goes on.
    pub(crate) fn release(&self, retry: Duration) {
        if let Some(connection) = self.lock().connection.take() {
            connection.push(Event { id: None, retry: Some(retry), data: Bytes::new() });
            connection.close();
        }
    }

    /// Nothing more will come. What was sent is kept for whoever comes back.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        state.is_finished = true;
        if let Some(connection) = state.connection.take() {
            connection.close();
        }
    }

    fn event(&self, at: u64, data: Bytes) -> Event {
        let retry = data.is_empty().then_some(RETRY);
        Event { id: Some(format!("{}-{at}", self.number)), retry, data }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn read(events: &Events) -> Vec<(Option<String>, Bytes)> {
        let next = || events.next().now_or_never().flatten();
        std::iter::from_fn(next).map(|event| (event.id, event.data)).collect()
    }

    fn sent(id: &str, data: &'static str) -> (Option<String>, Bytes) {
        (Some(id.to_owned()), data.into())
    }

    #[test]
    fn a_client_that_comes_back_gets_what_it_missed() {
        let (streams, first, second) = (Streams::default(), Events::new(), Events::new());
        let stream = streams.open(&first, false, true);
        stream.push("a");
        assert_eq!(read(&first), [sent("0-0", ""), sent("0-1", "a")]);
        stream.release(Duration::ZERO);
        stream.push("b");
        stream.finish();
        assert_eq!(read(&first), [(None, Bytes::new())]);
        let (found, seen) = streams.find("0-0").unwrap();
        found.resume(&second, seen);
        assert_eq!(read(&second), [sent("0-1", "a"), sent("0-2", "b")]);
        assert!(second.next().now_or_never() == Some(None), "it has ended");
        assert!(streams.find("1-0").is_none() && streams.find("x").is_none());
    }

    #[test]
    fn streams_are_bounded() {
        let (streams, events) = (Streams::default(), Events::new());
        let stream = streams.open(&events, false, false);
        (0..MAX_EVENTS + 5).for_each(|_| stream.push("x"));
        assert_eq!(stream.lock().kept.len(), MAX_EVENTS);
        let big = Bytes::from(vec![b'x'; MAX_BYTES]);
        stream.push(big);
        assert_eq!(stream.lock().kept.len(), 1);
        for _ in 0..MAX_STREAMS {
            streams.open(&Events::new(), false, false).finish();
        }
        assert!(streams.find("0-0").is_some() && streams.find("1-0").is_none(), "the oldest that has ended went");
        for _ in 0..4 {
            let stream = streams.open(&Events::new(), false, false);
            stream.push(vec![b'x'; MAX_BYTES]);
            stream.finish();
        }
        streams.open(&Events::new(), false, false);
        assert!(streams.lock().ended_bytes() <= MAX_ENDED_BYTES);
    }
}
