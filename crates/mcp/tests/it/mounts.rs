//! Several endpoints over the same operations: what is not in a mount does not exist there, and nothing of one is of another.

use crate::fixture::{Answer, Fixture, Request};
use crate::notes::{add, get, rows};
use crate::talking;
use diptych_mcp::{Events, Head, Mount};
use diptych_pipeline::{Conn, Operations};
use diptych_spec::{Anyone, App, Args, Format, PageNumber, PromptSpec, Result, SelectorSpec, ServiceSpec};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    #[expect(dead_code, reason = "only asked for")]
    label: String,
}

async fn ask(_: &mut Conn, _: Args<Which>) -> Result<String> {
    Ok("Well?".to_owned())
}

fn operations() -> Operations {
    let view = |uri| App::html(uri, "<!doctype html>");
    let tagged = |name, uri| SelectorSpec::from_fn(name, get).allow(Anyone).resource(uri);
    let prompt = |name| PromptSpec::from_fn(name, ask).allow(Anyone).complete_from("label", "admin.rows", "label");
    Operations::new()
        .add(tagged("open.get", "open://{id}").tags(["public"]).ui(view("ui://open/card")))
        .add(
            tagged("admin.get", "admin://{id}")
                .tags(["admin"])
                .ui(view("ui://admin/card"))
                .enumerate("admin.rows", None),
        )
        // Listed from a selector of the other mount.
        .add(tagged("both.get", "both://{id}").tags(["admin", "public"]).enumerate("admin.rows", None))
        .add(SelectorSpec::from_fn("admin.rows", rows).allow(Anyone).tags(["admin"]).paginate(PageNumber::default()))
        .add(ServiceSpec::from_fn("admin.add", add).allow(Anyone).tags(["admin"]))
        .add(ServiceSpec::from_fn("open.add", add).allow(Anyone).tags(["public"]))
        .add(prompt("open.ask").tags(["public"]))
        .add(prompt("admin.ask").tags(["admin"]))
}

async fn names(fixture: &Fixture, method: &str, member: &str) -> Vec<String> {
    let listed = fixture.modern(method, json!({})).await;
    let entries = listed[member].as_array().unwrap().iter();
    entries.map(|entry| entry["uri"].as_str().or(entry["name"].as_str()).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn tags_names_and_kinds_choose_what_is_there() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let admin = ["admin.get", "both.get", "admin.rows", "admin.add"];
    for (mount, tools) in [
        (Mount::new(), vec!["open.get", "admin.get", "both.get", "admin.rows", "admin.add", "open.add"]),
        (Mount::new().tagged("admin"), admin.to_vec()),
        (Mount::new().tagged("admin").read_only(true), admin[..3].to_vec()),
        (Mount::new().tagged("admin").not_tagged("public"), vec!["admin.get", "admin.rows", "admin.add"]),
        (Mount::new().not_tagged("admin"), vec!["open.get", "open.add"]),
        (Mount::new().operation("open.add"), vec!["open.add"]),
        (
            Mount::new().operation("open.add").tagged("admin").not_tagged("public"),
            vec!["admin.get", "admin.rows", "admin.add"],
        ),
    ] {
        let fixture = all.mount("/some", &mount, |_| {});
        assert_eq!(names(&fixture, "tools/list", "tools").await, tools, "{mount:?}");
    }
}

#[tokio::test]
async fn what_is_not_in_a_mount_does_not_exist_there() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let fixture = all.mount("/public", &Mount::new().tagged("public"), |_| {});
    assert_eq!(names(&fixture, "tools/list", "tools").await, ["open.get", "both.get", "open.add"]);
    assert_eq!(names(&fixture, "resources/templates/list", "resourceTemplates").await, ["open.get", "both.get"]);
    assert_eq!(names(&fixture, "prompts/list", "prompts").await, ["open.ask"]);
    // Rows come from a selector that is not here.
    assert_eq!(names(&fixture, "resources/list", "resources").await, [""; 0]);
    assert_eq!(names(&all, "resources/list", "resources").await.len(), 2);

    let completion = |prompt: &str| {
        let argument = json!({"name": "label", "value": ""});
        Request::modern(
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": prompt}, "argument": argument}),
        )
    };
    let offered = all.post(&completion("open.ask")).await;
    assert_eq!(offered.result()["completion"]["values"], json!(["milk"]));
    let offered = fixture.post(&completion("open.ask")).await;
    assert_eq!(offered.result()["completion"]["values"], json!([]));
    for request in [
        Request::modern("tools/call", json!({"name": "admin.get", "arguments": {"id": 1}})),
        Request::modern("tools/call", json!({"name": "admin.add", "arguments": {"text": "x"}})),
        Request::modern("resources/read", json!({"uri": "admin://1"})),
        Request::modern("resources/read", json!({"uri": "ui://admin/card"})),
        Request::modern("prompts/get", json!({"name": "admin.ask", "arguments": {"label": "x"}})),
        completion("admin.ask"),
    ] {
        assert!(all.post(&request).await.body.get("result").is_some(), "{}", request.body);
        let (there, never) = (fixture.post(&request).await, request.clone());
        assert_eq!(there.error(), (200, -32602), "{}", request.body);
        // As if it had never been declared.
        let never = never.but("admin", "never").with("mcp-name", &name(&request).replace("admin", "never"));
        let never = fixture.post(&never).await;
        assert_eq!(there.body.to_string().replace("admin", "never"), never.body.to_string());
    }
}

fn name(request: &Request) -> String {
    request.head.iter().find(|(name, _)| name == "mcp-name").map(|(_, value)| value.clone()).unwrap_or_default()
}

#[tokio::test]
async fn nothing_outside_can_be_subscribed_to() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let fixture = all.mount("/public", &Mount::new().tagged("public"), |_| {});
    let wanted = json!({"notifications": {"resourceSubscriptions": ["open://1", "admin://1"]}});
    for (server, honoured) in [(&all, json!(["admin://1", "open://1"])), (&fixture, json!(["open://1"]))] {
        let request = Request::modern("subscriptions/listen", wanted.clone());
        let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
        let events = Events::new();
        let mut listening = Box::pin(server.server.post(&head, request.body.as_bytes(), None, &events));
        let first = tokio::select! {
            event = events.next() => event.unwrap(),
            reply = &mut listening => panic!("no stream: {reply:?}"),
        };
        let message: Value = serde_json::from_slice(&first.data).unwrap();
        assert_eq!(message["params"]["notifications"]["resourceSubscriptions"], honoured);
        assert!(listening.now_or_never().is_none());
    }
    let session = fixture.session("2025-11-25").await;
    assert_eq!(session.call("resources/subscribe", json!({"uri": "open://1"})).await.status, 200);
    assert_eq!(session.call("resources/subscribe", json!({"uri": "admin://1"})).await.error(), (200, -32002));
}

#[tokio::test]
async fn a_mount_says_who_it_is() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let mount = Mount::new().tagged("admin").name("admin").title("Admin").instructions("Careful.").format(Format::Csv);
    let fixture = all.mount("/admin", &mount, |settings| settings.instructions = Some("Count.".to_owned()));
    let found = fixture.modern("server/discover", json!({})).await;
    let info = &found["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(
        (&info["name"], &info["title"], &found["instructions"]),
        (&json!("admin"), &json!("Admin"), &json!("Careful."))
    );
    let rows = fixture.modern("tools/call", json!({"name": "admin.rows", "arguments": {}})).await;
    assert_eq!(rows["content"][0]["text"], "id,label\r\n1,milk\r\n2,\r\n");
    let other = all.mount("/other", &Mount::new(), |settings| settings.instructions = Some("Count.".to_owned()));
    let found = other.modern("server/discover", json!({})).await;
    assert_eq!(found["instructions"], "Count.");
}

#[tokio::test]
async fn a_session_is_of_one_mount() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let (one, other) = (all.mount("/one", &Mount::new(), |_| {}), all.mount("/other", &Mount::new(), |_| {}));
    let session = one.session("2025-11-25").await;
    let request = session.request("tools/list", json!({}));
    let status = async |fixture: &Fixture| fixture.post(&request).await.status;
    assert_eq!((status(&one).await, status(&other).await, status(&all).await), (200, 404, 404));
}

#[tokio::test]
async fn a_cursor_is_of_one_mount() {
    let all = Fixture::serving(operations(), |_| {}).await;
    let mount = |place| all.mount(place, &Mount::new(), |settings| settings.page_size = 2);
    let (one, other) = (mount("/one"), mount("/other"));
    let cursor = one.modern("tools/list", json!({})).await["nextCursor"].clone();
    let next = Request::modern("tools/list", json!({"cursor": cursor}));
    assert_eq!(one.post(&next).await.result()["tools"].as_array().map(Vec::len), Some(2));
    assert_eq!(other.post(&next).await.error(), (200, -32602));
}

#[tokio::test]
async fn a_sealed_state_is_of_one_mount() {
    let all = Fixture::serving(talking::operations(), |_| {}).await;
    // All mounts of an application seal with one key.
    let mount = |place| all.mount(place, &Mount::new(), |_| {});
    let (one, other) = (mount("/one"), mount("/other"));
    let call = |more: Value| {
        let mut params = json!({"name": "greet", "arguments": {"text": "x"}});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let capabilities = r#""io.modelcontextprotocol/clientCapabilities":{"#;
        Request::modern("tools/call", params).but(capabilities, &format!(r#"{capabilities}"elicitation":{{}}"#))
    };
    let asked = one.post(&call(json!({}))).await;
    let state = &asked.result()["requestState"];
    assert!(state.is_string(), "{:#}", asked.body);
    let answers = json!({"who": {"action": "decline"}});
    let again = call(json!({"inputResponses": answers, "requestState": state}));
    let answered = |answer: &Answer| answer.body["result"]["content"][0]["text"].clone();
    assert_eq!(other.post(&again).await.error(), (200, -32602));
    assert_eq!(answered(&one.post(&again).await), "\"Hello, whoever you are\"");
}

#[tokio::test]
async fn mistakes_are_told() {
    let declared = operations();
    for (path, mount, expected) in [
        ("/mcp/admin", Mount::new().tagged("admin"), vec![]),
        ("mcp", Mount::new(), vec!["the mount mcp: has a path that is none; write it as `/mcp/admin`"]),
        ("/m/{id}", Mount::new(), vec!["the mount /m/{id}: has a path that is none; write it as `/mcp/admin`"]),
        (
            "/a",
            Mount::new().tagged("amdin").operation("nothing"),
            vec![
                "the mount /a: names the tag `amdin`, which no operation has; add `.tags([\"amdin\"])` to one",
                "the mount /a: names the operation `nothing`, which is not declared",
            ],
        ),
        (
            "/a",
            Mount::new().operation("open.add").read_only(true),
            vec![
                "the mount /a: names the operation `open.add` and leaves it out, by `.not_tagged(…)` or `.read_only(true)`",
            ],
        ),
        (
            "/a",
            Mount::new().tagged("admin").not_tagged("admin"),
            vec!["the mount /a: has no operations; widen what it chooses"],
        ),
    ] {
        let found = mount.mistakes(path, declared.as_slice());
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }
    let clash = Operations::new().add(SelectorSpec::from_fn("call_operation", get).allow(Anyone));
    assert!(Mount::new().mistakes("/a", clash.as_slice()).is_empty());
    let found = Mount::new().meta_tools(true).mistakes("/a", clash.as_slice());
    assert_eq!(
        found[0].to_string(),
        "the mount /a: has a tool `call_operation`, which is the name of a meta tool; rename the operation"
    );
}
