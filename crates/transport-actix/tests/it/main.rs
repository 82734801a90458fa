//! The wire as a client sees it: real sockets, raw bytes.

#![expect(clippy::unwrap_used, reason = "a broken fixture should stop the test")]

mod client;
mod edge;
mod fixture;
mod mcp;
mod mount;
mod openapi;
mod rest;
mod stop;
