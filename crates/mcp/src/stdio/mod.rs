//! The server over a pair of byte streams, one message on a line (2026-07-28 and 2025-11-25, basic/transports/stdio): for
//! clients that start the server as a subprocess.

mod connection;
mod lines;
mod serve;
