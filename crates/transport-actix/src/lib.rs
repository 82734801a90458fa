//! Serves the operations of an engine over HTTP, with actix-web: as REST routes with an OpenAPI document, and as an MCP
//! endpoint.
//!
//! [`Http`] is made once, outside actix's app factory, and mounted in any application; [`Listener`] runs one that has
//! nothing else. A handler only decodes, dispatches and encodes: what a call means is decided by `diptych-pipeline`, so
//! the surfaces cannot disagree. `rest/` and `mcp/` never import each other; what both need is in `identify.rs` (who calls, which
//! `diptych-auth` says) and `edge/` (what is refused before anybody is asked).
//!
//! Applications use the facade crate `diptych`; this crate's own API may change in any release.

mod challenge;
mod edge;
mod exposed;
mod guard;
mod http;
mod identify;
#[cfg(feature = "oauth")]
mod issuer;
mod limit;
mod mcp;
mod metadata;
mod quota;
mod refusal;
mod report;
mod rest;
mod sent;
mod server;
mod settings;
mod shared;
mod signal;

pub use exposed::Exposed;
pub use http::Http;
pub use rest::ApiInfo;
pub use rest::openapi_document;
pub use server::ListenError;
pub use server::Listener;
#[cfg(feature = "tls")]
pub use server::Tls;
#[cfg(feature = "tls")]
pub use server::TlsError;
pub use settings::ForwardedBy;
pub use settings::HostCheck;
pub use settings::HttpSettings;
pub use signal::terminated;
