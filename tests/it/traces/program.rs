//! The program `traced`, run as a process of its own: what exports traces is one for a process.

use super::collector::{Collector, Span};
use diptych_testkit::{HttpReply, TestDatabase, request};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Output, Stdio},
};

/// A trace that a caller says it is in.
pub(super) struct Caller {
    pub(super) trace: &'static str,
    pub(super) span: &'static str,
}

impl Caller {
    pub(super) fn traceparent(&self, flags: &str) -> String {
        format!("00-{}-{}-{flags}", self.trace, self.span)
    }
}

/// The program with this collector, about to be run.
pub(super) fn command(database: &TestDatabase, collector: Option<&Collector>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traced"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.env("DATABASE_URL", database.url()).env("DIPTYCH_BIND", "127.0.0.1:0").env("DIPTYCH_USER", "ann");
    command.envs(collector.map(|collector| ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The program, serving HTTP.
pub(super) struct Serving {
    child: Option<Child>,
    address: SocketAddr,
}

impl Serving {
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let announced = lines.find_map(|line| Some(line.unwrap().split_once("http://")?.1.to_owned()));
        let Some(announced) = announced else {
            panic!("{}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr))
        };
        let address = announced.split('/').next().unwrap().parse().unwrap();
        Self { child: Some(child), address }
    }

    pub(super) async fn rest(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> HttpReply {
        let mut all = vec![("Content-Type", "application/json"), ("Authorization", "Bearer ann")];
        all.extend_from_slice(headers);
        let body = body.to_string();
        request(self.address, method, path, &all, (method != "GET").then_some(&*body)).await
    }

    pub(super) async fn mcp(&self, headers: &[(&str, &str)], message: &Value) -> HttpReply {
        let mut all = vec![
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
            ("Authorization", "Bearer ann"),
        ];
        all.extend_from_slice(headers);
        request(self.address, "POST", "/mcp", &all, Some(&message.to_string())).await
    }

    /// A request of the new era.
    pub(super) async fn modern(&self, headers: &[(&str, &str)], message: &Value) -> Value {
        let (method, params) = (message["method"].as_str().unwrap(), &message["params"]);
        let name = params["name"].as_str().or(params["uri"].as_str()).unwrap();
        let mut all = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", name)];
        all.extend_from_slice(headers);
        self.mcp(&all, message).await.json()
    }

    /// Asks the program to stop, as a service manager does, and waits until it has.
    pub(super) fn stop(mut self) -> Output {
        let child = self.child.take().unwrap();
        let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the program answers to these lines on stdio, and what it wrote to standard error.
pub(super) fn stdio(command: &mut Command, lines: &[Value]) -> (Vec<Value>, String) {
    let mut child = command.arg("stdio").stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answers = Vec::new();
    for line in lines {
        writeln!(input, "{line}").unwrap();
        answers.push(serde_json::from_str(&output.next().unwrap().unwrap()).unwrap());
    }
    drop(input);
    let rest: Vec<_> = output.map(Result::unwrap).collect();
    assert!(rest.is_empty(), "nothing but messages is on standard output: {rest:?}");
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    (answers, String::from_utf8_lossy(&ended.stderr).into_owned())
}

/// A request that calls a tool or reads a resource, in the new era.
pub(super) fn message(method: &str, mut params: Value, meta: &Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (key, value) in meta.as_object().unwrap() {
        params["_meta"][key] = value.clone();
    }
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// The spans of one trace, for looking at them as a tree.
pub(super) struct Trace(Vec<Span>);

impl Trace {
    pub(super) fn of(collector: &Collector, trace: &str) -> Self {
        Self(collector.spans().into_iter().filter(|span| span.trace == trace).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one span of this name.
    pub(super) fn span(&self, name: &str) -> &Span {
        let named: Vec<_> = self.0.iter().filter(|span| span.name == name).collect();
        assert_eq!(named.len(), 1, "{name}: {:#?}", self.0);
        named[0]
    }

    /// The one span of this name that is directly under another.
    pub(super) fn under_span(&self, parent: &Span, name: &str) -> &Span {
        let mut named = self.0.iter().filter(|span| span.parent == parent.id && span.name == name);
        named.next().unwrap_or_else(|| panic!("{name}: {:#?}", self.0))
    }

    /// The names of what is directly under a span, sorted.
    pub(super) fn under(&self, parent: &Span) -> Vec<&str> {
        let mut names: Vec<_> = self.0.iter().filter(|span| span.parent == parent.id).map(|span| &*span.name).collect();
        names.sort_unstable();
        names
    }
}
