//! Stopping: what runs is waited for, what is answered is the last on its connection.

use crate::client;
use crate::fixture::Server;
use std::io::Write as _;

#[test]
fn a_running_call_is_finished() {
    let mut server = Server::start();
    let mut socket = client::connect(server.address);
    let request = server.request("POST", "/api/wait", &[], None).replace("Connection: close\r\n", "");
    socket.write_all(request.as_bytes()).unwrap();
    Server::wait_for(&server.started);
    server.ask_to_stop();
    server.open.notify_one();
    let answer = client::read(socket);
    assert_eq!((answer.status, &*answer.body), (200, "1"));
    server.join();
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn an_idle_connection_does_not_hold_the_server() {
    let mut server = Server::start();
    let idle = client::connect(server.address);
    assert_eq!(server.count(), 0);
    server.ask_to_stop();
    server.join();
    drop(idle);
}
