//! The full text search of PostgreSQL, and what is told of a search.

use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Conn, Db, Engine, MCPServer, Operations, Record, Result, Search, Select, SelectorSpec, query,
};
use diptych_testkit::{SurfaceClient, TestDatabase};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

#[derive(Record, Serialize, JsonSchema)]
struct Note {
    id: i64,
    title: String,
    body: Option<String>,
}

/// What docs/selecting.md makes an index of.
macro_rules! indexed {
    () => {
        "to_tsvector('english', left(coalesce(title, '') || ' ' || coalesce(body, ''), 100000))"
    };
}

const INDEX: &str = concat!("CREATE INDEX notes_by_text ON notes USING gin (", indexed!(), ")");

async fn notes(_: &mut Conn) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, title, body FROM notes"))
}

fn list(search: impl Into<Search>) -> Operations {
    Operations::new().add(SelectorSpec::from_fn("notes", notes).allow(Anyone).unique("id").search(search))
}

#[tokio::test]
async fn full_text_is_a_matter_of_postgresql() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        query("CREATE TABLE notes (id BIGINT PRIMARY KEY, title TEXT NOT NULL, body TEXT)")
            .execute(&mut tx)
            .await
            .unwrap();
        for (id, title, body) in [
            (1, "Running shoes", Some("a pair of new shoes")),
            (2, "Bought", Some("new pair of socks")),
            (3, "run", None),
            (4, "42", Some("the answer")),
        ] {
            let row = query("INSERT INTO notes VALUES ($1, $2, $3)").bind(id).bind(title).bind(body);
            row.execute(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        let operations = list(Search::columns(["title", "body", "id"]).full_text("english"));
        let builder = MCPServer::builder("notes", "1").database_url(database.url()).mount(operations);
        let server = builder.build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), None, &[]);
        let cases: [(&str, &[i64], &[i64]); 9] = [
            ("runs", &[], &[1, 3]),
            ("run", &[1, 3], &[1, 3]),
            ("pair", &[1, 2], &[1, 2]),
            ("shoes pair", &[1], &[1]),
            ("pair -socks", &[], &[1]),
            ("\"new shoes\"", &[], &[1]),
            ("socks or answer", &[], &[2, 4]),
            ("sho", &[1], &[]),
            ("\" ' & | ! : * (", &[], &[]),
        ];
        for (text, by_words, by_text) in cases {
            let answer = caller.call("notes", json!({"search": text})).await.unwrap();
            let mut ids: Vec<_> =
                answer["items"].as_array().unwrap().iter().map(|note| note["id"].as_i64().unwrap()).collect();
            ids.sort_unstable();
            let expected = if backend == Backend::Postgres { by_text } else { by_words };
            assert_eq!(ids, expected, "{backend}: {text}");
        }
    }
}

/// What PostgreSQL cannot make a `tsvector` of is longer than the part of it that is looked through.
#[tokio::test]
async fn a_row_with_too_many_words_is_found_by_those_in_front() {
    let database = TestDatabase::postgres().await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, title TEXT NOT NULL, body TEXT)",
        "INSERT INTO notes VALUES (1, 'short', 'first')",
        // All different: words; and those that are found as a whole and in parts, of letters that take four bytes.
        "INSERT INTO notes SELECT 2, 'words', 'first ' || string_agg('w' || i, ' ') || ' last' FROM generate_series(1, 300000) AS i",
        "INSERT INTO notes SELECT 3, 'parts', 'first ' || string_agg(
             chr(131072 + i % 40000) || chr(131072 + i / 3000) || chr(131072 + i % 15000), CASE i % 100 WHEN 0 THEN ' ' ELSE '-' END
         ) || ' last' FROM generate_series(1, 100000) AS i",
        INDEX,
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    for id in [2, 3] {
        let whole = "SELECT length(to_tsvector('english', body)) FROM notes WHERE id = $1";
        let mut conn = db.read().await.unwrap();
        assert!(diptych::query_scalar::<i32>(whole).bind(id).one(&mut conn).await.is_err(), "{id} has too many");
    }
    let operations = list(Search::columns(["title", "body"]).full_text("english"));
    let server = MCPServer::builder("notes", "1").database_url(database.url()).mount(operations).build().await.unwrap();
    let caller = SurfaceClient::in_process(server.client(), None, &[]);
    for (text, expected) in
        [("first", &[1, 2, 3][..]), ("words first", &[2]), ("w777", &[2]), ("last", &[]), ("parts", &[3])]
    {
        let answer = caller.call("notes", json!({"search": text})).await.unwrap();
        let mut ids: Vec<_> =
            answer["items"].as_array().unwrap().iter().map(|note| note["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{text}");
    }
}

#[tokio::test]
async fn full_text_is_read_from_its_index() {
    assert!(include_str!("../../docs/selecting.md").contains(indexed!()), "the document has the expression");
    let database = TestDatabase::postgres().await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, title TEXT NOT NULL, body TEXT)",
        INDEX,
        "INSERT INTO notes SELECT i, 'note ' || i, 'word' || (i % 997) FROM generate_series(1, 20000) AS i",
        "ANALYZE notes",
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    // What the pipeline writes, with the text in place; select/search.rs has a test of that.
    let plan: Vec<String> = diptych::query_scalar(
        "EXPLAIN SELECT q.\"id\" FROM (SELECT id, title, body FROM notes) AS q
         WHERE to_tsvector('english', left(coalesce(CAST(q.\"title\" AS TEXT), '') || ' ' || coalesce(CAST(q.\"body\" AS TEXT), ''), 100000))
               @@ websearch_to_tsquery('english', $1) LIMIT $2",
    )
    .bind("word7")
    .bind(26_i64)
    .all(&mut tx)
    .await
    .unwrap();
    assert!(plan.join("\n").contains("notes_by_text"), "{plan:?}");
    tx.rollback().await;
}

#[tokio::test]
async fn a_search_is_told_with_its_columns() {
    let operations = list(["title", "body"]);
    let declaration = operations.as_slice()[0].declaration();
    let argument = declaration.arguments().argument("search").unwrap();
    assert_eq!(
        (&argument.schema, argument.required),
        (
            &json!({
                "type": "string",
                "description": "Words to look for, at most 8: each has to be in title, body; upper and lower case are the same.",
                "maxLength": 200,
                "pattern": r"^\s*([^\s\x00]+(\s+|$)){0,8}$",
            }),
            false
        )
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_told_when_the_server_is_built() {
    let database = TestDatabase::sqlite();
    let cases = [
        (
            Search::columns(["name", "body"]),
            "the search's column `name` is not in the row; the row has id, title, body",
        ),
        (Search::columns([]), "is searched in 0 columns; name 1 to 16 in `.search([\"…\"])`"),
        (
            Search::columns(["body"]).full_text("english'"),
            "`english'` is no name of a text search configuration; write one that `\\dF` of psql lists, such as `simple` or `english`",
        ),
    ];
    for (search, told) in cases {
        let db = Db::connect(database.url()).await.unwrap();
        let mistakes = Engine::builder(db).operations(list(search)).build().unwrap_err();
        let found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(found, [format!("notes: {told}")]);
    }
}
