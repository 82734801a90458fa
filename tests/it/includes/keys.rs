//! By which keys what belongs to rows is found: those that were looked for, and no other; also those that nobody is shown.

use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Conn, Db, Fields, Include, MCPServer, OnDemand, Operations, Record, Result, Select, SelectorSpec,
    query,
};
use diptych_testkit::{SurfaceClient, TestDatabase};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::error::Error as _;

#[derive(Record, Serialize, JsonSchema)]
struct Post {
    id: i64,
    topic: OnDemand<String>,
}

#[derive(Record, Serialize, JsonSchema)]
struct Topic {
    code: String,
    title: String,
}

async fn posts(_: &mut Conn) -> Result<Select<Post>> {
    Ok(Select::sql("SELECT id, topic FROM posts"))
}

async fn exact(_: &mut Conn) -> Result<Select<Post>> {
    Ok(Select::sql("SELECT id, topic FROM posts WHERE id = 1"))
}

async fn topics(_: &mut Conn) -> Result<Select<Topic>> {
    Ok(Select::sql("SELECT code, title FROM topics"))
}

fn about() -> Include<Post> {
    let list = SelectorSpec::from_fn("topics.list", topics).allow(Anyone);
    Include::one("about", |post: &Post| post.topic.as_option().cloned(), list, "code")
}

/// Posts on topics, whose codes are the same in capitals.
async fn on(backend: Backend) -> (TestDatabase, diptych::Server) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let mut topics = "CREATE TABLE topics (code TEXT COLLATE NOCASE PRIMARY KEY, title TEXT NOT NULL)";
    if backend == Backend::MySql {
        topics = "CREATE TABLE topics (code VARCHAR(40) COLLATE utf8mb4_general_ci PRIMARY KEY, title TEXT NOT NULL)";
    }
    if backend == Backend::Postgres {
        let collation = "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
        query(collation).execute(&mut tx).await.unwrap();
        topics = "CREATE TABLE topics (code TEXT COLLATE any_case PRIMARY KEY, title TEXT NOT NULL)";
    }
    for sql in [
        topics,
        "CREATE TABLE posts (id BIGINT PRIMARY KEY, topic TEXT NOT NULL)",
        "INSERT INTO topics VALUES ('rust', 'Rust'), ('sql', 'SQL')",
        "INSERT INTO posts VALUES (1, 'rust'), (2, 'SQL'), (3, 'none')",
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let list = SelectorSpec::from_fn("posts.list", posts).allow(Anyone).include(about()).fields(Fields::default());
    let exact = SelectorSpec::from_fn("posts.exact", exact).allow(Anyone).include(about()).fields(Fields::default());
    let operations = Operations::new().add(list).add(exact);
    let server = MCPServer::builder("posts", "1").database_url(database.url()).mount(operations);
    (database, server.build().await.unwrap())
}

/// The database takes `SQL` for `sql`. A row without the other would look as if it had none.
#[tokio::test]
async fn a_row_that_is_found_by_another_key_is_a_fault_and_the_log_says_which() {
    for backend in EVERY {
        let (_database, server) = on(backend).await;
        let caller = server.client();
        let exact = caller.call_json("posts.exact", r#"{"include": ["about"]}"#).await.unwrap();
        assert!(exact.contains(r#""about":{"code":"rust","title":"Rust"}"#), "{backend}: {exact}");
        let error = caller.call_json("posts.list", r#"{"include": ["about"]}"#).await.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert_eq!((error.code(), error.detail()), ("internal", "an unexpected error occurred"), "{backend}");
        let told = "`include` of `about`: the database found a row of `topics.list` by a `code` that is not exactly a key that was looked for";
        assert!(cause.starts_with(told) && cause.contains("collation") && !cause.contains("SQL"), "{backend}: {cause}");
    }
}

#[tokio::test]
async fn a_key_that_is_read_on_demand_is_read_for_what_is_included() {
    for backend in EVERY {
        let (_database, server) = on(backend).await;
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        let about = json!({"code": "rust", "title": "Rust"});
        for (arguments, row) in [
            (json!({"fields": ["id"]}), json!({"id": 1})),
            (json!({"fields": ["id"], "include": []}), json!({"id": 1})),
            (json!({"fields": ["id"], "include": ["about"]}), json!({"id": 1, "about": about})),
            (json!({"fields": ["topic"], "include": ["about"]}), json!({"topic": "rust", "about": about})),
            (json!({"include": ["about"]}), json!({"id": 1, "topic": "rust", "about": about})),
        ] {
            let answer = caller.call("posts.exact", arguments.clone()).await.unwrap();
            assert_eq!(answer["items"], json!([row]), "{backend}: {arguments}");
        }
    }
}
