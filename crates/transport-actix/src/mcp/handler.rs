//! The handler of the MCP endpoint: decode, hand over, encode.

use super::{refuse, stream::Exchange};
use crate::{auth, edge, guard, http::Shared, refusal::Refusal};
use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{self, Payload, ServiceConfig},
};
use bytes::Bytes;
use std::sync::Arc;

/// Answers at `path`.
pub(crate) fn mount(shared: Arc<Shared>, path: &str, config: &mut ServiceConfig) {
    let handler = move |request: HttpRequest, mut payload: Payload| {
        let shared = Arc::clone(&shared);
        async move {
            let response = guard::answered(answer(&shared, &request, &mut payload)).await;
            shared.sent(response, &request, payload)
        }
    };
    config.service(web::resource(path).route(web::to(handler)));
}

async fn answer(shared: &Shared, request: &HttpRequest, payload: &mut Payload) -> Result<HttpResponse, Refusal> {
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
    Ok(Exchange::begin(&shared.mcp, request, body, principal).response().await)
}
