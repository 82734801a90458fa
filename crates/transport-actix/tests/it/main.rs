//! The wire as a client sees it: real sockets, raw bytes.

mod client;
mod edge;
mod fixture;
mod mcp;
mod openapi;
mod rest;
mod stop;
