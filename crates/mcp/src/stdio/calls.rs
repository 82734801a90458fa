//! What is being worked on, so that `notifications/cancelled` finds it.

use crate::object;
use crate::rpc::Id;
use futures_util::future::{AbortHandle, Abortable};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The requests without an answer yet.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    number: u64,
    id: String,
    handle: AbortHandle,
}

/// Takes the call out again, however it ends.
struct Entry<'c> {
    calls: &'c Calls,
    number: u64,
}

impl Calls {
    /// From now on, not from when it is first polled, the work can be withdrawn by the request's id: then it is dropped,
    /// and gives `None`.
    pub(super) fn withdrawable<T>(&self, id: Id<'_>, work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
        let (handle, registration) = AbortHandle::new_pair();
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        open.calls.push(Call { number, id: same(id), handle });
        let entry = Entry { calls: self, number };
        let work = Abortable::new(work, registration);
        async move {
            let _entry = entry;
            work.await.ok()
        }
    }

    /// Withdraws the last request of this id; none that is open, no matter.
    pub(super) fn withdraw(&self, id: Id<'_>) {
        let id = same(id);
        if let Some(call) = self.lock().calls.iter().rev().find(|call| call.id == id) {
            call.handle.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
