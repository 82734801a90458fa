//! A server that listens on a free port for as long as a test needs it.

use diptych::{Addresses, MCPServerBuilder, Server};
use std::{net::SocketAddr, thread::JoinHandle};
use tokio::sync::oneshot;

/// A server in a thread of its own, with its real workers. Dropping it shuts it down.
#[derive(Debug)]
pub struct RunningServer {
    addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// Builds the server and listens on a free port of 127.0.0.1.
    pub async fn start(builder: MCPServerBuilder) -> Self {
        Self::run(async { builder.build().await.unwrap_or_else(|error| panic!("{error}")) }).await
    }

    /// Listens on a free port of 127.0.0.1 with a server that is built already, and may be called in other ways too.
    pub async fn serve(server: Server) -> Self {
        Self::run(async { server }).await
    }

    async fn run(server: impl Future<Output = Server> + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, addresses) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = server.await;
                let bind: SocketAddr = "127.0.0.1:0".parse().expect("an address");
                let listener = server.listen(bind).unwrap_or_else(|error| panic!("{error}"));
                listening.send(listener.addresses().clone()).expect("the test waits");
                let stopped = async move {
                    let _ = stopped.await;
                };
                listener.run_until(stopped).await.unwrap_or_else(|error| panic!("{error}"));
            });
        });
        let addresses = addresses.await.expect("the server starts");
        Self { addresses, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The socket it listens on.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.addresses.socket
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
