//! How many lists are streamed at a time, by all callers and by one.

use crate::{Caller, Network};
use diptych_spec::{Error, ErrorKind, Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// How long a caller should wait for the end of another stream.
const SOON: Duration = Duration::from_secs(5);

/// The streams of an engine.
pub(crate) struct Streams {
    most: usize,
    /// The most of one caller: half, so that nobody is left without for long because of somebody else alone.
    share: usize,
    /// Of each caller who streams, as many places as are their share.
    callers: Mutex<HashMap<Who, Arc<Semaphore>>>,
    ending: CancellationToken,
}

/// Whose streams are counted together: those of a principal, those of an address without one.
#[derive(PartialEq, Eq, Hash)]
enum Who {
    Principal(Box<str>, Box<str>),
    Anonymous(Option<Network>),
}

impl Who {
    fn of(caller: &Caller) -> Self {
        match &caller.principal {
            Some(principal) => Self::Principal(principal.issuer().into(), principal.subject().into()),
            None => Self::Anonymous(caller.via.address.map(Network::of)),
        }
    }
}

impl Streams {
    pub(crate) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { most, share: (most / 2).max(1), callers: Mutex::default(), ending: CancellationToken::new() }
    }

    /// Room for one more. It is free again when what is given is dropped.
    pub(super) fn place(&self, caller: &Caller) -> Result<OwnedSemaphorePermit> {
        if self.ending.is_cancelled() {
            return Err(stopping());
        }
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |places: &Semaphore| self.share - places.available_permits();
        callers.retain(|_, places| held(places) > 0);
        if callers.values().map(|places| held(places)).sum::<usize>() >= self.most {
            let detail = "as many lists are being streamed as this server does at a time; try again, or read pages";
            return Err(Error::new(ErrorKind::Unavailable, "too_many_streams", detail).with_retry_after(SOON));
        }
        let own = callers.entry(Who::of(caller)).or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        Arc::clone(own).try_acquire_owned().map_err(|_| {
            let most = self.share;
            let detail =
                format!("at most {most} lists are streamed to you at a time; read one to its end first, or read pages");
            Error::new(ErrorKind::RateLimited, "too_many_own_streams", detail).with_retry_after(SOON)
        })
    }

    /// Waits until no stream is to go on.
    pub(super) fn ended(&self) -> WaitForCancellationFuture<'_> {
        self.ending.cancelled()
    }

    /// Breaks off every stream, and begins no more.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }
}

pub(super) fn stopping() -> Error {
    Error::new(ErrorKind::Unavailable, "stopping", "the server is stopping; try again").with_retry_after(SOON)
}
