//! One request of MCP and its answer: a JSON body, or an event stream from the first message that comes before the reply.

use super::{decode, encode};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
};
use bytes::Bytes;
use diptych_mcp::{Events, Reply, Server};
use diptych_spec::Principal;
use futures_util::{FutureExt as _, future::LocalBoxFuture, stream};
use std::{convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, time::Duration};

/// After so long without an event, a comment is sent: proxies close what is silent, and a lost client is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A request that is being answered. When it is dropped, so is the work, unless that goes on without a connection.
pub(super) struct Exchange {
    work: Option<LocalBoxFuture<'static, Reply>>,
    events: Events,
}

impl Exchange {
    /// The work does not begin before it is polled.
    pub(super) fn begin(
        server: &Server,
        request: &HttpRequest,
        address: Option<IpAddr>,
        body: Bytes,
        principal: Option<Principal>,
    ) -> Self {
        let events = Events::new();
        let work = {
            let (server, request, events) = (server.clone(), request.clone(), events.clone());
            async move {
                let (head, principal) = (decode::head(&request, address), principal.as_ref());
                match *request.method() {
                    Method::POST => server.post(&head, &body, principal, &events).await,
                    Method::DELETE => server.delete(&head, principal).await,
                    _ => server.get(&head, principal, &events).await,
                }
            }
        };
        Self { work: Some(Box::pin(work)), events }
    }

    /// Waits for the first thing to send.
    pub(super) async fn response(mut self) -> HttpResponse {
        if let Some(work) = &mut self.work {
            tokio::select! {
                biased;
                () = self.events.started() => {}
                reply = work => {
                    self.work = None;
                    if !self.events.has_started() {
                        return encode::response(reply);
                    }
                }
            }
        }
        let mut response = HttpResponse::build(StatusCode::OK);
        encode::events(&mut response);
        response.streaming(stream::unfold(self, Self::next))
    }

    /// What is to be sent next.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let mut out = Vec::new();
        while out.is_empty() {
            let work = async {
                match &mut self.work {
                    Some(work) => AssertUnwindSafe(work).catch_unwind().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = self.events.next() => encode::event(&event?, &mut out),
                done = work => {
                    if done.is_err() {
                        tracing::error!("an MCP request panicked after its answer had begun");
                    }
                    self.work = None;
                    self.events.close();
                }
                () = tokio::time::sleep(KEEP_ALIVE) => out.extend_from_slice(b": keep-alive\n\n"),
            }
        }
        // What else is there goes along.
        while let Some(Some(event)) = self.events.next().now_or_never() {
            encode::event(&event, &mut out);
        }
        Some((Ok(out.into()), self))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.events.close();
        if let Some(work) = self.work.take()
            && self.events.survives()
            && tokio::runtime::Handle::try_current().is_ok()
        {
            actix_web::rt::spawn(AssertUnwindSafe(work).catch_unwind());
        }
    }
}
