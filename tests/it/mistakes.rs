//! Wiring mistakes: all of them, by operation, when the server is built.

use diptych::{
    Annotations, AnswerValue, Anyone, App, AppVisibility, Backend, Blob, Conn, Contents, Db, Engine, Format, GET, Icon,
    Input, Instance, Instances, Keyset, Mount, Operations, Ordering, POST, PageNumber, Principal, PromptSpec, Result,
    Retry, Scope, Select, SelectorSpec, ServiceSpec, State, Task, TaskStart, Tx,
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

async fn text(_: &mut Conn) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(String::new()))
}
async fn text_of(_: &mut Conn, _: Args<Id>) -> Result<Option<String>> {
    Ok(None)
}
async fn bytes(_: &mut Conn) -> Result<AnswerValue<Blob>> {
    Ok(AnswerValue(Blob::default()))
}
async fn blocks(_: &mut Conn) -> Result<AnswerValue<Contents>> {
    Ok(AnswerValue(Contents::new()))
}
async fn rows_by_id(_: &mut Conn, _: Args<Id>) -> Result<Select<crate::counter::Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}

/// What a client of MCP is shown of an operation.
#[tokio::test]
async fn what_clients_are_shown_is_checked() {
    let app = |html| App::html("ui://card", html);
    let page = "<!doctype html><title>Card</title>";
    let wrong = Annotations { priority: Some(2.0), last_modified: Some("today".to_owned()), ..Annotations::default() };
    let text = |name| SelectorSpec::from_fn(name, text).allow(Anyone);
    let of = |name| SelectorSpec::from_fn(name, text_of).allow(Anyone);
    let operations = Operations::new()
        .add(text("type").mime_type("text"))
        .add(text("binary").mime_type("image/png"))
        .add(SelectorSpec::from_fn("json", rows).allow(Anyone).mime_type("text/csv"))
        .add(of("null").mime_type("text/plain").allow_none())
        .add(SelectorSpec::from_fn("blob", bytes).allow(Anyone).mime_type("application/pdf"))
        .add(SelectorSpec::from_fn("blocks", blocks).allow(Anyone).mime_type("text/plain").resource("blocks://all"))
        .add(text("icon").icon(Icon::new("http://a.example/i.png", "image/png")))
        .add(text("meta").meta("owner", 1).meta("io.modelcontextprotocol/x", 2))
        .add(text("notes").annotations(wrong).size(1))
        .add(text("view").tool(false).ui(App::html("ui://broken", "<p>")).resource("ui://text"))
        .add(text("first").ui(app(page)))
        .add(text("same").ui(app(page).visibility([AppVisibility::App])))
        .add(text("second").ui(app("<!doctype html><title>Other</title>")))
        .add(SelectorSpec::from_fn("table", rows).allow(Anyone).format(Format::Csv))
        .add(SelectorSpec::from_fn("no_table", row_by_id).allow(Anyone).format(Format::Csv))
        .add(SelectorSpec::from_fn("format", blocks).allow(Anyone).format(Format::Toon))
        .add(text("tag").tags([" "]))
        .add(text("fixed").enumerate("nothing", None))
        .add(of("by_text").resource("a://{id}").enumerate("fixed", None))
        .add(of("by_rows").resource("b://{id}").enumerate("needy", "label"))
        .add(of("good").resource("c://{id}").enumerate("numbers", "n"))
        .add(SelectorSpec::from_fn("needy", rows_by_id).allow(Anyone))
        .add(SelectorSpec::from_fn("numbers", rows).allow(Anyone));
    let found = mistakes(Backend::Sqlite, operations).await;
    let expected = [
        "type: `text` is not a media type; write it as `type/subtype`, such as `text/plain`",
        "binary: answers text, which is not `image/png`; answer a `Blob`",
        "json: answers JSON, which is not `text/csv`; answer a `String` (text) or a `Blob` (bytes), or remove `.mime_type(…)`",
        "null: answers null when there is no row, which is not `text/plain`; remove `.allow_none()`",
        "blob: answers `application/pdf`, which a tool can only answer as a resource; say under which URI with `.resource(\"…\")`, or add `.tool(false)`",
        "blocks: answers content blocks, each with a media type of its own; remove `.mime_type(…)`",
        "blocks: answers content blocks, which only tools do; a resource is JSON, or a `String` or `Blob` with `.mime_type(…)`",
        "icon: the icon `http://a.example/i.png` has to be at an `https:` URL, or in a `data:` URL",
        "meta: the `_meta` name `owner` needs a reversed domain in front, such as `com.example/owner`",
        "meta: the `_meta` name `io.modelcontextprotocol/x` is reserved for the protocol; use a domain of your own",
        "notes: has `.annotations(…)`, which are those of a resource; add `.resource(\"…\")`",
        "notes: the priority of a resource has to be 0 to 1",
        "notes: `last_modified` has to be a date and time such as `2026-01-31T12:00:00Z`",
        "notes: has `.size(…)`, which only a resource without variables has",
        "view: the view `ui://broken` has to be a whole document, which starts with `<!doctype html>`",
        "view: has a view, which only a tool has; remove `.tool(false)` or `.ui(…)`",
        "view: is a resource under `ui://`, which is for views; use another scheme, or `.ui(…)`",
        "second: has the view `ui://card`, which is another one at `first`; give it a URI of its own, or a clone of the same `App`",
        "no_table: has `.format(Format::Csv)`, but its answer is not a list of rows whose fields are texts, numbers and booleans; answer such a list, or choose another format",
        "format: has `.format(…)`, which is for answers in JSON; remove it",
        "tag: has a tag without a name; write one, such as `.tags([\"admin\"])`",
        "fixed: has `.enumerate(\"nothing\", …)`, but is no resource with variables; add `.resource(\"…://{id}\")`",
        "fixed: has `.enumerate(\"nothing\", …)`, but no operation has that name",
        "by_text: is enumerated by `fixed`, which is no list; name a selector that returns `Select<Row>`",
        "by_rows: is enumerated by `needy`, whose rows have no field `label`",
        "by_rows: is enumerated by `needy`, which cannot be called without `id`; name a list without required arguments",
    ];
    assert_eq!(found, expected);
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

#[derive(Deserialize, JsonSchema)]
struct Structured {
    #[expect(dead_code, reason = "only declared")]
    id: Option<i64>,
    #[expect(dead_code, reason = "only declared")]
    many: Vec<String>,
    #[expect(dead_code, reason = "only declared")]
    other: Option<Id>,
}

async fn letter(_: &mut Conn, _: Args<Id>) -> Result<String> {
    Ok(String::new())
}
async fn with_input(_: &mut Conn, _: Input<WithId>, _: Instance<Invoice>) -> Result<String> {
    Ok(String::new())
}
async fn structured(_: &mut Conn, _: Args<Structured>) -> Result<String> {
    Ok(String::new())
}
async fn rows_of(_: &mut Conn, _: Args<Other>) -> Result<Select<crate::counter::Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}
async fn texts(_: &mut Conn) -> Result<Select<Texts>> {
    Ok(Select::sql("SELECT id FROM numbers"))
}

#[derive(Deserialize, JsonSchema)]
struct Other {
    #[expect(dead_code, reason = "only declared")]
    other: i64,
}

#[derive(serde::Serialize, JsonSchema, diptych::Record)]
struct Texts {
    id: i64,
}

#[derive(serde::Serialize, JsonSchema)]
struct ManyTexts {
    ids: Vec<i64>,
}

impl From<Texts> for ManyTexts {
    fn from(texts: Texts) -> Self {
        Self { ids: vec![texts.id] }
    }
}

#[tokio::test]
async fn of_prompts_and_completions() {
    let prompt = |name: &'static str| PromptSpec::from_fn(name, letter).allow(Anyone);
    let operations = Operations::new()
        .add(PromptSpec::from_fn("open", letter))
        .add(PromptSpec::from_fn("input", with_input).allow(Anyone))
        .add(PromptSpec::from_fn("structured", structured).allow(Anyone))
        .add(prompt("rows"))
        .add(prompt("argument").complete("name", ["a"]))
        .add(prompt("twice").complete("id", ["1"]).complete_from("id", "rows.all", "id"))
        .add(prompt("nothing").complete_from("id", "rows.none", "id"))
        .add(prompt("no_list").complete_from("id", "rows.one", "id"))
        .add(prompt("field").complete_from("id", "rows.all", "name"))
        .add(prompt("list").complete_from("id", "texts.all", "ids"))
        .add(prompt("needy").complete_from("id", "rows.of", "id"))
        .add(prompt("fine").complete_from("id", "rows.all", "n"))
        .add(SelectorSpec::from_fn("rows", rows).allow(Anyone))
        .add(SelectorSpec::from_fn("rows.all", rows).allow(Anyone))
        .add(SelectorSpec::from_fn("rows.of", rows_of).allow(Anyone))
        .add(SelectorSpec::from_fn("texts.all", texts).allow(Anyone).present::<ManyTexts>())
        .add(
            SelectorSpec::from_fn("rows.one", async |_: &mut Conn, _: Args<Id>| -> Result<Option<i64>> { Ok(None) })
                .allow(Anyone)
                .complete("id", ["1"]),
        );
    let found = mistakes(Backend::Sqlite, operations).await;
    let expected = [
        "open: declares no permission; add `.allow(Scope(\"…\"))`, `.allow(Authenticated)` or, if it is for everybody, `.allow(Anyone)`",
        "input: asks for Instance<it::mistakes::Invoice>, but a prompt has no target; take the row's id as an `#[arg]` and read the row",
        "input: takes an `Input`, but a prompt is given single values; write an `#[arg]` for each",
        "structured: takes `many`, which cannot be written as one text, all that a prompt can be given; take a string, a number, a `bool` or an enum without fields",
        "structured: takes `other`, which cannot be written as one text, all that a prompt can be given; take a string, a number, a `bool` or an enum without fields",
        "argument: completes `name`, which is no argument of the prompt",
        "twice: says twice how `id` is completed; say it once",
        "nothing: completes `id` from `rows.none`, but no operation has that name",
        "no_list: completes `id` from `rows.one`, which is not a list; name a selector that returns `Select<Row>`",
        "field: completes `id` from `rows.all`, whose rows have no `name`; `rows.all` shows id, n",
        "list: completes `id` from `texts.all`, whose `ids` is neither text nor a number",
        "needy: completes `id` from `rows.of`, which needs `other`; name a list that needs no argument, or only arguments that this operation has too",
        "rows: is declared twice; every operation has a name of its own",
        "rows.one: completes `id`, which is no variable of the URI of its `.resource(…)`",
    ];
    assert_eq!(found, expected, "{found:#?}");
}

#[tokio::test]
async fn tasks_that_cannot_be_are_noticed() {
    let seconds = std::time::Duration::from_secs;
    let starts = async |_: &mut Conn, _: TaskStart| -> Result<AnswerValue<u8>> { Ok(AnswerValue(1)) };
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("starts", starts).allow(Anyone))
        .add(SelectorSpec::from_fn("hidden", text).allow(Anyone).tool(false).task(Task::optional()))
        .add(ServiceSpec::from_fn("long", nothing).allow(Anyone).task(Task::optional().ttl(seconds(60))))
        .add(ServiceSpec::from_fn("never", nothing).allow(Anyone).task(Task::required().poll_interval(seconds(0))));
    let expected = [
        "starts: takes a TaskStart but is no task; add `.task(Task::optional())`, or leave the argument out",
        "hidden: is no tool, and only calls of tools become tasks; leave out `.task(…)` or `.tool(false)`",
        "long: `.task(…)` may run for 600s but is kept for 60s only; make `.ttl` longer than `.max_run`",
        "never: `.task(…)` has a `.poll_interval` of less than a millisecond; give it a longer one",
    ];
    assert_eq!(mistakes(Backend::Sqlite, operations).await, expected);
}

#[derive(Deserialize, JsonSchema)]
struct Dry {
    #[expect(dead_code, reason = "only declared")]
    dry_run: bool,
}

#[tokio::test]
async fn terms_that_cannot_be_are_noticed() {
    let (milli, seconds) = (std::time::Duration::from_millis, std::time::Duration::from_secs);
    let service = |name: &'static str| ServiceSpec::from_fn(name, nothing).allow(Anyone);
    let taken = async |_: &mut Tx, _: Args<Dry>| -> Result<()> { Ok(()) };
    let by_target = async |_: &mut Conn, _: Args<Dry>| -> Result<Option<Invoice>> { Ok(None) };
    let operations = Operations::new()
        .add(service("never").retry(Retry::times(0)))
        .add(service("always").retry(Retry::times(11)))
        .add(service("slow").retry(Retry::times(1).longest_pause(seconds(61))))
        .add(service("short").retry(Retry::times(1).pause(seconds(2))))
        .add(service("good").retry(Retry::times(10).pause(milli(0))).dry_run(true).dry_run(true))
        .add(ServiceSpec::from_fn("off", taken).allow(Anyone).dry_run(true).dry_run(false))
        .add(ServiceSpec::from_fn("taken", taken).allow(Anyone).dry_run(true))
        .add(service("target").dry_run(true).target(SelectorSpec::from_fn("row", by_target)));
    let expected = [
        "never: is run again 0 times; write `Retry::times(…)` with 1 to 10",
        "always: is run again 11 times; write `Retry::times(…)` with 1 to 10",
        "slow: pauses for up to 61s before it is run again; make `.longest_pause` 60s at most",
        "short: pauses for up to 2s before it is run again, which is more than the longest pause, 1s; make `.longest_pause` longer than `.pause`",
        "taken: the argument `dry_run` is declared twice, by an `#[arg]` and by the dry run; every argument has one name on every surface, so rename one",
        "target: the argument `dry_run` is declared twice, by an `#[arg]` and by the dry run; every argument has one name on every surface, so rename one",
    ];
    assert_eq!(mistakes(Backend::Sqlite, operations).await, expected);
}

async fn wants_rows(_: &mut Tx, _: Instances<crate::counter::Stored>) -> Result<()> {
    Ok(())
}
async fn wants_row(_: &mut Tx, _: Instance<crate::counter::Stored>) -> Result<()> {
    Ok(())
}
async fn wants_clocks(_: &mut Tx, _: Instances<Clock>) -> Result<()> {
    Ok(())
}
async fn wants_them_twice(_: &mut Tx, _: Instances<Clock>, _: Instances<Clock>) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn of_sets_of_targets() {
    let list = || SelectorSpec::from_fn("rows", rows);
    let operations = Operations::new()
        .add(ServiceSpec::from_fn("none", wants_rows).allow(Anyone))
        .add(ServiceSpec::from_fn("other", wants_clocks).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("twice", wants_them_twice).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("one", wants_row).allow(Anyone).targets(list()))
        .add(ServiceSpec::from_fn("set", wants_rows).allow(Anyone).target(SelectorSpec::from_fn("row", row_by_id)))
        .add(ServiceSpec::from_fn("paged", wants_rows).allow(Anyone).targets(list().paginate(PageNumber::default())))
        .add(ServiceSpec::from_fn("unique", wants_rows).allow(Anyone).targets(list().unique("uuid")))
        .add(ServiceSpec::from_fn("good", wants_rows).allow(Anyone).targets(list()));
    let found = mistakes(Backend::Sqlite, operations).await;
    let expected = [
        "none: asks for Instances<it::counter::Stored> but has no targets; add `.targets(selector)` to a service, with a selector that returns `Select<it::counter::Stored>`",
        "other: asks for Instances<it::mistakes::Clock> but its targets are it::counter::Stored",
        "twice: Instances<it::mistakes::Clock> is asked for twice, or of two types",
        "twice: asks for Instances<it::mistakes::Clock> but its targets are it::counter::Stored",
        "one: asks for Instance<it::counter::Stored> but has no target; add `.target(selector)` with a selector that returns `Option<it::counter::Stored>`",
        "set: asks for Instances<it::counter::Stored> but has no targets; add `.targets(selector)` to a service, with a selector that returns `Select<it::counter::Stored>`",
        "paged: works on a whole list, locked in an order of its own: leave `.order_by` and `.paginate` out of its `.targets(…)`",
        "unique: an ordered list needs a unique column, so that no row is shown twice; the row has no `uuid`: name one of id, n with `.unique(\"…\")`",
    ];
    assert_eq!(found, expected);
}
