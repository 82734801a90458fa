//! Sessions of the old era (2025-11-25, basic/transports, Session Management).
//!
//! A session remembers what `initialize` agreed on and whose it is; it is not authentication. Somebody else's session,
//! an expired one and one that never was look the same. Expiry is noticed when a session is used, when room is needed, and once a
//! minute while any is used or opened, so there is no task in the background. Sessions live in this process; a load balancer in front of several
//! has to send `Mcp-Session-Id` to the same one.

use crate::calls::Calls;
use crate::capability::Capabilities;
use crate::era::Revision;
use crate::kept::{Kept, Share};
use crate::pending::Pending;
use crate::stream::Streams;
use crate::subscribe::Subscribed;
use diptych_spec::{LogLevel, Principal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often sessions that have expired are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// How long sessions live, how many there are, and how much is kept for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idle: Duration,
    pub(crate) age: Duration,
    pub(crate) most: usize,
    /// How many there are of one caller who is signed in: more end that caller's own, so that nobody ends those of others.
    pub(crate) most_of_one: usize,
    /// How many bytes are kept for clients that come back to a stream.
    pub(crate) most_kept: usize,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    limits: Limits,
    kept: Arc<Kept>,
    /// What is kept for callers who are not signed in.
    of_nobody: Arc<Share>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    entries: HashMap<String, Entry>,
    /// The ids of each caller who is signed in, by issuer and subject.
    of: HashMap<(String, String), Vec<String>>,
    swept: Option<Instant>,
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
    pub(crate) calls: Calls,
    pub(crate) pending: Pending,
    pub(crate) streams: Streams,
    pub(crate) subscribed: Subscribed,
    /// Cancelled when the session ends.
    pub(crate) ended: CancellationToken,
    level: AtomicU8,
}

impl Session {
    pub(crate) fn new(revision: &'static Revision, capabilities: Capabilities) -> Self {
        Self {
            revision,
            capabilities,
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

    /// Ends it, because its owner may not act any more. When it is only that the credentials have expired, it stays: whoever gets new
    /// ones goes on with it, and nobody can use it without.
    pub(crate) fn lose(&self, owner: Option<&Principal>) {
        let expired = owner.and_then(Principal::expires_at).is_some_and(|end| end <= SystemTime::now());
        if !expired {
            self.end();
        }
    }
}

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Self {
        let kept = Arc::new(Kept::new(limits.most_kept));
        let of_nobody = Arc::new(Share::of(&kept));
        Self { limits, kept, of_nobody, open: Mutex::default() }
    }

    /// Opens a session and gives its id: 244 random bits, visible ASCII.
    pub(crate) fn open(&self, mut session: Session, owner: Option<&Principal>, now: Instant) -> String {
        let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        tracing::debug!(revision = session.revision.name, "MCP session opened");
        let mut open = self.lock();
        if open.entries.len() >= self.limits.most || open.is_due(now) {
            open.sweep(self.limits, now);
        }
        while open.entries.len() >= self.limits.most.max(1) {
            // Those of nobody first: whoever opens them without signing in ends none of somebody's.
            let of_nobody = open.entries.iter().filter(|(_, entry)| entry.owner.is_none()).map(|(id, _)| id);
            let Some(idlest) = open.idlest(of_nobody).or_else(|| open.idlest(open.entries.keys())) else { break };
            tracing::warn!("MCP session ended: there are too many");
            open.end(&idlest);
        }
        let own = owner.and_then(|owner| open.of.get(&key(owner)));
        if let Some(own) = own.filter(|own| own.len() >= self.limits.most_of_one.max(1))
            && let Some(idlest) = open.idlest(own)
        {
            tracing::debug!("MCP session ended: its caller has too many");
            open.end(&idlest);
        }
        let share = match owner {
            Some(owner) => open.share(owner).unwrap_or_else(|| Arc::new(Share::of(&self.kept))),
            None => Arc::clone(&self.of_nobody),
        };
        session.streams = Streams::of(share);
        let entry = Entry { session: Arc::new(session), owner: owner.cloned(), opened: now, used: now };
        if let Some(owner) = owner {
            open.of.entry(key(owner)).or_default().push(id.clone());
        }
        open.entries.insert(id.clone(), entry);
        id
    }

    /// The caller's session of this id, when there is one.
    pub(crate) fn touch(&self, id: &str, caller: Option<&Principal>, now: Instant) -> Option<Arc<Session>> {
        let mut open = self.lock();
        if open.is_due(now) {
            open.sweep(self.limits, now);
        }
        if !open.entries.get(id)?.lives(self.limits, now) {
            tracing::debug!("MCP session expired");
            open.end(id);
            return None;
        }
        let entry = open.entries.get_mut(id)?;
        if entry.owner.as_ref() != caller {
            return None;
        }
        entry.used = now;
        Some(Arc::clone(&entry.session))
    }

    /// Ends a session that [`Sessions::touch`] found.
    pub(crate) fn close(&self, id: &str) {
        tracing::debug!("MCP session closed by the client");
        self.lock().end(id);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn is_due(&self, now: Instant) -> bool {
        self.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP)
    }

    /// Ends those that have expired, and with them what they keep.
    fn sweep(&mut self, limits: Limits, now: Instant) {
        self.swept = Some(now);
        let expired = self.entries.iter().filter(|(_, entry)| !entry.lives(limits, now));
        let expired: Vec<_> = expired.map(|(id, _)| id.clone()).collect();
        expired.iter().for_each(|id| self.end(id));
    }

    /// What is kept for this caller, who has a session.
    fn share(&self, owner: &Principal) -> Option<Arc<Share>> {
        let own = self.of.get(&key(owner))?.first()?;
        Some(Arc::clone(self.entries.get(own)?.session.streams.share()))
    }

    /// Of these, the one that has not been used for longest.
    fn idlest<'i>(&self, ids: impl IntoIterator<Item = &'i String>) -> Option<String> {
        let used = |id: &&String| self.entries.get(*id).map(|entry| entry.used);
        ids.into_iter().min_by_key(used).cloned()
    }

    /// Ends a session, if it is there.
    fn end(&mut self, id: &str) {
        let Some(entry) = self.entries.remove(id) else { return };
        entry.session.end();
        let Some(owner) = entry.owner.as_ref().map(key) else { return };
        if let Some(own) = self.of.get_mut(&owner) {
            own.retain(|other| other != id);
            if own.is_empty() {
                self.of.remove(&owner);
            }
        }
    }
}

fn key(owner: &Principal) -> (String, String) {
    (owner.issuer().to_owned(), owner.subject().to_owned())
}

impl Entry {
    fn lives(&self, limits: Limits, now: Instant) -> bool {
        let ended = self.session.ended.is_cancelled();
        !ended && now.duration_since(self.used) < limits.idle && now.duration_since(self.opened) < limits.age
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::REVISIONS;

    const MINUTE: Duration = Duration::from_secs(60);
    const LIMITS: Limits = Limits {
        idle: Duration::from_secs(600),
        age: Duration::from_secs(1800),
        most: 2,
        most_of_one: 2,
        most_kept: 4000,
    };

    fn open(sessions: &Sessions, owner: Option<&Principal>, now: Instant) -> String {
        let session = Session::new(&REVISIONS[1], Capabilities::default());
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
    fn what_has_expired_is_not_kept_until_room_is_needed() {
        let sessions = Sessions::new(Limits { most: 100, most_of_one: 100, ..LIMITS });
        let start = Instant::now();
        let kept: Vec<_> = (0..9).map(|_| open(&sessions, None, start)).collect();
        let later = start + 11 * MINUTE;
        let left = open(&sessions, None, later);
        assert!(sessions.lock().entries.keys().eq([&left]), "one that is opened looks for them");
        assert!(sessions.touch(&kept[0], None, later).is_none());
        let other = open(&sessions, None, later);
        sessions.touch(&other, None, later + 9 * MINUTE);
        sessions.touch(&other, None, later + 11 * MINUTE);
        assert!(sessions.lock().entries.keys().eq([&other]), "and one that is used");
    }

    #[test]
    fn a_caller_has_one_share_in_all_sessions() {
        let ann = Principal::new("a", "ann", [] as [&str; 0]).unwrap();
        let sessions = Sessions::new(Limits { most: 10, ..LIMITS });
        let now = Instant::now();
        let share = |owner| {
            let session = sessions.touch(&open(&sessions, owner, now), owner, now).unwrap();
            Arc::clone(session.streams.share())
        };
        let (own, nobodys) = (share(Some(&ann)), share(None));
        assert!(Arc::ptr_eq(&own, &share(Some(&ann))) && Arc::ptr_eq(&own, &share(Some(&ann))));
        assert!(Arc::ptr_eq(&nobodys, &share(None)) && !Arc::ptr_eq(&own, &nobodys));
    }

    #[test]
    fn whoever_opens_many_ends_their_own() {
        let who = |subject| Principal::new("a", subject, [] as [&str; 0]).unwrap();
        let (ann, bob) = (who("ann"), who("bob"));
        let sessions = Sessions::new(Limits { most: 10, ..LIMITS });
        let start = Instant::now();
        let theirs = open(&sessions, Some(&bob), start);
        let own: Vec<_> = (0..100).map(|at| open(&sessions, Some(&ann), start + Duration::from_millis(at))).collect();
        let now = start + MINUTE;
        assert!(sessions.touch(&theirs, Some(&bob), now).is_some(), "nobody ends those of others");
        let left: Vec<_> = own.iter().filter(|id| sessions.touch(id, Some(&ann), now).is_some()).collect();
        assert_eq!(left, own[98..].iter().collect::<Vec<_>>());
        left.into_iter().for_each(|id| sessions.close(id));
        sessions.close(&theirs);
        let open = sessions.lock();
        assert!(open.entries.is_empty() && open.of.is_empty(), "nothing is kept of what has ended");
    }

    #[test]
    fn whoever_is_nobody_ends_those_of_nobody() {
        let ann = Principal::new("a", "ann", [] as [&str; 0]).unwrap();
        let sessions = Sessions::new(Limits { most: 4, ..LIMITS });
        let start = Instant::now();
        let own = open(&sessions, Some(&ann), start);
        let later = |at| start + Duration::from_millis(at);
        let others: Vec<_> = (1..10).map(|at| open(&sessions, None, later(at))).collect();
        let left: Vec<_> = others.iter().filter(|id| sessions.touch(id, None, later(10)).is_some()).collect();
        assert_eq!(left, others[6..].iter().collect::<Vec<_>>());
        assert!(sessions.touch(&own, Some(&ann), later(10)).is_some(), "it was idle the longest, and is somebody's");
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
