//! Access tokens of OAuth 2.1 issuers, by which a server that is a protected resource knows who calls.

mod algorithm;
mod authenticate;
mod claims;
mod compact;
mod discovery;
mod fetch;
mod introspection;
mod issuer;
mod keys;
mod known;
mod metadata;
mod mistakes;
mod outage;
mod reach;
mod refreshed;
mod resource;
mod server;
mod strict;
mod trusted;

pub use algorithm::SigningAlgorithm;
pub use issuer::Issuer;
pub(crate) use reach::is_loopback;
pub use server::ResourceServer;
