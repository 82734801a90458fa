//! A database server: pools for each tokio runtime.
//!
//! A socket is bound to the runtime that opened it, and every HTTP worker is a runtime of its own. A pool that workers share
//! breaks when one of them stops, and costs a wake-up across threads for every answer (ADR 0003 has the numbers).

use super::{
    DbOptions,
    held::Held,
    interrupt::Interrupt,
    slots::{Options, Slots},
};
use diptych_spec::Result;
use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    runtime::{Handle, Id},
    sync::OwnedSemaphorePermit,
};

/// The longest that a connection is used.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// A database that is reached over sockets.
pub(super) trait Serve: Interrupt {
    /// How a connection is opened on which a statement may run so long.
    fn options(base: &Options<Self>, longest: Duration, access: Access) -> Options<Self>;

    /// What is needed besides it; `keep` has the connection that is never lent to an operation, which has none itself.
    fn means(keep: Option<&Slots<Self>>, longest: Duration, access: Access) -> Self::Means;
}

/// A server that is connected to.
pub(super) struct Served<D: Serve> {
    options: Options<D>,
    acquire_timeout: Duration,
    /// Connections of each pool.
    share: u32,
    pools: RwLock<Pools<D>>,
}

/// The pools of each runtime, and how long a statement may run on connections that are opened from now on.
struct Pools<D: Serve> {
    statement_timeout: Duration,
    by_runtime: Vec<(Id, Pair<D>)>,
}

/// The pools of one runtime: connections that write, connections that were opened read-only, one that writes and is
/// never lent to an operation, and those of streams.
struct Pair<D: Serve> {
    write: Slots<D>,
    read: Slots<D>,
    keep: Slots<D>,
    /// For reading whole lists. None of them is kept, and the places are those of whoever streams.
    stream: Slots<D>,
}

impl<D: Serve> Clone for Pair<D> {
    fn clone(&self) -> Self {
        let Self { write, read, keep, stream } = self;
        Self { write: write.clone(), read: read.clone(), keep: keep.clone(), stream: stream.clone() }
    }
}

impl<D: Serve> Served<D> {
    /// The server that is reached like this.
    pub(super) fn new(options: Options<D>, settings: &DbOptions) -> Self {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = u32::try_from(settings.workers.unwrap_or_else(processors)).unwrap_or(0).max(1);
        let share = (settings.max_connections / workers / 2).max(1);
        let pools = Pools { statement_timeout: settings.statement_timeout, by_runtime: Vec::new() };
        Self { options, acquire_timeout: settings.acquire_timeout, share, pools: RwLock::new(pools) }
    }

    /// Lets statements run at least this long. Connections that are open already are replaced.
    pub(super) fn allow_statements_of(&self, longest: Duration) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if longest > pools.statement_timeout {
            pools.statement_timeout = longest;
            pools.by_runtime.clear();
        }
    }

    /// How long a statement may run where nothing else is said.
    #[cfg_attr(not(feature = "mysql"), allow(dead_code, reason = "PostgreSQL goes back to it by itself"))]
    pub(super) fn statement_timeout(&self) -> Duration {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).statement_timeout
    }

    pub(super) async fn writer(&self) -> Result<Held<D>> {
        self.here().write.take().await.map(Held::idle)
    }

    pub(super) async fn reader(&self) -> Result<Held<D>> {
        self.here().read.take().await.map(Held::idle)
    }

    pub(super) async fn keeper(&self) -> Result<Held<D>> {
        self.here().keep.take().await.map(Held::idle)
    }

    pub(super) async fn streamer(&self, place: OwnedSemaphorePermit) -> Result<Held<D>> {
        self.here().stream.take_at(place).await.map(Held::idle)
    }

    pub(super) fn places(&self) -> usize {
        usize::try_from(self.share).unwrap_or(usize::MAX)
    }

    /// Closes the connections of the runtime that this is called on. Those of another close with it.
    pub(super) async fn close(&self) {
        if let Some(pair) = self.existing(Handle::current().id()) {
            pair.read.close().await;
            pair.write.close().await;
            pair.stream.close().await;
            pair.keep.close().await;
        }
    }

    fn existing(&self, runtime: Id) -> Option<Pair<D>> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools.by_runtime.iter().find(|(id, _)| *id == runtime).map(|(_, pair)| pair.clone())
    }

    /// The pools of the runtime that this is called on.
    fn here(&self) -> Pair<D> {
        let runtime = Handle::current().id();
        if let Some(pair) = self.existing(runtime) {
            return pair;
        }
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread of a multi-thread runtime may have been here meanwhile.
        if let Some((_, pair)) = pools.by_runtime.iter().find(|(id, _)| *id == runtime) {
            return pair.clone();
        }
        let longest = pools.statement_timeout;
        let slots = |keep: Option<&Slots<D>>, access, places| {
            let (options, means) = (D::options(&self.options, longest, access), D::means(keep, longest, access));
            Slots::new(options, means, places, self.acquire_timeout, Some(MAX_LIFETIME))
        };
        let keep = slots(None, Access::Write, 1);
        let pair = Pair {
            write: slots(Some(&keep), Access::Write, self.share),
            read: slots(Some(&keep), Access::Read, self.share),
            stream: slots(Some(&keep), Access::Read, 0),
            keep,
        };
        pools.by_runtime.push((runtime, pair.clone()));
        pair
    }
}
