//! Hands requests to the issuer for development, and sends what it replies. To this machine only: loopback peers that use a
//! loopback name, and pages of loopback origins.

use crate::{edge, guard, refusal::Refusal, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION,
            CONTENT_TYPE, HeaderName,
        },
    },
    web::{self, Payload, ServiceConfig},
};
use diptych_auth::{IssuerReply, IssuerRequest, LocalIssuer};
use std::sync::Arc;

/// The longest form or registration that is read.
const BODY_LIMIT: usize = 64 * 1024;
/// What proxies add to a request that comes from elsewhere.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
/// Where a user is, not a page's script.
const PAGE: &str = "/issuer/authorize";

/// Answers at each of its paths.
pub(crate) fn mount(shared: &Arc<Shared>, issuer: &LocalIssuer, config: &mut ServiceConfig) {
    for path in LocalIssuer::PATHS {
        let (shared, issuer) = (Arc::clone(shared), issuer.clone());
        let handler = move |request: HttpRequest, mut payload: Payload| {
            let (shared, issuer) = (Arc::clone(&shared), issuer.clone());
            async move {
                let response = guard::answered(answer(&shared, &issuer, path, &request, &mut payload)).await;
                let mut response = shared.sent(response, "", &request, payload);
                // Clients in a browser read the rest; this one is for the user alone.
                if path == PAGE {
                    response.headers_mut().remove(ACCESS_CONTROL_ALLOW_ORIGIN);
                }
                response
            }
        };
        config.service(web::resource(path).route(web::to(handler)));
    }
}

async fn answer(
    shared: &Shared,
    issuer: &LocalIssuer,
    path: &str,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<HttpResponse, Refusal> {
    let address = shared.arrived(request)?;
    // Whatever the settings of the other surfaces say. A proxy on this machine has a near address, and so may its `Host`.
    let near = address.is_none_or(|address| address.is_loopback())
        && !FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    if !near || !edge::local::address(request).ip().is_loopback() || !edge::host::is_loopback(request) {
        return Err(Refusal::http(
            StatusCode::FORBIDDEN,
            "development_only",
            "this issuer is for development, so it answers this machine only, by a loopback name such as localhost",
        ));
    }
    edge::target::check(&shared.settings, request)?;
    edge::origin::loopback(request)?;
    if *request.method() == Method::OPTIONS && path != PAGE {
        let mut response = HttpResponse::NoContent();
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, mcp-protocol-version"));
        return Ok(response.finish());
    }
    let body = edge::body::read_up_to(BODY_LIMIT, &shared.settings, request, payload).await?;
    let field = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let reply = issuer.reply(&IssuerRequest {
        method: request.method().as_str(),
        path,
        query: request.query_string(),
        content_type: field(CONTENT_TYPE),
        authorization: field(AUTHORIZATION),
        body: &body,
    });
    Ok(response(reply))
}

fn response(reply: IssuerReply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in reply.headers {
        response.insert_header(header);
    }
    response.body(reply.body)
}
