//! The worker of a process: one loop that claims messages and removes old ones, and a run for each message.

use super::{
    deliver::deliver,
    shared::Shared,
    store::{Claimed, PURGED},
};
use crate::engine::WeakEngine;
use diptych_spec::Result;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until},
};

/// How often what is old is removed, and the pause between two statements that do.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Handles messages until the server stops, or nobody has the engine any more.
pub(super) async fn work(engine: WeakEngine, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(shared.places().min(Semaphore::MAX_PERMITS)));
    let mut look = every(shared.outbox.poll);
    let mut purge = every(PURGE_EVERY);
    loop {
        let next = shared.next();
        // In no order: however many messages come, what is old is removed.
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            () = shared.wake.notified() => fill(&engine, &shared, &places).await,
            () = until(next) => {
                shared.forget_what_has_come();
                fill(&engine, &shared, &places).await;
            }
            _ = look.tick() => fill(&engine, &shared, &places).await,
            _ = purge.tick() => {
                if let Err(error) = remove_old(&shared).await {
                    tracing::warn!(%error, "old messages were not removed");
                }
            }
        }
        if engine.is_gone() {
            return;
        }
    }
}

fn every(span: Duration) -> Interval {
    let mut ticks = interval(span.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Claims as many messages as there are places.
async fn fill(engine: &WeakEngine, shared: &Arc<Shared>, places: &Arc<Semaphore>) {
    let free = places.available_permits();
    if free == 0 || shared.stopping.is_cancelled() {
        return;
    }
    let lease: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
    match shared.store.claim(&lease, shared.lease(), &shared.topics, free).await {
        Ok(claimed) => {
            for message in claimed {
                if let Ok(place) = Arc::clone(places).try_acquire_owned() {
                    begin(engine, shared, message, &lease, place);
                }
            }
        }
        Err(error) => tracing::debug!(%error, "no messages were claimed"),
    }
}

fn begin(engine: &WeakEngine, shared: &Arc<Shared>, message: Claimed, lease: &Arc<str>, place: OwnedSemaphorePermit) {
    let Some(engine) = engine.upgrade() else { return };
    let (shared, lease) = (Arc::clone(shared), Arc::clone(lease));
    shared.runs.clone().spawn(async move {
        deliver(&engine, &shared, message, &lease).await;
        drop(place);
        shared.wake.notify_one();
    });
}

/// Removes what was handled, and dead letters where they are not kept for ever.
async fn remove_old(shared: &Shared) -> Result<()> {
    let (store, outbox) = (&shared.store, &shared.outbox);
    while store.purge_delivered(outbox.keep).await? >= PURGED {
        sleep(PAUSE).await;
    }
    if let Some(kept_for) = outbox.keep_dead {
        while store.purge_dead(kept_for).await? >= PURGED {
            sleep(PAUSE).await;
        }
    }
    Ok(())
}
