//! What is being worked on, so that `notifications/cancelled` finds it.

use crate::object;
use crate::rpc::Id;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// The requests without an answer yet.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    number: u64,
    id: String,
    withdrawn: CancellationToken,
}

/// A request that is being worked on. Dropping it takes it out again.
pub(crate) struct Entry<'c> {
    calls: &'c Calls,
    number: u64,
    withdrawn: CancellationToken,
}

impl Calls {
    /// From now on the request can be withdrawn by its id.
    pub(crate) fn enter(&self, id: Id<'_>) -> Entry<'_> {
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        let withdrawn = CancellationToken::new();
        open.calls.push(Call { number, id: same(id), withdrawn: withdrawn.clone() });
        Entry { calls: self, number, withdrawn }
    }

    /// Withdraws the last request of this id; none that is open, no matter.
    pub(crate) fn withdraw(&self, id: Id<'_>) {
        let id = same(id);
        if let Some(call) = self.lock().calls.iter().rev().find(|call| call.id == id) {
            call.withdrawn.cancel();
        }
    }

    /// Withdraws all of them.
    pub(crate) fn withdraw_all(&self) {
        self.lock().calls.iter().for_each(|call| call.withdrawn.cancel());
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// Cancelled when the request is withdrawn.
    pub(crate) fn withdrawn(&self) -> &CancellationToken {
        &self.withdrawn
    }

    /// Does the work, unless it is withdrawn first: then it gives `None`, and whoever has the work drops it. By value it would be
    /// in the future twice, and it is large.
    pub(crate) async fn unless_withdrawn<T>(&self, work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.withdrawn.cancelled() => None,
            done = work => Some(done),
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.calls.lock().calls.retain(|call| call.number != self.number);
    }
}

/// The id, so that two spellings of one string are the same: `"a"` and `"\u0061"`.
fn same(id: Id<'_>) -> String {
    object::decoded(id.json()).map_or_else(|| id.json().to_owned(), |text| format!("\"{text}"))
}
