//! An authorization server for development, inside of the program that it protects. What it says is data: it opens no socket.

mod access;
mod asked;
mod at;
mod authenticate;
mod authorize;
mod beside;
mod client;
mod discovery;
mod exchange;
mod grants;
mod issuer;
mod key;
mod key_file;
mod page;
mod token;

pub use beside::Beside;
pub use exchange::IssuerReply;
pub use exchange::IssuerRequest;
pub use issuer::LocalIssuer;
