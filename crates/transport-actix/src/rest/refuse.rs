//! What REST refuses before there is an operation to ask, or a body to give it.

use crate::refusal::Refusal;
use actix_web::http::StatusCode;
use diptych_spec::Method;

pub(super) fn no_such_path() -> Refusal {
    Refusal::http(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

pub(super) fn method(served: &[Method]) -> Refusal {
    Refusal::method(&names(served))
}

/// As `Allow` lists them; HEAD goes with GET.
pub(super) fn names(served: &[Method]) -> String {
    let mut names = Vec::new();
    for method in served {
        names.push(method.as_str());
        if *method == Method::Get {
            names.push("HEAD");
        }
    }
    names.join(", ")
}

pub(super) fn media_type() -> Refusal {
    Refusal::http(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "the body has to be application/json, not compressed",
    )
}
