//! The handler of the MCP endpoint: decode, hand over, encode.

use super::{refuse, stream::Exchange};
use crate::{
    edge, guard,
    identify::{Place, identify},
    refusal::Refusal,
    shared::Shared,
};
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
    let closed = shared.is_closed(&server);
    let handler = move |request: HttpRequest, mut payload: Payload| {
        let (shared, server) = (Arc::clone(&shared), server.clone());
        async move {
            let place = Place { endpoint: server.place(), closed };
            let response = guard::answered(answer(&shared, &server, place, &request, &mut payload)).await;
            shared.sent(response, server.place(), &request, payload)
        }
    };
    config.service(web::resource(path).route(web::to(handler)));
}

async fn answer(
    shared: &Shared,
    server: &Server,
    place: Place<'_>,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refusal> {
    let address = shared.arrived(request)?;
    if let Some(answer) = edge::cors::preflight(shared, request, || Ok(refuse::METHODS.to_owned())) {
        return answer;
    }
    let method = request.method();
    if ![Method::POST, Method::GET, Method::DELETE].contains(method) {
        return Err(refuse::method());
    }
    edge::admit(&shared.settings, request)?;
    edge::origin::check(&shared.settings, request)?;
    let principal = identify(shared, place, request, address).await?;
    let body = match *method {
        Method::POST if !edge::body::is_plain(request) => return Err(refuse::compressed()),
        Method::POST => edge::body::read(&shared.settings, request, payload).await?,
        _ => Bytes::new(),
    };
    Ok(Exchange::begin(server, request, address, body, principal).response().await)
}
