//! Serves the operations of an engine over HTTP, with actix-web: as REST routes with an OpenAPI document, and as an MCP
//! endpoint.
//!
//! [`Http`] is made once, outside actix's app factory, and mounted in any application; [`Listener`] runs one that has
//! nothing else. A handler only decodes, dispatches and encodes: what a call means is decided by `diptych-pipeline`, so
//! the surfaces cannot disagree. `rest/` and `mcp/` never import each other; what both need is in `auth/` (who calls) and
//! `edge/` (what is refused before anybody is asked).
//!
//! Applications use the facade crate `diptych`; this crate's own API may change in any release.

mod auth;
mod edge;
mod exposed;
mod guard;
mod http;
mod mcp;
mod refusal;
mod report;
mod rest;
mod server;
mod settings;
mod signal;

pub use auth::Authenticator;
pub use auth::Credentials;
pub use auth::DevelopmentTokens;
pub use exposed::Exposed;
pub use http::Http;
pub use rest::ApiInfo;
pub use rest::openapi_document;
pub use server::ListenError;
pub use server::Listener;
pub use settings::HostCheck;
pub use settings::HttpSettings;
pub use signal::terminated;
