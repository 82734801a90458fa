//! What a chain has of its steps, and what is wrong with one, below the surfaces. The same over every surface is in `suite/chaining.rs`.

use crate::counter::{EVERY, call, create_table, insert, numbers};
use diptych::{
    Anyone, Authenticated, Backend, Catalogue, Chain, Db, Engine, ErrorKind, Idempotency, Input, Isolation, Operations,
    Principal, Result, Scope, ServiceSpec, Tx, service,
};
use diptych_pipeline::{Caller, Change, IntoOperation, OnDisconnect, Surface, Via};
use diptych_spec::Arguments;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

#[derive(Clone, Serialize, Deserialize, JsonSchema, Validate)]
struct New {
    n: i64,
}

/// Add a number, and say it.
#[service("first")]
async fn first(tx: &mut Tx, Input(new): Input<New>) -> Result<i64> {
    insert(tx, new.n).await?;
    Ok(new.n)
}

/// Add another.
#[service("second")]
async fn second(tx: &mut Tx, #[arg] more: i64) -> Result<i64> {
    insert(tx, more).await?;
    Ok(more)
}

/// Add a number, so many times as much.
#[service("third")]
async fn third(tx: &mut Tx, Input(new): Input<New>, #[arg] times: i64) -> Result<i64> {
    insert(tx, new.n * times).await?;
    Ok(new.n * times)
}

async fn off(_: &mut Tx, catalogue: Catalogue) -> Result<()> {
    catalogue.disable("second")
}

async fn on(_: &mut Tx, catalogue: Catalogue) -> Result<()> {
    catalogue.enable("second")
}

fn steps() -> Operations {
    Operations::new()
        .add(first::spec().allow(Scope("a")))
        .add(second::spec().allow(Scope("b")))
        .add(third::spec().allow(Scope("c")))
}

fn all() -> impl IntoOperation {
    let chain = Chain::of::<New>()
        .then::<first, _>(|new, ()| Input(new.clone()))
        .then::<second, _>(|_, (first,)| json!({"more": first + 1}))
        .then::<third, _>(|_, (first, second)| (Input(New { n: first + second }), json!({"times": 10})));
    ServiceSpec::new("all", "Add three numbers.", chain)
}

async fn database(backend: Backend) -> (Db, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    (db, database)
}

#[tokio::test]
async fn a_chain_needs_what_its_steps_need() {
    let (db, _database) = database(Backend::Sqlite).await;
    let engine = Engine::builder(db).operations(steps().add(all())).build().unwrap();
    let chain = engine.operation("all").unwrap().declaration();
    let refused = |scopes: &[&str]| {
        let ann = Principal::new("tests", "ann", scopes.iter().copied()).unwrap();
        engine.authorize(chain, Some(&ann)).err()
    };
    for scopes in [&["a", "b"][..], &["c"], &[]] {
        let error = refused(scopes).unwrap();
        assert_eq!((error.kind(), error.scopes()), (ErrorKind::Forbidden, &["a".into(), "b".into(), "c".into()][..]));
    }
    assert!(refused(&["a", "b", "c"]).is_none());
    let nobody = engine.authorize(chain, None).unwrap_err();
    assert_eq!((nobody.kind(), nobody.scopes().len()), (ErrorKind::Unauthenticated, 3));
}

#[derive(Clone, Serialize, JsonSchema)]
struct Wrote {
    n: i64,
    margin: i64,
}

/// Add a number, and say what it is worth.
#[service("priced")]
async fn priced(tx: &mut Tx, Input(new): Input<New>) -> Result<Wrote> {
    insert(tx, new.n).await?;
    Ok(Wrote { n: new.n, margin: new.n * 2 })
}

#[tokio::test]
async fn a_chain_hides_what_its_steps_hide() {
    for backend in EVERY {
        let (db, _database) = database(backend).await;
        let margins = || Scope("margins");
        let step = || Operations::new().add(priced::spec().allow(Authenticated).visible("margin", margins()));
        let chain = || Chain::of::<New>().then::<priced, _>(|new, ()| Input(new.clone()));
        let forgets = ServiceSpec::new("chain", "", chain());
        let told = Engine::builder(db.clone()).operations(step().add(forgets)).build().unwrap_err().to_string();
        assert!(told.contains("it hides fields, which the chain would show; add the same `.visible(…)`"), "{told}");

        let hides = ServiceSpec::new("chain", "", chain()).visible("margin", margins());
        let tells_less = ServiceSpec::new("number", "", chain().answer(|_, (wrote,)| wrote.n));
        let engine = Engine::builder(db).operations(step().add(hides).add(tells_less)).build().unwrap();
        for (n, name, scopes, answer) in [
            (1, "chain", &["margins"][..], json!({"n": 1, "margin": 2})),
            (2, "chain", &["other"], json!({"n": 2})),
            (3, "number", &["other"], json!(3)),
        ] {
            let ann = Principal::new("tests", "ann", scopes.iter().copied()).unwrap();
            let caller = Caller::new(Some(ann), Via::new(Surface::InProcess));
            let given = json!({"n": n}).to_string();
            let done = engine.dispatch(engine.operation(name).unwrap(), Arguments::named(&given), caller).await;
            let done: Value = serde_json::from_str(done.unwrap().json()).unwrap();
            assert_eq!(done, answer, "{backend} {name} {scopes:?}");
        }
    }
}

#[tokio::test]
async fn a_chain_is_there_with_all_of_its_steps() {
    for backend in EVERY {
        let (db, _database) = database(backend).await;
        let open = Operations::new()
            .add(first::spec().allow(Anyone))
            .add(second::spec().allow(Anyone))
            .add(third::spec().allow(Anyone))
            .add(all())
            .add(ServiceSpec::from_fn("off", off).allow(Anyone))
            .add(ServiceSpec::from_fn("on", on).allow(Anyone));
        let engine = Engine::builder(db).operations(open).build().unwrap();
        let run = async |n: i64| call(&engine, "all", &json!({"n": n}).to_string(), OnDisconnect::Cancel).await;
        assert_eq!(run(1).await.unwrap(), "30", "{backend}");
        assert_eq!(numbers(engine.db()).await, [1, 2, 30], "{backend}");
        let error = run(29).await.unwrap_err();
        let step = error.step().map(|step| (step.number, &*step.operation));
        assert_eq!((error.code(), step), ("unique", Some((2, "second"))), "{backend}");
        assert_eq!(numbers(engine.db()).await, [1, 2, 30], "{backend}");

        let mut changes = engine.changes().listen();
        call(&engine, "off", "{}", OnDisconnect::Cancel).await.unwrap();
        assert_eq!(run(5).await.unwrap_err().kind(), ErrorKind::NotFound, "{backend}");
        assert_eq!(changes.try_recv().unwrap(), Change::Tools);
        assert!(changes.try_recv().is_err(), "told once");
        call(&engine, "on", "{}", OnDisconnect::Cancel).await.unwrap();
        run(5).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_a_step_is_found_when_the_server_is_built() {
    let (db, _database) = database(Backend::Sqlite).await;
    let chain = || {
        let chain = Chain::of::<New>().then::<third, _>(|new, ()| Input(new.clone()));
        ServiceSpec::new("chain", "", chain)
    };
    let third = || third::spec().allow(Authenticated);
    for (operations, why) in [
        (Operations::new().add(chain()), "has `third` as a step, which is no operation; add it to the operations"),
        (
            Operations::new().add(third()).add(chain()),
            "cannot have `third` as step 1: it also needs `times`; give it a pair, `(Input(…), json!({\"times\": …}))`",
        ),
        (
            Operations::new()
                .add(third().isolation(Isolation::Serializable))
                .add(chain().isolation(Isolation::RepeatableRead)),
            "it needs the isolation Serializable; add `.isolation(Isolation::Serializable)` to the chain",
        ),
        (Operations::new().add(third()).add(chain().dry_run(true)), "it offers no dry run"),
        (
            Operations::new().add(third().idempotency(Idempotency::required())).add(chain()),
            "it needs an idempotency key; add `.idempotency(Idempotency::required())` to the chain",
        ),
    ] {
        let found = Engine::builder(db.clone()).operations(operations).build().unwrap_err().to_string();
        assert!(found.contains(why), "{found}");
    }
}
