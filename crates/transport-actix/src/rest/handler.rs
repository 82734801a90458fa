//! The handler of every REST route: decode, dispatch, encode.

use super::{accept, decode, encode, idempotency, stream, trace, version};
use crate::{
    edge, guard,
    identify::{Place, identify},
    refusal::Refusal,
    shared::Shared,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::Version,
    web::{self, Payload, ServiceConfig},
};
use diptych_pipeline::{Caller, Surface, Via};
use diptych_spec::Error;
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
            shared.sent(response, "", &request, payload)
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
    let address = shared.arrived(request)?;
    if let Some(answer) = edge::cors::preflight(shared, request, || shared.routes.served(decode::target(request)?.path))
    {
        return answer;
    }
    edge::admit(&shared.settings, request)?;
    if !request.method().is_safe() {
        edge::origin::check(&shared.settings, request)?;
    }
    let target = decode::target(request)?;
    let found = shared.routes.find(request.method(), target.path)?;
    let operation = &shared.engine.operations()[found.operation];
    trace::routed(request, prefix, &found, operation);
    let place = Place { endpoint: "", closed: shared.settings.require_authentication == Some(true) };
    let principal = identify(shared, place, request, address).await?;
    let mut caller = Caller::new(principal, Via::new(Surface::Rest).with_address(address));
    // Nothing is read from a caller who may not use the operation, or too often.
    let mut quotas = Vec::new();
    let told = shared.settings.limit_fields.then_some(&mut quotas);
    shared.engine.admit(operation, &mut caller, told).await?;
    if operation.is_service() {
        let refused = |error: &Error| shared.engine.note_refusal(operation, &caller, error);
        let key = idempotency::key(request).inspect_err(refused)?;
        let expected = version::expected(operation.declaration(), request).inspect_err(refused)?;
        (caller.idempotency_key, caller.expected_version) = (key, expected);
    }
    let body = decode::body(shared, operation, request, payload).await?;
    let arguments = decode::arguments(found, request.query_string(), body.as_deref(), shared.settings.json)?;
    // HTTP/1.0 has no chunks, by which a client could tell that a stream was broken off (RFC 9112, section 6.1).
    let streams = request.version() > Version::HTTP_10;
    if let Some(format) = accept::wanted(operation.declaration(), request.headers()).filter(|_| streams) {
        let rows = shared.engine.stream(operation, arguments, caller).await?;
        return Ok(stream::response(shared, operation.declaration(), request, format, rows, &quotas));
    }
    // When the client goes away, actix drops this future, and the service is rolled back.
    let outcome = shared.engine.dispatch(operation, arguments, caller).await?;
    if shared.settings.limit_fields && !outcome.quotas().is_empty() {
        quotas = outcome.quotas().to_vec();
    }
    Ok(encode::response(shared, operation.declaration(), target.mount, request, outcome, &quotas))
}
