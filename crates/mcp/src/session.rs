//! Sessions of the old era (2025-11-25, basic/transports, Session Management).
//!
//! A session remembers what `initialize` agreed on and whose it is; it is not authentication. Somebody else's session,
//! an expired one and one that never was look the same. Expiry is noticed when a session is used and when room is
//! needed, so there is no task in the background. Sessions live in this process; a load balancer in front of several
//! has to send `Mcp-Session-Id` to the same one.

use crate::calls::Calls;
use crate::capability::Capabilities;
use crate::era::Revision;
use crate::pending::Pending;
use crate::stream::Streams;
use crate::subscribe::Subscribed;
use diptych_spec::{LogLevel, Principal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long sessions live, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idle: Duration,
    pub(crate) age: Duration,
    pub(crate) most: usize,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    limits: Limits,
    open: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    session: Arc<Session>,
    owner: Option<Principal>,
    opened: Instant,
    used: Instant,
}

/// What `initialize` agreed on, and what has been going on since: a session over HTTP, a connection on stdio.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) revision: &'static Revision,
    pub(crate) capabilities: Capabilities,
    /// What the client calls itself; for the log only.
    pub(crate) client: String,
    pub(crate) calls: Calls,
    pub(crate) pending: Pending,
    pub(crate) streams: Streams,
    pub(crate) subscribed: Subscribed,
    /// Cancelled when the session ends.
    pub(crate) ended: CancellationToken,
    level: AtomicU8,
}

impl Session {
    pub(crate) fn new(revision: &'static Revision, capabilities: Capabilities, client: String) -> Self {
        Self {
            revision,
            capabilities,
            client,
            calls: Calls::default(),
            pending: Pending::default(),
            streams: Streams::default(),
            subscribed: Subscribed::default(),
            ended: CancellationToken::new(),
            level: AtomicU8::new(LogLevel::Info as u8),
        }
    }

    /// Whether messages of this level are sent; from `info` on, unless the client says otherwise.
    pub(crate) fn wants(&self, level: LogLevel) -> bool {
        level as u8 >= self.level.load(Ordering::Relaxed)
    }

    pub(crate) fn set_level(&self, level: LogLevel) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Ends what belongs to it: its calls, its streams (2025-11-25, basic/transports, Session Management).
    pub(crate) fn end(&self) {
        self.ended.cancel();
        self.calls.withdraw_all();
        self.streams.close();
    }
}

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, open: Mutex::default() }
    }

    /// Opens a session and gives its id: 244 random bits, visible ASCII.
    pub(crate) fn open(&self, session: Session, owner: Option<&Principal>, now: Instant) -> String {
        let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        tracing::debug!(revision = session.revision.name, client = session.client, "MCP session opened");
        let entry = Entry { session: Arc::new(session), owner: owner.cloned(), opened: now, used: now };
        let mut open = self.lock();
        if open.len() >= self.limits.most {
            let expired = open.extract_if(|_, entry| !entry.lives(self.limits, now));
            expired.for_each(|(_, entry)| entry.session.end());
        }
        while open.len() >= self.limits.most.max(1) {
            let idlest = open.iter().min_by_key(|(_, entry)| entry.used);
            let Some(idlest) = idlest.map(|(id, _)| id.clone()) else {
                break;
            };
            if let Some(entry) = open.remove(&idlest) {
                tracing::warn!(client = entry.session.client, "MCP session ended: there are too many");
                entry.session.end();
            }
        }
        open.insert(id.clone(), entry);
        id
    }

    /// The caller's session of this id, when there is one.
    pub(crate) fn touch(&self, id: &str, caller: Option<&Principal>, now: Instant) -> Option<Arc<Session>> {
        let mut open = self.lock();
        let entry = open.get_mut(id)?;
        if !entry.lives(self.limits, now) {
            tracing::debug!(client = entry.session.client, "MCP session expired");
            entry.session.end();
            open.remove(id);
            return None;
        }
        if entry.owner.as_ref() != caller {
            return None;
        }
        entry.used = now;
        Some(Arc::clone(&entry.session))
    }

    /// Ends a session that [`Sessions::touch`] found.
    pub(crate) fn close(&self, id: &str) {
        if let Some(entry) = self.lock().remove(id) {
            tracing::debug!(client = entry.session.client, "MCP session closed by the client");
            entry.session.end();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn lives(&self, limits: Limits, now: Instant) -> bool {
        now.duration_since(self.used) < limits.idle && now.duration_since(self.opened) < limits.age
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::REVISIONS;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: Limits = Limits { idle: Duration::from_secs(600), age: Duration::from_secs(1800), most: 2 };

    fn open(sessions: &Sessions, owner: Option<&Principal>, now: Instant) -> String {
        let session = Session::new(&REVISIONS[1], Capabilities::default(), "test".to_owned());
        sessions.open(session, owner, now)
    }

    #[test]
    fn ids_are_visible_ascii_and_differ() {
        let sessions = Sessions::new(LIMITS);
        let (one, two) = (open(&sessions, None, Instant::now()), open(&sessions, None, Instant::now()));
        assert_ne!(one, two);
        assert!(one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_old() {
        let sessions = Sessions::new(LIMITS);
        let start = Instant::now();
        let idle = open(&sessions, None, start);
        assert!(sessions.touch(&idle, None, start + 9 * MINUTE).is_some());
        assert!(sessions.touch(&idle, None, start + 18 * MINUTE).is_some());
        assert!(sessions.touch(&idle, None, start + 28 * MINUTE).is_none());

        let old = open(&sessions, None, start);
        for minute in (0..30).step_by(5) {
            assert!(sessions.touch(&old, None, start + minute * MINUTE).is_some(), "{minute}");
        }
        assert!(sessions.touch(&old, None, start + 30 * MINUTE).is_none());
    }

    #[test]
    fn a_session_belongs_to_who_opened_it() {
        let who = |issuer, subject| Principal::new(issuer, subject, [] as [&str; 0]).unwrap();
        let ann = who("a", "ann");
        let sessions = Sessions::new(LIMITS);
        let now = Instant::now();
        let id = open(&sessions, Some(&ann), now);
        assert!(sessions.touch(&id, None, now).is_none());
        assert!(sessions.touch(&id, Some(&who("a", "bob")), now).is_none());
        assert!(sessions.touch(&id, Some(&who("b", "ann")), now).is_none());
        assert!(sessions.touch(&id, Some(&ann), now).is_some());
        // Somebody else's attempts do not keep it alive.
        assert!(sessions.touch(&id, None, now + 9 * MINUTE).is_none());
        assert!(sessions.touch(&id, Some(&ann), now + 11 * MINUTE).is_none());
    }

    #[test]
    fn one_too_many_ends_the_one_that_was_idle_longest() {
        let sessions = Sessions::new(LIMITS);
        let start = Instant::now();
        let first = open(&sessions, None, start);
        let second = open(&sessions, None, start + MINUTE);
        sessions.touch(&first, None, start + 2 * MINUTE);
        let third = open(&sessions, None, start + 3 * MINUTE);
        assert!(sessions.touch(&first, None, start + 3 * MINUTE).is_some());
        assert!(sessions.touch(&second, None, start + 3 * MINUTE).is_none());
        assert!(sessions.touch(&third, None, start + 3 * MINUTE).is_some());
    }
}
