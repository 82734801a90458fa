//! What is done once COMMIT was acknowledged: kept with the transaction, and dropped with it when it is rolled back or nobody knows
//! what became of it.

use futures_util::{FutureExt as _, future::BoxFuture};
use std::{
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

/// What the transactions of a database have left to be done and is not done yet. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AfterCommits {
    running: TaskTracker,
    /// How long each may take.
    deadline: Duration,
}

/// How much a transaction leaves to be done, at some point of it.
#[derive(Clone, Copy)]
pub(super) struct Count {
    work: usize,
    told: usize,
}

/// What one transaction leaves to be done.
#[derive(Default)]
pub(super) struct Hooks {
    /// Never waited for: a lock only so that a transaction can be shared between threads, which a future cannot.
    work: Mutex<Vec<BoxFuture<'static, ()>>>,
    /// What is told at once, before any of it begins.
    told: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    wakes: Option<Arc<Notify>>,
}

impl AfterCommits {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { running: TaskTracker::new(), deadline }
    }

    /// Whether nothing is left to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits until nothing is left to be done.
    pub(crate) async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
        self.running.reopen();
    }
}

impl Hooks {
    pub(super) fn add(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.work().push(Box::pin(work));
    }

    /// Somebody who is told at once.
    pub(super) fn wake(&mut self, somebody: &Arc<Notify>) {
        self.wakes = Some(Arc::clone(somebody));
    }

    /// Something that is told at once, and waits for nothing.
    pub(super) fn tell(&mut self, telling: impl FnOnce() + Send + 'static) {
        self.told().push(Box::new(telling));
    }

    /// How much there is.
    pub(super) fn count(&mut self) -> Count {
        Count { work: self.work().len(), told: self.told().len() }
    }

    /// Drops what came after that.
    pub(super) fn truncate(&mut self, Count { work, told }: Count) {
        self.work().truncate(work);
        self.told().truncate(told);
    }

    fn told(&mut self) -> &mut Vec<Box<dyn FnOnce() + Send>> {
        self.told.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&mut self) -> &mut Vec<BoxFuture<'static, ()>> {
        self.work.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to do it, one after the other, in a task that is waited for when the server stops. `operation` is for the log.
    pub(super) fn run(mut self, after: &AfterCommits, operation: &str) {
        if let Some(somebody) = &self.wakes {
            somebody.notify_one();
        }
        for telling in std::mem::take(self.told()) {
            telling();
        }
        let work = std::mem::take(self.work());
        if work.is_empty() {
            return;
        }
        let (deadline, operation) = (after.deadline, operation.to_owned());
        after.running.spawn(async move {
            for hook in work {
                match tokio::time::timeout(deadline, AssertUnwindSafe(hook).catch_unwind()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => tracing::error!(operation, "what was to be done after a commit panicked"),
                    Err(_) => {
                        tracing::warn!(operation, "what was to be done after a commit took too long and was stopped")
                    }
                }
            }
        });
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
