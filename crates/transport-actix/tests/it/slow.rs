//! Clients that are slow on purpose, and connections that are too many.

use crate::client;
use crate::fixture::{Server, settings};
use diptych_transport_actix::HttpSettings;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

#[test]
fn a_head_has_a_deadline() {
    let server = Server::with(HttpSettings { head_deadline: Duration::from_secs(1), ..settings() });
    let mut socket = client::connect(server.address);
    socket.write_all(b"GET /api/notes/count HTTP/1.1\r\nHost: loc").unwrap();
    assert_eq!(client::read(socket).status, 408);
    // One that says nothing at all is closed.
    let mut socket = client::connect(server.address);
    let began = Instant::now();
    let ended = socket.read_to_end(&mut Vec::new());
    assert!(began.elapsed() < Duration::from_secs(10), "{ended:?} after {:?}", began.elapsed());
}

/// actix alone gives only the first head a deadline.
#[test]
fn every_head_on_a_connection_has_a_deadline() {
    let server = Server::with(HttpSettings { head_deadline: Duration::from_secs(1), ..settings() });
    let mut socket = client::connect(server.address);
    let request = server.request("GET", "/api/notes/count", &[], None).replace("Connection: close\r\n", "");
    assert_eq!(client::exchange(&mut socket, &request).status, 200);
    assert_eq!(client::exchange(&mut socket, &request).status, 200);
    socket.write_all(b"GET /api/no").unwrap();
    let began = Instant::now();
    assert_eq!(socket.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // A long call is not a slow head.
    let mut socket = client::connect(server.address);
    let wait = server.request("POST", "/api/wait", &[], None);
    socket.write_all(wait.as_bytes()).unwrap();
    Server::wait_for(&server.started);
    socket.set_read_timeout(Some(Duration::from_millis(2500))).unwrap();
    assert!(socket.read(&mut [0; 1]).is_err());
    server.open.notify_one();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(client::read(socket).status, 200);
}

#[test]
fn an_idle_connection_is_closed() {
    let server = Server::with(HttpSettings { keep_alive: Duration::from_secs(1), ..settings() });
    let mut socket = client::connect(server.address);
    let request = server.request("GET", "/api/notes/count", &[], None).replace("Connection: close\r\n", "");
    assert_eq!(client::exchange(&mut socket, &request).status, 200);
    let began = Instant::now();
    assert_eq!(socket.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Asks for `count` answers of 4 MiB at once, reads none of them for a while, and says how much there was to read then.
fn left_unread(settings: HttpSettings, count: usize) -> usize {
    let server = Server::with(HttpSettings { body_limit: 5 * MIB, ..settings });
    let body = format!(r#"{{"tree":{{"name":"{}","branches":[]}}}}"#, "x".repeat(4 * MIB));
    let request = server.request("PUT", "/api/trees", &[], Some(&body)).replace("Connection: close\r\n", "");
    let last = server.request("GET", "/api/notes/count", &[], None);
    let mut socket = client::connect(server.address);
    let mut writing = socket.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        // The server stops reading, or hangs up.
        let _ = (0..count).try_for_each(|_| writing.write_all(request.as_bytes()));
        let _ = writing.write_all(last.as_bytes());
    });
    // What is tested is a client that does nothing for so long.
    std::thread::sleep(Duration::from_secs(2));
    let mut read = Vec::new();
    let _ = socket.read_to_end(&mut read);
    writer.join().unwrap();
    assert_eq!(server.count(), 0, "the server goes on");
    read.len()
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let patient = left_unread(settings(), 4);
    assert!(patient > 16 * MIB, "{patient}");
    let strict = left_unread(HttpSettings { write_deadline: Duration::from_millis(200), ..settings() }, 4);
    assert!(strict < 16 * MIB, "{strict}");
}

/// A connection that is closed with bytes on it which nobody read is reset, and the answer may be lost (RFC 9112, section 9.6).
#[test]
fn who_is_refused_while_sending_is_heard_for_a_while() {
    let server = Server::start();
    let body = "x".repeat(16 * MIB);
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("PUT", "/api/trees", &[], Some(&body)).as_bytes()).unwrap();
    let answer = client::read(socket);
    assert_eq!((answer.status, &*answer.problem()), (413, "body_too_large"));
}

#[test]
fn connections_are_bounded() {
    let server = Server::with(HttpSettings { max_connections: 1, workers: Some(1), ..settings() });
    let mut held = client::connect(server.address);
    held.write_all(server.request("POST", "/api/wait", &[], None).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    let mut waiting = client::connect(server.address);
    waiting.write_all(server.request("GET", "/api/notes/count", &[], None).as_bytes()).unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(waiting.read(&mut [0; 1]).is_err(), "it was served beyond the limit");
    drop(held);
    waiting.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(client::read(waiting).status, 200);
}
