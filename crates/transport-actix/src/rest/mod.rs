//! Operations as REST routes, and their description.

mod accept;
mod decode;
mod describe;
mod document;
mod encode;
mod handler;
mod head;
mod idempotency;
mod link;
mod refuse;
mod route;
mod stream;
mod trace;
mod version;

pub use describe::ApiInfo;
pub use describe::openapi_document;
pub(crate) use document::Document;
pub(crate) use document::mount as mount_document;
pub(crate) use handler::mount;
pub(crate) use route::Routes;
