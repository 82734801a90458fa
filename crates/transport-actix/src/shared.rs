//! What every handler works with: made once, outside actix's app factory.

use crate::{
    edge::{address, forwarded::Proxies},
    limit::Gate,
    refusal::Refusal,
    rest::{ApiInfo, Document, Routes},
    settings::HttpSettings,
};
use actix_web::HttpRequest;
use diptych_auth::Authenticator;
use diptych_pipeline::Engine;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// What every handler works with.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) mcp: diptych_mcp::Server,
    /// What the mounts are made from.
    pub(crate) mcp_settings: diptych_mcp::Settings,
    /// Every other MCP server, for closing.
    pub(crate) mounts: Mutex<Vec<diptych_mcp::Server>>,
    pub(crate) settings: HttpSettings,
    pub(crate) proxies: Proxies,
    pub(crate) gate: Gate,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) routes: Routes,
    pub(crate) info: ApiInfo,
    pub(crate) documents: Mutex<BTreeMap<String, Document>>,
    pub(crate) closing: AtomicBool,
}

impl Shared {
    /// The first thing that every handler asks: the address that a request comes from.
    ///
    /// # Errors
    /// Too many requests came from it.
    pub(crate) fn arrived(&self, request: &HttpRequest) -> Result<Option<IpAddr>, Refusal> {
        let address = address::of(&self.proxies, request);
        self.gate.request(address)?;
        Ok(address)
    }

    /// From now on every answer is the last one on its connection, and streams end.
    pub(crate) fn close_connections(&self) {
        self.mcp_servers().iter().for_each(diptych_mcp::Server::close);
        self.engine.end_streams();
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Every MCP server that there is, the server's own first.
    pub(crate) fn mcp_servers(&self) -> Vec<diptych_mcp::Server> {
        let mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.mcp).chain(mounts.iter()).cloned().collect()
    }

    /// Whether nobody is served at the endpoint of this MCP server without credentials.
    pub(crate) fn is_closed(&self, server: &diptych_mcp::Server) -> bool {
        let signs_in = || self.authenticator.metadata(server.place()).is_some();
        self.settings.require_authentication.unwrap_or_else(|| !server.is_open() && signs_in())
    }
}
