//! The wire as a client sees it: real sockets, raw bytes.

#![expect(clippy::unwrap_used, reason = "a broken fixture should stop the test")]

mod answers;
mod client;
#[cfg(feature = "compression")]
mod compression;
mod cors;
mod edge;
mod fixture;
#[cfg(feature = "http2")]
mod http2;
mod json;
mod limits;
mod mcp;
mod metadata;
mod mount;
mod openapi;
mod rest;
mod slow;
mod stop;
#[cfg(feature = "tls")]
mod tls;
