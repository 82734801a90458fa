//! `prompts/list` and `prompts/get`, in every revision.

use crate::fixture::{Fixture, LEGACY, Request, ann};
use diptych_pipeline::{Catalogue, Change, Conn, Operations, query_scalar};
use diptych_spec::{
    Annotations, AnswerValue, Anyone, Args, Ask, Authenticated, Content, EmbeddedResource, Error, ErrorKind, Message,
    Messages, PromptSpec, ResourceLink, Result, Scope, SelectorSpec,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Friendly,
    Firm,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Letter {
    /// Which note.
    note: u8,
    tone: Option<Tone>,
    #[serde(default)]
    short: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct How {
    how: String,
}

async fn letter(conn: &mut Conn, Args(args): Args<Letter>) -> Result<Messages> {
    let text = query_scalar::<String>("SELECT text FROM notes WHERE id = $1").bind(i64::from(args.note));
    let text = text.optional(conn).await?.ok_or_else(|| Error::not_found("there is no such note"))?;
    let uri = format!("notes://{}", args.note);
    let dated =
        Annotations { priority: Some(1.0), last_modified: Some("2026-01-01".to_owned()), ..Annotations::default() };
    let tone = args.tone.unwrap_or(Tone::Friendly);
    Ok(Messages::new()
        .description(format!("A {tone:?} letter, {}", if args.short { "short" } else { "long" }))
        .and(Message::user("Write about this."))
        .and(Message::user(EmbeddedResource::text(&uri, "text/plain", text)))
        .and(Message::user(Content::from(ResourceLink::new(uri, "the note")).annotated(dated)))
        .and(Message::user(Content::image("ab", "image/png").with_meta("com.example/x", 1)))
        .and(Message::assistant(Content::audio("ab", "audio/wav"))))
}

async fn fail(_: &mut Conn, Args(args): Args<How>) -> Result<String> {
    let simple = |kind| Error::new(kind, "simple", "a sentence");
    Err(match &*args.how {
        "conflict" => simple(ErrorKind::Conflict),
        "unavailable" => simple(ErrorKind::Unavailable),
        "forbidden" => simple(ErrorKind::Forbidden),
        _ => Error::internal("the password is hunter2"),
    })
}

async fn about(_: &mut Conn, ask: Ask) -> Result<String> {
    let what = ask.form::<How>("what", "About what?")?.accepted();
    Ok(format!("Write about {}.", what.map_or_else(|| "anything".to_owned(), |what| what.how)))
}

async fn switch(_: &mut Conn, Args(args): Args<How>, catalogue: Catalogue) -> Result<AnswerValue<bool>> {
    if args.how == "on" { catalogue.enable("notes.hello") } else { catalogue.disable("notes.hello") }?;
    Ok(AnswerValue(true))
}

fn operations() -> Operations {
    Operations::new()
        .add(
            PromptSpec::from_fn("notes.letter", letter)
                .title("Letter")
                .description("A letter about a note.")
                .allow(Anyone),
        )
        .add(
            PromptSpec::from_fn("notes.hello", async |_: &mut Conn| -> Result<&'static str> { Ok("Say hello.") })
                .allow(Anyone),
        )
        .add(
            PromptSpec::from_fn("notes.private", async |_: &mut Conn| -> Result<Message> {
                Ok(Message::user("Hush."))
            })
            .allow(Scope("notes:secret")),
        )
        .add(PromptSpec::from_fn("notes.fail", fail).allow(Anyone))
        .add(PromptSpec::from_fn("notes.about", about).allow(Authenticated))
        .add(SelectorSpec::from_fn("notes.switch", switch).allow(Anyone))
        .add(
            SelectorSpec::from_fn("notes.one", async |_: &mut Conn| -> Result<AnswerValue<i64>> { Ok(AnswerValue(1)) })
                .allow(Anyone),
        )
}

async fn fixture() -> Fixture {
    Fixture::serving(operations(), |_| {}).await
}

fn get(arguments: Value) -> Value {
    json!({"name": "notes.letter", "arguments": arguments})
}

#[tokio::test]
async fn prompts_are_listed_with_their_arguments_as_the_revision_knows_them() {
    let fixture = fixture().await;
    let letter = json!({
        "name": "notes.letter",
        "title": "Letter",
        "description": "A letter about a note.",
        "arguments": [
            {"name": "note", "description": "Which note.", "required": true},
            {"name": "tone", "required": false},
            {"name": "short", "required": false},
        ],
    });
    let result = fixture.modern("prompts/list", json!({})).await;
    assert_eq!(result["prompts"][0], letter);
    assert_eq!(result["prompts"][1], json!({"name": "notes.hello"}));
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60000), &json!("private")));
    let names = |result: &Value| -> Vec<String> {
        result["prompts"].as_array().unwrap().iter().map(|prompt| prompt["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&result), ["notes.letter", "notes.hello", "notes.fail"]);
    let rich = fixture.post(&Request::modern("prompts/list", json!({})).by(ann(&["notes:secret"]))).await;
    assert_eq!(names(rich.result()), ["notes.letter", "notes.hello", "notes.private", "notes.fail", "notes.about"]);
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let answer = session.call("prompts/list", json!({})).await;
        let mut expected = letter.clone();
        if revision == "2025-03-26" {
            expected.as_object_mut().unwrap().remove("title");
        }
        assert_eq!(answer.result()["prompts"][0], expected, "{revision}");
    }
}

#[tokio::test]
async fn prompts_come_in_pages() {
    let fixture = Fixture::serving(operations(), |settings| settings.page_size = 2).await;
    let first = fixture.modern("prompts/list", json!({})).await;
    let second = fixture.modern("prompts/list", json!({"cursor": first["nextCursor"]})).await;
    assert_eq!((first["prompts"].as_array().unwrap().len(), second["prompts"].as_array().unwrap().len()), (2, 1));
    assert_eq!(second.get("nextCursor"), None);
    let wrong = fixture.post(&Request::modern("prompts/list", json!({"cursor": "x"}))).await;
    assert_eq!(wrong.error(), (200, -32602));
}

#[tokio::test]
async fn a_prompt_answers_messages_as_the_revision_knows_them() {
    let fixture = fixture().await;
    let params = get(json!({"note": "1", "tone": "firm", "short": "true"}));
    let message = |role: &str, content: Value| json!({"role": role, "content": content});
    let embedded =
        json!({"type": "resource", "resource": {"uri": "notes://1", "mimeType": "text/plain", "text": "milk"}});
    let expected = json!([
        message("user", json!({"type": "text", "text": "Write about this."})),
        message("user", embedded),
        message(
            "user",
            json!({
                "type": "resource_link", "uri": "notes://1", "name": "the note",
                "annotations": {"priority": 1.0, "lastModified": "2026-01-01"},
            })
        ),
        message(
            "user",
            json!({"type": "image", "data": "YWI=", "mimeType": "image/png", "_meta": {"com.example/x": 1}})
        ),
        message("assistant", json!({"type": "audio", "data": "YWI=", "mimeType": "audio/wav"})),
    ]);
    let result = fixture.modern("prompts/get", params.clone()).await;
    assert_eq!((&result["messages"], &result["description"]), (&expected, &json!("A Firm letter, short")));
    assert_eq!((&result["resultType"], result.get("ttlMs")), (&json!("complete"), None));
    for revision in LEGACY {
        let answer = fixture.session(revision).await.call("prompts/get", params.clone()).await;
        let mut expected = expected.clone();
        if revision == "2025-03-26" {
            expected[2]["content"] = json!({"type": "text", "text": "notes://1", "annotations": {"priority": 1.0}});
            expected[3]["content"].as_object_mut().unwrap().remove("_meta");
        }
        assert_eq!(answer.result()["messages"], expected, "{revision}");
        assert_eq!(answer.result()["description"], "A Firm letter, short");
    }
    let hello = fixture.modern("prompts/get", json!({"name": "notes.hello"})).await;
    let text = json!([message("user", json!({"type": "text", "text": "Say hello."}))]);
    assert_eq!((&hello["messages"], hello.get("description")), (&text, None));
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let fixture = fixture().await;
    let cases = [
        (json!({"name": "nothing"}), json!(null)),
        // Neither a tool nor any other operation.
        (json!({"name": "notes.one"}), json!(null)),
        (json!({"name": "notes.letter", "arguments": []}), json!(null)),
        (get(json!({"note": 1})), json!(null)),
        (get(json!({})), json!("/note")),
        (get(json!({"note": "x"})), json!("/note")),
        (get(json!({"note": "300"})), json!("/note")),
        (get(json!({"note": "1", "tone": "rude"})), json!("/tone")),
        (get(json!({"note": "1", "size": "3"})), json!("/size")),
        (get(json!({"note": "99"})), json!(null)),
        (json!({"name": "notes.fail", "arguments": {"how": "conflict"}}), json!(null)),
        (json!({"name": "notes.fail", "arguments": {"how": "forbidden"}}), json!(null)),
    ];
    for (params, pointer) in cases {
        let answer = fixture.post(&Request::modern("prompts/get", params.clone())).await;
        assert_eq!(answer.error(), (200, -32602), "{params}");
        assert_eq!(answer.body["error"]["data"]["errors"][0]["pointer"], pointer, "{params}");
        for revision in LEGACY {
            let answer = fixture.session(revision).await.call("prompts/get", params.clone()).await;
            assert_eq!(answer.error(), (200, -32602), "{params}");
        }
    }
    let unnamed = Request::modern("prompts/get", json!({})).with("mcp-name", "notes.hello");
    assert!(fixture.post(&unnamed).await.body.get("error").is_some());
    let mismatch = Request::modern("prompts/get", json!({"name": "notes.hello"})).with("mcp-name", "notes.letter");
    assert_eq!(fixture.post(&mismatch).await.error(), (400, -32020));
}

#[tokio::test]
async fn a_fault_shows_nothing() {
    let fixture = fixture().await;
    let fail = |how: &str| json!({"name": "notes.fail", "arguments": {"how": how}});
    let fault = fixture.post(&Request::modern("prompts/get", fail("fault"))).await;
    assert_eq!(fault.error(), (200, -32603));
    assert!(!fault.text.contains("hunter2"));
    let later = fixture.post(&Request::modern("prompts/get", fail("unavailable"))).await;
    assert_eq!(later.error(), (200, -32603));
    let later = fixture.session("2025-11-25").await.call("prompts/get", fail("unavailable")).await;
    assert_eq!(later.error(), (200, -32000));
}

#[tokio::test]
async fn a_prompt_has_its_permission() {
    let fixture = fixture().await;
    let private = || Request::modern("prompts/get", json!({"name": "notes.private", "arguments": {"x": "y"}}));
    let anonymous = fixture.post(&private()).await;
    assert_eq!((anonymous.status, anonymous.header("www-authenticate")), (401, Some(r#"Bearer scope="notes:secret""#)));
    let poor = fixture.post(&private().by(ann(&[]))).await;
    assert_eq!(poor.status, 403);
    assert!(poor.header("www-authenticate").unwrap().contains(r#"scope="notes:secret""#));
    assert_eq!(fixture.post(&private().by(ann(&["notes:secret"]))).await.error(), (200, -32602));
}

#[tokio::test]
async fn a_prompt_is_not_a_tool() {
    let fixture = fixture().await;
    let tools = fixture.modern("tools/list", json!({})).await;
    assert_eq!(tools["tools"].as_array().unwrap().len(), 2);
    let called = fixture.post(&Request::modern("tools/call", json!({"name": "notes.hello"}))).await;
    assert_eq!((called.error(), called.message()), ((200, -32602), "unknown tool: notes.hello"));
}

#[tokio::test]
async fn a_prompt_may_ask_first() {
    let fixture = fixture().await;
    let request = Request::modern("prompts/get", json!({"name": "notes.about"})).by(ann(&[])).but(
        r#""io.modelcontextprotocol/clientCapabilities":{}"#,
        r#""io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}"#,
    );
    let first = fixture.post(&request).await;
    assert_eq!(first.result()["resultType"], "input_required");
    let given = json!({"what": {"action": "accept", "content": {"how": "milk"}}});
    let mut body: Value = serde_json::from_str(&request.body).unwrap();
    body["params"]["requestState"] = first.result()["requestState"].clone();
    body["params"]["inputResponses"] = given;
    let mut again = request.clone();
    again.body = body.to_string();
    let second = fixture.post(&again).await;
    assert_eq!(second.result()["messages"][0]["content"]["text"], "Write about milk.");
    // Who cannot be asked is told what was wanted.
    let alone = Request::modern("prompts/get", json!({"name": "notes.about"})).by(ann(&[]));
    assert_eq!(fixture.post(&alone).await.error(), (400, -32021));
}

#[tokio::test]
async fn a_prompt_that_is_switched_off_is_not_there() {
    let fixture = fixture().await;
    let mut changes = fixture.server.engine().changes().listen();
    let switch = |how: &str| json!({"name": "notes.switch", "arguments": {"how": how}});
    let names = async || {
        let result = fixture.modern("prompts/list", json!({})).await;
        result["prompts"].as_array().unwrap().iter().map(|prompt| prompt["name"].clone()).collect::<Vec<_>>()
    };
    assert!(names().await.contains(&json!("notes.hello")));
    fixture.modern("tools/call", switch("off")).await;
    assert_eq!(changes.recv().await.unwrap(), Change::Prompts);
    assert!(!names().await.contains(&json!("notes.hello")));
    let reference = json!({"type": "ref/prompt", "name": "notes.hello"});
    for (method, params) in [
        ("prompts/get", json!({"name": "notes.hello"})),
        ("completion/complete", json!({"ref": reference, "argument": {"name": "x", "value": ""}})),
    ] {
        let answer = fixture.post(&Request::modern(method, params)).await;
        assert_eq!((answer.error(), answer.message()), ((200, -32602), "unknown prompt: notes.hello"));
    }
    fixture.modern("tools/call", switch("on")).await;
    assert!(names().await.contains(&json!("notes.hello")));
}

#[tokio::test]
async fn what_is_not_declared_is_not_served() {
    let served = fixture().await;
    let result = served.modern("server/discover", json!({})).await;
    assert_eq!(
        result["capabilities"],
        json!({"completions": {}, "prompts": {"listChanged": true}, "tools": {"listChanged": true}})
    );
    let without = Fixture::new().await;
    let result = without.modern("server/discover", json!({})).await;
    assert_eq!(result["capabilities"].get("prompts"), None);
    for method in ["prompts/list", "prompts/get"] {
        let answer = without.post(&Request::modern(method, json!({"name": "notes.letter"}))).await;
        assert_eq!(answer.error(), (404, -32601), "{method}");
    }
}
