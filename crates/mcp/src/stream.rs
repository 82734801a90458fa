//! Event streams that a client of the old era can come back to (2025-11-25, basic/transports, Resumability and
//! Redelivery).
//!
//! What was sent is kept with its id, up to a bound; a client that lost its connection names the last id it saw and is sent
//! the rest. A stream has at most one connection at a time.
//!
//! When more is kept for a caller, or for everybody, than may be (`kept.rs`), what has ended is forgotten and what goes on keeps its
//! last event.

use crate::events::{Event, Events};
use crate::kept::Share;
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
/// How many streams of a session that say what it has to say are open: each holds a connection.
const MAX_GENERAL: usize = 4;
/// How long a client is to wait before it comes back.
const RETRY: Duration = Duration::from_secs(1);

/// The streams of one session.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    share: Arc<Share>,
    numbered: Mutex<Numbered>,
}

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
    share: Arc<Share>,
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
    /// Those of a session, of what is kept for its caller.
    pub(crate) fn of(share: Arc<Share>) -> Self {
        Self { share, numbered: Mutex::default() }
    }

    /// What is kept for the caller.
    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.share
    }

    /// A new stream with this connection. With `primes`, its first event is an id to come back with. One more than may be open ends the
    /// oldest.
    pub(crate) fn open(&self, connection: &Events, is_general: bool, primes: bool) -> Arc<Stream> {
        let mut streams = self.lock();
        let number = streams.next;
        streams.next += 1;
        let share = Arc::clone(&self.share);
        let stream = Arc::new(Stream { number, is_general, share, state: Mutex::default() });
        if is_general {
            streams.end_general(MAX_GENERAL - 1);
        }
        streams.make_room(&self.share);
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
        let there = |stream: &&Arc<Stream>| stream.number == number && !stream.is_forgotten();
        Some((Arc::clone(streams.streams.iter().find(there)?), event))
    }

    /// Ends all of them.
    pub(crate) fn close(&self) {
        for stream in self.lock().streams.drain(..) {
            stream.finish();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.numbered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbered {
    /// Ends the oldest streams that are no call's, but so many.
    fn end_general(&self, but: usize) {
        let is_open = |stream: &&Arc<Stream>| stream.is_general && !stream.is_finished();
        let open: Vec<_> = self.streams.iter().filter(is_open).collect();
        let beyond = open.len().saturating_sub(but);
        open[..beyond].iter().for_each(|stream| stream.finish());
    }

    /// Removes the oldest that have ended, for as long as that is needed; where there are too many, others as well.
    fn make_room(&mut self, share: &Share) {
        loop {
            let ended = self.streams.iter().position(|stream| stream.is_finished());
            let is_full = self.ended_bytes() > MAX_ENDED_BYTES || self.streams.len() >= MAX_STREAMS;
            if !is_full && (ended.is_none() || !share.is_full()) {
                return;
            }
            self.streams.remove(ended.unwrap_or(0));
        }
    }

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
        self.share.take(data.len());
        state.kept.push_back((at, data.clone()));
        while state.kept.len() > MAX_EVENTS
            || (state.kept.len() > 1 && (state.bytes > MAX_BYTES || self.share.is_full()))
        {
            let gone = state.kept.pop_front().map_or(0, |(_, data)| data.len());
            state.bytes -= gone;
            self.share.give_back(gone);
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

    /// Nothing more will come. What was sent is kept for whoever comes back, where there is room.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        state.is_finished = true;
        if self.share.is_full() {
            state.kept.clear();
            self.share.give_back(std::mem::take(&mut state.bytes));
        }
        if let Some(connection) = state.connection.take() {
            connection.close();
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.lock().is_finished
    }

    /// Whether it has ended and nothing of it is kept.
    fn is_forgotten(&self) -> bool {
        let state = self.lock();
        state.is_finished && state.kept.is_empty()
    }

    fn event(&self, at: u64, data: Bytes) -> Event {
        let retry = data.is_empty().then_some(RETRY);
        Event { id: Some(format!("{}-{at}", self.number)), retry, data }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let bytes = self.lock().bytes;
        self.share.give_back(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::Kept;
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

    /// A stream of so many events of 100 bytes, which has ended.
    fn ended(streams: &Streams, events: usize) -> Arc<Stream> {
        let stream = streams.open(&Events::new(), false, false);
        (0..events).for_each(|_| stream.push(vec![b'x'; 100]));
        stream.finish();
        stream
    }

    #[test]
    fn what_is_kept_is_bounded_for_a_caller_and_for_everybody() {
        let all = Arc::new(Kept::new(4000));
        let share = || Arc::new(Share::of(&all));
        let own = share();
        let sessions: Vec<_> = (0..100).map(|_| Streams::of(Arc::clone(&own))).collect();
        sessions.iter().for_each(|session| drop(ended(session, 5)));
        let found = |session: &Streams| session.find("0-0").is_some();
        assert_eq!(sessions.iter().filter(|session| found(session)).count(), 2, "a quarter: 1000");
        // Nobody takes the room of others.
        let other = Streams::of(share());
        ended(&other, 9);
        assert!(found(&other));
        // What goes on keeps its last event, and what has ended in its session makes room.
        let first = &sessions[0];
        assert!(found(first));
        let open = first.open(&Events::new(), false, false);
        (0..20).for_each(|_| open.push(vec![b'y'; 300]));
        assert!((1..=2).contains(&open.lock().kept.len()));
        first.open(&Events::new(), false, false);
        assert!(!found(first));
        // All together, of however many callers.
        let callers: Vec<_> = (0..10).map(|_| Streams::of(share())).collect();
        callers.iter().for_each(|session| drop(ended(session, 9)));
        assert!((1..4).contains(&callers.iter().filter(|session| found(session)).count()));
        drop((open, callers, other, sessions));
        assert!(!own.is_full());
        own.take(1000);
        assert!(!own.is_full(), "all of it is given back");
        own.take(1);
        assert!(own.is_full());
    }

    #[test]
    fn a_session_has_few_streams_of_its_own() {
        let (streams, connections) = (Streams::default(), [(); 7].map(|()| Events::new()));
        for connection in &connections {
            streams.open(connection, true, false);
        }
        let is_open = |events: &&Events| events.next().now_or_never().is_none();
        assert!(connections[..3].iter().all(|events| !is_open(&events)));
        assert_eq!(connections[3..].iter().filter(is_open).count(), MAX_GENERAL);
    }
}
