//! What becomes of a stream and of its connection when the client is slow or goes away, the server stops, or something fails: nothing
//! that was broken off looks whole.

use super::{begin, get, operations, server, until_free};
use crate::counter::EVERY;
use diptych::{
    Anyone, Backend, Db, Engine, GET, HttpSettings, Operations, Principal, Result, SelectorSpec, Settings, Streaming,
    query_scalar,
};
use diptych_pipeline::{Activity, Caller, Surface, Via};
use diptych_spec::{Arguments, ErrorKind};
use diptych_testkit::{RunningServer, TestDatabase};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// All that is left to read. A reset is an end as well.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut part = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        all.extend_from_slice(&part[..read]);
    }
    all
}

fn is_whole(body: &[u8]) -> bool {
    body.ends_with(b"\r\n0\r\n\r\n")
}

#[tokio::test]
async fn who_goes_away_leaves_nothing_behind() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database)).await;
        let socket = running.socket();
        for _ in 0..3 {
            let client = begin(socket, "/endless").await;
            let refused = get(socket, "/lines/exact", "text/csv").await;
            assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("too_many_streams")), "{backend}");
            assert_eq!(refused.header("retry-after"), Some("5"));
            // Pages have connections of their own.
            assert_eq!(get(socket, "/lines/exact", "*/*").await.status, 200);
            drop(client);
            until_free(socket).await;
        }
        if backend != Backend::Sqlite {
            let db = Db::connect(database.url()).await.unwrap();
            let at_work = async {
                let sql = match backend {
                    Backend::Postgres => {
                        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                         AND query LIKE '%RECURSIVE c(id)%' AND pid <> pg_backend_pid()"
                    }
                    _ => {
                        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()
                         AND info LIKE '%seq_1_to_1000%' AND id <> CONNECTION_ID()"
                    }
                };
                while query_scalar::<i64>(sql).one(&mut db.read().await.unwrap()).await.unwrap() > 0 {}
            };
            tokio::time::timeout(Duration::from_secs(60), at_work).await.expect("the statement ends");
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let database = TestDatabase::sqlite();
    let settings = HttpSettings { write_deadline: Duration::from_secs(1), ..HttpSettings::default() };
    let running = RunningServer::start(server(&database).http(settings)).await;
    let client = begin(running.socket(), "/endless").await;
    until_free(running.socket()).await;
    assert!(!is_whole(&rest(client).await));
}

#[tokio::test]
async fn what_is_not_whole_does_not_look_whole() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database)).await;
        // More rows than are allowed, and longer than is allowed.
        for path in ["/short", "/brief"] {
            let body = rest(begin(running.socket(), path).await).await;
            assert!(body.len() > 16 * 1024 && !is_whole(&body), "{backend} {path}: {}", body.len());
            until_free(running.socket()).await;
        }
        assert!(is_whole(&rest_closing(running.socket(), "/lines/exact").await), "{backend}");
    }
}

async fn rest_closing(socket: SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    let head = format!("GET /api{path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    rest(stream).await
}

#[tokio::test]
async fn a_server_that_stops_breaks_streams_off() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database)).await;
        let client = begin(running.socket(), "/endless").await;
        let stopped = tokio::task::spawn_blocking(move || drop(running));
        tokio::time::timeout(Duration::from_secs(25), stopped).await.expect("it does not wait for the stream").unwrap();
        assert!(!is_whole(&rest(client).await), "{backend}");
    }
}

/// A row in the middle cannot be shown.
#[derive(Serialize, JsonSchema)]
struct Fragile {
    id: i64,
}

impl From<super::Counted> for Fragile {
    fn from(super::Counted { id }: super::Counted) -> Self {
        assert!(id < 5_000, "on purpose");
        Self { id }
    }
}

fn fragile() -> Operations {
    let list = SelectorSpec::from_fn("fragile", super::numbers).allow(Anyone).present::<Fragile>();
    Operations::new().add(list.stream(Streaming::default()).rest(GET, "/fragile"))
}

#[tokio::test]
async fn a_panic_breaks_its_stream_off_and_no_other() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database).mount(fragile())).await;
        for _ in 0..2 {
            let body = rest(begin(running.socket(), "/fragile").await).await;
            assert!(body.len() > 16 * 1024 && !is_whole(&body), "{backend}: {}", body.len());
            until_free(running.socket()).await;
        }
        assert!(is_whole(&rest_closing(running.socket(), "/lines/exact").await), "{backend}");
    }
}

/// An authenticator that panics from some moment on.
#[derive(Clone, Default)]
struct Mistaken(Arc<AtomicBool>);

impl Activity for Mistaken {
    fn is_active<'a>(&'a self, _: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        assert!(!self.0.load(Ordering::SeqCst), "on purpose");
        Box::pin(async { Ok(true) })
    }
}

/// Whoever reads has to be told: an end without a word looks like that of a whole list.
#[tokio::test]
async fn a_panic_beside_the_rows_is_an_error_behind_them() {
    for (backend, operation) in EVERY.into_iter().flat_map(|backend| [(backend, "fragile"), (backend, "endless")]) {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let settings = Settings { standing_interval: Duration::from_millis(20), ..Settings::default() };
        let engine = Engine::builder(db).operations(operations().merge(fragile())).settings(settings).build().unwrap();
        let mut caller = Caller::new(None, Via::new(Surface::InProcess));
        let mistaken = Mistaken::default();
        if operation == "endless" {
            engine.ask_about_callers(Arc::new(mistaken.clone()));
            caller.principal = Some(Principal::new("it", "ann", [""; 0]).unwrap());
        }
        let begun = engine.stream(engine.operation(operation).unwrap(), Arguments::named("{}"), caller).await;
        let mut rows = begun.unwrap();
        mistaken.0.store(true, Ordering::SeqCst);
        let broken = loop {
            match rows.next().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        };
        let kind = broken.map(|broken| broken.map_err(|error| error.kind()));
        assert_eq!(kind, Some(Err(ErrorKind::Internal)), "{backend} {operation}");
    }
}

/// It has no chunks, so nobody could tell that a stream was broken off.
#[tokio::test]
async fn http_1_0_has_pages() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(server(&database)).await;
    for accept in ["application/x-ndjson", "text/csv"] {
        let mut stream = TcpStream::connect(running.socket()).await.unwrap();
        let head = format!("GET /api/lines/exact HTTP/1.0\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = String::from_utf8(rest(stream).await).unwrap().to_lowercase();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("http/1.0 200"), "{head}");
        assert!(head.contains("content-type: application/json") && !head.contains("chunked"), "{head}");
        let length = format!("content-length: {}", body.len());
        assert!(head.contains(&length) && body.starts_with("{\"items\":["), "{head}\r\n\r\n{body}");
    }
}
