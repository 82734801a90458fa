//! The surfaces that one behaviour suite is run over, so that they cannot drift apart: the same call, the same answer, the
//! same problem.

use crate::{HttpReply, RunningServer, request};
use diptych::{Client, Error, IdempotencyKey, Principal, Server};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::Mutex;

/// A way to reach an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// `Client`, without a wire.
    InProcess,
    /// REST over HTTP.
    Rest,
    /// MCP 2025-11-25: `initialize`, a session.
    McpSession,
    /// MCP 2026-07-28: stateless.
    McpStateless,
    /// MCP 2026-07-28 over a pair of pipes.
    Stdio,
}

/// A caller on one surface.
#[derive(Debug)]
pub struct SurfaceClient {
    kind: Kind,
    user: Option<String>,
}

#[derive(Debug)]
enum Kind {
    InProcess(Client, Vec<String>),
    Rest(SocketAddr, Value),
    Session(SocketAddr, String),
    Stateless(SocketAddr),
    Stdio(Mutex<Pipes>),
}

/// To the server, and from it.
#[derive(Debug)]
struct Pipes(DuplexStream, BufReader<DuplexStream>);

/// An operation's answer, or the problem that it gave instead.
pub type Answered = Result<Value, Value>;

impl SurfaceClient {
    /// A caller without a wire; scopes are those the development login would give.
    #[must_use]
    pub fn in_process(client: Client, user: Option<&str>, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Self { kind: Kind::InProcess(client, scopes), user: user.map(str::to_owned) }
    }

    /// A caller over pipes, whom the server serves alone; scopes as in [`SurfaceClient::in_process`].
    #[must_use]
    pub fn stdio(server: &Server, user: Option<&str>, scopes: &[&str]) -> Self {
        let scopes: Vec<_> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let (to, input) = tokio::io::duplex(64 * 1024);
        let (output, from) = tokio::io::duplex(64 * 1024);
        let caller = user.map(|user| principal(user, &scopes));
        tokio::spawn(diptych::__private::stdio(server, input, output, caller));
        Self { kind: Kind::Stdio(Mutex::new(Pipes(to, BufReader::new(from)))), user: user.map(str::to_owned) }
    }

    /// A caller over the wire.
    pub async fn over(server: &RunningServer, surface: Surface, user: Option<&str>) -> Self {
        let socket = server.socket();
        let user = user.map(str::to_owned);
        let kind = match surface {
            Surface::Rest => {
                let document = request(socket, "GET", "/openapi.json", &[], None).await;
                Kind::Rest(socket, document.json())
            }
            Surface::McpStateless => Kind::Stateless(socket),
            Surface::McpSession => Kind::Session(socket, initialize(socket, user.as_deref()).await),
            Surface::InProcess | Surface::Stdio => panic!("{surface:?} has no socket"),
        };
        Self { kind, user }
    }

    /// Calls an operation with its arguments by name.
    ///
    /// # Errors
    /// The problem.
    pub async fn call(&self, operation: &str, arguments: Value) -> Answered {
        self.call_with(None, operation, arguments).await
    }

    /// The same, with an idempotency key.
    ///
    /// # Errors
    /// The problem.
    pub async fn call_with_key(&self, key: &str, operation: &str, arguments: Value) -> Answered {
        self.call_with(Some(key), operation, arguments).await
    }

    async fn call_with(&self, key: Option<&str>, operation: &str, arguments: Value) -> Answered {
        match &self.kind {
            Kind::InProcess(client, scopes) => {
                let mut client = client.clone();
                match key.map(IdempotencyKey::new).transpose() {
                    Ok(Some(key)) => client = client.with_idempotency_key(key),
                    Ok(None) => {}
                    Err(error) => return Err(problem(&error)),
                }
                if let Some(user) = &self.user {
                    client = client.as_principal(principal(user, scopes));
                }
                let answer = client.call_json(operation, &arguments.to_string()).await;
                answer
                    .map(|json| serde_json::from_str(&json).expect("an answer is JSON"))
                    .map_err(|error| problem(&error))
            }
            Kind::Rest(socket, document) => self.call_rest(*socket, document, key, operation, arguments).await,
            Kind::Session(socket, session) => {
                let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
                let params = with_key(json!({"name": operation, "arguments": arguments}), key);
                self.call_tool(*socket, &headers, params).await
            }
            Kind::Stateless(socket) => {
                let headers =
                    [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", operation)];
                self.call_tool(*socket, &headers, with_key(stateless(operation, &arguments), key)).await
            }
            Kind::Stdio(pipes) => pipes.lock().await.call_tool(with_key(stateless(operation, &arguments), key)).await,
        }
    }

    /// Sends a request of MCP and gives its result.
    ///
    /// # Errors
    /// The error of JSON-RPC.
    ///
    /// # Panics
    /// In process and over REST, which do not speak it.
    pub async fn request(&self, method: &str, mut params: Value) -> Answered {
        let name = ["name", "uri", "taskId"].iter().find_map(|key| params[key].as_str()).unwrap_or_default().to_owned();
        let message = match &self.kind {
            Kind::Session(socket, session) => {
                let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
                self.post(*socket, &headers, method, params).await.json()
            }
            Kind::Stateless(socket) => {
                with_meta(&mut params);
                let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
                headers.extend((!name.is_empty()).then_some(("Mcp-Name", &*name)));
                self.post(*socket, &headers, method, params).await.json()
            }
            Kind::Stdio(pipes) => {
                with_meta(&mut params);
                pipes.lock().await.request(method, params).await
            }
            Kind::InProcess(..) | Kind::Rest(..) => panic!("{method} is a method of MCP"),
        };
        message.get("result").cloned().ok_or_else(|| message["error"].clone())
    }

    /// Whether it can send a [`SurfaceClient::request`].
    #[must_use]
    pub fn speaks_mcp(&self) -> bool {
        !matches!(self.kind, Kind::InProcess(..) | Kind::Rest(..))
    }

    fn authorization(&self) -> Option<String> {
        self.user.as_ref().map(|user| format!("Bearer {user}"))
    }

    async fn call_tool(&self, socket: SocketAddr, headers: &[(&str, &str)], params: Value) -> Answered {
        let reply = self.post(socket, headers, "tools/call", params).await;
        if reply.status == 401 || reply.status == 403 {
            // MCP answers these as HTTP does; the words are in the challenge and the message.
            return Err(json!({"status": reply.status}));
        }
        // A question that this client cannot be asked is an error of the protocol.
        let is_answer = reply.status == 200 || reply.json()["error"]["code"] == -32021;
        assert!(is_answer, "{}: {}", reply.status, reply.body);
        answered(&reply.json())
    }

    async fn post(&self, socket: SocketAddr, headers: &[(&str, &str)], method: &str, params: Value) -> HttpReply {
        let authorization = self.authorization();
        let mut all = vec![("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
        all.extend_from_slice(headers);
        all.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
        request(socket, "POST", "/mcp", &all, Some(&body)).await
    }

    async fn call_rest(
        &self,
        socket: SocketAddr,
        document: &Value,
        key: Option<&str>,
        operation: &str,
        arguments: Value,
    ) -> Answered {
        let (method, path, described) = find(document, operation);
        let Value::Object(mut arguments) = arguments else { panic!("arguments are an object") };
        let mut target = format!("/api{path}");
        let mut query = String::new();
        // What is an argument elsewhere.
        let compares = described["responses"]["412"].is_object();
        let known = compares.then(|| arguments.remove("expected_version")).flatten();
        let known = known.map(|version| format!("\"{}\"", text(&version)));
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(document, parameter);
            let name = parameter["name"].as_str().expect("a parameter has a name");
            let Some(value) = arguments.remove(name) else { continue };
            if parameter["in"] == "path" {
                target = target.replace(&format!("{{{name}}}"), &encode(&text(&value)));
                continue;
            }
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value]);
            for value in values {
                query.push_str(if query.is_empty() { "?" } else { "&" });
                query.push_str(&format!("{name}={}", encode(&text(&value))));
            }
        }
        let is_read = method == "get";
        if is_read {
            // What is no parameter is sent as one all the same: refusing it is the server's part.
            for (name, value) in std::mem::take(&mut arguments) {
                query.push_str(if query.is_empty() { "?" } else { "&" });
                query.push_str(&format!("{}={}", encode(&name), encode(&text(&value))));
            }
        }
        target.push_str(&query);
        let authorization = self.authorization();
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        headers.extend(known.as_deref().map(|known| ("If-Match", known)));
        let body = (!is_read).then(|| Value::Object(arguments).to_string());
        let reply = request(socket, &method.to_uppercase(), &target, &headers, body.as_deref()).await;
        match reply.status {
            204 => Ok(Value::Null),
            401 | 403 => Err(json!({"status": reply.status})),
            200..=299 if reply.header("content-type").is_some_and(|own| own.starts_with("application/json")) => {
                Ok(reply.json())
            }
            200..=299 => Ok(Value::String(reply.body)),
            _ => {
                assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.body);
                Err(reply.json())
            }
        }
    }
}

impl Pipes {
    async fn request(&mut self, method: &str, params: Value) -> Value {
        let Self(to, from) = self;
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        to.write_all(format!("{request}\n").as_bytes()).await.expect("the server reads");
        let mut line = String::new();
        from.read_line(&mut line).await.expect("the server answers");
        serde_json::from_str(&line).expect("an answer is JSON on one line")
    }

    async fn call_tool(&mut self, params: Value) -> Answered {
        let message = self.request("tools/call", params).await;
        match &message["error"]["data"]["status"] {
            status if *status == 401 || *status == 403 => Err(json!({"status": status})),
            _ => answered(&message),
        }
    }
}

/// Parameters of a call of the new era.
fn stateless(operation: &str, arguments: &Value) -> Value {
    json!({"name": operation, "arguments": arguments, "_meta": meta()})
}

/// The same with an idempotency key.
fn with_key(mut params: Value, key: Option<&str>) -> Value {
    if let Some(key) = key {
        params["_meta"]["dev.diptych/idempotency-key"] = json!(key);
    }
    params
}

fn problem(error: &Error) -> Value {
    serde_json::to_value(error.problem()).expect("a problem is JSON")
}

/// What every request of the new era says of its client, unless it says it itself.
fn with_meta(params: &mut Value) {
    if params["_meta"].is_null() {
        params["_meta"] = meta();
    }
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// What the answer to a call says.
fn answered(message: &Value) -> Answered {
    let Some(result) = message.get("result") else {
        let error = &message["error"];
        return Err(json!({"status": 500, "rpc": error["code"], "detail": error["message"]}));
    };
    let text = result["content"][0]["text"].as_str().unwrap_or("null");
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    if result["isError"] == true {
        return Err(value);
    }
    if let Some(structured) = result.get("structuredContent") {
        // What may be no object is wrapped in one.
        let wrapped = || structured.get("result").unwrap_or(structured);
        let unwrapped = if structured == &value { structured } else { wrapped() };
        assert_eq!(unwrapped, &value, "text and structured content say the same");
    }
    Ok(value)
}

/// The principal that the development login makes of a token: `ann` has every scope, `ann+a+b` just those.
fn principal(token: &str, every_scope: &[String]) -> Principal {
    let (user, scopes) = match token.split_once('+') {
        Some((user, scopes)) => (user, scopes.split('+').map(str::to_owned).collect()),
        None => (token, every_scope.to_vec()),
    };
    Principal::new("development", user, scopes).expect("a user")
}

async fn initialize(socket: SocketAddr, user: Option<&str>) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "testkit", "version": "1"},
    }});
    let authorization = user.map(|user| format!("Bearer {user}"));
    let mut headers = vec![("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
    headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    let reply = request(socket, "POST", "/mcp", &headers, Some(&body.to_string())).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let session = reply.header("mcp-session-id").expect("a session id").to_owned();
    headers.push(("Mcp-Session-Id", &session));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let reply = request(socket, "POST", "/mcp", &headers, Some(&ready)).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    session
}

/// The method, path and description of an operation, from the OpenAPI document.
fn find<'d>(document: &'d Value, operation: &str) -> (String, String, &'d Value) {
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, described) in methods.as_object().expect("methods") {
            if described["operationId"] == operation {
                return (method.clone(), path.clone(), described);
            }
        }
    }
    panic!("the OpenAPI document has no operation {operation}");
}

fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a reference resolves"),
        None => value,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
