//! Something that an issuer publishes, kept and fetched again.

use super::outage::Outage;
use futures_util::future::BoxFuture;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// After a failure nothing is fetched for this long, twice as long after the next, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

type Fetch<T> = dyn Fn() -> BoxFuture<'static, Result<T, Outage>> + Send + Sync;

/// A value that is fetched when it is needed, by one at a time, and again when it is old.
pub(super) struct Refreshed<T>(Arc<Inner<T>>);

struct Inner<T> {
    /// Issuer and thing, for the log.
    what: String,
    fetch: Box<Fetch<T>>,
    fresh_for: Duration,
    stale_for: Duration,
    extra_every: Duration,
    kept: Mutex<Option<Kept<T>>>,
    is_failing: AtomicBool,
    /// Whoever has it fetches; all others wait, and then see what came of it.
    turn: Arc<Turn<Attempts>>,
}

struct Kept<T> {
    value: Arc<T>,
    since: Instant,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), since: self.since }
    }
}

#[derive(Default)]
struct Attempts {
    failures: u32,
    failed: Option<(Instant, Outage)>,
    /// When it was fetched before its time, and whether that failed.
    extra: Option<(Instant, Option<Outage>)>,
}

impl Attempts {
    /// Whether it is too early to try again.
    fn pausing(&self) -> Option<Outage> {
        let (at, outage) = self.failed?;
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.saturating_sub(1).min(5)).min(LONGEST_PAUSE);
        (at.elapsed() < pause).then_some(outage)
    }
}

impl<T: Send + Sync + 'static> Refreshed<T> {
    /// What `fetch` brings: fetched again when it is `fresh_for` old, used until it is `stale_for` old where that fails, and fetched
    /// before its time once in `extra_every`.
    pub(super) fn new(
        what: impl Into<String>,
        [fresh_for, stale_for, extra_every]: [Duration; 3],
        fetch: impl Fn() -> BoxFuture<'static, Result<T, Outage>> + Send + Sync + 'static,
    ) -> Self {
        let (what, fetch) = (what.into(), Box::new(fetch));
        let (kept, turn) = (Mutex::new(None), Arc::new(Turn::new(Attempts::default())));
        let is_failing = AtomicBool::new(false);
        Self(Arc::new(Inner { what, fetch, fresh_for, stale_for, extra_every, kept, is_failing, turn }))
    }

    /// The value, fetched if it is not there or too old.
    ///
    /// # Errors
    /// It cannot be fetched, and the last one is too old.
    pub(super) async fn get(&self) -> Result<Arc<T>, Outage> {
        let inner = &self.0;
        let kept = inner.kept();
        if let Some(kept) = &kept {
            let age = kept.since.elapsed();
            let is_failing = inner.is_failing.load(Ordering::Relaxed);
            if age < inner.fresh_for || (is_failing && age < inner.stale_for) {
                // Fetched ahead of time, and tried again after a failure, so that nobody waits for it.
                if age >= inner.fresh_for / 2 {
                    inner.fetch_aside();
                }
                return Ok(Arc::clone(&kept.value));
            }
        }
        let turn = Arc::clone(&inner.turn).lock_owned().await;
        if let Some(newer) = inner.newer_than(kept.as_ref()) {
            return Ok(newer);
        }
        let fetched = match turn.pausing() {
            Some(outage) => Err(outage),
            None => inner.fetch_apart(turn).await,
        };
        match (fetched, kept) {
            (Err(_), Some(kept)) if kept.since.elapsed() < inner.stale_for => Ok(kept.value),
            (fetched, _) => fetched,
        }
    }

    /// A value that may be newer than `seen`, in which something was missing: fetched, unless that was done a moment ago. `None`
    /// when there is none.
    ///
    /// # Errors
    /// It cannot be fetched, or could not a moment ago.
    pub(super) async fn newer(&self, seen: &Arc<T>) -> Result<Option<Arc<T>>, Outage> {
        let inner = &self.0;
        let mut turn = Arc::clone(&inner.turn).lock_owned().await;
        if let Some(kept) = inner.kept().filter(|kept| !Arc::ptr_eq(&kept.value, seen)) {
            return Ok(Some(kept.value));
        }
        if let Some((at, outage)) = turn.extra
            && at.elapsed() < inner.extra_every
        {
            return outage.map_or(Ok(None), Err);
        }
        // A task that is cut off has failed.
        turn.extra = Some((Instant::now(), Some(Outage("the request was cut off"))));
        inner.fetch_apart(turn).await.map(Some)
    }
}

impl<T: Send + Sync + 'static> Inner<T> {
    fn kept(&self) -> Option<Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn newer_than(&self, seen: Option<&Kept<T>>) -> Option<Arc<T>> {
        let kept = self.kept()?;
        seen.is_none_or(|seen| !Arc::ptr_eq(&seen.value, &kept.value)).then_some(kept.value)
    }

    /// Fetches, unless somebody does, and nobody waits.
    fn fetch_aside(self: &Arc<Self>) {
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned()
            && turn.pausing().is_none()
        {
            let inner = Arc::clone(self);
            tokio::spawn(async move { inner.fetch(turn).await });
        }
    }

    /// Fetches in a task of its own: a caller that goes away takes no part of it along.
    async fn fetch_apart(self: &Arc<Self>, turn: OwnedMutexGuard<Attempts>) -> Result<Arc<T>, Outage> {
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move { inner.fetch(turn).await });
        task.await.unwrap_or(Err(Outage("the request was cut off")))
    }

    async fn fetch(&self, mut turn: OwnedMutexGuard<Attempts>) -> Result<Arc<T>, Outage> {
        let fetched = (self.fetch)().await;
        if let Some((_, outcome)) = &mut turn.extra {
            *outcome = fetched.as_ref().err().copied();
        }
        self.is_failing.store(fetched.is_err(), Ordering::Relaxed);
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                let kept = Kept { value: Arc::clone(&value), since: Instant::now() };
                *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
                (turn.failures, turn.failed) = (0, None);
                Ok(value)
            }
            Err(outage) => {
                turn.failures = turn.failures.saturating_add(1);
                turn.failed = Some((Instant::now(), outage));
                tracing::warn!(what = %self.what, reason = %outage, "an issuer cannot be reached");
                Err(outage)
            }
        }
    }
}

impl<T> fmt::Debug for Refreshed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refreshed").field(&self.0.what).finish()
    }
}
