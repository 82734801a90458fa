//! An HTTP server of its own: binds, serves, and stops without tearing a call.

use crate::{Http, refusal::Refusal, signal};
use actix_web::{App, HttpServer, http::StatusCode, web, web::ServiceConfig};
use futures_util::future::{self, Either};
use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    time::Duration,
};

/// How long the head of a request may take to arrive.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

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
        Ok(Self { socket, address, http })
    }

    /// The address, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
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
        let factory = move || App::new().default_service(web::to(nothing_here)).configure(configure.clone());
        let mut server = HttpServer::new(factory)
            // Without it the last part of an answer waits for the client's acknowledgement.
            .tcp_nodelay(true)
            // Without it a call goes on after its client has gone.
            .h1_allow_half_closed(false)
            .client_request_timeout(HEAD_DEADLINE)
            .shutdown_timeout(settings.shutdown_timeout.as_secs())
            .disable_signals();
        if let Some(workers) = settings.workers {
            server = server.workers(workers.max(1));
        }
        let server = server.listen(socket).map_err(failed)?.run();
        let handle = server.handle();
        let stopping = async {
            until.await;
            http.shared().close_connections();
            handle.pause().await;
            // Before the workers stop: what still runs on their runtimes would be dropped with them.
            let drained = within(settings.shutdown_timeout, http.engine().drain()).await;
            handle.stop(drained).await;
        };
        let ended = match future::select(pin!(server), pin!(stopping)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), server)) => server.await,
        };
        within(settings.shutdown_timeout, http.engine().drain()).await;
        within(settings.shutdown_timeout, http.engine().stop_tasks()).await;
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

/// Outside everything that is mounted.
async fn nothing_here() -> actix_web::HttpResponse {
    Refusal::http(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path").response()
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
