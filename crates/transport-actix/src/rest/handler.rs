//! The handler of every REST route: decode, dispatch, encode.

use super::{decode, encode, trace};
use crate::{auth, edge, guard, http::Shared, refusal::Refusal};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Payload, ServiceConfig},
};
use diptych_pipeline::Caller;
use std::{pin::pin, sync::Arc};
use tracing::Instrument as _;

/// Answers everything under `prefix`.
pub(crate) fn mount(shared: Arc<Shared>, prefix: &str, config: &mut ServiceConfig) {
    let rooted: Arc<str> = prefix.into();
    let handler = move |request: HttpRequest, mut payload: Payload| {
        let (shared, prefix) = (Arc::clone(&shared), Arc::clone(&rooted));
        async move {
            let span = trace::request(&request);
            let answer = guard::answered(answer(&shared, &prefix, &request, &mut payload));
            let response = pin!(answer).instrument(span.clone()).await;
            trace::answered(&span, &response);
            shared.sent(response, &request, payload)
        }
    };
    if prefix.is_empty() {
        config.default_service(web::to(handler));
    } else {
        config.service(web::scope(prefix).default_service(web::to(handler)));
    }
}

async fn answer(
    shared: &Shared,
    prefix: &str,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refusal> {
    edge::host::check(&shared.settings, request)?;
    if !request.method().is_safe() {
        edge::origin::check(&shared.settings, request)?;
    }
    let target = decode::target(request)?;
    let found = shared.routes.find(request.method(), target.path)?;
    let operation = &shared.engine.operations()[found.operation];
    trace::routed(request, prefix, &found, operation);
    let principal = auth::identify(&*shared.authenticator, request).await?;
    let body = decode::body(shared, operation, principal.as_ref(), request, payload).await?;
    let arguments = decode::arguments(found, request.query_string(), body.as_deref())?;
    // When the client goes away, actix drops this future, and the service is rolled back.
    let outcome = shared.engine.dispatch(operation, arguments, Caller::new(principal)).await?;
    Ok(encode::response(operation.declaration(), target.mount, outcome))
}
