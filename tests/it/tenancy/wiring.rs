//! What does not fit together is told when the server is built.

use super::{ById, NOTES, Note, count, get, list};
use diptych::{
    Anyone, Authenticated, Conn, Db, Engine, Instance, Operations, Record, Result, RowScope, Scoped, Select,
    SelectorSpec, ServiceSpec, Tx, query_as,
};
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Record, Serialize, JsonSchema)]
struct Rate {
    id: i64,
}

async fn rates(_: &mut Conn) -> Result<Select<Rate>> {
    Ok(Select::sql("SELECT id FROM rates"))
}

async fn rate(db: &mut Conn, Args(ById { id }): Args<ById>) -> Result<Option<Rate>> {
    query_as("SELECT id FROM rates WHERE id = $1").bind(id).optional(db).await
}

async fn by_hand(_: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

async fn write(_: &mut Tx) -> Result<i64> {
    Ok(1)
}

async fn change(_: &mut Tx, _: Instance<Rate>) -> Result<i64> {
    Ok(1)
}

async fn apart(_: &mut Conn, _: Db) -> Result<Select<Note>> {
    Ok(Select::sql(NOTES))
}

async fn of_a_number(_: &mut Conn, _: Scoped<i64>) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

fn rate_of(id: &i64) -> Select<Rate> {
    Select::sql("SELECT id FROM rates WHERE id = $1").bind(*id)
}

fn scope() -> RowScope<String> {
    RowScope::column("tenant_id").by_claim("tenant")
}

async fn mistakes(operations: Operations) -> Vec<String> {
    let database = TestDatabase::sqlite();
    let built = Engine::builder(Db::connect(database.url()).await.unwrap()).operations(operations).build();
    let told = built.map_or_else(|mistakes| mistakes.to_string(), |_| String::new());
    told.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[tokio::test]
async fn an_operation_that_no_scope_can_be_added_to_says_what_to_write() {
    let within = || Operations::new().row_scope(scope());
    for (operations, expected) in [
        (
            within().add(SelectorSpec::from_fn("o", rates).allow(Anyone)),
            vec!["returns rows of", "have no column `tenant_id`", ".unscoped(\"why\")"],
        ),
        (
            within().add(SelectorSpec::from_fn("o", rate).allow(Anyone)),
            vec!["returns a ", ".row(|row: &Rate| row.tenant_id.clone())"],
        ),
        (within().add(SelectorSpec::from_fn("o", by_hand).allow(Anyone)), vec!["take `Scoped<alloc::string::String>`"]),
        (within().add(ServiceSpec::from_fn("o", write).allow(Anyone)), vec!["writes by hand", "take `Scoped<"]),
        (
            within().add(ServiceSpec::from_fn("o", change).allow(Anyone).target(SelectorSpec::from_fn("r", rate))),
            vec!["works on a ", ".row(|row: &Rate|"],
        ),
        (
            within().add(
                ServiceSpec::from_fn("o", async |_: &mut Tx, _: Scoped<String>| -> Result<i64> { Ok(1) })
                    .allow(Anyone)
                    .output(rate_of),
            ),
            vec!["answers with rows of", "have no column `tenant_id`"],
        ),
        (within().add(SelectorSpec::from_fn("o", apart).allow(Anyone)), vec!["takes a `Db`", "take `Scoped<"]),
        (
            within().add(SelectorSpec::from_fn("o", of_a_number).allow(Anyone)),
            vec!["asks for Scoped<i64>, but its row scope is a alloc::string::String"],
        ),
        (
            Operations::new().add(SelectorSpec::from_fn("o", count).allow(Anyone)),
            vec!["asks for Scoped<", "is in no row scope", ".row_scope("],
        ),
        (
            within().add(SelectorSpec::from_fn("o", count).allow(Anyone).unscoped("because")),
            vec!["asks for Scoped<", "says `.unscoped(…)`"],
        ),
        (within().add(SelectorSpec::from_fn("o", by_hand).allow(Anyone).unscoped(" ")), vec!["write why"]),
        (
            Operations::new().add(SelectorSpec::from_fn("o", by_hand).allow(Anyone).unscoped("x")),
            vec!["have no row scope; leave it out"],
        ),
        (within().row_scope(scope()).add(SelectorSpec::from_fn("o", list).allow(Anyone)), vec![]),
        (within().merge(within().add(SelectorSpec::from_fn("o", list).allow(Anyone))), vec!["is in two row scopes"]),
        (
            within().add(
                ServiceSpec::from_fn("o", change)
                    .allow(Anyone)
                    .target(SelectorSpec::from_fn("r", rate).unscoped("x"))
                    .unscoped("y"),
            ),
            vec!["has a target that says `.unscoped(…)`, which is for the service to say"],
        ),
        (
            Operations::new().row_scope(scope().setting("tenant")).add(SelectorSpec::from_fn("o", list).allow(Anyone)),
            vec!["the setting `tenant`", "`app.tenant`"],
        ),
        (
            Operations::new()
                .row_scope(RowScope::column("a\"b").by_claim("tenant"))
                .add(SelectorSpec::from_fn("o", by_hand).allow(Anyone).unscoped("x"))
                .add(SelectorSpec::from_fn("p", count).allow(Anyone)),
            vec!["is no identifier"],
        ),
        (
            Operations::new()
                .row_scope(RowScope::column("tenant_id").by(|_| Some(true)))
                .add(SelectorSpec::from_fn("o", list).allow(Anyone)),
            vec!["has a row scope of bool; the value has to be a text, a UUID or an integer"],
        ),
    ] {
        let told = mistakes(operations).await.join("\n");
        assert_eq!(told.is_empty(), expected.is_empty(), "{told}");
        for part in expected {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
    }
}

#[tokio::test]
async fn what_fits_together_is_built() {
    let scope = scope().row(|note: &Note| note.tenant_id.clone());
    let operations = Operations::new()
        .merge(Operations::new().add(SelectorSpec::from_fn("merged", get).allow(Authenticated)))
        .row_scope(scope)
        .add(SelectorSpec::from_fn("added", get).allow(Authenticated))
        .add(SelectorSpec::from_fn("rates", rates).allow(Anyone).unscoped("the same for every tenant"));
    assert_eq!(mistakes(operations).await, Vec::<String>::new());
}
