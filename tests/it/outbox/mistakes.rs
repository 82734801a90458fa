//! What is wrong with an outbox is said when the server is built.

use super::{Noted, Told};
use diptych::{
    Anyone, Delivery, Input, MCPServer, Operations, Outbox, Outgoing, Result, ServiceSpec, StartError, State, Tx,
};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use validator::Validate;

struct Missing;

#[derive(Deserialize, JsonSchema, Validate)]
struct Given {
    n: i64,
}

async fn good(_: &mut Tx, _: Delivery<Noted>, _: Outgoing) -> Result<()> {
    Ok(())
}

async fn lacking(_: Delivery<Noted>, _: State<Missing>) -> Result<()> {
    Ok(())
}

async fn called(_: &mut Tx, told: Delivery<Told>, Input(given): Input<Given>) -> Result<()> {
    assert_eq!(told.n, given.n);
    Ok(())
}

async fn sends(_: &mut Tx, _: Outgoing) -> Result<()> {
    Ok(())
}

async fn takes(_: &mut Tx, _: Delivery<Noted>) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn an_outbox_that_cannot_be_does_not_start() {
    let database = TestDatabase::sqlite();
    let builder = || MCPServer::builder("app", "1").database_url(database.url());
    let with = |outbox: Outbox| builder().outbox(outbox);
    let sending = || Operations::new().add(ServiceSpec::from_fn("sends", sends).allow(Anyone));
    let taking = || Operations::new().add(ServiceSpec::from_fn("takes", takes).allow(Anyone));
    for (builder, expected) in [
        (builder().mount(sending()), "sends: sends messages, but there is no outbox; add `.outbox(Outbox::new())`"),
        (with(Outbox::new()).mount(taking()), "takes: takes a `Delivery`, which only a handler of messages is given"),
        (with(Outbox::new().handle(lacking)), "the handler of noted: needs State<"),
        (with(Outbox::new().handle(called)), "the handler of told: takes arguments of a call, but nobody calls it"),
        (with(Outbox::new().handle(good).handle(good)), "the handler of noted: is there twice"),
        (with(Outbox::new().attempts(0)), "the outbox: tries no message"),
        (with(Outbox::new().deadline(Duration::ZERO)), "the outbox: gives handlers no time"),
        (with(Outbox::new().backoff(Duration::from_secs(2), Duration::from_secs(1))), "waits longer after the first"),
    ] {
        let Err(StartError::Mistakes(mistakes)) = builder.build().await else { panic!("{expected}") };
        assert!(mistakes.to_string().contains(expected), "{mistakes}");
    }
    with(Outbox::new().handle(good)).mount(sending()).build().await.unwrap();
}
