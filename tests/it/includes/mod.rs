//! Related rows apart from the suite: how many queries they take, who may ask for them, how many there may be, how they are told.

mod held;
mod keys;

use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Conn, Db, Engine, Format, GET, Include, Keyset, MCPServer, MCPServerBuilder, Operations, Ordering,
    PageNumber, Record, Result, Scope, Select, SelectorSpec, query, query_as,
};
use diptych_pipeline::TRACE_TARGET;
use diptych_spec::Args;
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering as Atomic},
};
use tracing_subscriber::{Layer, layer::SubscriberExt as _};

#[derive(Record, Serialize, JsonSchema)]
struct Book {
    id: i64,
    author_id: Option<i64>,
    title: String,
}

#[derive(Record)]
struct Author {
    id: i64,
    name: String,
}

/// What is shown of an author, and of those who taught them: a type that is in itself.
#[derive(Serialize, JsonSchema)]
struct Shown {
    id: i64,
    called: String,
    teachers: Vec<Self>,
}

impl From<Author> for Shown {
    fn from(Author { id, name }: Author) -> Self {
        Self { id, called: name, teachers: Vec::new() }
    }
}

#[derive(Record, Serialize, JsonSchema)]
struct Review {
    id: i64,
    book_id: i64,
    stars: i32,
}

#[derive(Ordering)]
enum ReviewOrder {
    Stars,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    id: i64,
}

async fn books(_: &mut Conn) -> Result<Select<Book>> {
    Ok(Select::sql("SELECT id, author_id, title FROM books"))
}
async fn book(conn: &mut Conn, Args(which): Args<Which>) -> Result<Option<Book>> {
    query_as("SELECT id, author_id, title FROM books WHERE id = $1").bind(which.id).optional(conn).await
}
async fn authors(_: &mut Conn) -> Result<Select<Author>> {
    Ok(Select::sql("SELECT id, name FROM authors WHERE name <> $1").bind("hidden"))
}
async fn reviews(_: &mut Conn) -> Result<Select<Review>> {
    Ok(Select::sql("SELECT id, book_id, stars FROM reviews"))
}

fn author() -> Include<Book> {
    let list = SelectorSpec::from_fn("authors.list", authors).allow(Scope("authors"));
    Include::one("author", |book: &Book| book.author_id, list.present::<Shown>(), "id")
}

fn reviewed(most: u32) -> Include<Book> {
    let list = SelectorSpec::from_fn("reviews.list", reviews).allow(Anyone);
    Include::many("reviews", |book: &Book| book.id, list.order_by::<ReviewOrder>("-stars").max_rows(most), "book_id")
}

fn application(database: &TestDatabase) -> MCPServerBuilder {
    let list = || SelectorSpec::from_fn("books.list", books).allow(Anyone).include(author()).include(reviewed(150));
    let short = SelectorSpec::from_fn("books.short", books).allow(Anyone).include(reviewed(150)).max_bytes(400);
    let numbered =
        SelectorSpec::from_fn("books.numbered", books).allow(Anyone).include(reviewed(3)).format(Format::Csv);
    let get = SelectorSpec::from_fn("books.get", book).allow(Anyone).include(author()).include(reviewed(150));
    let operations = Operations::new()
        .add(list().paginate(Keyset::default()).rest(GET, "/books"))
        .add(short.paginate(Keyset::default()).rest(GET, "/short"))
        .add(numbered.paginate(PageNumber::default()).rest(GET, "/numbered"))
        .add(get.allow_none().rest(GET, "/books/{id}").resource("books://{id}{?include*}"));
    MCPServer::builder("books", "1").database_url(database.url()).mount(operations)
}

/// A hundred books: of two authors in turn, the third one hidden, the fourth of nobody; each with a review, the first with two.
async fn library(backend: Backend) -> TestDatabase {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "CREATE TABLE authors (id BIGINT PRIMARY KEY, name TEXT NOT NULL)",
        "CREATE TABLE books (id BIGINT PRIMARY KEY, author_id BIGINT, title TEXT NOT NULL)",
        "CREATE TABLE reviews (id BIGINT PRIMARY KEY, book_id BIGINT NOT NULL, stars INTEGER NOT NULL)",
        "INSERT INTO authors VALUES (1, 'Ada'), (2, 'Bob'), (3, 'hidden')",
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    for id in 1..=100_i64 {
        let author = Some(id % 4).filter(|author| *author > 0);
        let book = query("INSERT INTO books VALUES ($1, $2, $3)").bind(id).bind(author).bind(format!("Book {id}"));
        book.execute(&mut tx).await.unwrap();
        query("INSERT INTO reviews VALUES ($1, $2, 3)").bind(id).bind(id).execute(&mut tx).await.unwrap();
    }
    query("INSERT INTO reviews VALUES (101, 1, 5)").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    database
}

/// Counts the statements of calls.
struct Statements(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let metadata = attributes.metadata();
        if metadata.target() == TRACE_TARGET && metadata.name() == "statement" {
            self.0.fetch_add(1, Atomic::SeqCst);
        }
    }
}

#[tokio::test]
async fn what_is_included_is_one_query_however_many_rows() {
    let mut servers = Vec::new();
    for backend in EVERY {
        let database = library(backend).await;
        let server = application(&database).build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), Some("ann"), &["authors"]);
        // `tracing` remembers of a place in the code that nobody listens, by whichever thread is there first: so all are known before
        // somebody does.
        caller.call("books.list", json!({"include": ["author"]})).await.unwrap();
        servers.push((backend, caller, database));
    }
    let count = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Statements(Arc::clone(&count)));
    let subscribed = tracing::subscriber::set_default(subscriber);
    for (backend, caller, _) in &servers {
        for rows in [1, 25, 100] {
            for include in [json!([]), json!(["author"]), json!(["reviews", "author"])] {
                // What others in this process are listened to by makes `tracing` forget, or not learn, that this one listens.
                tracing::callsite::rebuild_interest_cache();
                let before = count.load(Atomic::SeqCst);
                let arguments = json!({"page_size": rows, "include": include});
                let page = caller.call("books.list", arguments).await.unwrap();
                assert_eq!(page["items"].as_array().unwrap().len(), rows);
                let queries = count.load(Atomic::SeqCst) - before;
                assert_eq!(queries, 1 + include.as_array().unwrap().len(), "{backend}: {rows} rows with {include}");
            }
        }
        // Nothing belongs to no rows, or to nobody.
        for (id, queries) in [(1, 2), (4, 1), (1000, 1)] {
            tracing::callsite::rebuild_interest_cache();
            let before = count.load(Atomic::SeqCst);
            caller.call("books.get", json!({"id": id, "include": ["author"]})).await.unwrap();
            assert_eq!(count.load(Atomic::SeqCst) - before, queries, "{backend}: book {id}");
        }
    }
    drop(subscribed);
}

#[tokio::test]
async fn rows_are_shown_as_their_own_list_shows_them() {
    for backend in EVERY {
        let database = library(backend).await;
        let server = application(&database).build().await.unwrap();
        let caller = SurfaceClient::in_process(server.client(), Some("ann"), &["authors"]);
        let page = caller.call("books.list", json!({"page_size": 4, "include": ["author", "reviews"]})).await.unwrap();
        let authors: Vec<_> = page["items"].as_array().unwrap().iter().map(|book| &book["author"]).collect();
        let ada = json!({"id": 1, "called": "Ada", "teachers": []});
        let bob = json!({"id": 2, "called": "Bob", "teachers": []});
        assert_eq!(authors, [&ada, &bob, &Value::Null, &Value::Null]);
        let five = json!({"id": 101, "book_id": 1, "stars": 5});
        assert_eq!(page["items"][0]["reviews"], json!([five, {"id": 1, "book_id": 1, "stars": 3}]));
        assert_eq!(page["items"][3]["reviews"], json!([{"id": 4, "book_id": 4, "stars": 3}]));
        let book = caller.call("books.get", json!({"id": 2, "include": ["author"]})).await.unwrap();
        assert_eq!(book, json!({"id": 2, "author_id": 2, "title": "Book 2", "author": bob}));
        assert_eq!(caller.call("books.get", json!({"id": 0, "include": ["author"]})).await.unwrap(), Value::Null);
        // The cursor is good whatever is shown besides.
        let next = json!({"page_size": 1, "after": page["next"], "include": ["author"]});
        assert_eq!(caller.call("books.list", next).await.unwrap()["items"][0]["author"], ada);
    }
}

#[tokio::test]
async fn who_may_not_use_a_list_is_not_shown_its_rows() {
    let database = library(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        for (user, status) in [(None, 401), (Some("ann+other"), 403), (Some("ann+authors"), 200), (Some("ann"), 200)] {
            let caller = SurfaceClient::over(&server, surface, user).await;
            let answer = caller.call("books.list", json!({"include": ["reviews", "author"]})).await;
            match answer {
                Ok(page) => assert_eq!((status, &page["items"][0]["author"]["called"]), (200, &json!("Ada"))),
                Err(problem) => assert_eq!(problem["status"], status, "{surface:?} {user:?}: {problem}"),
            }
            caller.call("books.list", json!({"include": ["reviews"]})).await.unwrap();
        }
    }
    let target = "/api/books?include=author";
    let refused = request(server.socket(), "GET", target, &[("Authorization", "Bearer ann+other")], None).await;
    assert!(refused.header("www-authenticate").unwrap().contains("scope=\"authors\""));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "`include` of `author`: this needs the scope authors");
    let document = request(server.socket(), "GET", "/openapi.json", &[], None).await.json();
    assert!(document["paths"]["/books"]["get"]["responses"]["403"].is_object());
    assert!(document["paths"]["/short"]["get"]["responses"]["403"].is_null());
}

#[tokio::test]
async fn related_rows_count_for_every_ceiling() {
    let database = library(Backend::Sqlite).await;
    let server = application(&database).build().await.unwrap();
    let caller = SurfaceClient::in_process(server.client(), Some("ann"), &[]);
    let (mut seen, mut after) = (0, Value::Null);
    loop {
        let mut arguments = json!({"page_size": 40, "include": ["reviews"]});
        if after.is_string() {
            arguments["after"] = after;
        }
        let page = caller.call("books.short", arguments).await.unwrap();
        assert!(page.to_string().len() <= 400, "{page}");
        seen += page["items"].as_array().unwrap().len();
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
        assert_eq!(page["shortened"], true);
    }
    assert_eq!(seen, 100);
    let problem = caller.call("books.numbered", json!({"include": ["reviews"]})).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(413), &json!("result_too_large")));
    assert!(problem["detail"].as_str().unwrap().contains("more than 3 rows"), "{problem}");
    caller.call("books.numbered", json!({"include": ["reviews"], "page_size": 2})).await.unwrap();
}

/// What belongs to many rows is written with each of them, so it is measured while it is.
#[tokio::test]
async fn what_is_included_with_every_row_is_measured_before_all_of_it_is_written() {
    let database = library(Backend::Sqlite).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    query("INSERT INTO authors VALUES (9, $1)").bind("x".repeat(1024 * 1024)).execute(&mut tx).await.unwrap();
    query("UPDATE books SET author_id = 9").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let server = application(&database).build().await.unwrap();
    let caller = SurfaceClient::in_process(server.client(), Some("ann"), &["authors"]);
    // Of one ceiling and a little, a page that can be shortened is.
    let page = caller.call("books.list", json!({"page_size": 8, "include": ["author"]})).await.unwrap();
    assert_eq!((&page["shortened"], page["items"].as_array().unwrap().len()), (&json!(true), 4));
    for rows in [10, 25, 100] {
        let problem = caller.call("books.list", json!({"page_size": rows, "include": ["author"]})).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(413), &json!("result_too_large")));
        let detail =
            "with what is included the answer is much longer than 5242880 bytes; ask for fewer rows, or include less";
        assert_eq!(problem["detail"], detail, "{rows} rows");
    }
}

#[tokio::test]
async fn a_table_is_written_of_rows_without_others() {
    let database = library(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let caller = SurfaceClient::over(&server, Surface::McpStateless, None).await;
    let text = async |arguments: Value| {
        let answer =
            caller.request("tools/call", json!({"name": "books.numbered", "arguments": arguments})).await.unwrap();
        answer["content"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text(json!({"page_size": 1})).await, "id,author_id,title\r\n1,1,Book 1\r\n");
    let json: Value = serde_json::from_str(&text(json!({"page_size": 1, "include": ["reviews"]})).await).unwrap();
    assert_eq!(json["items"][0]["reviews"].as_array().unwrap().len(), 2);
    let read = caller.request("resources/read", json!({"uri": "books://1?include=reviews"})).await.unwrap();
    let book: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(book["reviews"][0]["stars"], 5);
}

async fn of_a_book(_: &mut Conn, _: Args<Which>) -> Result<Select<Review>> {
    Ok(Select::sql("SELECT id, book_id, stars FROM reviews"))
}

#[tokio::test]
async fn what_is_wrong_with_an_include_is_told_when_the_server_is_built() {
    let reviews = || SelectorSpec::from_fn("reviews.list", reviews);
    let key = |book: &Book| book.id;
    let cases = [
        (
            Include::many("reviews", key, reviews(), "book_id"),
            "includes `reviews` of `reviews.list`: declares no permission; add `.allow(Scope(\"…\"))`, `.allow(Authenticated)` or, if it is for everybody, `.allow(Anyone)`",
        ),
        (
            Include::many("reviews", key, reviews().allow(Anyone), "book"),
            "includes `reviews` of `reviews.list`: is found by the column `book`, which is not in its row; the row has id, book_id, stars",
        ),
        (
            Include::many("title", key, reviews().allow(Anyone), "book_id"),
            "includes `title`, and its rows have a field of that name already; call one of them otherwise",
        ),
        (
            Include::many("the reviews", key, reviews().allow(Anyone), "book_id"),
            "includes `the reviews` of `reviews.list`: needs a name of letters, digits and `_`",
        ),
        (
            Include::one("best", key, SelectorSpec::from_fn("best", of_a_book).allow(Anyone), "book_id"),
            "includes `best` of `best`: takes the argument `id`, but nobody gives it one; name a list that takes none",
        ),
    ];
    let database = TestDatabase::sqlite();
    for (include, told) in cases {
        let db = Db::connect(database.url()).await.unwrap();
        let list = SelectorSpec::from_fn("books", books).allow(Anyone).include(include);
        let mistakes = Engine::builder(db).operations(Operations::new().add(list)).build().unwrap_err();
        let found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(found, [format!("books: {told}")]);
    }
}
