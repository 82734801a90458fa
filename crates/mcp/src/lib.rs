//! The Model Context Protocol as data: the headers and the body of a request in, a status, headers and a body out.
//!
//! One [`Server`] serves both eras of the protocol on one endpoint: the stateless revision 2026-07-28 and, for older
//! clients, 2025-11-25, 2025-06-18 and 2025-03-26 with `initialize` and sessions. `ladder.rs` decides which one a
//! request belongs to, `era.rs` says in one table what each revision changes, and there is one file per family of
//! methods. The crate knows no HTTP server; a transport hands it a [`Head`] and a body, and sends the [`Events`] and the
//! [`Reply`]. `stdio/` is the one transport that is here: lines of messages over any pair of byte streams.
//!
//! Section numbers refer to the specification at <https://modelcontextprotocol.io/specification/>. This crate's own
//! API may change in any release; applications use the facade crate `diptych`.

mod answer;
mod asking;
mod batch;
mod call;
mod calls;
mod capability;
mod compact;
mod completion;
mod content;
mod cost;
mod csv;
mod cursor;
mod describe;
mod encode;
mod era;
mod events;
mod format;
mod header;
mod idempotency;
mod inner;
mod kept;
mod ladder;
mod lifecycle;
mod line;
mod list;
mod logging;
mod meta;
mod method;
mod mount;
mod notify;
mod object;
mod offer;
mod parameter;
mod peer;
mod pending;
mod places;
mod prompts;
mod refuse;
mod reply;
mod resources;
mod rows;
mod rpc;
mod server;
mod session;
mod settings;
mod stdio;
mod stream;
mod subscribe;
mod tasks;
mod tools;
mod trace;
mod used;
mod views;

pub use cost::ToolCost;
pub use events::Event;
pub use events::Events;
pub use header::Head;
pub use mount::Mount;
pub use reply::Reply;
pub use server::Server;
pub use settings::Settings;
