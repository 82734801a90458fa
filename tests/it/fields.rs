//! Columns that are read on demand: what nobody asks for, the database does not compute.

use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Conn, Db, Engine, Fields, Format, Keyset, MCPServer, MCPServerBuilder, OnDemand, Operations,
    Ordering, Record, Result, Select, SelectorSpec, query,
};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// `cost` overflows where `id` is 2, when it is computed.
#[derive(Record)]
struct Article {
    id: i64,
    body: OnDemand<String>,
    note: OnDemand<Option<String>>,
    cost: OnDemand<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Rest {
    cost: OnDemand<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Shown {
    id: i64,
    excerpt: OnDemand<String>,
    note: OnDemand<Option<String>>,
    #[serde(flatten)]
    rest: Rest,
}

impl From<Article> for Shown {
    fn from(Article { id, body, note, cost }: Article) -> Self {
        Self { id, excerpt: body.map(|body| body.chars().take(4).collect()), note, rest: Rest { cost } }
    }
}

#[derive(Ordering)]
enum ArticleOrder {
    Id,
    Body,
    Cost,
}

async fn articles(_: &mut Conn) -> Result<Select<Article>> {
    Ok(Select::sql("SELECT id, body, note, 9223372036854775806 + id AS cost FROM articles WHERE id < $1").bind(10_i64))
}

async fn safe_articles(_: &mut Conn) -> Result<Select<Article>> {
    Ok(Select::sql("SELECT id, body, note, id AS cost FROM articles"))
}

fn needs() -> Fields {
    Fields::default().needs("excerpt", ["body"])
}

fn application(database: &TestDatabase) -> MCPServerBuilder {
    let costly = || SelectorSpec::from_fn("articles.costly", articles).allow(Anyone).present::<Shown>().fields(needs());
    let safe = SelectorSpec::from_fn("articles", safe_articles).allow(Anyone).present::<Shown>().fields(needs());
    let forgot = SelectorSpec::from_fn("articles.forgot", safe_articles).allow(Anyone).present::<Wrong>();
    let operations = Operations::new()
        .add(costly().order_by::<ArticleOrder>("id"))
        .add(safe.order_by::<ArticleOrder>("id").paginate(Keyset::default()).format(Format::Csv))
        .add(forgot.fields(needs()));
    MCPServer::builder("articles", "1").database_url(database.url()).mount(operations)
}

/// Its `length` is made of a column, and the list does not say so.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    id: i64,
    length: OnDemand<usize>,
    excerpt: OnDemand<String>,
    note: OnDemand<Option<String>>,
    cost: OnDemand<i64>,
}

impl From<Article> for Wrong {
    fn from(Article { id, body, note, cost }: Article) -> Self {
        Self { id, length: body.clone().map(|body| body.len()), excerpt: body, note, cost }
    }
}

async fn filled(backend: Backend) -> TestDatabase {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "CREATE TABLE articles (id BIGINT PRIMARY KEY, body TEXT NOT NULL, note TEXT)",
        "INSERT INTO articles VALUES (1, 'first article', NULL), (2, 'second article', 'new'), (3, 'a third', 'old')",
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    database
}

#[tokio::test]
async fn what_nobody_asks_for_is_not_computed() {
    for backend in EVERY {
        let database = filled(backend).await;
        let server = application(&database).build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        let all = caller.call("articles", json!({})).await.unwrap();
        assert_eq!(all["items"][0], json!({"id": 1, "excerpt": "firs", "note": null, "cost": 1}));
        let costly = async |arguments: Value| caller.call("articles.costly", arguments).await;
        if backend == Backend::Postgres {
            // SQLite makes a floating point number of what is too large.
            assert_eq!(costly(json!({})).await.unwrap_err()["code"], "constraint", "it is out of range");
        }
        for (fields, first) in [
            (json!(["id"]), json!({"id": 1})),
            (json!(["excerpt"]), json!({"excerpt": "firs"})),
            (json!(["note", "id"]), json!({"id": 1, "note": null})),
        ] {
            let page = costly(json!({"fields": fields})).await.unwrap();
            assert_eq!((&page["items"][0], page["items"].as_array().unwrap().len()), (&first, 3), "{backend}");
        }
        assert!(costly(json!({"fields": ["cost"]})).await.is_err(), "{backend}: what is asked for is read");
        let problem = caller.call("articles.forgot", json!({"fields": ["length"]})).await.unwrap_err();
        assert_eq!(problem["status"], 500, "a column that was not read is not shown as something else");
        caller.call("articles.forgot", json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_list_is_ordered_by_is_read() {
    for backend in EVERY {
        let database = filled(backend).await;
        let server = application(&database).build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        let mut arguments = json!({"fields": ["note"], "order": ["-body", "cost"], "page_size": 1});
        let mut notes = Vec::new();
        loop {
            let page = caller.call("articles", arguments.clone()).await.unwrap();
            assert_eq!(page["items"][0].as_object().unwrap().len(), 1);
            notes.push(page["items"][0]["note"].clone());
            if page["next"].is_null() {
                break;
            }
            arguments["after"] = page["next"].clone();
            // A cursor is good whatever is shown.
            arguments["fields"] = json!(["note"]);
        }
        assert_eq!(notes, [json!("new"), Value::Null, json!("old")], "{backend}");
    }
}

#[tokio::test]
async fn a_table_has_the_columns_that_were_picked() {
    let database = filled(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let caller = SurfaceClient::over(&server, Surface::McpStateless, None).await;
    for (arguments, expected) in [
        (json!({"fields": ["note", "id"], "page_size": 2}), "id,note\r\n1,\r\n2,new\r\n"),
        (json!({"page_size": 1}), "id,excerpt,note,cost\r\n1,firs,,1\r\n"),
    ] {
        let answer = caller.request("tools/call", json!({"name": "articles", "arguments": arguments})).await.unwrap();
        assert_eq!(answer["content"][0]["text"], expected);
    }
}

#[tokio::test]
async fn what_is_wrong_with_fields_is_told_when_the_server_is_built() {
    let database = TestDatabase::sqlite();
    let cases = [
        (
            Fields::default(),
            "reads the column `body` on demand, but no field is made of it; say which is with `.fields(Fields::default().needs(\"…\", [\"body\"]))`",
        ),
        (
            needs().needs("title", ["note"]),
            "says what `title` needs, but its rows are shown with id, excerpt, note, cost",
        ),
        (needs().needs("note", ["id"]), "says that `note` needs `id`, which is no `OnDemand<…>` of the row"),
    ];
    for (fields, told) in cases {
        let db = Db::connect(database.url()).await.unwrap();
        let list = SelectorSpec::from_fn("articles", articles).allow(Anyone).present::<Shown>().fields(fields);
        let mistakes = Engine::builder(db).operations(Operations::new().add(list)).build().unwrap_err();
        let found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(found, [format!("articles: {told}")]);
    }
}
