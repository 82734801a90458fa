//! The load: connections that are kept open, each sending its next request when the last was answered.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A server under load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) socket: SocketAddr,
    pub(crate) prefix: &'static str,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    Create,
    Get,
    Page,
    McpGet,
}

impl Load {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get one row",
            Self::Page => "page of 25 with total",
            Self::McpGet => "get one row, over MCP",
        }
    }

    fn request(self, target: &Target) -> String {
        let prefix = target.prefix;
        let (method, path, headers, body) = match self {
            Self::Create => {
                ("POST", format!("{prefix}/notes"), "", r#"{"owner": "writer", "text": "something to remember"}"#)
            }
            Self::Get => ("GET", format!("{prefix}/notes/00000000-0000-0000-0000-000000000007"), "", ""),
            Self::Page => ("GET", format!("{prefix}/owners/reader/notes?page=3"), "", ""),
            Self::McpGet => (
                "POST",
                "/mcp".to_owned(),
                "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: notes.get\r\n",
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"notes.get","arguments":{"id":"00000000-0000-0000-0000-000000000007"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            ),
        };
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}{length}\r\n{body}", target.socket)
    }

    /// Answers per second.
    pub(crate) async fn run(self, target: &Target, connections: usize, time: Duration) -> f64 {
        let request = self.request(target);
        let (socket, until) = (target.socket, Instant::now() + time);
        // Threads of their own, so that the load does not run on the server's runtimes.
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let request = request.clone();
                std::thread::spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    let local = tokio::task::LocalSet::new();
                    local.block_on(&runtime, async move {
                        let each = (0..connections / 2)
                            .map(|_| tokio::task::spawn_local(client(socket, request.clone(), until)));
                        let mut answered = 0;
                        for client in each.collect::<Vec<_>>() {
                            answered += client.await.expect("a client");
                        }
                        answered
                    })
                })
            })
            .collect();
        let answered: usize = tokio::task::spawn_blocking(move || {
            threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
        })
        .await
        .expect("the load ends");
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let answered = answered as f64;
        answered / time.as_secs_f64()
    }
}

async fn client(socket: SocketAddr, request: String, until: Instant) -> usize {
    let mut stream = TcpStream::connect(socket).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    let mut buffer = vec![0; 64 * 1024];
    let mut answered = 0;
    while Instant::now() < until {
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut read = 0;
        loop {
            let more = stream.read(&mut buffer[read..]).await.expect("the server answers");
            assert!(more > 0, "the server closed the connection");
            read += more;
            if is_whole(&buffer[..read]) {
                break;
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&buffer[..read]));
        answered += 1;
    }
    answered
}

/// Whether the answer has arrived to its last byte.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    answer.len() >= end + 4 + length
}
