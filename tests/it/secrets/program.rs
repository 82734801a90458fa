//! The program `leaky`, run as a process of its own, and all that came out of it.

use super::marks::found;
use crate::traces::collector::Collector;
use diptych::{Db, query_scalar};
use diptych_testkit::{HttpReply, TestDatabase, request};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead as _, BufReader, Lines, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// The program, and where its output goes.
pub(super) struct Program {
    pub(super) collector: Collector,
    child: Child,
    out: Option<Lines<BufReader<ChildStdout>>>,
    address: Option<SocketAddr>,
    errors: PathBuf,
    said: String,
}

/// What one answer has in it: its places, without those that may be there.
pub(super) type Leaks = Vec<String>;

impl Program {
    /// Runs it, as HTTP server or with `stdio`.
    pub(super) fn start(url: &str, filter: Option<&str>, mode: &str) -> Self {
        let collector = Collector::start();
        let errors = std::env::temp_dir().join(format!("leaky-{}.log", uuid::Uuid::new_v4().simple()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_leaky"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_") || name.starts_with("DIPTYCH")) {
            command.env_remove(name);
        }
        command.env("DATABASE_URL", url).env("DIPTYCH_BIND", "127.0.0.1:0").env("DIPTYCH_USER", "Zq7userQx");
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        command.envs(filter.map(|filter| ("RUST_LOG", filter)));
        command.arg(mode).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut program = Self { collector, child, out, address: None, errors, said: String::new() };
        if mode == "serve" {
            let lines = program.out.as_mut().unwrap();
            let announced = lines.find_map(|line| Some(line.unwrap().split_once("http://")?.1.to_owned()));
            let announced = announced.unwrap_or_else(|| panic!("{}", program.errors()));
            program.address = Some(announced.split('/').next().unwrap().parse().unwrap());
        }
        program
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }

    /// Sends a request; everything in the answer counts.
    pub(super) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> HttpReply {
        let mut all = vec![];
        let is = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if body.is_some() && !is("content-type") {
            all.push(("Content-Type", "application/json"));
        }
        if !is("authorization") {
            all.push(("Authorization", "Bearer Zq7goodtokenQx"));
        }
        all.extend_from_slice(headers);
        let answer = request(self.address.unwrap(), method, target, &all, body);
        let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
        answer.unwrap_or_else(|_| panic!("{method} {target} {headers:?} {body:?} is not answered"))
    }

    /// A request of MCP's new era.
    pub(super) async fn modern(&self, headers: &[(&str, &str)], message: &Value) -> HttpReply {
        let (method, params) = (message["method"].as_str().unwrap(), &message["params"]);
        let name = params["name"].as_str().or(params["uri"].as_str()).or(params["taskId"].as_str());
        let mut all = vec![("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2026-07-28")];
        let is = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !is("mcp-method") {
            all.push(("Mcp-Method", method));
        }
        if let Some(name) = name.filter(|_| !is("mcp-name")) {
            all.push(("Mcp-Name", name));
        }
        all.extend_from_slice(headers);
        self.send("POST", "/mcp", &all, Some(&message.to_string())).await
    }

    /// Writes a line to standard input.
    pub(super) fn line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Writes a request, whose id is 7, and waits for its answer.
    pub(super) fn ask(&mut self, request: &str) {
        self.line(request);
        let lines = self.out.as_mut().unwrap();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("{request} is not answered")).unwrap();
            self.said.push_str(&line);
            self.said.push('\n');
            if line.contains("\"id\":7") {
                return;
            }
        }
    }

    /// Ends it, and gives all that it wrote: to standard output, to standard error and to the collector.
    pub(super) fn end(mut self) -> (String, String, Vec<u8>) {
        if self.address.is_some() {
            let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
            assert!(killed.success());
        }
        drop(self.child.stdin.take());
        for line in self.out.take().unwrap() {
            self.said.push_str(&line.unwrap());
            self.said.push('\n');
        }
        self.child.wait().unwrap();
        let out = (std::mem::take(&mut self.said), self.errors(), self.collector.bytes());
        let _ = std::fs::remove_file(&self.errors);
        out
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in an answer that should not be: `answer: place`.
pub(super) fn leaks(what: &str, reply: &HttpReply, may: &[&str]) -> Leaks {
    let out = format!("{:?}\n{}", reply.headers, reply.body);
    let places = found(out.as_bytes());
    let places = places.into_iter().filter(|place| !may.contains(&&**place));
    places.map(|place| format!("{what} ({}): {place} in {}", reply.status, reply.body)).collect()
}

/// A request with the `_meta` of the new era, and more in it.
pub(super) fn message(method: &str, mut params: Value, meta: &Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}},
        },
        "io.modelcontextprotocol/clientInfo": {"name": "Zq7clientQx", "version": "Zq7clientversionQx"},
    });
    for (key, value) in meta.as_object().unwrap() {
        params["_meta"][key] = value.clone();
    }
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// The places in the rows of the trail.
pub(super) async fn trail(database: &TestDatabase) -> BTreeSet<String> {
    let db = Db::connect(database.url()).await.unwrap();
    let rows =
        "SELECT \"call\" || operation || surface || mount || issuer || subject || client || address || arguments || outcome
                || code || trace_id FROM diptych_audit";
    let rows: Vec<String> = query_scalar(rows).all(&mut db.read().await.unwrap()).await.unwrap();
    db.close().await;
    assert!(rows.len() > 20, "{rows:?}");
    found(rows.concat().as_bytes())
}
