//! A collector: an HTTP server that takes OTLP (OTLP 1.10, OTLP/HTTP) and keeps what it was sent.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span as Sent, status::StatusCode},
};
use prost::Message as _;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

#[derive(Clone)]
pub(crate) struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A span, as it came over the wire.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) kind: i32,
    pub(super) is_error: bool,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) resource: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Self { address: listener.local_addr().unwrap(), bodies: Arc::default() };
        let bodies = Arc::clone(&collector.bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let bodies = Arc::clone(&bodies);
                std::thread::spawn(move || serve(&stream.unwrap(), &bodies));
            }
        });
        collector
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every byte of every body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bodies.lock().unwrap().concat()
    }

    pub(super) fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let requests = bodies.iter().map(|body| ExportTraceServiceRequest::decode(&**body).unwrap());
        let mut spans = Vec::new();
        for resource_spans in requests.flat_map(|request| request.resource_spans) {
            let resource = resource_spans.resource.map(|resource| attributes(&resource.attributes)).unwrap_or_default();
            let sent = resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| Span::new(&span, &resource)));
        }
        spans
    }
}

impl Span {
    /// Whether it was answered with this HTTP status.
    pub(super) fn is_status(&self, status: &str) -> bool {
        self.attributes.get("http.response.status_code").is_some_and(|own| own == status)
    }

    fn new(sent: &Sent, resource: &BTreeMap<String, String>) -> Self {
        assert!(sent.end_time_unix_nano >= sent.start_time_unix_nano && sent.start_time_unix_nano > 0);
        assert!(sent.events.is_empty(), "log lines are not for traces: {:?}", sent.events);
        Self {
            name: sent.name.clone(),
            trace: hex(&sent.trace_id),
            id: hex(&sent.span_id),
            parent: hex(&sent.parent_span_id),
            kind: sent.kind,
            is_error: sent.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32),
            attributes: attributes(&sent.attributes),
            resource: resource.clone(),
        }
    }
}

fn attributes(sent: &[KeyValue]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for attribute in sent {
        let value = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => text.clone(),
            Some(Value::IntValue(number)) => format!("{number}i"),
            other => format!("{other:?}"),
        };
        assert!(all.insert(attribute.key.clone(), value).is_none(), "{} is there twice", attribute.key);
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers requests until the client hangs up.
fn serve(stream: &TcpStream, bodies: &Mutex<Vec<Vec<u8>>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        assert_eq!(head[0], "post /v1/traces http/1.1");
        let field = |name: &str| head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        assert_eq!(field("content-type"), Some("application/x-protobuf"));
        let mut body = vec![0; field("content-length").unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        // Kept before it is answered: whoever waits for the answer will find it.
        bodies.lock().unwrap().push(body);
        let mut writer = stream;
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        writer.write_all(answer.as_bytes()).unwrap();
    }
}
