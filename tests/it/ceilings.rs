//! How much a list answers at most: pages within any ceiling are the list, both ways, and what cannot be shorter says what to do.

use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Conn, Db, GET, Keyset, MCPServer, MCPServerBuilder, Operations, Ordering, PageNumber, Record,
    Result, Select, SelectorSpec, query,
};
use diptych_testkit::{Surface, SurfaceClient, TestDatabase};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Record, Serialize, JsonSchema)]
struct Note {
    id: i64,
    shelf: i64,
    text: String,
}

#[derive(Ordering)]
enum NoteOrder {
    Shelf,
    Id,
}

async fn notes(_: &mut Conn) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, shelf, text FROM notes"))
}

/// Lists that differ in their ceiling alone.
const CEILINGS: [(&str, usize); 4] =
    [("notes.narrow", 700), ("notes.middle", 1_500), ("notes.wide", 6_000), ("notes.all", 1_000_000)];

fn application(database: &TestDatabase) -> MCPServerBuilder {
    let mut operations = Operations::new();
    for (name, bytes) in CEILINGS {
        let list = SelectorSpec::from_fn(name, notes).allow(Anyone).order_by::<NoteOrder>("id").max_bytes(bytes);
        let path = format!("/{name}");
        operations = operations
            .add(list.paginate(Keyset { size: 10, max_size: 50, ..Keyset::default() }).rest(GET, path.leak()));
    }
    let numbered = SelectorSpec::from_fn("notes.numbered", notes).allow(Anyone).max_bytes(1_500);
    let whole = SelectorSpec::from_fn("notes.whole", notes).allow(Anyone).max_bytes(1_500);
    let operations = operations.add(numbered.paginate(PageNumber { size: 10, max_size: 50 })).add(whole);
    MCPServer::builder("notes", "1").database_url(database.url()).mount(operations)
}

async fn database(backend: Backend) -> TestDatabase {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let sql = "CREATE TABLE notes (id BIGINT PRIMARY KEY, shelf BIGINT NOT NULL, text TEXT NOT NULL)";
    query(sql).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    database
}

/// Rows by the shelf and the length of their text.
async fn fill(db: &Db, rows: &[(i64, usize)]) {
    let mut tx = db.begin().await.unwrap();
    query("DELETE FROM notes").execute(&mut tx).await.unwrap();
    for (id, (shelf, length)) in (1_i64..).zip(rows) {
        let text = "\"é".repeat(length / 2);
        let sql = "INSERT INTO notes VALUES ($1, $2, $3)";
        query(sql).bind(id).bind(*shelf).bind(text).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|note| note["id"].as_i64().unwrap()).collect()
}

/// All pages from where `arguments` say, in the direction of `argument`, put together.
async fn walk(
    caller: &SurfaceClient,
    name: &str,
    ceiling: usize,
    mut arguments: Value,
    argument: &str,
    sizes: &[u32],
) -> (Vec<i64>, Value) {
    let onward = if argument == "after" { "next" } else { "previous" };
    let mut seen = Vec::new();
    for size in sizes.iter().cycle() {
        arguments["page_size"] = json!(size);
        let page = caller.call(name, arguments.clone()).await.unwrap();
        let rows = ids(&page);
        assert!(page.to_string().len() <= ceiling, "{page}");
        assert!(rows.len() <= *size as usize);
        if page.get("shortened").is_some() {
            assert!(page[onward].is_string() && rows.len() < *size as usize, "{page}");
        }
        match argument {
            "after" => seen.extend(rows),
            _ => seen.splice(0..0, rows).for_each(drop),
        }
        if page[onward].is_null() {
            return (seen, page);
        }
        arguments[argument] = page[onward].clone();
    }
    unreachable!("sizes are without end")
}

#[test]
fn pages_within_any_ceiling_are_the_list_both_ways() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scripts = (
        prop::collection::vec((0..4_i64, 0..180_usize), 0..40),
        prop::sample::select(vec![json!(["id"]), json!(["-id"]), json!(["shelf"]), json!(["-shelf", "id"])]),
        prop::collection::vec(1..50_u32, 1..5),
    );
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    for backend in EVERY {
        let database = runtime.block_on(database(backend));
        let db = runtime.block_on(Db::connect(database.url())).unwrap();
        let server = runtime.block_on(application(&database).build()).unwrap();
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        // The same cases each time.
        let mut runner = TestRunner::new_with_rng(config.clone(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let done = runner.run(&scripts, |(rows, order, sizes)| {
            runtime.block_on(async {
                fill(&db, &rows).await;
                let (name, ceiling) = CEILINGS[3];
                let (all, _) = walk(&caller, name, ceiling, json!({"order": order}), "after", &[50]).await;
                assert_eq!(all.len(), rows.len());
                for (name, ceiling) in CEILINGS {
                    let (there, last) = walk(&caller, name, ceiling, json!({"order": order}), "after", &sizes).await;
                    assert_eq!(there, all, "{name}");
                    let before = all.len() - ids(&last).len();
                    if last["previous"].is_string() {
                        let from = json!({"order": order, "before": last["previous"]});
                        let (back, _) = walk(&caller, name, ceiling, from, "before", &sizes).await;
                        assert_eq!(back, all[..before], "{name}");
                    }
                }
            });
            Ok(())
        });
        done.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_shorter_is_refused_with_what_to_do() {
    let database = database(Backend::Sqlite).await;
    let db = Db::connect(database.url()).await.unwrap();
    let server = application(&database).build().await.unwrap();
    let caller = SurfaceClient::in_process(server.client(), None, &[]);
    let refused = async |name: &str, arguments: Value| {
        let problem = caller.call(name, arguments).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(413), &json!("result_too_large")), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };

    fill(&db, &[(1, 200); 10]).await;
    let told = refused("notes.numbered", json!({})).await;
    let (_, fit) = told.split_once("at most ").unwrap_or_else(|| panic!("{told}"));
    let fit: u32 = fit.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(ids(&caller.call("notes.numbered", json!({"page_size": fit})).await.unwrap()).len(), fit as usize);
    refused("notes.numbered", json!({"page_size": fit + 1})).await;
    assert!(refused("notes.whole", json!({})).await.contains("with a filter"));

    // A row that no page has room for.
    fill(&db, &[(1, 10), (1, 2_000), (1, 10)]).await;
    let first = caller.call("notes.narrow", json!({})).await.unwrap();
    assert_eq!((ids(&first), &first["shortened"]), (vec![1], &json!(true)));
    let told = refused("notes.narrow", json!({"after": first["next"]})).await;
    assert!(told.contains("single row"), "{told}");
    assert!(refused("notes.numbered", json!({"page": 2, "page_size": 1})).await.contains("filter"));
}

#[tokio::test]
async fn every_surface_is_told_that_a_page_is_shorter() {
    let database = database(Backend::Sqlite).await;
    fill(&Db::connect(database.url()).await.unwrap(), &[(1, 100); 20]).await;
    let server = diptych_testkit::RunningServer::start(application(&database)).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let caller = SurfaceClient::over(&server, surface, None).await;
        let page = caller.call("notes.middle", json!({"page_size": 20})).await.unwrap();
        assert_eq!((&page["shortened"], &page["page_size"]), (&json!(true), &json!(20)), "{surface:?}");
        assert!(!ids(&page).is_empty() && page["next"].is_string(), "{surface:?}: {page}");
    }
}
