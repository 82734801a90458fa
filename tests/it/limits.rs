//! Rate limits, from outside: one counter for every surface, and what is told to whoever is limited.

use diptych::{
    AnswerValue, Anyone, Authenticated, Authenticator, By, Clock, Conn, Credentials, DELETE, GET, HttpSettings, Limit,
    MCPServer, MCPServerBuilder, Mount, Operations, POST, Principal, Result, SelectorSpec, ServiceSpec, StartError,
    Task, Tx,
};
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A clock that is set. It starts at the turn of an hour.
#[derive(Debug, Clone)]
struct Hands(Arc<AtomicU64>);

impl Hands {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(3_600 * 500_000)))
    }

    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

async fn one(_: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

async fn write(_: &mut Tx) -> Result<i64> {
    Ok(2)
}

/// Six reads an hour for each caller, and whatever else `operations` are.
fn builder(database: &TestDatabase, clock: &Hands, operations: Operations) -> MCPServerBuilder {
    let read = SelectorSpec::from_fn("read", one)
        .allow(Authenticated)
        .limit(Limit::per_hour(6).fixed_window())
        .rest(GET, "/read")
        .resource("count://one");
    MCPServer::builder("limits", "1.0.0")
        .database_url(database.url())
        .limit_clock(clock.clone())
        .mount(operations.add(read))
}

async fn post(server: &RunningServer, path: &str, headers: &[(&str, &str)], body: &Value) -> HttpReply {
    let mut all = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("Authorization", "Bearer ann"),
    ];
    all.extend_from_slice(headers);
    request(server.socket(), "POST", path, &all, Some(&body.to_string())).await
}

/// A call of a tool by ann, in 2026-07-28, at this endpoint.
async fn call(server: &RunningServer, path: &str, tool: &str, capabilities: Value) -> Value {
    let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)];
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    post(server, path, &headers, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .await
        .json()
}

/// A session of ann's, and the request that goes with it.
async fn session(server: &RunningServer, version: &str) -> String {
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    post(server, "/mcp", &[], &body).await.header("mcp-session-id").unwrap().to_owned()
}

async fn get(server: &RunningServer, path: &str, headers: &[(&str, &str)]) -> HttpReply {
    request(server.socket(), "GET", path, headers, None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_surface_counts_with_the_same_counter() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let server = builder(&database, &clock, Operations::new()).build().await.unwrap();
    let here = SurfaceClient::in_process(server.client(), Some("ann"), &[]);
    let stdio = SurfaceClient::stdio(&server, Some("ann"), &[]);
    let server = RunningServer::serve(server).await;
    let mut surfaces = vec![here, stdio];
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        surfaces.push(SurfaceClient::over(&server, surface, Some("ann")).await);
    }
    let stateless = SurfaceClient::over(&server, Surface::McpStateless, Some("ann")).await;
    let uri = json!({"uri": "count://one"});
    for round in 0..2 {
        for surface in &surfaces {
            assert_eq!(surface.call("read", json!({})).await, Ok(json!(1)), "{surface:?}");
        }
        // The sixth is read as a resource; a header repeats its URI, so that a session is used.
        let resource = surfaces[3].request("resources/read", uri.clone()).await.unwrap();
        assert_eq!(resource["contents"][0]["text"], "1");
        clock.advance(1_800);
        for surface in &surfaces {
            let problem = surface.call("read", json!({})).await.unwrap_err();
            let expected = json!({
                "type": "about:blank", "title": "Too Many Requests", "status": 429, "code": "rate_limited",
                "detail": "too many calls: at most 6 in an hour; wait 30 minutes, then try again", "retry_after": 1_800,
            });
            assert_eq!(problem, expected, "{surface:?}");
        }
        let refused = surfaces[3].request("resources/read", uri.clone()).await.unwrap_err();
        assert_eq!((&refused["code"], &refused["data"]["retry_after"]), (&json!(-32000), &json!(1_800)), "{refused}");
        let refused = surfaces[3].request("resources/subscribe", uri.clone()).await.unwrap_err();
        assert_eq!((&refused["code"], &refused["data"]["code"]), (&json!(-32000), &json!("rate_limited")), "{refused}");
        assert!(stateless.request("tools/list", json!({})).await.is_ok(), "lists are no calls");
        let bob = SurfaceClient::over(&server, Surface::McpStateless, Some("bob")).await;
        assert_eq!(bob.call("read", json!({})).await, Ok(json!(1)), "in round {round} bob has a counter of his own");
        clock.advance(1_800);
    }
}

#[tokio::test]
async fn each_call_of_a_batch_and_each_subscription_counts() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let server = RunningServer::start(builder(&database, &clock, Operations::new())).await;
    let old = session(&server, "2025-03-26").await;
    let headers = [("Mcp-Session-Id", &*old)];
    let subscribe =
        json!({"jsonrpc": "2.0", "id": 9, "method": "resources/subscribe", "params": {"uri": "count://one"}});
    let subscribed = post(&server, "/mcp", &headers, &subscribe).await.json();
    assert!(subscribed["result"].is_object(), "it is read to find out whether it can be: {subscribed}");
    let call = |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "read", "arguments": {}}});
    let batch = Value::Array((1..=7).map(call).collect());
    let answers = post(&server, "/mcp", &headers, &batch).await.json();
    let refused: Vec<_> = answers.as_array().unwrap().iter().filter(|one| one["result"]["isError"] == true).collect();
    assert_eq!(refused.len(), 2, "{answers:#}");
    assert!(refused[0]["result"]["content"][0]["text"].as_str().unwrap().contains("wait 60 minutes, then try again"));
}

#[tokio::test]
async fn a_limit_of_a_mount_holds_there_and_one_of_the_server_everywhere() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let operations = Operations::new()
        .add(ServiceSpec::from_fn("write", write).allow(Authenticated).cost(2).rest(POST, "/write"))
        .add(ServiceSpec::from_fn("free", write).allow(Authenticated).cost(0).rest(DELETE, "/free"));
    let builder = builder(&database, &clock, operations)
        .limit(Limit::per_hour(8).fixed_window())
        .mcp_mount("/mcp/agents", Mount::new().limit(Limit::per_minute(2).fixed_window().named("agents")));
    let server = RunningServer::start(builder).await;
    let failed = |reply: &Value| reply["result"]["isError"] == true;
    // At the mount a write costs both that there are in a minute.
    assert!(!failed(&call(&server, "/mcp/agents", "write", json!({})).await));
    let refused = call(&server, "/mcp/agents", "read", json!({})).await;
    assert!(
        refused["result"]["content"][0]["text"].as_str().unwrap().contains("at most 2 in a minute; wait 60 seconds")
    );
    assert!(!failed(&call(&server, "/mcp/agents", "free", json!({})).await), "what costs nothing is never refused");
    // Elsewhere there is what is left of the server's eight: what was refused has taken none of them.
    for _ in 0..3 {
        assert!(!failed(&call(&server, "/mcp", "write", json!({})).await));
    }
    let refused = post(&server, "/api/write", &[], &json!({})).await;
    assert_eq!((refused.status, refused.header("ratelimit")), (429, Some("\"server\";r=0;t=3600")));
    assert!(failed(&call(&server, "/mcp", "read", json!({})).await));
}

#[tokio::test]
async fn rest_says_where_a_caller_stands() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let write = ServiceSpec::from_fn("write", write).allow(Authenticated).rest(POST, "/write");
    let write = write.limit(Limit::per_minute(30).burst(2)).limit(Limit::per_day(100).by(By::Everyone));
    let server = RunningServer::start(builder(&database, &clock, Operations::new().add(write))).await;
    let send = async || post(&server, "/api/write", &[], &json!({})).await;
    let fields = |reply: &HttpReply| {
        let field = |name: &str| reply.header(name).unwrap_or_default().to_owned();
        (reply.status, field("ratelimit-policy"), field("ratelimit"), field("retry-after"))
    };
    let told = |status, policy: &str, standing: &str, wait: &str| {
        (status, policy.to_owned(), standing.to_owned(), wait.to_owned())
    };
    // A burst of two comes back in four seconds. What everyone does together is nobody's business.
    assert_eq!(fields(&send().await), told(200, "\"write\";q=2;w=4", "\"write\";r=1;t=2", ""));
    assert_eq!(fields(&send().await), told(200, "\"write\";q=2;w=4", "\"write\";r=0;t=2", ""));
    assert_eq!(fields(&send().await), told(429, "\"write\";q=2;w=4", "\"write\";r=0;t=2", "2"));
    clock.advance(2);
    assert_eq!(send().await.status, 200);

    // Who is limited does not make the server read a body: this one never comes.
    let head = [("Authorization", "Bearer ann"), ("Content-Type", "application/json"), ("Content-Length", "1048576")];
    let refused = request(server.socket(), "POST", "/api/write", &head, None).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("rate_limited")));
    // Whoever may not use it at all is told that, and counts for nothing.
    for _ in 0..10 {
        assert_eq!(request(server.socket(), "POST", "/api/write", &[], None).await.status, 401);
    }

    let described = &get(&server, "/openapi.json", &[]).await.json()["paths"];
    let responses = &described["/write"]["post"]["responses"];
    assert!(responses["429"].is_object() && responses["200"]["headers"]["RateLimit"].is_object(), "{responses:#}");

    let quiet = HttpSettings { limit_fields: false, ..HttpSettings::default() };
    let server = RunningServer::start(builder(&database, &clock, Operations::new()).http(quiet)).await;
    let reply = get(&server, "/api/read", &[("Authorization", "Bearer ann")]).await;
    assert_eq!(fields(&reply), told(200, "", "", ""));
}

/// A task is counted when it is created, not when a worker runs it.
#[tokio::test]
async fn a_task_counts_once() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let task = ServiceSpec::from_fn("task", write).allow(Authenticated).task(Task::optional());
    let task = task.limit(Limit::per_hour(2).fixed_window());
    let server = RunningServer::start(builder(&database, &clock, Operations::new().add(task))).await;
    let capable = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    for _ in 0..2 {
        let created = call(&server, "/mcp", "task", capable.clone()).await;
        let id = created["result"]["taskId"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
        let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tasks/get"), ("Mcp-Name", &*id)];
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": capable,
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"taskId": id, "_meta": meta}});
        let done = async {
            loop {
                let task = post(&server, "/mcp", &headers, &body).await.json();
                if task["result"]["status"] != "working" {
                    return task["result"].clone();
                }
                tokio::task::yield_now().await;
            }
        };
        let task = tokio::time::timeout(Duration::from_secs(20), done).await.expect("the task is worked on");
        assert_eq!((&task["status"], &task["result"]["isError"]), (&json!("completed"), &json!(false)), "{task:#}");
    }
    let refused = call(&server, "/mcp", "task", capable).await;
    assert!(refused["result"]["content"][0]["text"].as_str().unwrap().contains("at most 2 in an hour"), "{refused}");
    // A client that waits counts with those that do not.
    assert_eq!(call(&server, "/mcp", "task", json!({})).await["result"]["isError"], true);
}

/// Takes `Bearer good…`, and counts how often it is asked.
#[derive(Clone, Default)]
struct Guard(Arc<AtomicUsize>);

impl Guard {
    fn asked(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Authenticator for Guard {
    fn authenticate<'a>(
        &'a self,
        headers: &'a Credentials<'a>,
    ) -> futures_util::future::BoxFuture<'a, Result<Option<Principal>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let principal = headers.bearer().map(|token| match token? {
            token if token.starts_with("good") => Principal::new("it", token, [""; 0]),
            _ => Err(Credentials::invalid_token("no")),
        });
        Box::pin(std::future::ready(principal.transpose()))
    }
}

#[tokio::test]
async fn failed_logins_are_not_even_looked_at() {
    let (database, clock, guard) = (TestDatabase::sqlite(), Hands::new(), Guard::default());
    let server = RunningServer::start(builder(&database, &clock, Operations::new()).auth(guard.clone())).await;
    let bearer = async |token: &str, path: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [("Authorization", &*authorization)];
        match path {
            "/mcp" => request(server.socket(), "POST", path, &headers, Some("{}")).await,
            _ => get(&server, path, &headers).await,
        }
    };
    assert_eq!(bearer("good", "/api/read").await.status, 200);
    for attempt in 0..100 {
        let path = if attempt % 2 == 0 { "/api/read" } else { "/mcp" };
        assert_eq!(bearer(&format!("bad{attempt}"), path).await.status, 401, "{attempt}");
    }
    assert_eq!(guard.asked(), 101);
    for path in ["/api/read", "/mcp"] {
        let refused = bearer("bad", path).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("rate_limited")));
        assert!(refused.body.contains("too many failed logins from this address: at most 100 in a minute; wait "));
        assert!(refused.header("retry-after").is_some());
        assert_eq!(bearer("good2", path).await.status, 429, "nobody knows yet that these are good");
    }
    assert_eq!(guard.asked(), 0, "nothing was looked at");
    // Whoever was let in not long ago cannot be locked out by others of the same address.
    assert_eq!(bearer("good", "/api/read").await.status, 200);
    assert_eq!(guard.asked(), 1, "and is looked at each time");
    clock.advance(120);
    assert_eq!(bearer("good2", "/api/read").await.status, 200);
    assert_eq!(bearer("bad", "/api/read").await.status, 401);
}

#[tokio::test]
async fn an_address_is_limited_over_everything() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let http = HttpSettings {
        address_limit: Some(Limit::per_hour(4).fixed_window()),
        trusted_proxies: vec!["127.0.0.0/8".to_owned()],
        ..HttpSettings::default()
    };
    let server = RunningServer::start(builder(&database, &clock, Operations::new()).http(http)).await;
    let paths = ["/api/nothing", "/openapi.json", "/mcp", "/elsewhere"];
    let status = async |path, address| get(&server, path, &[("X-Forwarded-For", address)]).await.status;
    for path in paths {
        assert_ne!(status(path, "203.0.113.7").await, 429, "{path}");
    }
    for path in paths {
        assert_eq!(status(path, "203.0.113.7").await, 429, "{path}");
        assert_eq!(status(path, "6.6.6.6, 203.0.113.7").await, 429, "what a client invents changes nothing");
        assert_eq!(status(path, "::ffff:203.0.113.7").await, 429, "written in another way it is the same");
    }
    // Of IPv6 a /64 is one client.
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"] {
        assert_ne!(status("/openapi.json", address).await, 429);
    }
    assert_eq!(status("/openapi.json", "2001:db8::ffff:1").await, 429);
    assert_eq!(status("/openapi.json", "2001:db8:0:1::1").await, 200);
    clock.advance(3_600);
    assert_eq!(status("/openapi.json", "203.0.113.7").await, 200);
}

#[tokio::test]
async fn without_proxies_nobody_is_believed() {
    let (database, clock) = (TestDatabase::sqlite(), Hands::new());
    let by_address = SelectorSpec::from_fn("near", one).allow(Anyone).rest(GET, "/near");
    let by_address = by_address.limit(Limit::per_hour(2).fixed_window().by(By::Address));
    let server = RunningServer::start(builder(&database, &clock, Operations::new().add(by_address))).await;
    let status = async |headers: &[(&str, &str)]| get(&server, "/api/near", headers).await.status;
    assert_eq!(status(&[("X-Forwarded-For", "203.0.113.1")]).await, 200);
    assert_eq!(status(&[("Forwarded", "for=203.0.113.2"), ("Authorization", "Bearer ann")]).await, 200);
    assert_eq!(status(&[("X-Forwarded-For", "203.0.113.3"), ("X-Real-IP", "203.0.113.4")]).await, 429);
    assert_eq!(status(&[("Authorization", "Bearer bob")]).await, 429, "it is the address that is counted");
}

#[tokio::test]
async fn what_is_wrong_with_limits_is_told_when_the_server_is_built() {
    let database = TestDatabase::sqlite();
    let many = |spec: SelectorSpec<_>| (0..5).fold(spec, |spec, _| spec.limit(Limit::per_second(9)));
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("none", one).allow(Anyone).limit(Limit::per_minute(0)))
        .add(SelectorSpec::from_fn("dear", one).allow(Anyone).limit(Limit::per_minute(60).burst(3)).cost(9))
        .add(SelectorSpec::from_fn("free", one).allow(Anyone).limit(Limit::per_minute(60)).cost(0))
        .add(many(SelectorSpec::from_fn("many", one).allow(Anyone)));
    let http = HttpSettings {
        login_limit: Some(Limit::new(3, Duration::ZERO)),
        trusted_proxies: vec!["proxy.example".to_owned()],
        ..HttpSettings::default()
    };
    let builder = MCPServer::builder("limits", "1.0.0").database_url(database.url()).mount(operations).http(http);
    let builder = builder
        .limit(Limit::per_minute(8))
        .limit(Limit::per_minute(1).burst(0))
        .mcp_mount("/mcp/one", Mount::new().limit(Limit::per_minute(4).fixed_window().burst(2)));
    let Err(StartError::Mistakes(mistakes)) = builder.build().await else { panic!("it starts") };
    let mut found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
    found.sort();
    let expected = [
        "`login_limit`: has a limit with a span of 0ns; it has to be 1 ms to 366 days, as in `Limit::per_minute(3)`",
        "`trusted_proxies`: trusts the proxy `proxy.example`, which is no address; write it as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`",
        "dear: costs 9, but the limit of 60 in a minute never has more than 3; lower the cost, or raise the limit",
        "dear: costs 9, but the limit of 8 in a minute never has more than 8; lower the cost, or raise the limit",
        "free: has a limit and `.cost(0)`, which is never counted; leave out one of them",
        "many: has 5 limits; at most 4 can hold together",
        "none: has a limit of 0, which lets nobody through; give it at least 1, or `.enabled(false)`",
        "the mount /mcp/one: has a limit with a burst and a window; only a token bucket has a burst, so leave out one of them",
        "the server: has a limit with `.burst(0)`, which lets nobody through; give it at least 1",
    ];
    assert_eq!(found, expected);
}
