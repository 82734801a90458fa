//! What can be wrong with a declaration of many.

use super::{Step, one};
use crate::counter::{Number, Stored};
use diptych::{
    Anyone, Ask, Conn, Db, Engine, Input, Limit, Many, Operations, POST, Result, Select, SelectorSpec, ServiceSpec,
    TaskStart, Tx,
};
use diptych_spec::Args;
use diptych_testkit::TestDatabase;

async fn mistakes(operations: Operations) -> Vec<String> {
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let engine =
        Engine::builder(db).operations(operations).state(super::Done::default()).outbox(diptych::Outbox::new());
    engine.build().unwrap_err().as_slice().iter().map(ToString::to_string).collect()
}

async fn nothing(_: &mut Tx) -> Result<()> {
    Ok(())
}

async fn by_number(_: &mut Tx, _: Args<Number>) -> Result<Stored> {
    Ok(Stored { id: 1, n: 1 })
}

async fn asks(_: &mut Tx, _: Args<Number>, _: Ask) -> Result<()> {
    Ok(())
}

async fn begins(_: &mut Tx, _: Args<Number>, _: TaskStart) -> Result<()> {
    Ok(())
}

async fn file(_: &mut Tx, _: Args<Number>) -> Result<diptych::Contents> {
    Ok(diptych::Contents::default())
}

async fn set(_: &mut Tx, _: Many<Step>) -> Result<()> {
    Ok(())
}

async fn sets(_: &mut Tx, _: Many<Step>, _: Input<Step>) -> Result<()> {
    Ok(())
}

async fn read(_: &mut Conn, _: Many<Step>) -> Result<Option<Stored>> {
    Ok(None)
}

async fn rows(_: &mut Conn) -> Result<Select<Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}

#[tokio::test]
async fn each_mistake_is_named() {
    let spec = |name: &'static str| ServiceSpec::from_fn(name, by_number).allow(Anyone);
    let operations = Operations::new()
        .add(spec("none").bulk(0..=0))
        .add(spec("backwards").bulk(core::ops::RangeInclusive::new(5, 1)))
        .add(spec("too-many").bulk(1..=10_001))
        .add(spec("savepoints").per_item(1..=1_001))
        .add(spec("twice").per_item(1..=9).bulk(1..=9))
        .add(ServiceSpec::from_fn("says-nothing", nothing).allow(Anyone).bulk(1..=9))
        .add(ServiceSpec::from_fn("asks", asks).allow(Anyone).per_item(1..=9))
        .add(ServiceSpec::from_fn("begins", begins).allow(Anyone).task(diptych::Task::optional()).bulk(1..=9))
        .add(ServiceSpec::from_fn("file", file).allow(Anyone).bulk(1..=9))
        .add(spec("sets").targets(SelectorSpec::from_fn("rows", rows).allow(Anyone)).bulk(1..=9))
        .add(spec("creates").creates("/numbers/{id}").bulk(1..=9))
        .add(spec("status").status(201).per_item(1..=9))
        .add(spec("path").bulk(1..=9).rest(POST, "/numbers/{n}"))
        .add(spec("changes").changes("numbers://{x}").bulk(1..=9))
        .add(spec("costly").limit(Limit::per_hour(10)).cost(2).per_item(1..=6))
        .add(ServiceSpec::from_fn("set", set).allow(Anyone).per_item(1..=9))
        .add(ServiceSpec::from_fn("mixed", sets).allow(Anyone))
        .add(SelectorSpec::from_fn("read", read).allow(Anyone))
        .add(one().named("nobody").bulk(1..=9));
    let found = mistakes(operations).await;
    for expected in [
        "none: takes 0 to 0 items, which no list has",
        "backwards: takes 5 to 1 items, which no list has",
        "too-many: takes up to 10001 items; the most in one call are 10000",
        "savepoints: takes up to 1001 items; the most in one call are 1000",
        "twice: says twice how its items are taken",
        "says-nothing: takes no arguments",
        "asks: asks the caller, and an answer would be for all of its items; leave out `.per_item(…)` or the question",
        "begins: says where its task begins",
        "file: answers something that is not JSON",
        "sets: works on a set of rows",
        "creates: creates many, and a `Location` is one path; leave out `.creates(\"/numbers/{id}\")`",
        "status: answers with a status for each item",
        "path: the route POST /numbers/{n} has `{n}`, which each of its items has for itself",
        "changes: `.changes(\"numbers://{x}\")` names `x`",
        "costly: costs 12, but the limit of 10 in an hour never has more than 10",
        "set: takes all items at once, as `Many`",
        "read: takes `Many`, which only a service can",
    ] {
        assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{expected}\n{found:#?}");
    }
    for fine in ["mixed", "nobody"] {
        assert!(!found.iter().any(|mistake| mistake.starts_with(fine)), "{found:#?}");
    }
}
