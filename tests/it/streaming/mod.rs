//! Lists that are read whole, over HTTP: in which form, in which order, who may; how much of it is ever in memory.

mod ends;
mod places;

use crate::counter::{EVERY, MySql};
use diptych::{
    Anyone, Conn, Db, DbOptions, Engine, Filter, GET, MCPServer, MCPServerBuilder, Operations, Ordering, PageNumber,
    Principal, Record, ResponseHead, Result, Scope, Select, SelectorSpec, Settings, Streaming, query,
};
use diptych_pipeline::{Caller, Surface, Via};
use diptych_spec::{Arguments, ErrorKind};
use diptych_testkit::{HttpReply, RunningServer, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicI64, Ordering as Memory},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[derive(Debug, Record, Serialize, JsonSchema)]
struct Line {
    id: i64,
    text: String,
    note: Option<String>,
}

#[derive(Filter, Deserialize, JsonSchema)]
struct LineFilter {
    #[filter(column = "id", op = "<=")]
    most: Option<i64>,
}

#[derive(Ordering)]
enum LineOrder {
    Id,
    Text,
}

/// What a row is shown as, with a list in it.
#[derive(Serialize, JsonSchema)]
struct LineView {
    id: i64,
    text: String,
    note: Option<String>,
    parts: Vec<i64>,
}

impl From<Line> for LineView {
    fn from(Line { id, text, note }: Line) -> Self {
        Self { id, text, note, parts: vec![id, -id] }
    }
}

async fn lines(_: &mut Conn, head: ResponseHead) -> Result<Select<Line>> {
    head.header("X-Lines", "all")?;
    Ok(Select::sql("SELECT id, text, note FROM entries"))
}

#[derive(Debug, Record)]
struct Counted {
    id: i64,
}

/// Rows that were encoded and not taken yet, of [`numbers`].
static AHEAD: AtomicI64 = AtomicI64::new(0);

#[derive(Serialize, JsonSchema)]
struct CountedView {
    id: i64,
    text: &'static str,
}

impl From<Counted> for CountedView {
    fn from(Counted { id }: Counted) -> Self {
        AHEAD.fetch_add(1, Memory::Relaxed);
        Self { id, text: "a text that makes the row as long as most" }
    }
}

const MANY: &str = "WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c WHERE id < 1000000)
                    SELECT CAST(id AS BIGINT) AS id FROM c";
/// So many that nobody ever takes them all.
const ENDLESS: &str =
    "WITH RECURSIVE c(id) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT id + 1 FROM c WHERE id < 1000000000)
                       SELECT id, 'x' AS text, NULL AS note FROM c";

/// MariaDB ends recursion at a thousand rows, and has tables of numbers.
const MARIADB_MANY: &str = "SELECT CAST(seq AS SIGNED) AS id FROM seq_1_to_1000000";
const MARIADB_ENDLESS: &str =
    "SELECT CAST(a.seq AS SIGNED) AS id, 'x' AS text, NULL AS note FROM seq_1_to_1000000 AS a, seq_1_to_1000 AS b";

async fn numbers(conn: &mut Conn) -> Result<Select<Counted>> {
    Ok(Select::sql(if conn.backend() == MySql { MARIADB_MANY } else { MANY }))
}

async fn endless(conn: &mut Conn) -> Result<Select<Line>> {
    Ok(Select::sql(if conn.backend() == MySql { MARIADB_ENDLESS } else { ENDLESS }))
}

async fn broken(_: &mut Conn) -> Result<Select<Line>> {
    Ok(Select::sql("SELECT id, text, note FROM nowhere"))
}

fn operations() -> Operations {
    let endless = |name, path, streaming: Streaming| {
        SelectorSpec::from_fn(name, endless).allow(Anyone).rest(GET, path).stream(streaming)
    };
    let most = || Streaming::default().max_rows(1_000_000_000);
    Operations::new()
        .add(
            SelectorSpec::from_fn("lines.list", lines)
                .allow(Scope("lines:read"))
                .filter::<LineFilter>()
                .order_by::<LineOrder>("-id")
                .paginate(PageNumber::default())
                .present::<LineView>()
                .response_header("X-Lines", "Which lines.")
                .stream(Streaming::default().file_name("lines"))
                .rest(GET, "/lines"),
        )
        .add(
            SelectorSpec::from_fn("lines.exact", lines)
                .allow(Anyone)
                .order_by::<LineOrder>("id")
                .response_header("X-Lines", "Which lines.")
                .stream(Streaming::default().exact_text())
                .rest(GET, "/lines/exact"),
        )
        .add(
            SelectorSpec::from_fn("numbers", numbers)
                .allow(Anyone)
                .present::<CountedView>()
                .stream(Streaming::default())
                .rest(GET, "/numbers"),
        )
        .add(endless("endless", "/endless", most()))
        .add(endless("short", "/short", Streaming::default().max_rows(5_000)))
        .add(endless("brief", "/brief", most().deadline(Duration::from_millis(500))))
        .add(SelectorSpec::from_fn("broken", broken).allow(Anyone).rest(GET, "/broken").stream(Streaming::default()))
}

async fn set_up(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    query("CREATE TABLE entries (id BIGINT PRIMARY KEY, text TEXT NOT NULL, note TEXT)").execute(&mut tx).await?;
    for (id, text, note) in [(1, "one, \"two\"", None), (2, "=1+1", Some("a\nb")), (3, "", Some("x"))] {
        let note: Option<&str> = note;
        query("INSERT INTO entries VALUES ($1, $2, $3)")
            .bind(id)
            .bind(text)
            .bind(note.map(str::to_owned))
            .execute(&mut tx)
            .await?;
    }
    tx.commit().await
}

fn server(database: &TestDatabase) -> MCPServerBuilder {
    let settings = Settings { max_streams: 1, ..Settings::default() };
    let server = MCPServer::builder("lines", "1").database_url(database.url()).settings(settings);
    server.on_start(set_up).mount(operations())
}

async fn get(socket: SocketAddr, path: &str, accept: &str) -> HttpReply {
    ask(socket, path, accept, Some("ann")).await
}

async fn ask(socket: SocketAddr, path: &str, accept: &str, user: Option<&str>) -> HttpReply {
    let authorization = user.map(|user| format!("Bearer {user}"));
    let who = authorization.iter().map(|value| ("Authorization", value.as_str()));
    let headers: Vec<_> = who.chain([("Accept", accept)]).collect();
    request(socket, "GET", &format!("/api{path}"), &headers, None).await
}

async fn begin(socket: SocketAddr, path: &str) -> TcpStream {
    begin_as(socket, path, None).await
}

/// A client that has read the head of an answer, and nothing more.
async fn begin_as(socket: SocketAddr, path: &str, user: Option<&str>) -> TcpStream {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    let who = user.map_or_else(String::new, |user| format!("Authorization: Bearer {user}\r\n"));
    let head = format!("GET /api{path} HTTP/1.1\r\nHost: localhost\r\n{who}Accept: application/x-ndjson\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    stream
}

/// Asks until somebody else's stream has ended.
async fn until_free(socket: SocketAddr) {
    let free = async { while get(socket, "/lines/exact", "text/csv").await.status == 503 {} };
    tokio::time::timeout(Duration::from_secs(60), free).await.expect("the place becomes free");
}

#[tokio::test]
async fn a_list_is_read_whole_in_the_form_that_is_asked_for() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database)).await;
        let socket = running.socket();
        let pages = get(socket, "/lines?page_size=1", "*/*").await;
        assert_eq!((pages.status, pages.json()["items"].as_array().map(Vec::len)), (200, Some(1)));
        assert!(pages.header("content-type").unwrap().starts_with("application/json"), "{pages:?}");
        let all = get(socket, "/lines?page_size=100", "application/json").await.json();
        for name in ["application/x-ndjson", "application/jsonl"] {
            let reply = get(socket, "/lines", name).await;
            assert_eq!((reply.status, reply.header("content-type")), (200, Some(name)), "{backend}");
            assert_eq!((reply.header("x-lines"), reply.header("transfer-encoding")), (Some("all"), Some("chunked")));
            let rows: Vec<Value> = reply.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(json!(rows), all["items"]);
        }
        let csv = get(socket, "/lines", "text/csv, application/json;q=0.5").await;
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"lines.csv\""));
        assert_eq!(
            csv.body,
            "id,text,note,parts\r\n3,\"\",x,\"[3,-3]\"\r\n2,'=1+1,\"a\nb\",\"[2,-2]\"\r\n1,\"one, \"\"two\"\"\",,\"[1,-1]\"\r\n"
        );
        let exact = get(socket, "/lines/exact", "text/csv").await;
        assert_eq!(exact.header("content-disposition"), Some("attachment; filename=\"lines.exact.csv\""));
        assert!(exact.body.contains("\r\n2,=1+1,"), "{exact:?}");
        let few = get(socket, "/lines?most=2&order=text", "application/x-ndjson").await;
        let ids: Vec<_> =
            few.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
        assert_eq!(ids, [2, 1]);
        let none = get(socket, "/lines?most=0", "text/csv").await;
        assert_eq!((none.status, &*none.body), (200, "id,text,note,parts\r\n"));
        let headers = [("Authorization", "Bearer ann"), ("Accept", "text/csv")];
        let head = request(socket, "HEAD", "/api/lines", &headers, None).await;
        assert_eq!(
            (head.status, head.header("content-disposition"), &*head.body),
            (200, csv.header("content-disposition"), "")
        );
        // Before the first row, refusals are what they always are.
        for (path, accept, status, code) in [
            ("/lines?page=1", "text/csv", 422, "invalid"),
            ("/lines?most=x", "text/csv", 422, "invalid"),
            ("/lines?nothing=1", "text/csv", 422, "invalid"),
            ("/broken", "text/csv", 500, "internal"),
        ] {
            let refused = get(socket, path, accept).await;
            assert_eq!((refused.status, &refused.json()["code"]), (status, &json!(code)), "{path}: {refused:?}");
        }
        let nobody = request(socket, "GET", "/api/lines", &[("Accept", "text/csv")], None).await;
        assert_eq!((nobody.status, nobody.header("content-type")), (401, Some("application/problem+json")));
    }
}

/// A million rows, of which never more than a few parts wait: what is encoded and not taken yet is counted, row by row.
#[tokio::test]
async fn no_more_is_in_memory_than_a_few_parts() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect_with(database.url(), DbOptions::default()).await.unwrap();
        let engine = Engine::builder(db).operations(operations()).build().unwrap();
        AHEAD.store(0, Memory::Relaxed);
        let caller = Caller::new(None, Via::new(Surface::InProcess));
        let arguments = Arguments::named("{}");
        let mut rows = engine.stream(engine.operation("numbers").unwrap(), arguments, caller).await.unwrap();
        let (mut count, mut most) = (0, 0);
        while let Some(part) = rows.next().await {
            let part = part.unwrap();
            let ahead = AHEAD.load(Memory::Relaxed);
            let lines = i64::try_from(part.iter().filter(|byte| **byte == b'\n').count()).unwrap();
            AHEAD.fetch_sub(lines, Memory::Relaxed);
            (count, most) = (count + lines, most.max(ahead));
            assert!(part.len() < 20 * 1024, "{}", part.len());
        }
        // A part has about 250 of these rows: one that is taken, two that wait, one that is filled, one that waits to wait.
        assert_eq!((count, AHEAD.load(Memory::Relaxed)), (1_000_000, 0), "{backend}");
        assert!(most < 1_500, "{backend}: {most} rows at once");
    }
}

#[tokio::test]
async fn nobody_else_is_told_of_it_than_rest() {
    let database = TestDatabase::sqlite();
    let server = server(&database).build().await.unwrap();
    let ann = Principal::new("tests", "ann", ["lines:read"]).unwrap();
    let page: Value = server.client().as_principal(ann).call("lines.list", &json!({"page_size": 2})).await.unwrap();
    assert_eq!((&page["total"], page["items"].as_array().map(Vec::len)), (&json!(3), Some(2)));
    let document = server.openapi_document("/api");
    let answer = &document["paths"]["/lines"]["get"]["responses"]["200"];
    assert_eq!(answer["content"]["text/csv"]["schema"], json!({"type": "string"}));
    for name in ["application/x-ndjson", "application/jsonl"] {
        let row = &answer["content"][name]["schema"];
        assert_eq!(row["type"], "array");
        assert!(row["items"]["properties"]["parts"].is_object(), "{row}");
    }
    assert!(answer["headers"]["Content-Disposition"].is_object());
}

#[tokio::test]
async fn a_declaration_says_what_is_wrong_with_it() {
    let spec = |name, streaming: Streaming| SelectorSpec::from_fn(name, endless).allow(Anyone).stream(streaming);
    let operations = Operations::new()
        .add(spec("a", Streaming::default()))
        .add(spec("b", Streaming::default().max_rows(0)).rest(GET, "/b"))
        .add(spec("c", Streaming::default().deadline(Duration::ZERO)).rest(GET, "/c"))
        .add(spec("d", Streaming::default().file_name("a\"b")).rest(GET, "/d"));
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = Engine::builder(db).operations(operations).build().unwrap_err();
    let found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
    for (mistake, part) in found.iter().zip(["has no route", "at least one row", "takes some time", "A-Z, a-z, 0-9"]) {
        assert!(mistake.contains(part), "{mistake}");
    }
    assert_eq!(found.len(), 4, "{found:#?}");
}

/// What is not declared is not streamed, whoever asks.
#[tokio::test]
async fn what_is_not_declared_is_not_streamed() {
    async fn one(_: &mut Conn) -> Result<Option<Line>> {
        Ok(None)
    }
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let operations = Operations::new().add(SelectorSpec::from_fn("one", one).allow(Anyone));
    let engine = Engine::builder(db).operations(operations).build().unwrap();
    let caller = Caller::new(None, Via::new(Surface::InProcess));
    let refused = engine.stream(engine.operation("one").unwrap(), Arguments::named("{}"), caller).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Internal);
}
