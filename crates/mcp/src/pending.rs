//! Requests of the server that a client of the old era has not answered yet.

use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The open requests of one session.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    requests: HashMap<u64, oneshot::Sender<Option<Value>>>,
}

/// A request that waits for its answer. Dropping it forgets the request.
pub(crate) struct Waiting<'p> {
    pending: &'p Pending,
    number: u64,
    answer: oneshot::Receiver<Option<Value>>,
}

impl Pending {
    pub(crate) fn open(&self) -> Waiting<'_> {
        let (sender, answer) = oneshot::channel();
        let mut open = self.lock();
        open.next += 1;
        let number = open.next;
        open.requests.insert(number, sender);
        Waiting { pending: self, number, answer }
    }

    /// An answer came; `None` is an error of the client's. One to nothing, no matter.
    pub(crate) fn resolve(&self, id: &str, answer: Option<Value>) {
        let number = id.parse().ok();
        if let Some(request) = number.and_then(|number: u64| self.lock().requests.remove(&number)) {
            // Nobody waits any more.
            let _ = request.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// The request's id.
    pub(crate) fn id(&self) -> u64 {
        self.number
    }

    /// The answer, if one comes.
    pub(crate) async fn answer(&mut self) -> Option<Value> {
        (&mut self.answer).await.ok().flatten()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pending.lock().requests.remove(&self.number);
    }
}
