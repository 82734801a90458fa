//! The workers of a process: one loop that claims tasks, renews leases and tells how far runs are, and a run for each task.

use super::{
    lease::Lease,
    run::{self, Run, Why},
    store::Claimed,
    tasks::Shared,
};
use crate::engine::WeakEngine;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How often what an operation says of its progress is written and told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often expired tasks are removed.
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// Works on tasks until the server stops, or nobody has the engine any more.
pub(super) async fn work(engine: WeakEngine, shared: Arc<Shared>) {
    let places = shared.settings.workers.min(shared.store.db.places()).min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(places));
    let mut renew = every(shared.settings.lease / 3);
    let mut look = every(shared.settings.poll);
    let mut purge = every(PURGE_EVERY);
    let mut told = Instant::now();
    loop {
        let tell = shared.has_news().then(|| sleep_until(told + TELL_EVERY));
        tokio::select! {
            biased;
            () = shared.stopping.cancelled() => return,
            _ = renew.tick() => shared.renew().await,
            () = async { if let Some(tell) = tell { tell.await } else { std::future::pending().await } } => {
                told = Instant::now();
                shared.tell_news().await;
            }
            () = shared.wake.notified() => fill(&engine, &shared, &places).await,
            _ = look.tick() => fill(&engine, &shared, &places).await,
            _ = purge.tick() => {
                if let Err(error) = shared.store.purge().await {
                    tracing::debug!(%error, "expired tasks were not removed");
                }
            }
            // Now there are news, and a time to tell them.
            () = shared.spoke.notified() => {}
        }
        if engine.is_gone() {
            return;
        }
    }
}

fn every(span: Duration) -> tokio::time::Interval {
    let mut ticks = interval(span.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Claims tasks while there are places and tasks.
async fn fill(engine: &WeakEngine, shared: &Arc<Shared>, places: &Arc<Semaphore>) {
    while !shared.stopping.is_cancelled()
        && let Ok(place) = Arc::clone(places).try_acquire_owned()
    {
        let lease = uuid::Uuid::new_v4().simple().to_string();
        match shared.store.claim(&lease, shared.settings.lease, &shared.operations).await {
            Ok(Some(claimed)) => begin(engine, shared, claimed, lease, place),
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "no task was claimed");
                return;
            }
        }
    }
}

fn begin(engine: &WeakEngine, shared: &Arc<Shared>, claimed: Claimed, lease: String, place: OwnedSemaphorePermit) {
    let Some(engine) = engine.upgrade() else { return };
    let lease = Lease { task: claimed.id.clone(), id: lease };
    let holds_the_writer = run::holds_the_writer(&engine, &claimed.operation);
    let run = Arc::new(Run::new(lease, holds_the_writer, Arc::clone(&shared.spoke)));
    let listed = Listed::new(shared, Arc::clone(&run));
    if shared.stopping.is_cancelled() {
        run.withdraw(Why::Stopping);
    }
    shared.runs.spawn(async move {
        let _place = place;
        run::run(engine, &listed.shared, claimed, &run).await;
    });
}

/// A run among those that can be withdrawn. When it is over, there is a place again.
struct Listed {
    shared: Arc<Shared>,
    run: Arc<Run>,
}

impl Listed {
    fn new(shared: &Arc<Shared>, run: Arc<Run>) -> Self {
        shared.running().insert(run.lease.task.clone(), Arc::clone(&run));
        Self { shared: Arc::clone(shared), run }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut running = self.shared.running();
        // A later run of the same task may have taken the place.
        if running.get(&self.run.lease.task).is_some_and(|run| Arc::ptr_eq(run, &self.run)) {
            running.remove(&self.run.lease.task);
        }
        drop(running);
        self.shared.wake.notify_one();
    }
}

impl Shared {
    /// Renews the lease of every run. One that is lost is withdrawn.
    async fn renew(&self) {
        for run in self.renewable() {
            self.renewed(&run, None).await;
        }
    }

    /// Writes and tells how far runs are.
    async fn tell_news(&self) {
        let all: Vec<_> = self.running().values().cloned().collect();
        for run in all {
            let Some(message) = run.news() else { continue };
            if !run.holds_the_writer {
                self.renewed(&run, Some(&message)).await;
            }
            self.tell(&run.lease.task);
        }
    }

    async fn renewed(&self, run: &Run, message: Option<&str>) {
        match self.store.renew(&run.lease.task, &run.lease.id, self.settings.lease, message).await {
            Ok(true) => {}
            Ok(false) => run.withdraw(Why::Lost),
            Err(error) => tracing::debug!(%error, "a lease was not renewed"),
        }
    }

    fn renewable(&self) -> Vec<Arc<Run>> {
        self.running().values().filter(|run| !run.holds_the_writer).cloned().collect()
    }

    fn has_news(&self) -> bool {
        self.running().values().any(|run| run.has_news())
    }
}
