//! An HTTP server of its own: binds, serves, and stops without tearing a call.

mod activity;
mod connection;
#[cfg(feature = "http2")]
mod http2;
mod socket;
#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "tls")]
pub use tls::Tls;
#[cfg(feature = "tls")]
pub use tls::TlsError;

use crate::{Http, edge, edge::local::Local, guard, refusal::Refusal, signal};
use actix_web::{http::StatusCode, web::ServiceConfig};
use connection::Serving;
use futures_util::future::{self, Either};
use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A bound address, about to be served.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    http: Http,
}

/// Why a server does not listen.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// The authenticator is for development, and the address can be reached by others.
    Development(SocketAddr),
    /// The system refused the address, or stopped the server.
    Io(SocketAddr, io::Error),
}

impl Listener {
    /// Takes an address; port 0 takes a free one. Clients that connect wait until [`Listener::serve`].
    ///
    /// # Errors
    /// The address is taken, or everybody could reach it while the authenticator is for development.
    pub fn bind(http: Http, address: SocketAddr) -> Result<Self, ListenError> {
        if http.shared().authenticator.is_for_development() && !address.ip().is_loopback() {
            return Err(ListenError::Development(address));
        }
        let failed = |error| ListenError::Io(address, error);
        let socket = TcpListener::bind(address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        http.authenticator().listens_at(address);
        Ok(Self { socket, address, http })
    }

    /// The address, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it encrypts: `https`.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        is_tls(&self.http.shared().settings)
    }

    /// Serves what `configure` mounts, until `until` is done (see [`signal::terminated`]). Then no connection is accepted
    /// any more, running calls are waited for, and the database is closed. A second Ctrl-C or SIGTERM ends the waiting.
    ///
    /// Needs a tokio runtime; every worker makes its own.
    ///
    /// # Errors
    /// The server could not start.
    pub async fn serve<C>(self, configure: C, until: impl Future<Output = ()>) -> Result<(), ListenError>
    where
        C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let Self { socket, address, http } = self;
        let failed = |error| ListenError::Io(address, error);
        let settings = http.shared().settings.clone();
        let stopping = CancellationToken::new();
        let serving = Serving { settings: Arc::new(settings.clone()), stopping: stopping.clone() };
        let local = Local { address, is_tls: is_tls(&settings) };
        let served = http.clone();
        let worker = move || {
            let (configure, http) = (configure.clone(), served.clone());
            connection::worker(serving.clone(), move || connection::app(local, configure.clone(), otherwise(&http)))
        };
        let mut server = actix_server::Server::build()
            .max_concurrent_connections(settings.max_connections)
            .shutdown_timeout(settings.shutdown_timeout.as_secs())
            .disable_signals();
        if let Some(workers) = settings.workers {
            server = server.workers(workers.max(1));
        }
        let server = server.listen("http", socket, worker).map_err(failed)?.run();
        let handle = server.handle();
        let stopped = async {
            until.await;
            http.shared().close_connections();
            handle.pause().await;
            // Before the workers stop: what still runs on their runtimes would be dropped with them.
            let drained = within(settings.shutdown_timeout, http.engine().drain()).await;
            // Idle connections end now, busy ones after their answer.
            stopping.cancel();
            handle.stop(drained).await;
        };
        let ended = match future::select(pin!(server), pin!(stopped)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), server)) => server.await,
        };
        within(settings.shutdown_timeout, http.engine().drain()).await;
        within(settings.shutdown_timeout, http.engine().stop_tasks()).await;
        within(settings.shutdown_timeout, http.engine().stop_outbox()).await;
        // What tasks and messages have left to be done.
        within(settings.shutdown_timeout, http.engine().drain()).await;
        within(settings.shutdown_timeout, http.engine().stop_audit()).await;
        http.engine().db().close().await;
        ended.map_err(failed)
    }
}

/// Waits for what still runs; not longer than `most`, and not after a second request to stop. Says whether all ended.
async fn within(most: Duration, ended: impl Future<Output = ()>) -> bool {
    let ended = tokio::time::timeout(most, ended);
    match future::select(pin!(ended), pin!(signal::terminated())).await {
        Either::Left((ended, _)) => ended.is_ok(),
        Either::Right(_) => false,
    }
}

/// Whether the listener encrypts.
fn is_tls(settings: &crate::HttpSettings) -> bool {
    #[cfg(feature = "tls")]
    return settings.tls.is_some();
    #[cfg(not(feature = "tls"))]
    {
        let _ = settings;
        false
    }
}

/// Answers outside everything that is mounted.
fn otherwise(http: &Http) -> impl Fn(&mut ServiceConfig) + use<> {
    let http = http.clone();
    move |config| {
        let nothing_here = guard::route(http.shared(), |shared, request| {
            edge::admit(&shared.settings, request)?;
            Err(Refusal::http(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"))
        });
        config.default_service(nothing_here);
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Development(address) => write!(
                f,
                "not listening on {address}: the authenticator is for development and takes everybody at their word; bind a loopback address such as 127.0.0.1:{}, or configure another authenticator",
                address.port()
            ),
            Self::Io(address, error) => write!(f, "cannot listen on {address}: {error}"),
        }
    }
}

impl StdError for ListenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Development(_) => None,
            Self::Io(_, error) => Some(error),
        }
    }
}
