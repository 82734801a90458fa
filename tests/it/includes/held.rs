//! A list that is included is the operation of its name in what holds it back: its switch and its limits.

use super::{Book, Shown, author, authors, books, library, reviews};
use diptych::{
    Anyone, Backend, Clock, Db, Engine, GET, Include, Limit, MCPServer, Operations, PageNumber, Scope, SelectorSpec,
};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, request};
use serde_json::json;
use std::time::Duration;

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(3_600 * 500_000)
    }
}

#[tokio::test]
async fn a_list_that_is_switched_off_is_included_nowhere() {
    let database = library(Backend::Sqlite).await;
    let off = SelectorSpec::from_fn("off", reviews).allow(Anyone).enabled(false);
    let list = SelectorSpec::from_fn("books.list", books)
        .allow(Anyone)
        .paginate(PageNumber::default())
        .include(author())
        .include(Include::many("off", |book: &Book| book.id, off, "book_id"))
        .rest(GET, "/books");
    let authors = SelectorSpec::from_fn("authors.list", authors).allow(Scope("authors"));
    let operations = Operations::new().add(list).add(authors.present::<Shown>().rest(GET, "/authors"));
    let server = MCPServer::builder("books", "1").database_url(database.url()).mount(operations);
    let server = server.build().await.unwrap();
    let here = SurfaceClient::in_process(server.client(), Some("ann"), &["authors"]);
    let engine = server.engine().clone();
    let server = RunningServer::serve(server).await;
    let mut surfaces = vec![here];
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        surfaces.push(SurfaceClient::over(&server, surface, Some("ann")).await);
    }
    let with = |name: &str| json!({"page_size": 1, "include": [name]});
    for caller in &surfaces {
        let switch = |on| engine.operation("authors.list").unwrap().declaration().set_enabled(on);
        switch(false);
        let unknown = caller.call("books.list", with("nothing")).await.unwrap_err();
        let error =
            json!([{"pointer": "/include/0", "code": "type", "detail": "nothing can be included now; leave it out"}]);
        assert_eq!((&unknown["status"], &unknown["errors"]), (&json!(422), &error), "{caller:?}");
        assert_eq!(caller.call("books.list", with("author")).await, Err(unknown.clone()), "{caller:?}");
        switch(true);
        let page = caller.call("books.list", with("author")).await.unwrap();
        assert_eq!(page["items"][0]["author"]["called"], "Ada", "{caller:?}");
        let off = caller.call("books.list", with("off")).await.unwrap_err();
        assert_eq!(off["errors"][0]["detail"], "expected one of author", "{caller:?}: one of no operation stays off");
    }
}

#[tokio::test]
async fn what_is_included_counts_with_the_limits_of_its_list() {
    let database = library(Backend::Sqlite).await;
    let editor = SelectorSpec::from_fn("authors.list", authors).allow(Anyone);
    let editor = Include::one("editor", |book: &Book| book.author_id, editor.present::<Shown>(), "id");
    // In no operation: its limits are those that are said here.
    let reviews = SelectorSpec::from_fn("reviews.list", reviews).allow(Anyone).limit(Limit::per_hour(3).fixed_window());
    let list = SelectorSpec::from_fn("books.list", books)
        .allow(Anyone)
        .paginate(PageNumber::default())
        .include(author())
        .include(editor)
        .include(Include::many("reviews", |book: &Book| book.id, reviews, "book_id"))
        .rest(GET, "/books");
    let authors = SelectorSpec::from_fn("authors.list", authors)
        .allow(Scope("authors"))
        .present::<Shown>()
        .limit(Limit::per_hour(10).fixed_window())
        .cost(2)
        .rest(GET, "/authors");
    let server = MCPServer::builder("books", "1").database_url(database.url()).limit_clock(Still);
    let server = RunningServer::start(server.mount(Operations::new().add(list).add(authors))).await;
    let get = async |user: &str, path: &str| {
        let authorization = format!("Bearer {user}");
        let headers = [("Authorization", authorization.as_str())];
        request(server.socket(), "GET", &format!("/api{path}"), &headers, None).await
    };
    let all = "/books?include=reviews&include=author&include=editor";
    for (path, status) in [
        ("/books", 200),
        ("/books?include=reviews&include=nothing", 422),
        // One of three reviews: what is named twice is included once.
        ("/books?include=reviews&include=reviews", 200),
        // Two of three reviews. Two authors at two each, whatever the number of rows: four of ten.
        (all, 200),
        ("/authors", 200),
        // Three of three, ten of ten.
        (all, 200),
        ("/books?include=author", 429),
        ("/authors", 429),
        ("/books?include=reviews", 429),
        ("/books", 200),
    ] {
        let reply = get("ann", path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        if status == 429 {
            let detail = match path.contains("reviews") {
                true => "too many calls: at most 3 in an hour; wait 60 minutes, then try again",
                false => "too many calls: at most 10 in an hour; wait 60 minutes, then try again",
            };
            assert_eq!((&reply.json()["code"], &reply.json()["detail"]), (&json!("rate_limited"), &json!(detail)));
            assert_eq!(reply.header("retry-after"), Some("3600"), "{path}");
        }
    }
    assert_eq!(get("bob", "/books?include=author&include=reviews").await.status, 200, "each caller has their own");
}

#[tokio::test]
async fn the_limits_of_a_list_are_said_once() {
    let database = library(Backend::Sqlite).await;
    let include = |limit: u32| {
        let list = SelectorSpec::from_fn("reviews.list", reviews).allow(Anyone).limit(Limit::per_hour(limit));
        Include::many("reviews", |book: &Book| book.id, list, "book_id")
    };
    let books = |name, limit| SelectorSpec::from_fn(name, books).allow(Anyone).include(include(limit));
    let told = "b: includes `reviews` with limits of `reviews.list`, which also has others elsewhere; say them once, at the operation, and they hold here as well";
    let alone = Operations::new().add(books("a", 5)).add(books("b", 6));
    let mounted = SelectorSpec::from_fn("reviews.list", reviews).allow(Anyone);
    let mounted = Operations::new().add(books("b", 5)).add(mounted);
    let same = Operations::new().add(books("a", 5)).add(books("b", 5));
    for (operations, expected) in [(alone, &[told][..]), (mounted, &[told]), (same, &[])] {
        let db = Db::connect(database.url()).await.unwrap();
        let built = Engine::builder(db).operations(operations).build();
        let found: Vec<_> =
            built.err().iter().flat_map(|mistakes| mistakes.as_slice()).map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }
}
