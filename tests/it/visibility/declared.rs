//! What cannot be hidden, told when the server is built.

use super::{ProductOrder, ProductView, by_id, cost, get, list, operations, rename};
use diptych::{
    Audience, Authenticated, Conn, Db, Engine, Operations, POST, Page, Record, Result, Scope, SelectorSpec,
    ServiceSpec, Version,
};
use diptych_spec::AnswerValue;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Serialize, JsonSchema)]
struct Nested {
    id: i64,
    inner: Option<Box<Self>>,
}

#[derive(Debug, Record, Serialize, JsonSchema)]
struct Paper {
    id: i64,
    version: Version,
}

async fn nested(_: &mut Conn) -> Result<AnswerValue<Nested>> {
    Ok(AnswerValue(Nested { id: 1, inner: None }))
}

async fn number(_: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

async fn paper(_: &mut Conn) -> Result<Option<Paper>> {
    Ok(None)
}

async fn page(_: &mut Conn) -> Result<AnswerValue<Page<i64>>> {
    Ok(AnswerValue(Page { items: Vec::new(), total: 0, page: 1, page_size: 1 }))
}

#[tokio::test]
async fn what_cannot_be_hidden_does_not_start() {
    let listed = || {
        SelectorSpec::from_fn("o", list).allow(Authenticated).order_by::<ProductOrder>("id").present::<ProductView>()
    };
    let renamed = || {
        ServiceSpec::from_fn("o", rename)
            .allow(Authenticated)
            .target(SelectorSpec::from_fn("target", get))
            .output(by_id)
            .present::<ProductView>()
            .visible("id", Scope("x"))
    };
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = |operations: Operations| {
        let built = Engine::builder(db.clone()).operations(operations).build();
        built.map_or_else(|mistakes| mistakes.to_string(), |_| String::new())
    };
    let searched =
        |column| SelectorSpec::from_fn("o", list).allow(Authenticated).present::<ProductView>().search([column]);
    for (told, expected) in [
        (
            mistakes(Operations::new().add(searched("name").visible("name", Scope("x")))),
            "hides `name`, which `.search(…)` looks in; leave it out there, or show the field",
        ),
        (
            mistakes(Operations::new().add(searched("cost_cents").visible(cost(), Scope("x")))),
            "hides `cost_cents`, which `.search(…)` looks in; leave it out there, or show the field",
        ),
        (
            mistakes(Operations::new().add(searched("name").visible("cost", Scope("x")))),
            "hides `cost`, which is no column of the row; say which columns",
        ),
        (
            mistakes(Operations::new().add(listed().visible("costs", Scope("x")))),
            "hides `costs`, which is no field; there are `id`, `name`, `cost`",
        ),
        (
            mistakes(Operations::new().add(listed().visible("cost", Scope("x")))),
            "hides `cost`, which is no column of the row; say which columns",
        ),
        (
            mistakes(Operations::new().add(listed().visible("id", Scope("x")))),
            "hides `id`, and orders by it unless it is said otherwise",
        ),
        (mistakes(Operations::new().add(listed().visible("id", Scope("x")))), "hides `id`, which every order ends in"),
        (
            mistakes(Operations::new().add(renamed().creates("/products/{id}").rest(POST, "/p"))),
            "hides `id`, which `.creates(…)` tells",
        ),
        (
            mistakes(Operations::new().add(renamed().changes("products://{id}"))),
            "hides `id`, which `.changes(…)` tells",
        ),
        (
            mistakes(
                Operations::new()
                    .add(SelectorSpec::from_fn("o", paper).allow(Authenticated).visible("version", Scope("x"))),
            ),
            "hides `version`, which the entity tag tells",
        ),
        (
            mistakes(
                Operations::new()
                    .add(SelectorSpec::from_fn("o", nested).allow(Authenticated).visible("id", Scope("x"))),
            ),
            "no object, or has itself in it",
        ),
        (
            mistakes(
                Operations::new()
                    .add(SelectorSpec::from_fn("o", number).allow(Authenticated).audience("id", Audience::People)),
            ),
            "no object, or has itself in it",
        ),
        (
            mistakes(
                Operations::new().add(SelectorSpec::from_fn("o", page).allow(Authenticated).visible("id", Scope("x"))),
            ),
            "hides `id`, which is no field; there are `items`, `total`",
        ),
        (
            mistakes(Operations::new().add(
                ["id", "name", "cost", "note", "hint"].into_iter().fold(
                    SelectorSpec::from_fn("o", get).allow(Authenticated).present::<ProductView>(),
                    |spec, name| spec.visible(name, Scope("x")),
                ),
            )),
            "has more than 4 rules `.visible(…)`",
        ),
    ] {
        assert!(told.contains(expected), "{expected} is not in: {told}");
    }
    assert_eq!(mistakes(operations()), "");
}
