//! Connections that are kept open: so many places, taken in turn, given back the moment they are free.
//!
//! sqlx's own pool asks every connection that comes back whether it is still there, in a task of its own, and only then lets the
//! next one have it. [`super::held::Held`] knows what state a connection is in, so here it goes back at once, or is closed
//! (ADR 0003 has the numbers).

use super::{fault::db_error, interrupt::Interrupt};
use diptych_spec::Result;
use futures_util::FutureExt as _;
use sqlx::{Connection, Database};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

pub(super) type Options<D> = <<D as Database>::Connection as Connection>::Options;

/// How long the statement of an abandoned connection is tried to be ended before the connection is closed all the same.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Places for connections of one kind. Cheap to clone.
pub(crate) struct Slots<D: Interrupt>(Arc<Shared<D>>);

struct Shared<D: Interrupt> {
    options: Options<D>,
    means: D::Means,
    acquire_timeout: Duration,
    max_lifetime: Option<Duration>,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Opened<D>>>,
}

struct Opened<D: Interrupt> {
    connection: D::Connection,
    /// How its statements are ended, where that is known.
    reach: Option<D::Reach>,
    since: Instant,
}

/// A connection, and its place. It goes back with [`Lease::give_back`]; dropped, it is closed.
pub(super) struct Lease<D: Interrupt> {
    opened: Opened<D>,
    home: Arc<Shared<D>>,
    /// Behind the connection, so that the place is free only once the connection is back or gone.
    _place: OwnedSemaphorePermit,
}

impl<D: Interrupt> Clone for Slots<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Interrupt> Slots<D> {
    pub(super) fn new(
        options: Options<D>,
        means: D::Means,
        places: u32,
        acquire_timeout: Duration,
        max_lifetime: Option<Duration>,
    ) -> Self {
        let places = Arc::new(Semaphore::new(usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS).max(1)));
        Self(Arc::new(Shared { options, means, acquire_timeout, max_lifetime, places, idle: Mutex::default() }))
    }

    /// The connection that was used last, or a new one. Waits for a place; callers get theirs in the order they came.
    pub(super) async fn take(&self) -> Result<Lease<D>> {
        let taken = tokio::time::timeout(self.0.acquire_timeout, self.open()).await;
        taken.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(db_error)
    }

    /// A connection on a place that is somebody else's to give. It is theirs again once the connection is gone.
    pub(super) async fn take_at(&self, place: OwnedSemaphorePermit) -> Result<Lease<D>> {
        let open = async {
            if self.0.places.is_closed() {
                return Err(sqlx::Error::PoolClosed);
            }
            self.open_at(place).await
        };
        let taken = tokio::time::timeout(self.0.acquire_timeout, open).await;
        taken.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(db_error)
    }

    async fn open(&self) -> sqlx::Result<Lease<D>> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        self.open_at(place).await
    }

    async fn open_at(&self, place: OwnedSemaphorePermit) -> sqlx::Result<Lease<D>> {
        let shared = &self.0;
        let opened = match self.idle_one() {
            Some(opened) => opened,
            // Seldom, and of many steps: in a place of its own, so that calls do not carry them.
            None => self.connect().boxed().await?,
        };
        Ok(Lease { opened, home: Arc::clone(shared), _place: place })
    }

    async fn connect(&self) -> sqlx::Result<Opened<D>> {
        let mut connection = D::Connection::connect_with(&self.0.options).await?;
        let reach = D::reach(&mut connection, &self.0.means).await?;
        Ok(Opened { connection, reach, since: Instant::now() })
    }

    fn idle_one(&self) -> Option<Opened<D>> {
        let mut idle = self.0.idle();
        while let Some(opened) = idle.pop() {
            if self.0.max_lifetime.is_none_or(|most| opened.since.elapsed() < most) {
                return Some(opened);
            }
        }
        None
    }

    /// Closes what is idle, and lets nobody take a connection any more. What is in use is closed when it comes back.
    pub(super) async fn close(&self) {
        self.0.places.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for opened in idle {
            let _ = opened.connection.close().await;
        }
    }
}

impl<D: Interrupt> Shared<D> {
    fn idle(&self) -> MutexGuard<'_, Vec<Opened<D>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Interrupt> Lease<D> {
    pub(super) fn raw(&mut self) -> &mut D::Connection {
        &mut self.opened.connection
    }

    /// Ends the statement that is under way, so that the connection can be used again.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) async fn end_statement(&mut self) -> Result<()> {
        let Opened { connection, reach, .. } = &mut self.opened;
        if let Some(reach) = reach {
            D::end(&self.home.means, reach).await?;
            D::resume(connection, reach).await.map_err(db_error)?;
        }
        Ok(())
    }

    /// Ends the statement that is under way, and closes the connection. Nobody waits for that; until then its place is taken, as
    /// the database is still at work for it.
    pub(super) fn abandon(self) {
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let Self { opened, home, _place } = self;
            let closed = async {
                if let Some(reach) = &opened.reach {
                    let _ = D::end(&home.means, reach).await;
                }
                let _ = opened.connection.close().await;
            };
            let _ = tokio::time::timeout(END_LIMIT, closed).await;
        });
    }

    /// Lets the next one have it.
    pub(super) fn give_back(self) {
        let Self { opened, home, _place } = self;
        if !home.places.is_closed() {
            home.idle().push(opened);
        }
    }
}
