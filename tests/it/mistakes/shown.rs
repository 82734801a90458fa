//! What clients of MCP are shown: formats, icons, apps, prompts and completions.

use super::{Id, Invoice, WithId, mistakes, row_by_id, rows, text};
use diptych::{
    Annotations, AnswerValue, Anyone, App, AppVisibility, Backend, Blob, Conn, Contents, Format, Icon, Input, Instance,
    Operations, PromptSpec, Result, Select, SelectorSpec,
};
use diptych_spec::Args;
use schemars::JsonSchema;
use serde::Deserialize;

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
