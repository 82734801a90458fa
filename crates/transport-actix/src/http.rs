//! The HTTP surfaces of one engine: made once, outside actix's app factory, which runs once per worker.

use crate::{
    edge::forwarded::Proxies,
    limit::Gate,
    mcp, metadata,
    rest::{self, ApiInfo, Document, Routes},
    settings::HttpSettings,
    shared::Shared,
};
use actix_web::web::ServiceConfig;
use diptych_auth::Authenticator;
use diptych_mcp::Mount;
use diptych_pipeline::Engine;
use diptych_spec::Mistakes;
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// The HTTP surfaces of one engine. Cheap to clone; all clones are the same server.
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # use diptych_transport_actix::Http;
/// # fn example(http: Http) -> std::io::Result<()> {
/// let server = HttpServer::new(move || {
///     App::new()
///         .configure(http.rest("/api"))
///         .configure(http.openapi("/openapi.json", "/api"))
///         .configure(http.mcp("/mcp"))
/// });
/// // As `Listener` does: a client that goes away withdraws its call, and small answers are not held back.
/// let server = server.h1_allow_half_closed(false).tcp_nodelay(true);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Http(Arc<Shared>);

impl Http {
    /// The surfaces of `engine`. `mcp` also says what the OpenAPI document is called; see [`Http::with_info`].
    #[must_use]
    pub fn new(
        engine: Engine,
        mcp: diptych_mcp::Settings,
        settings: HttpSettings,
        authenticator: Arc<dyn Authenticator>,
    ) -> Self {
        let info = ApiInfo::new(mcp.title.as_ref().unwrap_or(&mcp.name), &*mcp.version);
        Self::with_info(engine, mcp, &Mount::new(), settings, authenticator, info)
    }

    /// The same, with the operations of `mount` at the MCP endpoint, and an OpenAPI document that says this of itself.
    #[must_use]
    pub fn with_info(
        engine: Engine,
        mut mcp: diptych_mcp::Settings,
        mount: &Mount,
        settings: HttpSettings,
        authenticator: Arc<dyn Authenticator>,
        info: ApiInfo,
    ) -> Self {
        mcp.json = settings.json;
        Self(Arc::new(Shared {
            routes: Routes::of(&engine),
            mcp: diptych_mcp::Server::mounted(engine.clone(), mcp.clone(), "", mount),
            mcp_settings: mcp,
            mounts: Mutex::default(),
            proxies: Proxies::of(&settings).0,
            gate: Gate::of(&settings, &engine.limit_clock()),
            engine,
            settings,
            authenticator,
            info,
            documents: Mutex::default(),
            closing: AtomicBool::new(false),
        }))
    }

    /// The REST routes, under `prefix`. Everything under it is answered here, so mount what should go before it first;
    /// with an empty prefix it answers what nothing else does.
    pub fn rest(&self, prefix: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let (shared, prefix) = (Arc::clone(&self.0), rooted(prefix));
        move |config| rest::mount(shared, &prefix, config)
    }

    /// The OpenAPI document of the routes under `prefix`, at `path`. Everybody may read it.
    pub fn openapi(&self, path: &str, prefix: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let (shared, path, prefix) = (Arc::clone(&self.0), rooted(path), rooted(prefix));
        move |config| {
            let document = shared.document(&prefix);
            rest::mount_document(&shared, document, &path, config);
        }
    }

    /// The MCP endpoint, at `path`.
    pub fn mcp(&self, path: &str) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        self.serve(self.0.mcp.clone(), path)
    }

    /// Another MCP endpoint, at `path`, with the operations of `mount`.
    ///
    /// # Errors
    /// Everything that is wrong with the mount.
    pub fn mcp_of(
        &self,
        path: &str,
        mount: &Mount,
    ) -> Result<impl FnOnce(&mut ServiceConfig) + Clone + Send + use<>, Mistakes> {
        Mistakes::check(mount.mistakes(&rooted(path), self.0.engine.operations()))?;
        Ok(self.serve(self.mounted(path, mount), path))
    }

    /// The MCP server of a mount without mistakes; [`Http::serve`] is its endpoint.
    #[must_use]
    pub fn mounted(&self, path: &str, mount: &Mount) -> diptych_mcp::Server {
        let (engine, settings) = (self.0.engine.clone(), self.0.mcp_settings.clone());
        let server = diptych_mcp::Server::mounted(engine, settings, &rooted(path), mount);
        self.0.mounts.lock().unwrap_or_else(PoisonError::into_inner).push(server.clone());
        server
    }

    /// The endpoint of an MCP server that was made here, at `path`.
    pub fn serve(
        &self,
        server: diptych_mcp::Server,
        path: &str,
    ) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let (shared, path) = (Arc::clone(&self.0), rooted(path));
        move |config| mcp::mount(shared, server, &path, config)
    }

    /// What protects each endpoint (RFC 9728), at the path that the authenticator's
    /// [`resource_metadata`](Authenticator::resource_metadata) names, and that of the server itself at
    /// `/.well-known/oauth-protected-resource` too. Nothing, when the authenticator has none. Everybody may read it, also pages of
    /// other origins. Mounts that are made after the `App` are not in it.
    pub fn well_known(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let shared = Arc::clone(&self.0);
        move |config| metadata::mount(&shared, config)
    }

    /// The issuer for development, at each of its [paths](diptych_auth::LocalIssuer::PATHS), for this machine only.
    #[cfg(feature = "oauth")]
    pub fn local_issuer(
        &self,
        issuer: &diptych_auth::LocalIssuer,
    ) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
        let (shared, issuer) = (Arc::clone(&self.0), issuer.clone());
        move |config| crate::issuer::mount(&shared, &issuer, config)
    }

    /// The OpenAPI document of the routes under `prefix`.
    #[must_use]
    pub fn openapi_document(&self, prefix: &str) -> Value {
        rest::openapi_document(self.0.engine.operations(), &self.0.info, &rooted(prefix))
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The MCP server behind the endpoint, for another transport.
    #[must_use]
    pub fn mcp_server(&self) -> &diptych_mcp::Server {
        &self.0.mcp
    }

    /// Who makes the request.
    #[must_use]
    pub fn authenticator(&self) -> &dyn Authenticator {
        &*self.0.authenticator
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Shared {
    /// The document, rendered once however many workers ask.
    fn document(&self, prefix: &str) -> Document {
        let mut rendered = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let render = || {
            let document = rest::openapi_document(self.engine.operations(), &self.info, prefix);
            Document::render(&document)
        };
        rendered.entry(prefix.to_owned()).or_insert_with(render).clone()
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("engine", &self.0.engine)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// `api/` → `/api`, `/` → ``.
fn rooted(path: &str) -> String {
    match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}
