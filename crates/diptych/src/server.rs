//! A built server: run by itself, or mounted into an application that exists.

use crate::{Client, StartError, stdio};
use actix_web::web::ServiceConfig;
use diptych_pipeline::Engine;
use diptych_spec::Principal;
use diptych_transport_actix::{Http, Listener, terminated};
use std::{fmt, future::Future, net::SocketAddr};

/// Where REST is mounted when the server runs by itself.
const REST: &str = "/api";
/// Where the OpenAPI document is when the server runs by itself.
const OPENAPI: &str = "/openapi.json";
/// Where MCP is mounted when the server runs by itself.
const MCP: &str = "/mcp";

/// A server whose declarations were checked and whose database is ready.
///
/// Inside an application that exists:
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # async fn example(server: diptych::Server) -> std::io::Result<()> {
/// let (rest, mcp) = (server.rest("/api"), server.mcp("/mcp"));
/// HttpServer::new(move || App::new().configure(rest.clone()).configure(mcp.clone()))
///     // A client that goes away withdraws its call, and small answers are not held back.
///     .h1_allow_half_closed(false)
///     .tcp_nodelay(true)
///     .bind("127.0.0.1:8000")?
///     .run()
///     .await
/// # }
/// ```
pub struct Server {
    http: Http,
    label: String,
    on_listen: Vec<ListenHook>,
}

/// Where a server is reached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Addresses {
    /// The socket.
    pub socket: SocketAddr,
    /// The URL of the REST routes' common prefix.
    pub rest: String,
    /// The URL of the OpenAPI document.
    pub openapi: String,
    /// The URL of the MCP endpoint.
    pub mcp: String,
}

/// A server that has its address, and serves once it is run.
#[derive(Debug)]
pub struct Listening {
    listener: Listener,
    http: Http,
    label: String,
    addresses: Addresses,
    on_listen: Hooks,
}

impl Server {
    pub(crate) fn new(http: Http, label: String, on_listen: Vec<ListenHook>) -> Self {
        Self { http, label, on_listen }
    }

    /// The REST routes under `prefix`, for an actix `App`.
    pub fn rest(&self, prefix: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        self.http.rest(prefix)
    }

    /// The OpenAPI document of the routes under `prefix`, for an actix `App`.
    pub fn openapi(&self, path: &str, prefix: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        self.http.openapi(path, prefix)
    }

    /// The MCP endpoint, for an actix `App`.
    pub fn mcp(&self, path: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        self.http.mcp(path)
    }

    /// The OpenAPI document of the routes under `prefix`.
    #[must_use]
    pub fn openapi_document(&self, prefix: &str) -> serde_json::Value {
        self.http.openapi_document(prefix)
    }

    /// Calls operations in process.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.engine().clone())
    }

    /// The engine under the surfaces.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.http.engine()
    }

    /// Serves one MCP client over standard input and output, as `principal` or as nobody, until the input ends, or until
    /// Ctrl-C or SIGTERM. What runs then is rolled back. The application must print nothing to standard output itself.
    ///
    /// # Errors
    /// Standard input or output failed, other than by the client going away.
    pub async fn stdio(self, principal: Option<Principal>) -> Result<(), StartError> {
        stdio::serve(&self.http, principal.as_ref()).await.map_err(StartError::Stdio)
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Takes an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken, or others could reach it while the authenticator is for development.
    pub fn listen(self, address: SocketAddr) -> Result<Listening, StartError> {
        let listener =
            Listener::bind(self.http.clone(), address).map_err(|error| StartError::Listen(error.to_string()))?;
        let socket = listener.address();
        let url = |path: &str| format!("http://{socket}{path}");
        let addresses = Addresses { socket, rest: url(REST), openapi: url(OPENAPI), mcp: url(MCP) };
        Ok(Listening { listener, http: self.http, label: self.label, addresses, on_listen: Hooks(self.on_listen) })
    }
}

impl Listening {
    /// Where the server is reached.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Prints where the server is reached, and runs the listen hooks.
    #[expect(clippy::print_stdout, reason = "the program tells where it is reached")]
    #[must_use]
    pub fn announce(mut self) -> Self {
        let Addresses { rest, openapi, mcp, .. } = &self.addresses;
        println!("{}\n  REST     {rest}\n  OpenAPI  {openapi}\n  MCP      {mcp}", self.label);
        for hook in self.on_listen.0.drain(..) {
            hook(&self.addresses);
        }
        self
    }

    /// Serves until Ctrl-C or SIGTERM; running calls are waited for.
    ///
    /// # Errors
    /// The server could not start.
    pub async fn run(self) -> Result<(), StartError> {
        self.run_until(terminated()).await
    }

    /// Serves until `until` is done; running calls are waited for.
    ///
    /// # Errors
    /// The server could not start.
    pub async fn run_until(self, until: impl Future<Output = ()>) -> Result<(), StartError> {
        let http = self.http;
        let configure = move |config: &mut ServiceConfig| {
            config.configure(http.openapi(OPENAPI, REST)).configure(http.rest(REST)).configure(http.mcp(MCP));
        };
        self.listener.serve(configure, until).await.map_err(|error| StartError::Listen(error.to_string()))
    }
}

/// What runs once the server listens.
pub(crate) type ListenHook = Box<dyn FnOnce(&Addresses) + Send>;

struct Hooks(Vec<ListenHook>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("http", &self.http).finish_non_exhaustive()
    }
}
