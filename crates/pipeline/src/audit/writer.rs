//! Who writes what is in the queue, and removes what is old. It does both slowly enough for the application not to notice.

use super::row::{Row, now};
use crate::db::{Db, Old};
use diptych_spec::Result;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Rows of one transaction.
const BATCH: usize = 64;
/// Between two transactions: on SQLite nobody else writes meanwhile. At most 1,280 rows a second are written.
const PAUSE: Duration = Duration::from_millis(50);
/// How often rows that cannot be written are tried again, and how long to wait in between.
const TRIES: u32 = 5;
const RETRY: Duration = Duration::from_secs(1);
/// How often what is old is removed, and how many rows with one statement.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PURGED: u64 = 1000;

/// It has nothing of the engine's, so that it ends when nobody has the trail any more.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) dropped: Arc<AtomicU64>,
    pub(super) keep: Option<Duration>,
    pub(super) stopping: CancellationToken,
}

pub(super) async fn run(writer: Writer, mut rows: mpsc::Receiver<Row>) {
    let mut purge = tokio::time::interval(PURGE_EVERY);
    purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut batch = Vec::new();
        // In no order: neither new rows nor old ones keep the others waiting.
        tokio::select! {
            () = writer.stopping.cancelled() => break,
            received = rows.recv_many(&mut batch, BATCH) => {
                if received == 0 {
                    break;
                }
                writer.write(batch).await;
            }
            _ = purge.tick(), if writer.keep.is_some() => {
                if writer.purge().await {
                    purge.reset_immediately();
                }
            }
        }
        tokio::select! {
            () = writer.stopping.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    rows.close();
    let mut batch = Vec::new();
    while rows.recv_many(&mut batch, BATCH).await > 0 {
        writer.write(std::mem::take(&mut batch)).await;
    }
    if writer.dropped.load(Ordering::Relaxed) > 0 {
        writer.write(Vec::new()).await;
    }
}

impl Writer {
    /// Writes rows, and how many were dropped before. What cannot be written is given up after a while, and counts as dropped.
    async fn write(&self, mut batch: Vec<Row>) {
        let lost = batch.len() as u64;
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            batch.push(Row::dropped(dropped));
        }
        for tries in 1.. {
            match Row::write(&self.db, &batch).await {
                Ok(()) => return,
                Err(error) if tries == TRIES || self.stopping.is_cancelled() => {
                    tracing::warn!(rows = batch.len(), %error, "rows of the audit trail were not written");
                    self.dropped.fetch_add(dropped + lost, Ordering::Relaxed);
                    return;
                }
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Removes some of what is older than it is kept, and says whether there may be more.
    async fn purge(&self) -> bool {
        let Some(keep) = self.keep else { return false };
        let oldest = now().saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        let purged = self.remove_before(oldest).await;
        let purged = purged.inspect_err(|error| tracing::warn!(%error, "old rows of the audit trail were not removed"));
        purged.is_ok_and(|rows| rows >= PURGED)
    }

    async fn remove_before(&self, oldest: i64) -> Result<u64> {
        let old = Old { table: "diptych_audit", key: "id", when: "at < $1", by: "at" };
        old.remove(oldest, PURGED, &mut self.db.keeper().await?).await
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::{Audit, audit::Trail, db::query_as};

    #[tokio::test]
    async fn old_rows_are_removed_however_many_new_ones_come() {
        let file = std::env::temp_dir().join(format!("diptych-audit-{}.db", uuid::Uuid::new_v4().simple()));
        let db = Db::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let trail = Trail::new(Audit::new().keep(Duration::from_secs(3600)), &[], &db);
        trail.migrate().await.unwrap();
        let old = Row { at: now() - 7_200_000, ..Row::dropped(1) };
        Row::write(&db, &[old]).await.unwrap();
        trail.queue(Row::dropped(0));
        trail.start();
        let is_there = async || {
            let old =
                query_as::<crate::AuditEntry>("SELECT * FROM diptych_audit WHERE at < $1").bind(now() - 3_600_000);
            old.optional(&mut db.read().await.unwrap()).await.unwrap().is_some()
        };
        let mut tries = 0;
        while is_there().await {
            tries += 1;
            assert!(tries < 500, "what is old is still there");
            trail.queue(Row::dropped(0));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        trail.stop().await;
        db.close().await;
        std::fs::remove_file(file).unwrap();
    }
}
