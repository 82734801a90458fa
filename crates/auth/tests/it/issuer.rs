//! An issuer: a loopback HTTP server that counts what it is asked.

use crate::keys::{EC, RSA, set};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";

#[derive(Clone)]
pub(crate) enum Reply {
    Json(String),
    Status(u16),
    Redirect(String),
    /// Accepts the request and says nothing.
    Silence,
    /// Half of what it announces.
    Half,
    /// So many bytes, with or without saying so before.
    Bytes(usize, bool),
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Reply>,
    asked: Vec<Asked>,
    connections: usize,
}

pub(crate) struct TestIssuer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    listening: tokio::task::JoinHandle<()>,
}

impl TestIssuer {
    /// One that publishes its metadata, and [`EC`] as `ec` and [`RSA`] as `rsa`.
    pub(crate) async fn start() -> Self {
        let issuer = Self::bare("").await;
        issuer.describe(METADATA, json!({}));
        issuer.reply("/keys", Reply::Json(set([EC.jwk("ec"), RSA.jwk("rsa")])));
        issuer
    }

    /// One with this path in its identifier, that publishes nothing.
    pub(crate) async fn bare(path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state, listening }
    }

    /// Publishes metadata at this path: the usual members, and these.
    pub(crate) fn describe(&self, path: &str, more: Value) {
        let origin = self.origin();
        let mut document = json!({
            "issuer": self.url,
            "jwks_uri": format!("{origin}/keys"),
            "introspection_endpoint": format!("{origin}/introspect"),
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.reply(path, Reply::Json(document.to_string()));
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.state.lock().unwrap().replies.insert(path.to_owned(), reply);
    }

    pub(crate) fn origin(&self) -> String {
        self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often a path was asked.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// How often somebody has connected, whatever came then.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Stops listening: connections are refused from here on.
    pub(crate) async fn stop(&mut self) {
        self.listening.abort();
        let _ = (&mut self.listening).await;
    }
}

async fn answer(mut stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut read = Vec::new();
    let head = loop {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            break end;
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).into_owned();
    let length = text.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    while read.len() < head + 4 + length.unwrap_or(0) {
        stream.read_buf(&mut read).await?;
    }
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&read[head + 4..]).into_owned();
    let reply = {
        let mut state = state.lock().unwrap();
        state.asked.push(Asked { path: path.clone(), head: text, body });
        state.replies.get(&path).cloned().unwrap_or(Reply::Status(404))
    };
    let json = "Content-Type: application/json\r\nConnection: close";
    let bytes = match reply {
        Reply::Json(body) => format!("HTTP/1.1 200 OK\r\n{json}\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        Reply::Status(status) => {
            format!("HTTP/1.1 {status} Told\r\n{json}\r\nContent-Length: 26\r\n\r\n{{\"error\":\"invalid_client\"}}")
        }
        Reply::Redirect(to) => format!("HTTP/1.1 302 Found\r\n{json}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
        Reply::Half => format!("HTTP/1.1 200 OK\r\n{json}\r\nContent-Length: 1000\r\n\r\n{{\"keys\":["),
        Reply::Bytes(count, true) => {
            format!("HTTP/1.1 200 OK\r\n{json}\r\nContent-Length: {count}\r\n\r\n{}", " ".repeat(count))
        }
        Reply::Bytes(count, false) => format!("HTTP/1.1 200 OK\r\n{json}\r\n\r\n{}", " ".repeat(count)),
        Reply::Silence => {
            // Until the other side has had enough.
            stream.read_buf(&mut read).await?;
            return Ok(());
        }
    };
    stream.write_all(bytes.as_bytes()).await?;
    stream.shutdown().await
}
