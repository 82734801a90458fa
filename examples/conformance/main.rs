//! What the official conformance suite of the Model Context Protocol calls: the tools, resources and prompts of its
//! "everything server", built from the public API.
//!
//! ```sh
//! cargo run --example conformance     # MCP at http://127.0.0.1:8000/mcp, no authentication
//! just conformance                    # the suite against it
//! ```

mod catalogue;
mod contents;
mod prompts;
mod questions;
mod resources;
mod talking;
mod tasks;

use diptych::{MCPServer, Operations};
use std::process::ExitCode;

fn main() -> ExitCode {
    let database = std::env::temp_dir().join(format!("diptych-conformance-{}.db", std::process::id()));
    MCPServer::builder("conformance", env!("CARGO_PKG_VERSION"))
        .title("Conformance fixtures")
        .instructions("Fixtures for the official conformance suite.")
        .database_url(format!("sqlite://{}", database.display()))
        .mount(operations())
        .main()
}

fn operations() -> Operations {
    // The suite calls the first tool without arguments.
    contents::operations()
        .merge(talking::operations())
        .merge(questions::operations())
        .merge(catalogue::operations())
        .merge(resources::operations())
        .merge(prompts::operations())
        .merge(tasks::operations())
}
