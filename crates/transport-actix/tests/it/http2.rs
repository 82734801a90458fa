//! HTTP/2 in the clear, with a client that begins with it.

use crate::fixture::{Server, settings};
use bytes::Bytes;
use diptych_auth::{Authenticator, Credentials};
use diptych_spec::{Principal, Result as Checked};
use diptych_transport_actix::HttpSettings;
use futures_util::future::{BoxFuture, ready};
use h2::{Reason, client::SendRequest};
use http::{Method, Request, Response};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::net::TcpStream;

fn server() -> Server {
    Server::with(HttpSettings { http2: true, ..settings() })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), work).await.expect("it takes too long") })
}

async fn connect(server: &Server) -> SendRequest<Bytes> {
    let socket = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(async { drop(connection.await) });
    client.ready().await.unwrap()
}

/// Waits for a signal, while the client's own connection goes on in this thread.
async fn told(signal: &mpsc::Receiver<()>) {
    while signal.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
}

fn request(server: &Server, method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("http://{}{path}", server.address))
}

async fn send(client: &SendRequest<Bytes>, request: Request<()>, body: &str) -> Result<Response<String>, h2::Error> {
    let mut client = client.clone().ready().await?;
    let (response, mut stream) = client.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(body.to_owned().into(), true)?;
    }
    let (parts, mut body) = response.await?.into_parts();
    let mut text = Vec::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        text.extend_from_slice(&part);
    }
    Ok(Response::from_parts(parts, String::from_utf8(text).unwrap()))
}

#[test]
fn it_serves_what_http_1_1_does() {
    let server = server();
    run(async {
        let client = connect(&server).await;
        let post = |path: &str| {
            let request = request(&server, Method::POST, path).header("authorization", "Bearer ann");
            request.header("content-type", "application/json").body(()).unwrap()
        };
        // The body has no length of its own.
        let created = send(&client, post("/api/notes"), r#"{"text":"milk"}"#).await.unwrap();
        assert_eq!((created.status().as_u16(), &**created.body()), (201, r#"{"id":1,"text":"milk"}"#));
        assert_eq!(created.headers()["location"], "/api/notes/1");
        assert!(created.headers().contains_key("date") && !created.headers().contains_key("connection"));
        let get = |path: &str| request(&server, Method::GET, path).body(()).unwrap();
        let read = send(&client, get("/api/notes/1"), "").await.unwrap();
        assert_eq!((read.status().as_u16(), &**read.body()), (200, r#"{"id":1,"text":"milk"}"#));
        assert_eq!(read.headers()["cache-control"], "no-store");
        let head = send(&client, request(&server, Method::HEAD, "/api/notes/1").body(()).unwrap(), "").await.unwrap();
        assert_eq!((&**head.body(), &head.headers()["content-length"]), ("", &"22".parse().unwrap()));
        assert_eq!(send(&client, get("/api/nothing"), "").await.unwrap().status(), 404);
        let called = send(&client, post("/mcp"), r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await.unwrap();
        assert_eq!(called.status(), 400);
        let long = format!(r#"{{"tree":{{"name":"{}","branches":[]}}}}"#, "x".repeat(900_000));
        let plant = request(&server, Method::PUT, "/api/trees").header("content-type", "application/json");
        let planted = send(&client, plant.body(()).unwrap(), &long).await.unwrap();
        assert_eq!((planted.status().as_u16(), planted.body().len()), (200, 900_025));
        // And HTTP/1.1 on the same socket.
        assert_eq!(server.get("/api/notes/count").body, "1");
    });
}

#[test]
fn the_name_is_said_once() {
    let server = server();
    run(async {
        let client = connect(&server).await;
        let own = server.address.to_string();
        for (authority, host, status) in [
            (&*own, None, 200),
            (&own, Some(&*own), 200),
            (&own, Some("evil.example"), 400),
            ("evil.example", None, 403),
            ("evil.example", Some(&own), 400),
        ] {
            let mut request = Request::builder().uri(format!("http://{authority}/api/notes/count"));
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let answer = send(&client, request.body(()).unwrap(), "").await.unwrap();
            assert_eq!(answer.status(), status, "{authority} {host:?}");
        }
        let connect = Request::builder().method(Method::CONNECT).uri("evil.example:443").body(()).unwrap();
        assert_eq!(send(&client, connect, "").await.unwrap().status(), 501);
    });
}

/// actix's own dispatcher would let it run to its end.
#[test]
fn a_reset_stream_withdraws_its_call() {
    let server = server();
    run(async {
        let client = connect(&server).await;
        let request = request(&server, Method::POST, "/api/wait").body(()).unwrap();
        let (response, mut stream) = client.clone().ready().await.unwrap().send_request(request, true).unwrap();
        told(&server.started).await;
        stream.send_reset(Reason::CANCEL);
        drop(response);
        told(&server.dropped).await;
        let count = Request::builder().uri(format!("http://{}/api/notes/count", server.address)).body(()).unwrap();
        assert_eq!(send(&client, count, "").await.unwrap().body(), "0");
    });
}

#[test]
fn a_closed_connection_withdraws_its_calls() {
    let server = server();
    run(async {
        let socket = TcpStream::connect(server.address).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        let connection = tokio::spawn(async { drop(connection.await) });
        let request = request(&server, Method::POST, "/api/wait").body(()).unwrap();
        let sent = client.ready().await.unwrap().send_request(request, true).unwrap();
        told(&server.started).await;
        connection.abort();
        drop(sent);
        told(&server.dropped).await;
    });
    assert_eq!(server.count(), 0);
}

#[test]
fn streams_and_headers_are_bounded() {
    let server = server();
    run(async {
        let client = connect(&server).await;
        let many = (0..100).fold(request(&server, Method::GET, "/api/notes/count"), |request, at| {
            request.header(format!("x-{at}"), "y")
        });
        assert_eq!(send(&client, many.body(()).unwrap(), "").await.unwrap().status(), 431);
        let long = request(&server, Method::GET, "/api/notes/count").header("x", "y".repeat(80 * 1024));
        let refused = send(&client, long.body(()).unwrap(), "").await;
        assert!(refused.as_ref().map_or(true, |answer| answer.status() == 431), "{refused:?}");
        // The settings of the server have arrived by now.
        let client = connect(&server).await;
        assert_eq!(
            send(&client, request(&server, Method::GET, "/api/notes/count").body(()).unwrap(), "")
                .await
                .unwrap()
                .status(),
            200
        );
        assert_eq!(client.current_max_send_streams(), 100);
    });
}

#[test]
fn a_flood_of_resets_leaves_nothing() {
    let server = server();
    run(async {
        let client = connect(&server).await;
        for _ in 0..20_000 {
            // Once the connection is ended, there is nothing to send on.
            let Ok(mut ready) = client.clone().ready().await else { break };
            let request = request(&server, Method::POST, "/api/wait").body(()).unwrap();
            let Ok((_, mut stream)) = ready.send_request(request, true) else { break };
            stream.send_reset(Reason::CANCEL);
        }
    });
    assert_eq!(server.count(), 0);
}

#[test]
fn an_idle_connection_ends_and_does_not_hold_a_server_that_stops() {
    let mut server = Server::with(HttpSettings { http2: true, keep_alive: Duration::from_millis(100), ..settings() });
    run(async {
        let socket = TcpStream::connect(server.address).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        connection.await.unwrap();
        drop(client);
    });
    let held = Server::with(HttpSettings { http2: true, keep_alive: Duration::from_secs(600), ..settings() });
    run(async {
        let client = connect(&held).await;
        let count = request(&held, Method::GET, "/api/notes/count").body(()).unwrap();
        assert_eq!(send(&client, count, "").await.unwrap().status(), 200);
        let mut held = held;
        held.ask_to_stop();
        tokio::task::spawn_blocking(move || held.join()).await.unwrap();
        drop(client);
    });
    server.ask_to_stop();
    server.join();
}

/// Signs in whom the cookie `session` names.
#[derive(Debug)]
struct Sessions;

impl Authenticator for Sessions {
    fn authenticate<'a>(&'a self, sent: &'a Credentials<'a>) -> BoxFuture<'a, Checked<Option<Principal>>> {
        let session = sent.cookie("session").map(|who| Principal::new("sessions", who, [""; 0]));
        Box::pin(ready(session.transpose()))
    }
}

/// Browsers send each in a field of its own (RFC 9113, section 8.2.3).
#[test]
fn cookies_are_one_field() {
    let settings = HttpSettings { http2: true, ..settings() };
    let server = Server::asking(settings, Some(Arc::new(Sessions)));
    run(async {
        let client = connect(&server).await;
        let whoami = request(&server, Method::GET, "/api/whoami").header("cookie", "theme=dark");
        let whoami = whoami.header("cookie", "session=ann").header("cookie", "lang=en").body(()).unwrap();
        let answer = send(&client, whoami, "").await.unwrap();
        assert_eq!((answer.status().as_u16(), &**answer.body()), (200, r#"["sessions","ann"]"#));
    });
}

#[test]
fn who_reads_slowly_is_waited_for_and_who_does_not_read_is_not() {
    let deadline = Duration::from_secs(2);
    let server = Server::with(HttpSettings { http2: true, write_deadline: deadline, ..settings() });
    let long = format!(r#"{{"tree":{{"name":"{}","branches":[]}}}}"#, "x".repeat(900_000));
    let plant = || {
        let request = request(&server, Method::PUT, "/api/trees").header("content-type", "application/json");
        request.body(()).unwrap()
    };
    run(async {
        for (pause, is_waited_for) in [(Duration::from_millis(50), true), (deadline * 2, false)] {
            let client = connect(&server).await;
            let (response, mut stream) = client.ready().await.unwrap().send_request(plant(), false).unwrap();
            stream.send_data(long.clone().into(), true).unwrap();
            let mut body = response.await.unwrap().into_body();
            let mut length = 0;
            let ended = loop {
                if is_waited_for || length == 0 {
                    tokio::time::sleep(pause).await;
                }
                match body.data().await {
                    Some(Ok(part)) => {
                        length += part.len();
                        let _ = body.flow_control().release_capacity(part.len());
                    }
                    Some(Err(error)) => break error.reason(),
                    None => break None,
                }
            };
            let expected = if is_waited_for { (900_025, None) } else { (length.min(65_535), Some(Reason::CANCEL)) };
            assert_eq!((length, ended), expected);
        }
    });
}

#[test]
fn it_is_off_unless_it_is_asked_for() {
    let server = Server::start();
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert!(crate::client::raw(server.address, preface.as_bytes()).status >= 400);
}
