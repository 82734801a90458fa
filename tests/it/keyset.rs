//! Keyset pages apart from the suite: links, arguments, processes that share a key, MCP lists that are made of them; and
//! snapshots.

use crate::counter::EVERY;
use diptych::{
    AnswerValue, Anyone, Backend, Conn, Db, GET, Keyset, MCPServer, MCPServerBuilder, Operations, Record, Result,
    Select, SelectorSpec, query, query_as, query_scalar,
};
use diptych_spec::Args;
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Record, Serialize, JsonSchema)]
struct Line {
    id: i64,
    book: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Of {
    /// The book.
    book: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    id: i64,
}

async fn lines(_: &mut Conn, Args(of): Args<Of>) -> Result<Select<Line>> {
    Ok(Select::sql("SELECT id, book FROM entries WHERE book = COALESCE($1, book)").bind(of.book))
}

async fn line(conn: &mut Conn, Args(which): Args<Which>) -> Result<Option<Line>> {
    query_as("SELECT id, book FROM entries WHERE id = $1").bind(which.id).optional(conn).await
}

/// How many lines there are, asked twice, while another connection adds one in between.
async fn twice(conn: &mut Conn, db: Db) -> Result<AnswerValue<Vec<i64>>> {
    let mut counts = Vec::new();
    for _ in 0..2 {
        counts.push(query_scalar("SELECT COUNT(*) FROM entries").one(conn).await?);
        let mut tx = db.begin().await?;
        query("INSERT INTO entries SELECT MAX(id) + 1, 9 FROM entries").execute(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(AnswerValue(counts))
}

fn application(database: &TestDatabase) -> MCPServerBuilder {
    let list = SelectorSpec::from_fn("lines.list", lines).allow(Anyone).paginate(Keyset::default());
    let get = SelectorSpec::from_fn("lines.get", line).allow(Anyone).resource("lines://{id}");
    let operations = Operations::new()
        .add(list.rest(GET, "/lines").resource("lines://all{?book,after,before,page_size}"))
        .add(get.enumerate("lines.list", "id").complete_from("id", "lines.list", "id"))
        .add(SelectorSpec::from_fn("snapshot", twice).allow(Anyone).snapshot(true))
        .add(SelectorSpec::from_fn("moments", twice).allow(Anyone));
    MCPServer::builder("books", "1").database_url(database.url()).mount(operations).mcp_page_size(4)
}

/// Nine lines, of three books in turn.
async fn nine(backend: Backend) -> TestDatabase {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    query("CREATE TABLE entries (id BIGINT PRIMARY KEY, book BIGINT NOT NULL)").execute(&mut tx).await.unwrap();
    for id in 1..=9_i64 {
        query("INSERT INTO entries VALUES ($1, $2)").bind(id).bind(id % 3).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    database
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|line| line["id"].as_i64().unwrap()).collect()
}

/// The target of a link, relative to `/api/lines`.
fn linked(link: &str, relation: &str) -> Option<String> {
    let found = link.split(", ").find(|one| one.ends_with(&format!("; rel=\"{relation}\"")))?;
    let target = found.strip_prefix('<')?.split_once('>')?.0;
    Some(format!("/api/lines{target}"))
}

#[tokio::test]
async fn links_lead_through_a_list() {
    let database = nine(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let get = async |target: &str| request(server.socket(), "GET", target, &[], None).await;
    let mut target = "/api/lines?page_size=2&book=1".to_owned();
    let first = get(&target).await;
    assert_eq!(linked(first.header("link").unwrap(), "prev"), None);
    let mut seen = ids(&first.json());
    let mut link = first.header("link").unwrap().to_owned();
    while let Some(next) = linked(&link, "next") {
        assert!(next.starts_with("/api/lines?page_size=2&book=1&after="), "{next}");
        target = next;
        let page = get(&target).await;
        seen.extend(ids(&page.json()));
        link = page.header("link").unwrap().to_owned();
    }
    assert_eq!(seen, [1, 4, 7]);
    let back = get(&linked(&link, "prev").unwrap()).await;
    assert_eq!(ids(&back.json()), [1, 4]);
    assert_eq!(linked(back.header("link").unwrap(), "next").unwrap().matches("after=").count(), 1);
    let whole = get("/api/lines").await;
    assert_eq!((whole.header("link"), ids(&whole.json()).len()), (None, 9));
}

#[tokio::test]
async fn a_cursor_is_good_wherever_the_key_is_and_for_its_arguments_alone() {
    let database = nine(Backend::Sqlite).await;
    let one = RunningServer::start(application(&database).seal_key([7; 32])).await;
    let two = RunningServer::start(application(&database).seal_key([7; 32])).await;
    let other = RunningServer::start(application(&database)).await;
    let rest = SurfaceClient::over(&one, Surface::Rest, None).await;
    let page = rest.call("lines.list", json!({"book": 1, "page_size": 1})).await.unwrap();
    let next = &page["next"];
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let caller = SurfaceClient::over(&two, surface, None).await;
        let page = caller.call("lines.list", json!({"book": 1, "after": next})).await.unwrap();
        assert_eq!(ids(&page), [4, 7], "{surface:?}");
        for arguments in [json!({"book": 2, "after": next}), json!({"after": next})] {
            let problem = caller.call("lines.list", arguments).await.unwrap_err();
            assert_eq!(problem["code"], "cursor", "{surface:?}");
        }
    }
    let caller = SurfaceClient::over(&other, Surface::Rest, None).await;
    let problem = caller.call("lines.list", json!({"book": 1, "after": next})).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("cursor")));
}

/// As a model writes them on one page, and a program on the next.
#[tokio::test]
async fn a_cursor_is_good_for_the_same_arguments_however_they_are_written() {
    let database = nine(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let agent = SurfaceClient::over(&server, Surface::McpStateless, None).await;
    let rest = SurfaceClient::over(&server, Surface::Rest, None).await;
    for book in [json!("1"), json!(1.0), json!(1)] {
        let page = agent.call("lines.list", json!({"book": book, "page_size": 1})).await.unwrap();
        for caller in [&agent, &rest] {
            let behind = caller.call("lines.list", json!({"book": 1, "after": page["next"]})).await.unwrap();
            assert_eq!(ids(&behind), [4, 7], "{book}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment() {
    for backend in EVERY {
        let database = nine(backend).await;
        let server = application(&database).build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        assert_eq!(caller.call("moments", json!({})).await.unwrap(), json!([9, 10]), "{backend}");
        assert_eq!(caller.call("snapshot", json!({})).await.unwrap(), json!([11, 11]), "{backend}");
        // The connection goes back without its transaction.
        assert_eq!(caller.call("moments", json!({})).await.unwrap(), json!([13, 14]), "{backend}");
    }
}

/// A request of 2026-07-28 and its result or error.
async fn modern(server: &RunningServer, method: &str, name: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", method),
    ];
    if !name.is_empty() {
        headers.push(("Mcp-Name", name));
    }
    request(server.socket(), "POST", "/mcp", &headers, Some(&body)).await.json()
}

#[tokio::test]
async fn resources_have_keyset_pages_and_are_listed_by_them() {
    let database = nine(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let read = async |uri: &str| {
        let answer = modern(&server, "resources/read", uri, json!({"uri": uri})).await;
        let text = answer["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let first = read("lines://all?page_size=5").await;
    let second = read(&format!("lines://all?after={}&page_size=5", first["next"].as_str().unwrap())).await;
    assert_eq!((ids(&first), ids(&second)), (vec![1, 2, 3, 4, 5], vec![6, 7, 8, 9]));

    // The rows of the template, page by page.
    let mut listed = Vec::new();
    let mut params = json!({});
    loop {
        let answer = modern(&server, "resources/list", "", params).await;
        let entries = answer["result"]["resources"].as_array().unwrap_or_else(|| panic!("{answer}"));
        listed.extend(entries.iter().map(|entry| entry["uri"].as_str().unwrap().to_owned()));
        let Some(next) = answer["result"]["nextCursor"].as_str() else { break };
        let changed = format!("{next}x");
        let refused = modern(&server, "resources/list", "", json!({"cursor": changed})).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        params = json!({"cursor": next});
    }
    let expected: Vec<_> = (1..=9).map(|id| format!("lines://{id}")).collect();
    assert_eq!(listed, expected);

    let reference = json!({"type": "ref/resource", "uri": "lines://{id}"});
    let asked = json!({"ref": reference, "argument": {"name": "id", "value": "7"}});
    let answer = modern(&server, "completion/complete", "", asked).await;
    assert_eq!(answer["result"]["completion"]["values"], json!(["7"]), "{answer}");
}
