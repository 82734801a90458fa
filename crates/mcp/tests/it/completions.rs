//! `completion/complete`, in every revision.

use crate::fixture::{Fixture, LEGACY, Request, ann};
use diptych_pipeline::{Conn, Operations, Record, Row, Select};
use diptych_spec::{AnswerValue, Anyone, Args, Error, Limit, PageNumber, PromptSpec, Result, Scope, SelectorSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Friendly,
    Firm,
    /// Only in the end.
    Furious,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only declared")]
struct Letter {
    tone: Option<Tone>,
    short: bool,
    language: String,
    note: String,
    half: Option<String>,
    page: Option<String>,
    secret: Option<String>,
    few: Option<String>,
    broken: Option<String>,
    plain: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Half {
    half: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ById {
    id: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Note {
    id: i64,
    text: Option<String>,
}

impl Record for Note {
    const COLUMNS: &'static [&'static str] = &["id", "text"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)?, text: row.get(1)? })
    }
}

/// 250 notes, their texts in pairs; or the first or second hundred and twenty-five.
async fn many(_: &mut Conn, Args(args): Args<Half>) -> Result<Select<Note>> {
    Ok(Select::sql(
        "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 250)
         SELECT id, 'Note ' || (id / 2) AS text FROM n WHERE $1 IS NULL OR (id > 125) = ($1 = 2)",
    )
    .bind(args.half))
}

async fn few(_: &mut Conn) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, text FROM notes UNION ALL SELECT 3, NULL UNION ALL SELECT 4, 'Milk'"))
}

async fn broken(_: &mut Conn) -> Result<Select<Note>> {
    Err(Error::internal("the password is hunter2"))
}

async fn letter(_: &mut Conn, _: Args<Letter>) -> Result<&'static str> {
    Ok("Write.")
}

async fn by_id(_: &mut Conn, Args(args): Args<ById>) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(args.id))
}

fn operations() -> Operations {
    let spec = || {
        PromptSpec::from_fn("letter", letter)
            .complete("language", ["en", "de", "DE-ch"])
            .complete_from("note", "notes.many", "text")
            .complete_from("half", "notes.many", "text")
            .complete_from("secret", "notes.secret", "text")
            .complete_from("page", "notes.paged", "text")
            .complete_from("few", "notes.few", "text")
            .complete_from("broken", "notes.broken", "text")
    };
    let paged = SelectorSpec::from_fn("notes.paged", self::many);
    let (many, few) = (SelectorSpec::from_fn("notes.many", many), SelectorSpec::from_fn("notes.few", self::few));
    let (broken, secret) =
        (SelectorSpec::from_fn("notes.broken", broken), SelectorSpec::from_fn("notes.secret", self::few));
    Operations::new()
        .add(spec().allow(Anyone))
        .add(PromptSpec::from_fn("private", letter).allow(Scope("notes:secret")))
        .add(many.allow(Anyone).paginate(PageNumber { size: 5, max_size: 60 }))
        // Ten pages that are read for one completion are one read.
        .add(paged.allow(Anyone).limit(Limit::per_day(9)).paginate(PageNumber { size: 5, max_size: 5 }))
        .add(few.allow(Anyone))
        .add(broken.allow(Anyone))
        .add(secret.allow(Scope("notes:secret")))
        .add(SelectorSpec::from_fn("notes.get", by_id).allow(Anyone).resource("notes://{id}").complete_from(
            "id",
            "notes.few",
            "id",
        ))
        .add(SelectorSpec::from_fn("notes.hidden", by_id).allow(Scope("notes:secret")).resource("hidden://{id}"))
}

fn of(argument: &str, typed: &str) -> Value {
    json!({"ref": {"type": "ref/prompt", "name": "letter"}, "argument": {"name": argument, "value": typed}})
}

fn found(result: &Value) -> Vec<&str> {
    result["completion"]["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect()
}

#[tokio::test]
async fn values_come_from_the_type_the_declaration_or_a_list() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let of_resource =
        |uri: &str| json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "id", "value": ""}});
    for (params, values) in [
        (of("tone", ""), vec!["friendly", "firm", "furious"]),
        (of("tone", "FI"), vec!["firm"]),
        (of("tone", "x"), vec![]),
        (of("short", ""), vec!["true", "false"]),
        (of("language", "d"), vec!["de", "DE-ch"]),
        (of("plain", ""), vec![]),
        // Nothing that is null, and in the list's own order.
        (of("few", ""), vec!["milk", "bread", "Milk"]),
        (of("few", "MI"), vec!["milk", "Milk"]),
        (of("secret", ""), vec![]),
        (of_resource("notes://{id}"), vec!["1", "2", "3", "4"]),
    ] {
        let result = fixture.modern("completion/complete", params.clone()).await;
        assert_eq!(found(&result), values, "{params}");
        let counts = (&result["completion"]["total"], &result["completion"]["hasMore"]);
        assert_eq!(counts, (&json!(values.len()), &json!(false)), "{params}");
        for revision in LEGACY {
            let answer = fixture.session(revision).await.call("completion/complete", params.clone()).await;
            assert_eq!(answer.result()["completion"], result["completion"], "{revision} {params}");
        }
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_until_there_are_enough() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let result = fixture.modern("completion/complete", of("note", "note 12")).await;
    assert_eq!(found(&result), ["Note 12", "Note 120", "Note 121", "Note 122", "Note 123", "Note 124", "Note 125"]);
    assert_eq!((&result["completion"]["total"], &result["completion"]["hasMore"]), (&json!(7), &json!(false)));
    let result = fixture.modern("completion/complete", of("note", "")).await;
    assert_eq!((found(&result).len(), &result["completion"]["hasMore"]), (100, &json!(true)));
    // It was not read to its end, so how many there are is not known.
    assert_eq!(result["completion"].get("total"), None);
    let result = fixture.modern("completion/complete", of("page", "note 12")).await;
    assert_eq!(result["completion"], json!({"values": ["Note 12"], "hasMore": true}), "ten pages of five");
}

#[tokio::test]
async fn what_is_filled_in_already_narrows_the_list() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let mut params = of("note", "Note 12");
    let all = fixture.modern("completion/complete", params.clone()).await["completion"]["total"].clone();
    // `page` is the list's own business, and `language` it does not take.
    params["context"] = json!({"arguments": {"half": "1", "language": "en", "page": "9"}});
    let result = fixture.modern("completion/complete", params.clone()).await;
    assert_eq!((found(&result), all), (vec!["Note 12"], json!(7)));
    for revision in LEGACY {
        let answer = fixture.session(revision).await.call("completion/complete", params.clone()).await;
        let total = if revision == "2025-03-26" { 7 } else { 1 };
        assert_eq!(answer.result()["completion"]["total"], total, "{revision}");
    }
    // What fits no row offers nothing; what is being typed does not narrow itself.
    params["context"] = json!({"arguments": {"half": "x"}});
    assert!(found(&fixture.modern("completion/complete", params.clone()).await).is_empty());
    params["argument"]["name"] = json!("half");
    assert_eq!(found(&fixture.modern("completion/complete", params).await).len(), 7);
}

#[tokio::test]
async fn nobody_is_offered_what_they_may_not_see() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let complete = |params: Value| Request::modern("completion/complete", params);
    let secret = fixture.post(&complete(of("secret", "")).by(ann(&["notes:secret"]))).await;
    assert_eq!(found(secret.result()), ["milk", "bread", "Milk"]);
    let mut private = of("tone", "");
    private["ref"]["name"] = json!("private");
    let hidden =
        json!({"ref": {"type": "ref/resource", "uri": "hidden://{id}"}, "argument": {"name": "x", "value": ""}});
    for params in [private.clone(), hidden] {
        assert_eq!(fixture.post(&complete(params.clone())).await.status, 401, "{params}");
        assert_eq!(fixture.post(&complete(params).by(ann(&[]))).await.status, 403);
    }
    let offered = fixture.post(&complete(private).by(ann(&["notes:secret"]))).await;
    assert_eq!(found(offered.result()), ["friendly", "firm", "furious"]);
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let argument = json!({"name": "tone", "value": ""});
    let mut context = of("note", "");
    context["context"] = json!([]);
    let mut filled = of("note", "");
    filled["context"] = json!({"arguments": {"half": 1}});
    for params in [
        json!({}),
        json!({"ref": {"type": "ref/prompt", "name": "letter"}}),
        json!({"argument": argument}),
        json!({"ref": "letter", "argument": argument}),
        json!({"ref": {"type": "ref/prompt", "name": "nothing"}, "argument": argument}),
        json!({"ref": {"type": "ref/prompt", "name": "notes.few"}, "argument": argument}),
        json!({"ref": {"type": "ref/tool", "name": "letter"}, "argument": argument}),
        json!({"ref": {"type": "ref/resource", "uri": "notes://7"}, "argument": {"name": "id", "value": ""}}),
        json!({"ref": {"type": "ref/resource", "uri": "notes://{id}"}, "argument": argument}),
        json!({"ref": {"type": "ref/prompt", "name": "letter"}, "argument": {"name": "tone"}}),
        json!({"ref": {"type": "ref/prompt", "name": "letter"}, "argument": {"name": "tone", "value": 1}}),
        of("nothing", ""),
        context,
        filled,
    ] {
        let answer = fixture.post(&Request::modern("completion/complete", params.clone())).await;
        assert_eq!(answer.error(), (200, -32602), "{params}");
    }
    let fault = fixture.post(&Request::modern("completion/complete", of("broken", ""))).await;
    assert_eq!(fault.error(), (200, -32603));
    assert!(!fault.text.contains("hunter2"));
}

#[tokio::test]
async fn without_anything_to_complete_it_is_not_there() {
    let fixture = Fixture::new().await;
    let answer = fixture.post(&Request::modern("completion/complete", of("tone", ""))).await;
    assert_eq!(answer.error(), (404, -32601));
    let answer = fixture.session("2025-06-18").await.call("completion/complete", of("tone", "")).await;
    assert_eq!(answer.error(), (200, -32601));
}
