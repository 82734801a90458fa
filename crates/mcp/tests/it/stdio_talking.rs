//! What goes between client and server over lines while calls run: the same operations as over HTTP.

use crate::fixture::{Fixture, LEGACY, MODERN};
use crate::{listening, schema, talking};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines};

struct Client {
    to: DuplexStream,
    from: Lines<BufReader<DuplexStream>>,
    revision: &'static str,
}

impl Client {
    /// A client that can be asked for everything.
    async fn of(fixture: &Fixture, revision: &'static str) -> Self {
        let ((to, input), (output, from)) = (tokio::io::duplex(4096), tokio::io::duplex(4096));
        let server = fixture.server.clone();
        tokio::spawn(async move { server.stdio(input, output, None).await });
        let mut client = Self { to, from: BufReader::new(from).lines(), revision };
        if revision != MODERN {
            let params = json!({
                "protocolVersion": revision,
                "capabilities": {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}},
                "clientInfo": {"name": "it", "version": "0"},
            });
            client.ask("initialize", params).await;
            assert_eq!(client.next().await["result"]["protocolVersion"], revision);
        }
        client
    }

    async fn line(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, mut params: Value) {
        if self.revision == MODERN {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/logLevel": "info",
            });
            let own = params["_meta"].take();
            params["_meta"] = meta;
            params["_meta"].as_object_mut().unwrap().extend(own.as_object().cloned().unwrap_or_default());
        }
        self.line(&json!({"jsonrpc": "2.0", "id": method, "method": method, "params": params})).await;
    }

    async fn call(&mut self, name: &str, arguments: Value) {
        let params = json!({"name": name, "arguments": arguments, "_meta": {"progressToken": 5}});
        self.ask("tools/call", params).await;
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(10), self.from.next_line()).await.expect("a line");
        let message: Value = serde_json::from_str(&line.unwrap().expect("not the end")).unwrap();
        if message.get("method").is_some() {
            schema::check_message(self.revision, &message);
        }
        message
    }

    async fn notification(&mut self, method: &str, params: Value) {
        self.line(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }
}

fn eras() -> impl Iterator<Item = &'static str> {
    LEGACY.into_iter().chain([MODERN])
}

#[tokio::test]
async fn progress_and_log_messages_come_before_the_answer() {
    let fixture = Fixture::serving(talking::operations(), |_| {}).await;
    for revision in eras() {
        let mut client = Client::of(&fixture, revision).await;
        client.call("work", json!({})).await;
        let first = client.next().await;
        assert_eq!(
            (&first["method"], &first["params"]["progressToken"]),
            (&json!("notifications/progress"), &json!(5))
        );
        let mut last = client.next().await;
        while last.get("method").is_some() {
            last = client.next().await;
        }
        assert_eq!(last["result"]["content"][0]["text"], "\"worked\"");
        client.call("chat", json!({})).await;
        for level in ["info", "error"] {
            assert_eq!(client.next().await["params"]["level"], level, "{revision}");
        }
        assert!(client.next().await.get("result").is_some());
    }
}

#[tokio::test]
async fn questions_are_lines_in_the_old_era() {
    let fixture = Fixture::serving(talking::operations(), |_| {}).await;
    for (revision, name, expected) in [
        ("2025-11-25", "everything", "\"Ann Paris file:///home Accepted(())\""),
        ("2025-06-18", "greet", "\"Hello, Ann, true\""),
    ] {
        let mut client = Client::of(&fixture, revision).await;
        client.call(name, if name == "greet" { json!({"text": "a"}) } else { json!({}) }).await;
        let answer = loop {
            let message = client.next().await;
            if message.get("method").is_none() {
                break message;
            }
            let response = json!({"jsonrpc": "2.0", "id": message["id"], "result": talking::responses(&message)});
            client.line(&response).await;
        };
        assert_eq!(answer["result"]["content"][0]["text"], expected);
    }
}

#[tokio::test]
async fn changes_are_lines() {
    let fixture = Fixture::serving(listening::operations(), |_| {}).await;
    let edit = || json!({"id": 1, "text": "new"});
    for revision in eras() {
        let mut client = Client::of(&fixture, revision).await;
        if revision == MODERN {
            let wanted = json!({"notifications": {"resourceSubscriptions": ["notes://1"]}});
            client.ask("subscriptions/listen", wanted).await;
            assert_eq!(client.next().await["method"], "notifications/subscriptions/acknowledged");
        } else {
            client.ask("resources/subscribe", json!({"uri": "notes://1"})).await;
            assert_eq!(client.next().await["result"], json!({}));
        }
        client.call("notes.edit", edit()).await;
        let mut methods = [client.next().await, client.next().await].map(|message| message["method"].clone());
        methods.sort_by_key(Value::to_string);
        assert_eq!(methods, [json!("notifications/resources/updated"), Value::Null], "{revision}");
        if revision == MODERN {
            // The end of a subscription is its withdrawal, to which there is no answer.
            client.notification("notifications/cancelled", json!({"requestId": "subscriptions/listen"})).await;
            client.call("notes.edit", edit()).await;
            assert_eq!(client.next().await["id"], "tools/call");
        }
    }
}
