//! Standard input and output of this process, as the pipes of an MCP connection. What is said on them, `diptych-mcp` knows.

use diptych_spec::Principal;
use diptych_transport_actix::{Http, terminated};
use futures_util::future::{self, Either};
use std::{
    io::{self, Read as _},
    pin::pin,
};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Handle;

/// Serves until the input ends or the process is asked to stop; then closes the database.
pub(crate) async fn serve(http: &Http, principal: Option<&Principal>) -> io::Result<()> {
    let serving = Box::pin(http.mcp_server().stdio(input(), tokio::io::stdout(), principal));
    let ended = match future::select(serving, pin!(terminated())).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), serving)) => {
            drop(serving);
            Ok(())
        }
    };
    http.engine().drain().await;
    http.engine().stop_tasks().await;
    http.engine().stop_outbox().await;
    // What tasks and messages have left to be done.
    http.engine().drain().await;
    http.engine().stop_audit().await;
    http.engine().db().close().await;
    ended
}

/// Standard input, read by a thread of its own: tokio's would keep a program that is asked to stop from ending, until the
/// next line came.
fn input() -> DuplexStream {
    let (mut to, from) = tokio::io::duplex(64 * 1024);
    let runtime = Handle::current();
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    if runtime.block_on(to.write_all(&buffer[..read])).is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!(%error, "standard input cannot be read");
                    break;
                }
            }
        }
    });
    from
}
