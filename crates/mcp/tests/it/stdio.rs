//! Lines over a pair of pipes: both eras on one connection, and what is no message.

use crate::fixture::{Fixture, LEGACY, MODERN, Request, ann};
use crate::notes::operations;
use crate::schema;
use diptych_mcp::Settings;
use diptych_pipeline::{Conn, Tx, query};
use diptych_spec::{AnswerValue, Anyone, Principal, Result, SelectorSpec, ServiceSpec};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use std::{collections::HashMap, io, time::Duration};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines};
use tokio::task::JoinHandle;

pub(crate) const PING: &str = r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#;

#[derive(Serialize, JsonSchema)]
#[schemars(transparent)]
struct Pretty(#[schemars(with = "Vec<i64>")] Box<RawValue>);

/// Adds a note and never ends.
async fn stay(tx: &mut Tx) -> Result<()> {
    query("INSERT INTO notes (text) VALUES ('half done')").execute(tx).await?;
    std::future::pending().await
}

async fn hang(_: &mut Conn) -> Result<AnswerValue<i64>> {
    std::future::pending().await
}

async fn pretty(_: &mut Conn) -> Result<AnswerValue<Pretty>> {
    Ok(AnswerValue(Pretty(RawValue::from_string("[\n  1,\r\n  2\n]".to_owned()).unwrap())))
}

pub(crate) async fn fixture(change: impl FnOnce(&mut Settings)) -> Fixture {
    let own = operations()
        .add(ServiceSpec::from_fn("notes.stay", stay).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.hang", hang).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.pretty", pretty).allow(Anyone));
    Fixture::serving(own, change).await
}

/// A client. Every line that it is sent has to be an answer to what it asked, in the form of the revision it asked in.
pub(crate) struct Pipe {
    pub(crate) to: DuplexStream,
    pub(crate) from: Lines<BufReader<DuplexStream>>,
    pub(crate) served: JoinHandle<io::Result<()>>,
    /// What is not answered yet, by id.
    asked: HashMap<String, (&'static str, String)>,
    next: u64,
    revision: &'static str,
}

impl Pipe {
    pub(crate) fn open(fixture: &Fixture, principal: Option<Principal>) -> Self {
        let (to, input) = tokio::io::duplex(4096);
        let (output, from) = tokio::io::duplex(4096);
        let server = fixture.server.clone();
        let served = tokio::spawn(async move { server.stdio(input, output, principal.as_ref()).await });
        let from = BufReader::new(from).lines();
        Self { to, from, served, asked: HashMap::new(), next: 0, revision: LEGACY[0] }
    }

    pub(crate) async fn initialized(fixture: &Fixture, revision: &'static str) -> Self {
        let mut pipe = Self::open(fixture, None);
        pipe.revision = revision;
        let client = json!({"name": "it", "version": "0"});
        let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
        let id = pipe.legacy("initialize", params).await;
        assert_eq!(pipe.result(id).await["protocolVersion"], revision);
        pipe.line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        pipe
    }

    pub(crate) async fn line(&mut self, line: impl AsRef<[u8]>) {
        let mut line = line.as_ref().to_vec();
        line.push(b'\n');
        self.to.write_all(&line).await.unwrap();
    }

    pub(crate) async fn legacy(&mut self, method: &str, params: Value) -> u64 {
        self.ask(self.revision, method, params).await
    }

    pub(crate) async fn modern(&mut self, method: &str, mut params: Value) -> u64 {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        self.ask(MODERN, method, params).await
    }

    /// A call in the era of the connection: `None` before `initialize`, so the new one.
    pub(crate) async fn tool(&mut self, era: Option<&str>, name: &str) -> u64 {
        let params = json!({"name": name, "arguments": {}});
        match era {
            Some(_) => self.legacy("tools/call", params).await,
            None => self.modern("tools/call", params).await,
        }
    }

    pub(crate) async fn ask(&mut self, revision: &'static str, method: &str, params: Value) -> u64 {
        self.next += 1;
        self.asked.insert(self.next.to_string(), (revision, method.to_owned()));
        let request = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.line(request.to_string()).await;
        self.next
    }

    pub(crate) async fn cancel(&mut self, id: impl Serialize) {
        let params = json!({"requestId": id, "reason": "changed my mind"});
        let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        self.line(cancelled.to_string()).await;
    }

    /// The next line.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = tokio::time::timeout(Duration::from_secs(10), self.from.next_line()).await;
        let text = line.expect("an answer").unwrap()?;
        let message: Value = serde_json::from_str(&text).unwrap();
        if let Some((revision, method)) = self.asked.remove(&message["id"].to_string()) {
            schema::check(revision, &method, &message);
        }
        Some(message)
    }

    /// The next line, which has to be the result of this request.
    pub(crate) async fn result(&mut self, id: u64) -> Value {
        let message = self.next().await.unwrap();
        assert_eq!(message["id"], id, "{message:#}");
        message.get("result").unwrap_or_else(|| panic!("no result: {message:#}")).clone()
    }

    pub(crate) async fn error(&mut self, id: u64) -> i64 {
        let message = self.next().await.unwrap();
        assert_eq!(message["id"], id, "{message:#}");
        message["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {message:#}"))
    }

    /// Nothing has been answered that was not read.
    pub(crate) async fn silent(&mut self) {
        self.line(PING).await;
        assert_eq!(self.next().await.unwrap()["id"], "last");
    }

    /// Ends the input; what the server still says, once it has ended.
    pub(crate) async fn close(self) -> Vec<String> {
        let Self { to, mut from, served, .. } = self;
        drop(to);
        let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
        ended.expect("it ends").unwrap().unwrap();
        let mut rest = Vec::new();
        while let Some(line) = from.next_line().await.unwrap() {
            rest.push(line);
        }
        rest
    }
}

pub(crate) async fn notes(fixture: &Fixture) -> Value {
    fixture.modern("tools/call", json!({"name": "notes.count"})).await["structuredContent"].clone()
}

/// Lets what was sent begin.
pub(crate) async fn begun() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn the_new_era_needs_no_beginning() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::open(&fixture, None);
    let id = pipe.modern("server/discover", json!({})).await;
    assert_eq!(pipe.result(id).await["supportedVersions"][0], MODERN);
    let id = pipe.tool(None, "notes.count").await;
    assert_eq!(pipe.result(id).await["structuredContent"], 2);
    let id = pipe.modern("resources/read", json!({"uri": "notes://1"})).await;
    assert_eq!(pipe.result(id).await["contents"][0]["uri"], "notes://1");
    for (method, code) in [("initialize", -32601), ("ping", -32601), ("nonsense", -32601), ("tools/call", -32602)] {
        let id = pipe.modern(method, json!({})).await;
        assert_eq!(pipe.error(id).await, code, "{method}");
    }
    assert_eq!(pipe.close().await, Vec::<String>::new());
}

#[tokio::test]
async fn initialize_begins_the_old_era_and_the_new_one_stays() {
    let fixture = fixture(|_| {}).await;
    for revision in LEGACY {
        let mut pipe = Pipe::initialized(&fixture, revision).await;
        let id = pipe.legacy("tools/list", json!({})).await;
        let result = pipe.result(id).await;
        assert_eq!((result.get("resultType"), result.get("_meta")), (None, None));
        let id = pipe.tool(Some(revision), "notes.count").await;
        assert_eq!(pipe.result(id).await["content"][0]["text"], "2");
        let id = pipe.legacy("server/discover", json!({})).await;
        assert_eq!(pipe.error(id).await, -32601);
        let id = pipe.tool(None, "notes.count").await;
        assert_eq!(pipe.result(id).await["resultType"], "complete");
        let id = pipe.legacy("ping", json!({})).await;
        assert_eq!(pipe.result(id).await, json!({}));
    }
}

#[tokio::test]
async fn a_second_initialize_agrees_anew_and_a_wrong_one_changes_nothing() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-03-26").await;
    let id = pipe.legacy("initialize", json!({"protocolVersion": "2025-06-18"})).await;
    assert_eq!(pipe.error(id).await, -32602);
    pipe.line(format!("[{PING}]")).await;
    assert_eq!(pipe.next().await.unwrap()[0]["id"], "last");
    let client = json!({"name": "it", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let id = pipe.legacy("initialize", params).await;
    assert_eq!(pipe.result(id).await["protocolVersion"], "2025-06-18");
    pipe.line(format!("[{PING}]")).await;
    assert_eq!(pipe.next().await.unwrap()["error"]["code"], -32600);
}

#[tokio::test]
async fn nobody_waits_for_an_answer_before_initialize() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::open(&fixture, None);
    for (method, code) in [
        ("tools/list", -32602),
        ("tools/call", -32602),
        ("server/discover", -32602),
        ("resources/read", -32602),
        ("initialize", -32602),
        ("logging/setLevel", -32601),
        ("nonsense", -32601),
    ] {
        let id = pipe.legacy(method, json!({"_meta": {"progressToken": 1}})).await;
        assert_eq!(pipe.error(id).await, code, "{method}");
    }
    let meta = |meta: Value| json!({"_meta": meta});
    for (sent, code) in [
        (meta(json!({"io.modelcontextprotocol/clientCapabilities": {}})), -32602),
        (meta(json!({"io.modelcontextprotocol/protocolVersion": MODERN})), -32602),
        (meta(json!({"io.modelcontextprotocol/protocolVersion": 1})), -32602),
        (
            meta(json!({"io.modelcontextprotocol/protocolVersion": "2027-01-01",
            "io.modelcontextprotocol/clientCapabilities": {}})),
            -32022,
        ),
        (
            meta(json!({"io.modelcontextprotocol/protocolVersion": "2025-11-25",
            "io.modelcontextprotocol/clientCapabilities": {}})),
            -32022,
        ),
    ] {
        let id = pipe.ask(MODERN, "tools/list", sent.clone()).await;
        assert_eq!(pipe.error(id).await, code, "{sent}");
    }
    let id = pipe.legacy("ping", json!({})).await;
    assert_eq!(pipe.result(id).await, json!({}));
}

#[tokio::test]
async fn what_has_no_readable_id_is_skipped() {
    let fixture = fixture(|settings| settings.max_line = 300).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    let long = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(300));
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{}{}}}}}"#, "[".repeat(65), "]".repeat(65));
    for skipped in [
        b"".as_slice(),
        b"   ",
        b"starting up...",
        b"{",
        b"\xff\xfe",
        b"null",
        b"7",
        b"[]",
        b"[1]",
        b"{\"jsonrpc\":\"2.0\"}",
        br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        br#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#,
        br#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}"#,
        br#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#,
        br#"{"jsonrpc":"2.0","method":"notifications/unknown"}"#,
        br#"{"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}}"#,
        br#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"notes.clear"}}"#,
        long.as_bytes(),
        deep.as_bytes(),
    ] {
        pipe.line(skipped).await;
        pipe.silent().await;
    }
    for (line, code) in [
        (r#"{"id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, -32600),
    ] {
        pipe.line(line).await;
        let answer = pipe.next().await.unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(code)), "{line}");
    }
    // A byte order mark, a carriage return, and an id beyond 2^53.
    pipe.line("\u{feff}{\"jsonrpc\": \"2.0\", \"id\": 90071992547409931, \"method\": \"ping\"}\r").await;
    let line = pipe.from.next_line().await.unwrap();
    assert_eq!(line.as_deref(), Some(r#"{"jsonrpc":"2.0","id":90071992547409931,"result":{}}"#));
}

#[tokio::test]
async fn batches_are_those_of_one_revision() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-03-26").await;
    let call =
        |id: u64, name: &str| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name}});
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 11}});
    let ping = json!({"jsonrpc": "2.0", "id": 13, "method": "ping"});
    pipe.line(
        json!([call(10, "notes.count"), call(11, "notes.stay"), call(12, "notes.stay"), cancelled, ping]).to_string(),
    )
    .await;
    begun().await;
    pipe.cancel(12).await;
    let answers = pipe.next().await.unwrap();
    schema::is_a("2025-03-26", "JSONRPCBatchResponse", &answers);
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [10, 13]);
    // Nothing to answer: notifications alone, and a batch of which everything was withdrawn.
    pipe.line(json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]).to_string()).await;
    pipe.line(json!([call(11, "notes.stay"), cancelled]).to_string()).await;
    pipe.silent().await;
    // More requests than places.
    let many: Vec<_> = (0..100).map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "ping"})).collect();
    pipe.line(json!(many).to_string()).await;
    assert_eq!(pipe.next().await.unwrap().as_array().unwrap().len(), 100);
    assert_eq!(notes(&fixture).await, 2);

    for revision in [None, Some("2025-06-18"), Some("2025-11-25")] {
        let mut pipe = match revision {
            Some(revision) => Pipe::initialized(&fixture, revision).await,
            None => Pipe::open(&fixture, None),
        };
        pipe.line(json!([call(10, "notes.clear"), cancelled, ping]).to_string()).await;
        for id in [10, 13] {
            let answer = pipe.next().await.unwrap();
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32600)));
        }
    }
}

#[tokio::test]
async fn every_answer_is_one_line() {
    let fixture = fixture(|_| {}).await;
    for era in [None, Some("2025-11-25")] {
        let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
        let id = pipe.tool(era, "notes.pretty").await;
        let result = pipe.result(id).await;
        assert!(result["structuredContent"].to_string().contains("[1,2]"), "{result}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let panics = |_: Option<&Principal>| -> bool { panic!("at the worst moment") };
    let own = operations().add(SelectorSpec::from_fn("notes.panics", hang).allow(panics));
    let fixture = Fixture::serving(own, |_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    for era in [None, Some("2025-11-25")] {
        let id = pipe.tool(era, "notes.panics").await;
        assert_eq!(pipe.error(id).await, -32603);
    }
    pipe.silent().await;
}

#[tokio::test]
async fn the_caller_is_whom_the_program_says() {
    let fixture = Fixture::new().await;
    let writer = || Some(ann(&["notes:write"]));
    for (who, listed, added) in [(None, false, false), (Some(ann(&[])), false, false), (writer(), true, true)] {
        let mut pipe = Pipe::open(&fixture, who);
        let id = pipe.modern("tools/list", json!({})).await;
        let tools = pipe.result(id).await["tools"].to_string();
        assert_eq!(tools.contains("\"notes.add\""), listed);
        let id = pipe.modern("tools/call", json!({"name": "notes.add", "arguments": {"text": "x"}})).await;
        if added {
            assert_eq!(pipe.result(id).await["isError"], false);
        } else {
            assert_eq!(pipe.error(id).await, -32600);
        }
    }
    // Nothing over HTTP follows from it.
    let anonymous = Request::modern("tools/call", json!({"name": "notes.add", "arguments": {"text": "x"}}));
    assert_eq!(fixture.post(&anonymous).await.error().0, 401);
}
