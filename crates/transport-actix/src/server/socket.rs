//! A connection that gives up on a client that does not read, or does not finish what it began to say. actix waits for as long as
//! it takes: for the first with the answer in memory, for the second from its second request on.

use super::activity::Activity;
use crate::settings::HttpSettings;
use actix_web::rt::net::TcpStream;
use std::{
    future::Future as _,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// A client that has taken so much since it first made the server wait is reading.
pub(super) const PROGRESS: usize = 16 * 1024;

pub(super) struct Socket {
    stream: TcpStream,
    /// Read to find out which protocol it is, and not yet read by that.
    ahead: Vec<u8>,
    write_deadline: Duration,
    head_deadline: Duration,
    activity: Rc<Activity>,
    /// How many calls had begun when the first byte of a head came; `None` before it and after the head.
    head: Option<u64>,
    /// Runs from that byte. It is kept from one head to the next.
    late: Option<Pin<Box<Sleep>>>,
    /// Runs from when the client first made the server wait.
    waiting: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, settings: &HttpSettings) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
            write_deadline: settings.write_deadline,
            // After the deadline of actix, which has an answer for a first head that is slow.
            head_deadline: settings.head_deadline + Duration::from_secs(1),
            activity: Rc::default(),
            head: None,
            late: None,
            waiting: None,
            taken: 0,
        }
    }

    pub(super) fn activity(&self) -> &Rc<Activity> {
        &self.activity
    }

    /// Whether a head was begun too long ago.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        self.head.take_if(|begun| *begun != self.activity.begun());
        match &mut self.late {
            Some(late) if self.head.is_some() => late.as_mut().poll(context).is_ready(),
            _ => false,
        }
    }

    /// Whether HTTP/2 begins (RFC 9113, section 3.4): no method of HTTP/1.1 begins with these letters.
    #[cfg(feature = "http2")]
    pub(super) async fn begins_http2(&mut self) -> io::Result<bool> {
        const PREFACE: &[u8] = b"PRI";
        while self.ahead.len() < PREFACE.len() && PREFACE.starts_with(&self.ahead) {
            self.stream.readable().await?;
            let mut bytes = [0; PREFACE.len()];
            match self.stream.try_read(&mut bytes[self.ahead.len()..]) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    let from = self.ahead.len();
                    self.ahead.extend_from_slice(&bytes[from..from + count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.ahead == PREFACE)
    }

    /// What became of a write: an error when the client has taken too little for too long.
    fn wrote(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match wrote {
            Poll::Ready(Ok(count)) => {
                self.taken += count;
                if self.taken >= PROGRESS {
                    self.waiting = None;
                    self.taken = 0;
                }
                wrote
            }
            Poll::Ready(Err(_)) => wrote,
            Poll::Pending => {
                let waiting = self.waiting.get_or_insert_with(|| {
                    self.taken = 0;
                    Box::pin(tokio::time::sleep(self.write_deadline))
                });
                waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead[..count]);
            self.ahead.drain(..count);
            return Poll::Ready(Ok(()));
        }
        if self.is_late(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && self.head.is_none() && self.activity.awaits_a_head() {
            let end = Instant::now() + self.head_deadline;
            match &mut self.late {
                Some(late) => late.as_mut().reset(end),
                None => self.late = Some(Box::pin(tokio::time::sleep_until(end))),
            }
            self.head = Some(self.activity.begun());
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wrote(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Whoever writes flushes when everything is written: the client has taken what there was.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
