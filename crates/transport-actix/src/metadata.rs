//! Protected-resource metadata (RFC 9728): what MCP clients read to learn where tokens for an endpoint come from.
//!
//! Clients insert `/.well-known/oauth-protected-resource` before the path of the resource (section 3.1); older ones ask at the root.
//! The documents are built from what the authenticator was told, never from a request.

use crate::{edge, guard, refusal::Refusal, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, Uri,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
        },
    },
    web::{self, ServiceConfig},
};
use bytes::Bytes;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Where the document of the server itself is too.
const ROOT: &str = "/.well-known/oauth-protected-resource";

/// Answers at the path of every document.
pub(crate) fn mount(shared: &Arc<Shared>, config: &mut ServiceConfig) {
    for (path, json) in documents(shared) {
        let route = guard::route(shared, move |shared, request| answer(shared, json.clone(), request));
        config.service(web::resource(path).route(route));
    }
}

/// Each document by its path.
fn documents(shared: &Shared) -> BTreeMap<String, Bytes> {
    let mut documents = BTreeMap::new();
    for server in shared.mcp_servers() {
        let place = server.place();
        let Some(mut document) = shared.authenticator.metadata(place) else { continue };
        if let Value::Object(members) = &mut document {
            members.entry("scopes_supported").or_insert_with(|| server.scopes().into());
        }
        let json = Bytes::from(document.to_string());
        if place.is_empty() {
            documents.insert(ROOT.to_owned(), json.clone());
        }
        let url = shared.authenticator.resource_metadata(place);
        if let Some(url) = url.and_then(|url| url.parse::<Uri>().ok()) {
            documents.insert(url.path().to_owned(), json);
        }
    }
    documents
}

fn answer(shared: &Shared, json: Bytes, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    edge::admit(&shared.settings, request)?;
    let mut response = match *request.method() {
        // Asked first by a page that sends a header field of its own, as MCP clients do.
        Method::OPTIONS => HttpResponse::NoContent(),
        Method::GET | Method::HEAD => HttpResponse::Ok(),
        _ => return Err(Refusal::method("GET, HEAD, OPTIONS")),
    };
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if request.method() == Method::OPTIONS {
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "*")).insert_header((ACCESS_CONTROL_MAX_AGE, "86400"));
        return Ok(response.finish());
    }
    response.insert_header((CACHE_CONTROL, "public, max-age=300"));
    Ok(response.content_type("application/json").body(json))
}
