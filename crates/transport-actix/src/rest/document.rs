//! The OpenAPI document as bytes, with an entity tag (RFC 9110, section 8.8.3).

use super::refuse;
use crate::{edge, guard, refusal::Refusal, shared::Shared};
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
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

/// A rendered document. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    json: Bytes,
    tag: Arc<str>,
}

impl Document {
    pub(crate) fn render(document: &Value) -> Self {
        let json = Bytes::from(document.to_string());
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish()).into();
        Self { json, tag }
    }

    fn response(&self, request: &HttpRequest) -> HttpResponse {
        let mut known = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
        let unchanged = known.any(|tags| {
            tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == &*self.tag)
        });
        let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, &*self.tag)).insert_header((CACHE_CONTROL, "no-cache"));
        if unchanged {
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
