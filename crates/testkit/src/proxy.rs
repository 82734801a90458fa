//! A TCP proxy that delays, counts and breaks what the client sends, so that a statement can be cancelled while it is in
//! flight.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    task::JoinHandle,
};

/// A proxy in front of a server. Dropping it breaks every connection and stops listening.
#[derive(Debug)]
pub struct DelayProxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    task: JoinHandle<()>,
}

/// What happens to messages of clients.
#[derive(Debug, Default)]
struct Wire {
    delay_ms: AtomicU64,
    /// How many messages from now the connection is broken; 0 is never.
    break_in: AtomicU64,
    /// Whether that message is passed on all the same, and only its answer is not.
    loses_answer: AtomicBool,
    messages: AtomicU64,
    broken: Notify,
}

impl DelayProxy {
    /// A proxy in front of `upstream`, without delay.
    pub async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port is known");
        let wire = Arc::new(Wire::default());
        let shared = Arc::clone(&wire);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, upstream, Arc::clone(&shared)));
            }
        });
        Self { address, wire, task }
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Delays what clients send from now on.
    pub fn delay(&self, delay: Duration) {
        self.wire.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Breaks every connection there is.
    pub fn break_all(&self) {
        self.wire.broken.notify_waiters();
    }

    /// Breaks the connection that sends the next message, instead of passing it on.
    pub fn break_on_next_message(&self) {
        self.break_after_messages(0);
    }

    /// Passes on so many messages, and breaks the connection that sends the one after them.
    pub fn break_after_messages(&self, messages: u64) {
        self.wire.loses_answer.store(false, Ordering::SeqCst);
        self.wire.break_in.store(messages + 1, Ordering::SeqCst);
    }

    /// Passes on one message more than that, and breaks the connection when it is answered.
    pub fn lose_answer_after_messages(&self, messages: u64) {
        self.wire.loses_answer.store(true, Ordering::SeqCst);
        self.wire.break_in.store(messages + 1, Ordering::SeqCst);
    }

    /// Breaks nothing any more.
    pub fn mend(&self) {
        self.wire.break_in.store(0, Ordering::SeqCst);
    }

    /// How many messages clients have sent so far.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.wire.messages.load(Ordering::SeqCst)
    }
}

impl Drop for DelayProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.break_all();
    }
}

async fn carry(client: TcpStream, upstream: SocketAddr, wire: Arc<Wire>) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let is_deaf = AtomicBool::new(false);
    tokio::select! {
        () = pump(from_client, to_server, Some(&wire), &is_deaf) => {}
        () = pump(from_server, to_client, None, &is_deaf) => {}
        () = wire.broken.notified() => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Option<&Wire>, is_deaf: &AtomicBool) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if let Some(wire) = wire {
            wire.messages.fetch_add(1, Ordering::SeqCst);
            let delay = wire.delay_ms.load(Ordering::SeqCst);
            if delay > 0 {
                tokio::time::sleep(Duration::from_millis(delay)).await;
            }
            let before = wire.break_in.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if before == Ok(1) {
                if !wire.loses_answer.load(Ordering::SeqCst) {
                    return;
                }
                is_deaf.store(true, Ordering::SeqCst);
            }
        } else if is_deaf.load(Ordering::SeqCst) {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
