//! Wiring mistakes: all of them, by operation, when the server is built.

mod shown;
mod terms;

use diptych::{
    AnswerValue, Anyone, Backend, Conn, Db, Engine, GET, Icon, Input, Instance, Keyset, Mount, Operations, Ordering,
    POST, PageNumber, Principal, Result, Scope, Select, SelectorSpec, ServiceSpec, State, Tx,
};
use diptych_spec::Args;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, JsonSchema)]
struct Id {
    #[expect(dead_code, reason = "only declared")]
    id: i64,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct WithId {
    #[expect(dead_code, reason = "only declared")]
    id: i64,
}

struct Clock;
struct Invoice;

async fn nothing(_: &mut Tx) -> Result<()> {
    Ok(())
}
async fn by_id(_: &mut Tx, _: Args<Id>) -> Result<()> {
    Ok(())
}
async fn twice(_: &mut Tx, _: Args<Id>, _: Input<WithId>) -> Result<()> {
    Ok(())
}
async fn wants_state(_: &mut Tx, _: State<Clock>) -> Result<()> {
    Ok(())
}
async fn wants_target(_: &mut Tx, _: Instance<Invoice>) -> Result<()> {
    Ok(())
}
async fn invoice_by_id(_: &mut Conn, _: Args<Id>, _: Option<Principal>) -> Result<Option<Invoice>> {
    Ok(None)
}
async fn row_by_id(_: &mut Conn, _: Args<Id>) -> Result<Option<crate::counter::Stored>> {
    Ok(None)
}
async fn other_row(_: &mut Conn) -> Result<Option<Clock>> {
    Ok(None)
}
async fn rows(_: &mut Conn) -> Result<Select<crate::counter::Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}

async fn text(_: &mut Conn) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(String::new()))
}

async fn mistakes(backend: Backend, operations: Operations) -> Vec<String> {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = Engine::builder(db).operations(operations).build().unwrap_err();
    mistakes.as_slice().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn all_of_them_at_once_by_operation() {
    let operations = Operations::new()
        .add(ServiceSpec::from_fn("open", nothing))
        .add(ServiceSpec::from_fn("bad name", nothing).allow(Anyone))
        .add(ServiceSpec::from_fn("same", nothing).allow(Anyone).rest(POST, "/a/{id}"))
        .add(ServiceSpec::from_fn("same", by_id).allow(Anyone).rest(POST, "/b/{id}"))
        .add(
            ServiceSpec::from_fn("route", by_id)
                .allow(Anyone)
                .rest(POST, "/b/{id}")
                .rest(GET, "/c/{id}")
                .rest(POST, "d"),
        )
        .add(ServiceSpec::from_fn("twice", twice).allow(Anyone))
        .add(ServiceSpec::from_fn("state", wants_state).allow(Anyone))
        .add(ServiceSpec::from_fn("no_target", wants_target).allow(Anyone))
        .add(
            ServiceSpec::from_fn("wrong_target", wants_target)
                .allow(Anyone)
                .target(SelectorSpec::from_fn("other", other_row)),
        )
        .add(
            ServiceSpec::from_fn("good_target", wants_target)
                .allow(Scope("x"))
                .target(SelectorSpec::from_fn("invoice", invoice_by_id))
                .rest(POST, "/invoices/{id}"),
        )
        .add(
            SelectorSpec::from_fn("list", rows)
                .allow(Anyone)
                .unique("uuid")
                .paginate(PageNumber { size: 200, max_size: 100 })
                .rest(POST, "/list")
                .resource("list"),
        )
        .add(SelectorSpec::from_fn("one", row_by_id).allow(Anyone).resource("rows://{id}{?what}"))
        .add(SelectorSpec::from_fn("other", row_by_id).allow(Anyone).resource("rows://list{?id*}"))
        .add(SelectorSpec::from_fn("another", row_by_id).allow(Anyone).resource("rows://list?id={id}"))
        .add(SelectorSpec::from_fn("again", row_by_id).allow(Anyone).resource("rows://list{?id}"))
        .add(SelectorSpec::from_fn("third", row_by_id).allow(Anyone).resource("rows://{id}"))
        .add(SelectorSpec::from_fn("fourth", row_by_id).allow(Anyone).resource("rows://{id,x}"))
        .add(SelectorSpec::from_fn("fifth", row_by_id).allow(Anyone).resource("rows://{id}"))
        .add(ServiceSpec::from_fn("status", nothing).allow(Anyone).status(201).creates("/x/{id}"));
    let found = mistakes(Backend::Sqlite, operations).await;
    let expected = [
        "open: declares no permission; add `.allow(Scope(\"…\"))`, `.allow(Authenticated)` or, if it is for everybody, `.allow(Anyone)`",
        "bad name: the name has to be 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`",
        "same: the route POST /a/{id} has `{id}`, but no `#[arg]` has that name",
        "same: is declared twice; every operation has a name of its own",
        "route: the route `d` has to start with `/`",
        "route: is a service and cannot be served under GET; use POST, PUT, PATCH or DELETE",
        "route: is served under POST /b/{}, where `same` is served already",
        "twice: the argument `id` is declared twice, by an `#[arg]` and by the input; every argument has one name on every surface, so rename one",
        "state: needs State<it::mistakes::Clock>, which is not registered; add `.state(it::mistakes::Clock { … })` to the server",
        "no_target: asks for Instance<it::mistakes::Invoice> but has no target; add `.target(selector)` with a selector that returns `Option<it::mistakes::Invoice>`",
        "wrong_target: asks for Instance<it::mistakes::Invoice> but its target resolves to it::mistakes::Clock",
        "list: a page has 1 to 100 rows, so its default size cannot be 200",
        "list: an ordered list needs a unique column, so that no row is shown twice; the row has no `uuid`: name one of id, n with `.unique(\"…\")`",
        "list: is a selector and cannot be served under POST; use GET",
        "list: the resource `list` has no scheme; write it as `scheme://…`",
        "one: the resource rows://{id}{?what} has `what`, but no argument has that name",
        "other: the resource rows://list{?id*} has `id`, which is given once; write it without `*`",
        "fourth: `rows://{id,x}`: `{id,x}` is several variables; write `{id}/{x}`",
        "status: `.creates(\"/x/{id}\")` names `id`, which the answer does not have",
        "status: answers nothing, which goes under 204, not 201",
        "fifth: the resource rows://{id} and `third` under rows://{id} share a URI, and neither is more literal; give one of them a literal segment that the other does not take",
    ];
    assert_eq!(found, expected);
}

#[derive(diptych::Record, serde::Serialize, JsonSchema)]
struct Visit {
    id: i64,
    page: String,
    left_at: Option<i64>,
}
#[derive(Ordering)]
enum VisitOrder {
    Id,
    Page,
    LeftAt,
    Length,
}
async fn visits(_: &mut Conn) -> Result<Select<Visit>> {
    Ok(Select::sql("SELECT id, page, left_at, length FROM visits"))
}

#[tokio::test]
async fn keyset_pages_are_ordered_by_what_a_cursor_can_have() {
    let spec = || SelectorSpec::from_fn("visits", visits).allow(Anyone);
    let null = |key: &str| {
        format!(
            "visits: keyset pages cannot be ordered by `{key}`, which can be null: no range of an index begins at a null; make it NOT NULL, leave it out of the order, or use `PageNumber`"
        )
    };
    let operations = Operations::new().add(spec().order_by::<VisitOrder>("-page").paginate(Keyset::default()));
    let absent =
        "visits: keyset pages cannot be ordered by `length`, which is not in the row; the row has id, page, left_at";
    assert_eq!(mistakes(Backend::Sqlite, operations).await, [null("left_at"), absent.to_owned()]);
    let operations = Operations::new().add(spec().unique("left_at").paginate(Keyset { size: 0, ..Keyset::default() }));
    let size = "visits: a page has 1 to 100 rows, so its default size cannot be 0";
    assert_eq!(mistakes(Backend::Sqlite, operations).await, [size.to_owned(), null("left_at")]);
}

#[tokio::test]
async fn a_server_that_is_built_says_them_too() {
    let database = TestDatabase::sqlite();
    let icon = Icon::new("https://a.example/i.gif", "image/gif");
    let server = diptych::MCPServer::builder("broken", "1").icon(icon).database_url(database.url()).mount(
        Operations::new().add(ServiceSpec::from_fn("open", nothing)).add(ServiceSpec::from_fn("closed", nothing)),
    );
    let error = server.build().await.unwrap_err().to_string();
    assert!(
        error.starts_with("the server cannot start: 3 mistakes in the declarations\n  the server: the icon "),
        "{error}"
    );
    assert!(error.contains("\n  open: declares no permission"), "{error}");
    assert!(error.contains("\n  closed: declares no permission"), "{error}");
}

/// The mounts are checked with the operations, before anything is migrated.
#[tokio::test]
async fn so_are_mounts() {
    let database = TestDatabase::sqlite();
    let operations = || Operations::new().add(ServiceSpec::from_fn("open", nothing).allow(Anyone).tags(["admin"]));
    let server = || diptych::MCPServer::builder("broken", "1").database_url(database.url()).mount(operations());
    let error = server()
        .mcp_mount("/mcp/admin", Mount::new().tagged("admni"))
        .mcp_mount("/api/mcp", Mount::new())
        .mcp_mount("/mcp", Mount::new())
        .mcp_mount("/mcp", Mount::new())
        .build()
        .await
        .unwrap_err()
        .to_string();
    let lines: Vec<_> = error.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "the mount /mcp/admin: names the tag `admni`, which no operation has; add `.tags([\"admni\"])` to one",
            "the mount /api/mcp: has a path that is taken; give it one of its own",
            "the mount /mcp: has a path that is taken; give it one of its own",
        ]
    );
    let server = server().build().await.unwrap();
    assert!(server.mcp_of("/mcp/admin", &Mount::new().tagged("admin")).is_ok());
    assert!(server.mcp_of("/mcp/admin", &Mount::new().tagged("admni")).is_err());
}
