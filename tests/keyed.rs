//! A program that takes API keys and has an outbox, for its command line. `it/keys` and `it/outbox` start it.

use diptych::{
    AnswerValue, ApiKeys, Authenticated, Conn, GET, MCPServer, Operations, Outbox, Principal, Result, Scope,
    SelectorSpec,
};
use std::process::ExitCode;

async fn whoami(_: &mut Conn, who: Principal) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(who.subject().to_owned()))
}

fn main() -> ExitCode {
    let whoami = |name| SelectorSpec::from_fn(name, whoami).description("Who calls.");
    let operations = Operations::new()
        .add(whoami("whoami").allow(Authenticated).rest(GET, "/whoami"))
        .add(whoami("secret.whoami").allow(Scope("secret:read")).rest(GET, "/secret"));
    let server = MCPServer::builder("keyed", "1").mount(operations);
    match std::env::var("KEYED_WITHOUT") {
        Ok(_) => server.main(),
        Err(_) => server.auth(ApiKeys::new()).outbox(Outbox::new()).main(),
    }
}
