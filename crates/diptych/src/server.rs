//! A built server: run by itself, or mounted into an application that exists.

use crate::{Client, MountCost, StartError, stdio};
use actix_web::web::ServiceConfig;
use diptych_mcp::Mount;
use diptych_pipeline::{Engine, Operation, OperationScope};
use diptych_spec::{Mistake, Mistakes, Principal};
use diptych_transport_actix::{Http, Listener, terminated};
use std::{fmt, future::Future, net::SocketAddr};

/// Where REST is mounted when the server runs by itself.
const REST: &str = "/api";
/// Where the OpenAPI document is when the server runs by itself.
const OPENAPI: &str = "/openapi.json";
/// Where MCP is mounted when the server runs by itself.
pub(crate) const MCP: &str = "/mcp";

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
    /// The other MCP endpoints, when the server runs by itself.
    mounts: Vec<(String, diptych_mcp::Server)>,
    label: String,
    on_listen: Vec<ListenHook>,
    #[cfg(feature = "oauth")]
    local_issuer: Option<diptych_auth::LocalIssuer>,
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
    /// The URLs of the other MCP endpoints, in order of declaration.
    pub mcp_mounts: Vec<String>,
    /// The URL of the local issuer, if there is one.
    pub issuer: Option<String>,
}

/// A server that has its address, and serves once it is run.
#[derive(Debug)]
pub struct Listening {
    listener: Listener,
    server: Server,
    addresses: Addresses,
}

impl Server {
    pub(crate) fn new(http: Http, label: String, mounts: &[(String, Mount)], on_listen: Vec<ListenHook>) -> Self {
        let mounts = mounts.iter().map(|(path, mount)| (path.clone(), http.mounted(path, mount))).collect();
        Self {
            http,
            mounts,
            label,
            on_listen,
            #[cfg(feature = "oauth")]
            local_issuer: None,
        }
    }

    #[cfg(feature = "oauth")]
    pub(crate) fn with_local_issuer(mut self, issuer: Option<diptych_auth::LocalIssuer>) -> Self {
        self.local_issuer = issuer;
        self
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

    /// What protects each MCP endpoint (RFC 9728), for an actix `App`, not in a scope: where the authenticator's
    /// `resource_metadata` says, and for clients that look there, at `/.well-known/oauth-protected-resource`. Configured after every
    /// [`Server::mcp_of`]. Nothing with an authenticator that has no metadata.
    pub fn well_known(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        self.http.well_known()
    }

    /// The issuer of the builder's `.local_issuer(…)`, for an actix `App`, not in a scope: at `/issuer`, and its metadata below
    /// `/.well-known`. It has to be told where MCP is, with [`crate::LocalIssuer::resource`].
    #[cfg(feature = "oauth")]
    pub fn local_issuer(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let issuer = self.local_issuer.as_ref().map(|issuer| self.http.local_issuer(issuer));
        move |config| {
            if let Some(issuer) = issuer {
                issuer(config);
            }
        }
    }

    /// Another MCP endpoint over some of the operations, for an actix `App`. Make it once, outside of the factory: every call
    /// makes a server with sessions of its own.
    ///
    /// # Errors
    /// Everything that is wrong with the mount: a tag or an operation that is not there, nothing left to serve.
    pub fn mcp_of(
        &self,
        path: &str,
        mount: &Mount,
    ) -> Result<impl FnOnce(&mut ServiceConfig) + Clone + Send + use<>, Mistakes> {
        self.http.mcp_of(path, mount)
    }

    /// What the tools of each MCP endpoint cost a conversation: the one of [`Server::mcp`], and those of the builder's
    /// `.mcp_mount(…)`.
    #[must_use]
    pub fn tool_costs(&self) -> Vec<MountCost> {
        let main = MountCost::new(MCP, self.http.mcp_server());
        let others = self.mounts.iter().map(|(path, server)| MountCost::new(path, server));
        std::iter::once(main).chain(others).collect()
    }

    /// Whose rows each operation works on, in order of declaration.
    #[must_use]
    pub fn row_scopes(&self) -> Vec<OperationScope> {
        self.engine().row_scopes()
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
        let scheme = if listener.is_tls() { "https" } else { "http" };
        let url = |path: &str| format!("{scheme}://{socket}{path}");
        let mcp_mounts = self.mounts.iter().map(|(path, _)| url(path)).collect();
        #[cfg(feature = "oauth")]
        let issuer = match &self.local_issuer {
            Some(issuer) => {
                issuer.ready().map_err(StartError::Configuration)?;
                issuer.url().map(str::to_owned)
            }
            None => None,
        };
        #[cfg(not(feature = "oauth"))]
        let issuer = None;
        let addresses = Addresses { socket, rest: url(REST), openapi: url(OPENAPI), mcp: url(MCP), mcp_mounts, issuer };
        Ok(Listening { listener, server: self, addresses })
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
        let Addresses { rest, openapi, mcp, mcp_mounts, issuer, .. } = &self.addresses;
        println!("{}\n  REST     {rest}\n  OpenAPI  {openapi}\n  MCP      {mcp}", self.server.label);
        for mount in mcp_mounts {
            println!("  MCP      {mount}");
        }
        if let Some(issuer) = issuer {
            println!("  Issuer   {issuer}");
        }
        for hook in self.server.on_listen.drain(..) {
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
        #[cfg(feature = "oauth")]
        let issuer = self.server.local_issuer();
        let Server { http, mounts, .. } = self.server;
        let configure = move |config: &mut ServiceConfig| {
            config.configure(http.openapi(OPENAPI, REST)).configure(http.rest(REST)).configure(http.mcp(MCP));
            for (path, server) in &mounts {
                config.configure(http.serve(server.clone(), path));
            }
            config.configure(http.well_known());
            #[cfg(feature = "oauth")]
            config.configure(issuer.clone());
        };
        self.listener.serve(configure, until).await.map_err(|error| StartError::Listen(error.to_string()))
    }
}

/// What is wrong with the mounts of a server that runs by itself.
pub(crate) fn mount_mistakes(mounts: &[(String, Mount)], operations: &[Operation]) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (at, (path, mount)) in mounts.iter().enumerate() {
        found.extend(mount.mistakes(path, operations));
        let taken = path == OPENAPI
            || path == REST
            || path.starts_with("/.well-known/")
            || path.strip_prefix(REST).is_some_and(|rest| rest.starts_with('/'));
        if taken || mounts[..at].iter().any(|(other, _)| other == path) {
            found.push(Mistake::new(format!("the mount {path}"), "has a path that is taken; give it one of its own"));
        }
    }
    found
}

/// What runs once the server listens.
pub(crate) type ListenHook = Box<dyn FnOnce(&Addresses) + Send>;

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("http", &self.http).finish_non_exhaustive()
    }
}
