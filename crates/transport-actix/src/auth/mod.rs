//! Who is calling: from the header fields of a request to a principal.

mod authenticator;
mod credentials;
mod development;

pub use authenticator::Authenticator;
pub(crate) use authenticator::identify;
pub use credentials::Credentials;
pub use development::DevelopmentTokens;
