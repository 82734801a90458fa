//! Invoices: customers, invoices with lines, payments. Served as REST and as MCP from the same declarations.
//!
//! ```sh
//! cargo run --example invoices                                            # SQLite, creates invoices.db
//! DATABASE_URL=postgres://user@localhost/db cargo run --example invoices  # the same binary on PostgreSQL
//! DATABASE_URL=mysql://user@localhost/db cargo run --example invoices     # … on MariaDB or MySQL
//! DIPTYCH_BIND=127.0.0.1:0 cargo run --example invoices                   # any free port
//! cargo run --example invoices -- token ann --scope invoices:read         # a token of its own issuer
//! cargo run --example invoices -- keys create --name ci --scope invoices:read
//! OAUTH_ISSUER=https://id.example.com PUBLIC_URL=https://api.example.com cargo run --example invoices
//! # …and, behind a proxy, TRUSTED_PROXIES=10.0.0.0/8
//! ```

use diptych::{Audit, GET, MCPServer, Operations, Scope};
use diptych_examples::invoices;
use std::process::ExitCode;

fn main() -> ExitCode {
    let server = MCPServer::builder("invoices", env!("CARGO_PKG_VERSION"))
        .title("Invoices")
        .instructions("Customers and their invoices. Amounts are in cents. An invoice is a draft until it is sent.")
        .database_url_or("sqlite://invoices.db")
        .migrations(invoices::migrations())
        .state(invoices::Limits { max_cents: 100_000_000 })
        .mount(invoices::operations())
        .outbox(invoices::outbox())
        .audit(Audit::new())
        .mount(Operations::new().add(Audit::selector().allow(Scope("audit:read")).rest(GET, "/audit")))
        .on_start(invoices::seed)
        .on_listen(|server| {
            if server.issuer.is_none() {
                return;
            }
            println!("\nTry it (the development login takes any name as the token):\n");
            println!("  curl -s {}/invoices -H 'Authorization: Bearer ann'", server.rest);
            println!(
                "  curl -s {}/customers -H 'Authorization: Bearer ann' -H 'Content-Type: application/json' -d '{{\"name\": \"Ada Ltd\", \"email\": \"ada-{}@example.com\"}}'",
                server.rest,
                std::process::id()
            );
            println!(
                "  curl -s {} -H 'Authorization: Bearer ann' -H 'Content-Type: application/json' -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: invoices.list' -d '{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {{\"name\": \"invoices.list\", \"arguments\": {{\"status\": [\"sent\"]}}, \"_meta\": {{\"io.modelcontextprotocol/protocolVersion\": \"2026-07-28\", \"io.modelcontextprotocol/clientCapabilities\": {{}}}}}}}}'\n",
                server.mcp
            );
            println!("An MCP client that is given {} and no token signs in by itself.\n", server.mcp);
        });
    match invoices::login(server, |name| std::env::var(name).ok()) {
        Ok(server) => server.main(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
