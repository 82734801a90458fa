//! What the tests of diptych stand on: a database of its own for each test, a proxy that delays the wire, and the surfaces
//! that one behaviour suite is run over.
//!
//! Everything here panics when it fails: it is only ever called from tests.

#![allow(clippy::missing_panics_doc, reason = "all of it panics when a test cannot go on")]

mod database;
mod events;
mod http;
mod proxy;
mod running;
mod surface;

pub use database::{TestDatabase, server_address};
pub use events::{EventStream, ServerSentEvent};
pub use http::{HttpReply, request};
pub use proxy::DelayProxy;
pub use running::RunningServer;
pub use surface::{Answered, Surface, SurfaceClient};
