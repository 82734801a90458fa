//! A client that reads an event stream as it comes (HTML, section 9.2), for tests of what is sent before an answer is done.

use std::{collections::BTreeMap, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// What to go on after.
    pub id: Option<String>,
    /// How long to wait before coming back, in milliseconds.
    pub retry: Option<u64>,
    /// The data.
    pub data: String,
}

impl ServerSentEvent {
    /// The data as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: not JSON: {:?}", self.data))
    }
}

/// An answer that is being read. Dropping it closes the connection.
#[derive(Debug)]
pub struct EventStream {
    connection: TcpStream,
    /// The status.
    pub status: u16,
    /// The header fields, names in lower case; the last of a name.
    pub headers: BTreeMap<String, String>,
    /// What came and is not decoded yet.
    raw: Vec<u8>,
    /// The decoded body that is not read yet.
    text: String,
    ended: bool,
}

impl EventStream {
    /// Sends a request and reads the head of the answer.
    pub async fn open(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        let mut connection = TcpStream::connect(address).await.expect("the server listens");
        connection.write_all(text.as_bytes()).await.expect("the server reads");
        let mut raw = Vec::new();
        let end = loop {
            if let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            assert!(connection.read_buf(&mut raw).await.expect("the server answers") > 0, "there is no answer");
        };
        let head = String::from_utf8(raw.drain(..end + 4).collect()).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let fields = lines.filter_map(|line| line.split_once(": "));
        let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { connection, status, headers, raw, text: String::new(), ended: false }
    }

    /// The next event that has an id, data or a retry; `None` at the end. Comments are passed over.
    pub async fn next(&mut self) -> Option<ServerSentEvent> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = parse(block);
                self.text = rest.to_owned();
                if event != ServerSentEvent::default() {
                    return Some(event);
                }
            }
            if self.ended {
                return None;
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        if !self.unchunk() {
            let read = self.connection.read_buf(&mut self.raw).await.unwrap_or_default();
            self.ended |= read == 0;
        }
    }

    /// Decodes one chunk (RFC 9112, section 7.1), if one is there.
    fn unchunk(&mut self) -> bool {
        let Some(line) = self.raw.windows(2).position(|two| two == b"\r\n") else { return false };
        let size = str::from_utf8(&self.raw[..line]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("a chunk has a size");
        let end = line + 2 + size + 2;
        if self.raw.len() < end {
            return false;
        }
        self.ended = size == 0;
        self.text.push_str(str::from_utf8(&self.raw[line + 2..end - 2]).expect("events are text"));
        self.raw.drain(..end);
        true
    }
}

fn parse(block: &str) -> ServerSentEvent {
    let mut event = ServerSentEvent::default();
    for line in block.lines() {
        match line.split_once(':') {
            Some(("id", value)) => event.id = Some(value.trim_start().to_owned()),
            Some(("retry", value)) => event.retry = value.trim().parse().ok(),
            Some(("data", value)) => event.data.push_str(value.trim_start()),
            _ => {}
        }
    }
    event
}
