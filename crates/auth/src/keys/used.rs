//! When a key was last used: noted apart from the request, which neither waits for it nor fails with it.

use super::store;
use diptych_pipeline::Db;
use diptych_spec::Result;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::runtime::Handle;

/// How exactly it is known, in milliseconds: a key that is in use is written to once in so long.
const EVERY: i64 = 60_000;

/// Notes that the key is used now, unless that was done a moment ago.
pub(super) fn note(db: &Db, id: &str, noted: &AtomicI64) {
    let (now, last) = (store::now(), noted.load(Ordering::Relaxed));
    let due = now - last >= EVERY && noted.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    if !due {
        return;
    }
    let Ok(runtime) = Handle::try_current() else { return };
    let (db, id) = (db.clone(), id.to_owned());
    runtime.spawn(async move {
        if let Err(error) = write(&db, &id, now).await {
            tracing::debug!(%error, "the use of an API key was not noted");
        }
    });
}

async fn write(db: &Db, id: &str, now: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    store::used(&mut tx, id, now, now - EVERY).await?;
    tx.commit().await
}
