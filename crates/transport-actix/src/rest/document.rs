//! The OpenAPI document as bytes, with an entity tag (RFC 9110, section 8.8.3).

use super::refuse;
use crate::{
    edge::{self, tag},
    guard,
    refusal::Refusal,
    shared::Shared,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method as HttpMethod,
        header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
    },
    web::{self, ServiceConfig},
};
use bytes::Bytes;
use diptych_spec::Method;
use serde_json::Value;
use std::sync::Arc;

/// A rendered document. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    json: Bytes,
    /// Without its quotes.
    tag: Arc<str>,
}

impl Document {
    pub(crate) fn render(document: &Value) -> Self {
        let json = Bytes::from(document.to_string());
        let tag = tag::digest(&json).into();
        Self { json, tag }
    }

    fn response(&self, request: &HttpRequest) -> HttpResponse {
        let known = tag::of(request, &IF_NONE_MATCH).ok().flatten().and_then(|tags| tags.known(&self.tag));
        let is_known = known.is_some();
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        let tag = known.unwrap_or_else(|| format!("\"{}\"", self.tag));
        response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
        if is_known {
            return response.finish();
        }
        response.content_type("application/json").body(self.json.clone())
    }
}

/// Serves the document at `path`.
pub(crate) fn mount(shared: &Arc<Shared>, document: Document, path: &str, config: &mut ServiceConfig) {
    let route = guard::route(shared, move |shared, request| answer(shared, &document, request));
    config.service(web::resource(path).route(route));
}

fn answer(shared: &Shared, document: &Document, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    if let Some(answer) = edge::cors::preflight(shared, request, || Ok("GET, HEAD".to_owned())) {
        return answer;
    }
    edge::admit(&shared.settings, request)?;
    match *request.method() {
        HttpMethod::GET | HttpMethod::HEAD => Ok(document.response(request)),
        _ => Err(refuse::method(&[Method::Get])),
    }
}
