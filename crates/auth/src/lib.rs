//! Who is calling: from the header fields of a request to a principal. Knows no HTTP server.
//!
//! Applications use the facade crate `diptych`; this crate's own API may change in any release.

mod authenticator;
mod chain;
mod credentials;
mod development;
mod identify;
mod keys;
#[cfg(feature = "oauth")]
mod local;
#[cfg(feature = "oauth")]
mod oauth;
mod scope;
mod standing;

pub use authenticator::Authenticator;
pub use chain::Chain;
pub use credentials::Credentials;
pub use development::DevelopmentTokens;
pub use identify::identify;
pub use keys::ApiKey;
pub use keys::ApiKeys;
pub use keys::NewApiKey;
#[cfg(feature = "oauth")]
pub use local::Beside;
#[cfg(feature = "oauth")]
pub use local::IssuerReply;
#[cfg(feature = "oauth")]
pub use local::IssuerRequest;
#[cfg(feature = "oauth")]
pub use local::LocalIssuer;
#[cfg(feature = "oauth")]
pub use oauth::Issuer;
#[cfg(feature = "oauth")]
pub use oauth::ResourceServer;
#[cfg(feature = "oauth")]
pub use oauth::SigningAlgorithm;
pub use standing::standing;
