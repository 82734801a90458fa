//! The example as a program that exports its traces, with an operation that fails and a prompt. `it/traces` starts it.

use diptych::{
    Anyone, Conn, Error, MCPServer, Operations, POST, PromptSpec, Result, ServiceSpec, Telemetry, Tx, query_scalar,
};
use diptych_examples::invoices;
use std::process::ExitCode;

async fn breaks(tx: &mut Tx) -> Result<()> {
    let conn: &mut Conn = tx;
    let one: i64 = query_scalar("SELECT COUNT(*) FROM customers").one(conn).await?;
    Err(Error::internal(format!("broken after {one}")))
}

async fn greet(_: &mut Conn) -> Result<String> {
    Ok("Greet the user.".to_owned())
}

fn main() -> ExitCode {
    let telemetry = match std::env::var("TRACED_TELEMETRY").as_deref() {
        Ok("sql") => Telemetry::otlp().sql_text().without_stages(),
        _ => Telemetry::otlp(),
    };
    let broken = ServiceSpec::from_fn("broken", breaks).allow(Anyone).rest(POST, "/broken");
    let greet = PromptSpec::from_fn("greet", greet).allow(Anyone);
    MCPServer::builder("traced", "1.2.3")
        .telemetry(telemetry)
        .migrations(invoices::migrations())
        .state(invoices::Limits { max_cents: 1_000_000 })
        .mount(invoices::operations())
        .outbox(invoices::outbox())
        .mount(Operations::new().add(broken).add(greet))
        .main()
}
