//! The MCP endpoint: hands requests to `diptych-mcp`, which knows the protocol, and sends what it replies.

mod decode;
mod encode;
mod handler;
mod refuse;
mod stream;

pub(crate) use handler::mount;
