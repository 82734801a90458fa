//! How long what is asked for may be.

use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::{HttpRequest, http::StatusCode};

/// Lets requests through whose path and query are not too long, and the query not of too many parts.
pub(crate) fn check(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if request.path().len() > settings.uri_limit {
        let detail = format!("the path is longer than {} bytes", settings.uri_limit);
        return Err(Refusal::http(StatusCode::URI_TOO_LONG, "uri_too_long", detail));
    }
    // What makes it too long is what is asked for, so it is a mistake of the request as any other.
    if target > settings.uri_limit {
        let detail = format!("the path and the query are longer than {} bytes", settings.uri_limit);
        return Err(Refusal::http(StatusCode::BAD_REQUEST, "query_too_long", detail));
    }
    let parameters = request.query_string().split('&').filter(|pair| !pair.is_empty()).count();
    if parameters > settings.query_limit {
        let detail = format!("the query has more than {} parameters", settings.query_limit);
        return Err(Refusal::http(StatusCode::BAD_REQUEST, "query_too_long", detail));
    }
    Ok(())
}
