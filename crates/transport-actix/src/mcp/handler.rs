//! The handler of the MCP endpoint: decode, hand over, encode.

use super::{refuse, stream::Exchange};
use crate::{auth, edge, guard, http::Shared, refusal::Refusal};
use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{self, Payload, ServiceConfig},
};
use bytes::Bytes;
use diptych_mcp::Server;
use std::sync::Arc;

/// Answers at `path` as this server.
pub(crate) fn mount(shared: Arc<Shared>, server: Server, path: &str, config: &mut ServiceConfig) {
    let handler = move |request: HttpRequest, mut payload: Payload| {
        let (shared, server) = (Arc::clone(&shared), server.clone());
        async move {
            let response = guard::answered(answer(&shared, &server, &request, &mut payload)).await;
            shared.sent(response, &request, payload)
        }
    };
    config.service(web::resource(path).route(web::to(handler)));
}

async fn answer(
    shared: &Shared,
    server: &Server,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refusal> {
    let method = request.method();
    if ![Method::POST, Method::GET, Method::DELETE].contains(method) {
        return Err(refuse::method());
    }
    edge::host::check(&shared.settings, request)?;
    edge::origin::check(&shared.settings, request)?;
    let principal = auth::identify(&*shared.authenticator, request).await?;
    let body = match *method {
        Method::POST => edge::body::read(&shared.settings, request, payload).await?,
        _ => Bytes::new(),
    };
    Ok(Exchange::begin(server, request, body, principal).response().await)
}
