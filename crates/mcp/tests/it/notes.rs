//! A small server of notes.

use diptych_pipeline::{Conn, Operations, Record, Select, Tx, query, query_scalar};
use diptych_spec::{
    Annotations, AnswerValue, Anyone, App, AppVisibility, Args, Authenticated, Blob, Content, Contents,
    EmbeddedResource, Error, ErrorKind, FieldError, Icon, IconTheme, Input, Message, PageNumber, Principal, PromptSpec,
    ResourceLink, Result, Role, Scope, SelectorSpec, ServiceSpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use validator::Validate;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Note {
    id: i64,
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub(crate) struct NewNote {
    /// What it says.
    #[validate(length(min = 1, max = 20))]
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ById {
    id: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct How {
    how: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Anything {
    value: Value,
}

/// Refers to itself, from an answer that is a list.
#[derive(Debug, Serialize, JsonSchema)]
struct Tree {
    name: String,
    branches: Vec<Self>,
}

async fn count(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT count(*) FROM notes").one(conn).await.map(AnswerValue)
}

pub(crate) async fn get(conn: &mut Conn, Args(args): Args<ById>) -> Result<Option<Note>> {
    let text = query_scalar::<String>("SELECT text FROM notes WHERE id = $1").bind(args.id);
    Ok(text.optional(conn).await?.map(|text| Note { id: args.id, text }))
}

pub(crate) async fn add(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let id = query_scalar("INSERT INTO notes (text) VALUES ($1) RETURNING id").bind(new.text.clone());
    Ok(Note { id: id.one(tx).await?, text: new.text })
}

async fn slow(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let note = add(tx, Input(new)).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(note)
}

async fn clear(tx: &mut Tx) -> Result<()> {
    query("DELETE FROM notes").execute(tx).await.map(drop)
}

async fn echo(_: &mut Conn, Args(args): Args<Anything>) -> Result<AnswerValue<Value>> {
    Ok(AnswerValue(args.value))
}

async fn forest(_: &mut Conn) -> Result<AnswerValue<Vec<Tree>>> {
    let tree = |name: &str, branches| Tree { name: name.to_owned(), branches };
    Ok(AnswerValue(vec![tree("oak", vec![tree("twig", Vec::new())])]))
}

async fn secret(_: &mut Conn, who: Principal) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(format!("for {} only", who.subject())))
}

async fn fail(_: &mut Conn, Args(args): Args<How>) -> Result<AnswerValue<Note>> {
    let simple = |kind| Error::new(kind, "simple", "a sentence");
    Err(match &*args.how {
        "bad_request" => simple(ErrorKind::BadRequest),
        "invalid" => Error::invalid(vec![FieldError::new("/how", "odd", "must be even")]),
        "unauthenticated" => Error::unauthenticated(),
        "forbidden" => Error::forbidden("this note is \"Bob's\""),
        "scope" => Error::insufficient_scope(&["notes:write".into(), "notes:\"odd\"".into()]),
        "not_found" => Error::not_found("no such note"),
        "conflict" => Error::conflict("already_sent", "it was sent before"),
        "rate_limited" => simple(ErrorKind::RateLimited),
        "too_large" => simple(ErrorKind::TooLarge),
        "deadline" => simple(ErrorKind::Deadline),
        "cancelled" => simple(ErrorKind::Cancelled),
        "unavailable" => simple(ErrorKind::Unavailable),
        "outcome_unknown" => simple(ErrorKind::OutcomeUnknown),
        _ => Error::internal("the password is hunter2"),
    })
}

async fn sketch(_: &mut Conn) -> Result<AnswerValue<Contents>> {
    let annotations = |last_modified| Annotations { priority: Some(0.5), last_modified, ..Annotations::default() };
    Ok(AnswerValue(
        Contents::from("two \"_meta\" notes")
            .and(Content::image("ab", "image/png").annotated(annotations(Some("2026-01-01T00:00:00Z".to_owned()))))
            .and(Content::from(ResourceLink::new("notes://1", "first").title("First")).annotated(annotations(None)))
            .and(
                Content::from(EmbeddedResource::text("notes://2", "text/plain", "bread")).with_meta("example.com/x", 1),
            ),
    ))
}

async fn line(_: &mut Conn) -> Result<AnswerValue<Content>> {
    Ok(AnswerValue(Content::text("one line")))
}

async fn text(conn: &mut Conn, args: Args<ById>) -> Result<Option<String>> {
    Ok(get(conn, args).await?.map(|note| format!("{}\n", note.text)))
}

async fn bytes(_: &mut Conn, Args(args): Args<ById>) -> Result<AnswerValue<Blob>> {
    Ok(AnswerValue(Blob::new([0, 255, u8::try_from(args.id).unwrap_or_default()])))
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    id: Option<i64>,
    label: Option<String>,
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["id", "label"];
    fn from_row(row: &diptych_pipeline::Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)?, label: row.get(1)? })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ByLabel {
    label: String,
    id: i64,
}

async fn odd(_: &mut Conn, Args(args): Args<ByLabel>) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(format!("{} {}", args.label, args.id)))
}

/// The notes; of them the bread has no label.
pub(crate) async fn rows(_: &mut Conn, who: Option<Principal>) -> Result<Select<Row>> {
    if who.is_some_and(|who| who.subject() == "banned") {
        return Err(Error::forbidden("not you"));
    }
    Ok(Select::sql("SELECT id, CASE WHEN text = 'bread' THEN NULL ELSE text END AS label FROM notes"))
}

async fn nameless(_: &mut Conn) -> Result<Select<Row>> {
    Ok(Select::sql("SELECT NULL AS id, 'nothing' AS label UNION ALL SELECT 7, 'a/b' UNION ALL SELECT 8, ''"))
}

async fn ask(_: &mut Conn) -> Result<Message> {
    let link = ResourceLink::new("notes://1", "first").icon(icon());
    Ok(Message::user(Content::from(link).with_meta("com.example/x", 1)))
}

pub(crate) fn icon() -> Icon {
    Icon::new("https://notes.example/icon.svg", "image/svg+xml").sizes(["any"]).theme(IconTheme::Dark)
}

/// Operations with everything that clients can be shown, and templates whose rows are listed.
pub(crate) fn shown() -> Operations {
    let page = PageNumber { size: 1, max_size: 2 };
    let annotations = Annotations {
        audience: vec![Role::User],
        priority: Some(1.0),
        last_modified: Some("2026-01-01T00:00:00Z".to_owned()),
    };
    let card = || {
        App::html("ui://notes/card", "<!doctype html><title>\"Card\"</title>")
            .connect_domains(["https://api.notes.example"])
            .prefers_border(true)
    };
    let at = |name, label: &str| SelectorSpec::from_fn(name, get).allow(Anyone).meta("com.example/label", label);
    Operations::new()
        .add(
            SelectorSpec::from_fn("notes.count", count)
                .allow(Anyone)
                .resource("notes://count")
                .icon(icon())
                .annotations(annotations.clone())
                .size(1)
                .meta("com.example/x", 1)
                .open_world(true),
        )
        .add(SelectorSpec::from_fn("notes.secret", secret).allow(Scope("notes:secret")).resource("secret://mine"))
        .add(
            at("notes.get", "template")
                .resource("notes://{id}")
                .icon(icon())
                .annotations(annotations)
                .enumerate("notes.list", "label"),
        )
        .add(at("hidden.get", "hidden").resource("hidden://{id}").enumerate("hidden.list", None))
        .add(
            SelectorSpec::from_fn("odd.get", odd)
                .allow(Anyone)
                .resource("odd://{label}/{id}")
                .enumerate("odd.list", None),
        )
        .add(SelectorSpec::from_fn("notes.list", rows).allow(Anyone).paginate(page))
        .add(SelectorSpec::from_fn("hidden.list", rows).allow(Scope("hidden")))
        .add(SelectorSpec::from_fn("odd.list", nameless).allow(Anyone).tool(false))
        .add(SelectorSpec::from_fn("notes.card", get).allow(Scope("notes:card")).ui(card()))
        .add(
            SelectorSpec::from_fn("notes.refresh", get)
                .allow(Scope("notes:refresh"))
                .ui(card().visibility([AppVisibility::App])),
        )
        .add(PromptSpec::from_fn("notes.ask", ask).allow(Anyone).icon(icon()).meta("com.example/x", 1))
        .add(
            SelectorSpec::from_fn("notes.off", get)
                .allow(Anyone)
                .enabled(false)
                .ui(App::html("ui://notes/off", "<!doctype html>")),
        )
}

/// Operations whose answers are not JSON.
pub(crate) fn other_forms() -> Operations {
    let text = |name| SelectorSpec::from_fn(name, text).allow(Anyone).mime_type("text/plain");
    let bytes = |name| SelectorSpec::from_fn(name, bytes).allow(Anyone);
    Operations::new()
        .add(SelectorSpec::from_fn("notes.sketch", sketch).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.line", line).allow(Anyone))
        .add(text("notes.text").resource("text://{id}"))
        .add(bytes("notes.picture").resource("picture://{id}").mime_type("image/png"))
        .add(bytes("notes.sound").mime_type("audio/wav"))
        .add(bytes("notes.pdf").resource("pdf://note/{id}").mime_type("application/pdf"))
        .add(bytes("notes.hidden").resource("hidden://{id}").mime_type("application/zip").tool(false))
}

pub(crate) fn operations() -> Operations {
    let staff = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "boss");
    Operations::new()
        .add(
            SelectorSpec::from_fn("notes.count", count)
                .description("How many notes there are.")
                .title("Count notes")
                .allow(Anyone)
                .resource("notes://count"),
        )
        .add(SelectorSpec::from_fn("notes.get", get).allow(Anyone).resource("notes://{id}"))
        .add(SelectorSpec::from_fn("notes.find", get).allow(Anyone).allow_none())
        .add(ServiceSpec::from_fn("notes.add", add).allow(Scope("notes:write")))
        .add(ServiceSpec::from_fn("notes.slow", slow).allow(Anyone).idempotent(true))
        .add(ServiceSpec::from_fn("notes.clear", clear).allow(Authenticated).destructive(true).idempotent(true))
        .add(SelectorSpec::from_fn("notes.echo", echo).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.forest", forest).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.secret", secret).allow(Scope("notes:secret")).resource("secret://mine"))
        .add(SelectorSpec::from_fn("notes.staff", secret).allow(staff))
        .add(SelectorSpec::from_fn("faults.get", fail).allow(Anyone).resource("faults://{how}"))
}
