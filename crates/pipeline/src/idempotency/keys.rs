//! How long keys are kept, and that they are gone afterwards.

use super::schema;
use crate::{
    Operation,
    db::{Db, Old},
    operation::Kind,
};
use diptych_spec::{Mistake, Result};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often what has expired is removed, how many rows with one statement, and the pause between two: on SQLite nobody else
/// writes meanwhile.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PURGED: u64 = 1000;
const PAUSE: Duration = Duration::from_millis(50);

/// The keys of an engine.
pub(crate) struct Keys {
    db: Db,
    /// Whether any operation takes them.
    are_taken: bool,
    pub(super) keep: Duration,
    purging: AtomicBool,
    /// Cancelled with the engine.
    gone: DropGuard,
}

impl Keys {
    pub(crate) fn new(operations: &[Operation], db: &Db, keep: Duration) -> Self {
        Self {
            db: db.clone(),
            are_taken: operations.iter().any(|operation| matches!(operation.kind, Kind::Service(_))),
            keep,
            purging: AtomicBool::new(false),
            gone: CancellationToken::new().drop_guard(),
        }
    }

    /// What is wrong with how long they are kept.
    pub(crate) fn mistake(keep: Duration) -> Option<Mistake> {
        let why =
            "idempotency keys are kept for less than a second, which is no time to send a call again; keep them longer";
        (keep < Duration::from_secs(1)).then(|| Mistake::new("the server", why))
    }

    /// Makes sure that there is a table, if an operation takes keys.
    pub(super) async fn migrate(&self) -> Result<()> {
        if self.are_taken { schema::migrate(&self.db).await } else { Ok(()) }
    }

    /// Removes some of what has expired, and says how many rows.
    pub(super) async fn purge(&self) -> Result<u64> {
        purge(&self.db).await
    }

    /// Begins to remove what has expired, on the runtime that this is called on; once.
    pub(super) fn start(&self) {
        if self.are_taken && !self.purging.swap(true, Ordering::Relaxed) {
            let (db, gone) = (self.db.clone(), self.gone.token().clone());
            tokio::spawn(async move { gone.run_until_cancelled(purge_for_ever(db)).await });
        }
    }
}

/// It has nothing of the engine's, so that it ends when nobody has the engine any more.
async fn purge_for_ever(db: Db) {
    let mut ticks = tokio::time::interval_at(Instant::now() + PURGE_EVERY, PURGE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match purge(&db).await {
                Ok(PURGED..) => tokio::time::sleep(PAUSE).await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "idempotency keys that have expired were not removed");
                    break;
                }
            }
        }
    }
}

/// A key that is just being taken again is neither waited for nor removed.
async fn purge(db: &Db) -> Result<u64> {
    let expired = Old {
        table: "diptych_idempotency",
        key: "principal, operation, \"key\"",
        when: "expires_at <= $1",
        by: "expires_at",
    };
    expired.remove(now(), PURGED, &mut db.keeper().await?).await
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
