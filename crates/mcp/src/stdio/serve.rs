//! Reading, working and writing, side by side, in the caller's task.
//!
//! A message is begun when its line is read. What needs no waiting (lists, refusals) is answered there and then, so such
//! answers come in the order of their requests; calls run beside each other, and each is answered when it is done. One
//! loop alone writes.

use super::connection::{Answer, Connection};
use super::lines::Lines;
use crate::server::Server;
use diptych_spec::Principal;
use futures_util::future::{self, Either, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::io;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

impl Server {
    /// Serves one client, message by message and line by line, until `input` ends.
    ///
    /// The end of the input withdraws what still runs, in both eras: services are rolled back, and that is waited for. What
    /// was done before is still written. The same when the client reads no more. Dropping the future withdraws, too, and
    /// waits for nothing. When `principal` may not act any more, that is the end of the input.
    ///
    /// # Errors
    /// Reading or writing failed, other than by the client going away.
    pub async fn stdio<I, O>(&self, input: I, output: O, principal: Option<&Principal>) -> io::Result<()>
    where
        I: AsyncRead + Unpin,
        O: AsyncWrite + Unpin,
    {
        let lines = Lines::new(input, self.0.settings.max_line);
        // As many as there is room for in the connection: a line keeps its place until it is written.
        let (answers, unsent) = mpsc::unbounded_channel();
        let working = Box::pin(async {
            let connection = Connection::new(&self.0, principal, answers.clone());
            let working = async {
                tokio::select! {
                    read = work(&connection, lines, answers) => read,
                    () = self.0.engine.until_inactive(principal) => {
                        tracing::warn!("the user of this connection may not act any more");
                        Ok(())
                    }
                }
            };
            let telling = connection.tell();
            match future::select(pin!(working), pin!(telling)).await {
                Either::Left((read, _)) => read,
                Either::Right(((), working)) => working.await,
            }
        });
        let writing = Box::pin(write(output, unsent));
        let ended = match future::select(working, writing).await {
            Either::Left((read, writing)) => {
                let ((), written) = future::join(self.0.engine.drain(), writing).await;
                read.and(written)
            }
            Either::Right((written, working)) => {
                drop(working);
                self.0.engine.drain().await;
                written
            }
        };
        match ended {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            ended => ended,
        }
    }
}

/// Works on what comes until nothing more does; then drops what still runs.
async fn work<I: AsyncRead + Unpin>(
    connection: &Connection<'_>,
    mut lines: Lines<I>,
    answers: UnboundedSender<Answer>,
) -> io::Result<()> {
    let mut running = FuturesUnordered::new();
    loop {
        let done = tokio::select! {
            biased;
            Some(done) = running.next() => done,
            line = lines.next(), if connection.has_room() => match line? {
                None => return Ok(()),
                Some(line) => {
                    let mut work = Box::pin(connection.answer(line));
                    match work.as_mut().now_or_never() {
                        Some(done) => done,
                        // It is polled again as soon as it is among the others.
                        None => {
                            running.push(work);
                            None
                        }
                    }
                }
            },
        };
        if let Some(answer) = done {
            // Nobody receives once writing failed, and then this loop is about to be dropped.
            let _ = answers.send(answer);
        }
    }
}

async fn write<O: AsyncWrite + Unpin>(mut output: O, mut unsent: UnboundedReceiver<Answer>) -> io::Result<()> {
    while let Some(answer) = unsent.recv().await {
        output.write_all(&answer.line).await?;
        if unsent.is_empty() {
            output.flush().await?;
        }
    }
    Ok(())
}
