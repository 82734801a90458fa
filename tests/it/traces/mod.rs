//! Traces, as a collector is sent them: what there is a span for, whose child it is, and what it says; and what it never says.

pub(crate) mod collector;
mod program;

use crate::counter::{MySql, Postgres, Sqlite};
use collector::{Collector, Span};
use diptych::{Principal, Telemetry};
use diptych_testkit::TestDatabase;
use program::{Caller, Serving, Trace, command, message, stdio};
use serde_json::{Value, json};

const CALLER: Caller = Caller { trace: "4bf92f3577b34da6a3ce929d0e0e4736", span: "00f067aa0ba902b7" };
const OTHER: Caller = Caller { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
/// The stages of a service without a target.
const SERVICE: [&str; 6] = ["authorize", "check", "close", "open", "present", "run"];
const SELECTOR: [&str; 5] = ["authorize", "check", "open", "present", "run"];

/// What a span says, but for what the test does not care about.
fn said(span: &Span) -> Vec<(&str, &str)> {
    span.attributes.iter().map(|(key, value)| (&**key, &**value)).collect()
}

fn customer(name: &str) -> Value {
    json!({"name": format!("Secret {name}"), "email": format!("hidden-{name}@example.com")})
}

fn assert_tells_no_values(collector: &Collector, others: &[&str]) {
    let bytes = collector.bytes();
    assert!(!bytes.is_empty());
    for value in ["Secret", "hidden", "Bearer", "INSERT INTO", "$1"].iter().chain(others) {
        let found = bytes.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(!found, "`{value}` was exported");
    }
}

#[tokio::test]
async fn a_rest_call_is_a_span_in_the_trace_of_its_caller() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let server = Serving::start(&mut command(&database, Some(&collector)));
    let parent = CALLER.traceparent("01");
    let headers = [("traceparent", &*parent), ("tracestate", "vendor=1"), ("baggage", "user=hidden")];
    let created = server.rest("POST", "/api/customers?x=Secret", &headers, &customer("a")).await;
    assert_eq!(created.status, 422, "a query that is not declared: {}", created.body);
    let created = server.rest("POST", "/api/customers", &headers[..1], &customer("a")).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let other = OTHER.traceparent("01");
    let read = server.rest("GET", &format!("/api/customers/{id}"), &[("traceparent", &other)], &json!({})).await;
    assert_eq!(read.status, 200);
    server.stop();

    let all = collector.spans();
    let (refused, created): (Vec<&Span>, Vec<&Span>) =
        all.iter().filter(|span| span.name == "POST /api/customers").partition(|span| span.is_status("422i"));
    assert_eq!((refused.len(), created.len()), (1, 1));
    for span in [refused[0], created[0]] {
        assert_eq!((&*span.trace, &*span.parent, span.kind), (CALLER.trace, CALLER.span, SERVER));
        assert!(!span.is_error, "what a client can mend is not the server's error");
    }
    assert_eq!(
        said(created[0]),
        [
            ("diptych.operation", "customers.create"),
            ("http.request.method", "POST"),
            ("http.response.status_code", "201i"),
            ("http.route", "/api/customers"),
            ("network.protocol.name", "http"),
            ("network.protocol.version", "1.1"),
            ("url.path", "/api/customers"),
            ("url.scheme", "http"),
        ]
    );
    assert_eq!(created[0].resource["service.name"], "traced");
    assert_eq!(created[0].resource["service.version"], "1.2.3");
    let trace = Trace::of(&collector, CALLER.trace);
    assert_eq!(trace.under(created[0]), SERVICE);
    let insert = trace.span("INSERT");
    assert_eq!((&*insert.parent, insert.kind), (&*trace.under_span(created[0], "run").id, CLIENT));
    assert_eq!(said(insert), [("db.operation.name", "INSERT"), ("db.system.name", "sqlite")]);

    let trace = Trace::of(&collector, OTHER.trace);
    let read = trace.span("GET /api/customers/{id}");
    assert_eq!((&*read.parent, trace.under(read)), (OTHER.span, SELECTOR.to_vec()));
    assert!(!read.attributes.contains_key("url.path"), "the path has an argument in it");
    assert_tells_no_values(&collector, &[&id]);
}

#[tokio::test]
async fn a_trace_that_is_not_valid_is_as_good_as_none() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let server = Serving::start(&mut command(&database, Some(&collector)));
    let valid = CALLER.traceparent("01");
    let twice = format!("{valid},{valid}");
    for (at, wrong) in ["", "00-1-1-01", "nonsense", &twice, &valid.to_uppercase()].into_iter().enumerate() {
        let headers = [("traceparent", wrong), ("tracestate", ",,="), ("baggage", "=;%ff,")];
        let made = server.rest("POST", "/api/customers", &headers, &customer(&format!("r{at}"))).await;
        assert_eq!(made.status, 201, "{wrong}: {}", made.body);
        let meta = json!({"traceparent": wrong, "tracestate": 5, "baggage": ["x"]});
        let made = message("tools/call", json!({"name": "customers.list", "arguments": {}}), &meta);
        let made = server.modern(&[], &made).await;
        assert!(made["result"]["structuredContent"].is_object(), "{wrong}: {made}");
    }
    server.stop();
    let spans = collector.spans();
    let roots: Vec<_> = spans.iter().filter(|span| span.kind == SERVER).collect();
    assert_eq!(roots.len(), 10);
    assert!(roots.iter().all(|span| span.parent.is_empty() && span.trace != CALLER.trace), "{roots:#?}");
}

#[tokio::test]
async fn mcp_takes_the_trace_from_the_headers_and_else_from_meta() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let server = Serving::start(&mut command(&database, Some(&collector)));
    let (header, meta) = (CALLER.traceparent("01"), json!({"traceparent": OTHER.traceparent("01")}));
    let create = |name: &str| json!({"name": "customers.create", "arguments": customer(name)});
    let created = server.modern(&[("traceparent", &header)], &message("tools/call", create("a"), &meta)).await;
    let id = created["result"]["structuredContent"]["id"].as_str().unwrap().to_owned();

    // A tool's error, in the trace of `_meta`; then a resource.
    let again = server.modern(&[], &message("tools/call", create("a"), &meta)).await;
    assert_eq!(again["result"]["isError"], true, "{again}");
    let uri = json!({"uri": format!("customers://{id}")});
    let read = server.modern(&[], &message("resources/read", uri, &meta)).await;
    assert!(read["result"]["contents"].is_array(), "{read}");
    let prompt = server.modern(&[], &message("prompts/get", json!({"name": "greet"}), &meta)).await;
    assert!(prompt["result"]["messages"].is_array(), "{prompt}");
    server.stop();

    let trace = Trace::of(&collector, CALLER.trace);
    let span = trace.span("tools/call customers.create");
    assert_eq!((&*span.parent, span.kind, span.is_error), (CALLER.span, SERVER, false));
    assert_eq!(
        said(span),
        [
            ("diptych.operation", "customers.create"),
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", "customers.create"),
            ("jsonrpc.request.id", "7"),
            ("mcp.method.name", "tools/call"),
            ("mcp.protocol.version", "2026-07-28"),
            ("network.protocol.name", "http"),
            ("network.transport", "tcp"),
        ]
    );
    assert_eq!(trace.under(span), SERVICE);
    assert_eq!(trace.under(trace.span("run")), ["INSERT"]);

    let trace = Trace::of(&collector, OTHER.trace);
    let failed = trace.span("tools/call customers.create");
    assert_eq!((&*failed.parent, failed.is_error), (OTHER.span, true));
    let error = |span: &Span, key: &str| span.attributes.get(key).cloned().unwrap_or_default();
    assert_eq!([error(failed, "error.type"), error(failed, "diptych.error.code")], ["tool_error", "unique"]);
    assert_eq!(error(trace.span("INSERT"), "error.type"), "unique");
    assert!(!trace.under_span(failed, "close").is_error, "a rollback that was meant is no failure");
    let prompt = trace.span("prompts/get greet");
    assert_eq!((&*prompt.parent, &*prompt.attributes["gen_ai.prompt.name"]), (OTHER.span, "greet"));
    let read = trace.span("resources/read");
    assert_eq!(
        (&*read.parent, &*read.attributes["diptych.operation"], trace.under(read)),
        (OTHER.span, "customers.get", SELECTOR.to_vec())
    );
    assert_tells_no_values(&collector, &[&id]);
}

#[tokio::test]
async fn a_session_is_traced_as_well() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let server = Serving::start(&mut command(&database, Some(&collector)));
    let client = json!({"name": "tests", "version": "1"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let opened = server.mcp(&[], &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})).await;
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
    let meta = json!({"traceparent": CALLER.traceparent("01")});
    let call = |name: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": "call-1", "method": "tools/call", "params": {"name": name, "arguments": arguments, "_meta": meta}});
    let made = server.mcp(&headers, &call("customers.create", customer("a"))).await;
    assert!(made.body.contains("structuredContent"), "{}", made.body);
    let unknown = server.mcp(&headers, &call("Secret.tool", json!({}))).await;
    assert!(unknown.body.contains("-32602"), "{}", unknown.body);
    server.stop();

    let trace = Trace::of(&collector, CALLER.trace);
    let span = trace.span("tools/call customers.create");
    assert_eq!((&*span.parent, trace.under(span)), (CALLER.span, SERVICE.to_vec()));
    assert_eq!(span.attributes["mcp.protocol.version"], "2025-11-25");
    assert_eq!(span.attributes["jsonrpc.request.id"], "call-1");
    let unknown = trace.span("tools/call");
    assert!(unknown.is_error);
    assert_eq!([&unknown.attributes["error.type"], &unknown.attributes["rpc.response.status_code"]], ["-32602"; 2]);
    assert_tells_no_values(&collector, &[&session]);
}

#[tokio::test]
async fn a_fault_is_known_by_its_trace() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let server = Serving::start(&mut command(&database, Some(&collector)));
    let (sampled, unsampled) = (CALLER.traceparent("01"), OTHER.traceparent("00"));
    let broken = |parent: String| {
        let server = &server;
        async move { server.rest("POST", "/api/broken", &[("traceparent", &parent)], &json!({})).await.json() }
    };
    assert_eq!(broken(sampled.clone()).await["error_id"], CALLER.trace);
    let other = broken(unsampled).await["error_id"].as_str().unwrap().to_owned();
    assert!(other.len() == 32 && other != OTHER.trace, "what nobody can look up has an id of its own: {other}");
    let params = json!({"name": "broken", "arguments": {}});
    let tool = server.modern(&[("traceparent", &sampled)], &message("tools/call", params, &json!({}))).await;
    assert_eq!(tool["error"]["data"]["error_id"], CALLER.trace, "{tool}");
    let log = String::from_utf8_lossy(&server.stop().stderr).into_owned();
    assert!(log.contains(CALLER.trace) && log.contains(&other), "{log}");

    assert!(Trace::of(&collector, OTHER.trace).is_empty(), "the caller said that nobody records it");
    let trace = Trace::of(&collector, CALLER.trace);
    let span = trace.span("POST /api/broken");
    assert!(span.is_error && trace.under_span(span, "run").is_error);
    assert_eq!([&span.attributes["error.type"], &span.attributes["diptych.error.code"]], ["500", "internal"]);
    assert!(trace.span("tools/call broken").is_error);
    assert_tells_no_values(&collector, &["broken after"]);
}

#[tokio::test]
async fn on_stdio_the_trace_is_in_meta() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let meta = json!({"traceparent": CALLER.traceparent("01")});
    let params = json!({"name": "customers.create", "arguments": customer("a")});
    let lines = [message("tools/call", params, &meta)];
    let (answers, _) = stdio(&mut command(&database, Some(&collector)), &lines);
    assert!(answers[0]["result"]["structuredContent"].is_object(), "{answers:?}");
    let trace = Trace::of(&collector, CALLER.trace);
    let span = trace.span("tools/call customers.create");
    assert_eq!((&*span.parent, &*span.attributes["network.transport"]), (CALLER.span, "pipe"));
    assert_eq!(trace.under(span), SERVICE);
    assert_tells_no_values(&collector, &[]);
}

#[tokio::test]
async fn a_statement_tells_its_text_where_that_is_asked_for_and_never_a_value() {
    for (backend, system) in [(Sqlite, "sqlite"), (Postgres, "postgresql"), (MySql, "mysql")] {
        let (database, collector) = (TestDatabase::new(backend).await, Collector::start());
        let server = Serving::start(command(&database, Some(&collector)).env("TRACED_TELEMETRY", "sql"));
        let parent = CALLER.traceparent("01");
        let made = server.rest("POST", "/api/customers", &[("traceparent", &parent)], &customer("a")).await;
        assert_eq!(made.status, 201);
        server.stop();
        let trace = Trace::of(&collector, CALLER.trace);
        let insert = trace.span("INSERT");
        assert_eq!(insert.attributes["db.system.name"], system);
        let text = &insert.attributes["db.query.text"];
        assert!(text.starts_with("INSERT INTO customers") && text.contains("$1"), "{text}");
        let request = trace.span("POST /api/customers");
        assert!(trace.under(request).contains(&"INSERT"), "without stages a statement is the request's");
        let bytes = collector.bytes();
        assert!(!bytes.windows(6).any(|window| window == b"Secret" || window == b"hidden"));
    }
}

/// A subscriber of the program's own, and a call in process. It is this thread's alone, so the database is one whose driver
/// has no threads, on which the subscriber would be missing.
#[tokio::test]
async fn a_span_of_the_programs_own_is_the_parent_of_what_is_called_in_it() {
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;
    let (database, collector) = (TestDatabase::postgres().await, Collector::start());
    let exporter = Telemetry::otlp().endpoint_or(collector.url()).exporter("own", "1").unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(exporter.layer());
    let subscribed = tracing::subscriber::set_default(subscriber);
    let server = crate::suite::application(&database).build().await.unwrap();
    let work = async {
        tracing::info!(secret = "Secret", "not for traces");
        let ann = Principal::new("tests", "ann", ["invoices:read", "invoices:write"]).unwrap();
        server.client().as_principal(ann).call::<Value>("customers.create", &customer("a")).await.unwrap();
    };
    work.instrument(tracing::info_span!("nightly")).await;
    drop(subscribed);
    drop(exporter);
    let spans = collector.spans();
    let job = spans.iter().find(|span| span.name == "nightly").unwrap();
    let trace = Trace::of(&collector, &job.trace);
    assert_eq!((&*job.parent, trace.under(job)), ("", vec!["customers.create"]));
    assert_eq!(trace.under(trace.span("customers.create")), SERVICE);
    assert_eq!(trace.under(trace.span("run")), ["INSERT"]);
    assert_eq!(said(trace.span("customers.create")), [("diptych.operation", "customers.create")]);
    assert_tells_no_values(&collector, &[]);
}

#[tokio::test]
async fn the_environment_decides_what_is_sent() {
    let (database, collector) = (TestDatabase::sqlite(), Collector::start());
    let parent = CALLER.traceparent("01");
    let off = [None, Some(("OTEL_SDK_DISABLED", "true")), Some(("OTEL_TRACES_EXPORTER", "none"))];
    for variable in off {
        let mut command = command(&database, variable.map(|_| &collector));
        let server = Serving::start(command.envs(variable));
        let broken = server.rest("POST", "/api/broken", &[("traceparent", &parent)], &json!({})).await.json();
        assert_ne!(broken["error_id"], CALLER.trace, "{variable:?}: there is no trace to look up");
        server.stop();
    }
    assert!(collector.bytes().is_empty());

    let named = [("OTEL_SERVICE_NAME", "billing"), ("OTEL_RESOURCE_ATTRIBUTES", "service.version=9,region=eu")];
    let server = Serving::start(command(&database, Some(&collector)).envs(named));
    server.rest("GET", "/api/customers", &[("traceparent", &parent)], &json!({})).await;
    server.stop();
    let resource = &Trace::of(&collector, CALLER.trace).span("GET /api/customers").resource.clone();
    assert_eq!([&resource["service.name"], &resource["service.version"], &resource["region"]], ["billing", "9", "eu"]);

    for (variable, value, why) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL has to be http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER has to be otlp or none"),
    ] {
        let ended = command(&database, Some(&collector)).env(variable, value).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && said.contains(why), "{said}");
    }
}

#[tokio::test]
async fn a_collector_that_is_gone_is_nobodys_problem() {
    let database = TestDatabase::sqlite();
    let mut command = command(&database, None);
    let server = Serving::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"));
    assert_eq!(server.rest("POST", "/api/customers", &[], &customer("a")).await.status, 201);
    let log = String::from_utf8_lossy(&server.stop().stderr).into_owned();
    assert!(log.contains("BatchSpanProcessor"), "that nothing arrives is in the log: {log}");
}
