//! What an operation said of its response beside the answer: status, header fields, cookies.

use crate::{
    edge::{host, local},
    shared::Shared,
};
use actix_web::{
    HttpRequest, HttpResponseBuilder,
    http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, SET_COOKIE},
};
use diptych_pipeline::Outcome;
use diptych_spec::{Declaration, Head};

/// The status of success: what was said of this answer, or else the usual one. A dry run created and began nothing.
pub(super) fn status(declaration: &Declaration, outcome: &Outcome) -> u16 {
    if outcome.is_dry_run() {
        return declaration.dry_run_status();
    }
    outcome.head().and_then(Head::status).unwrap_or_else(|| declaration.status())
}

/// Whether an answer under this status names what was created. Where there are several, that is what 201 tells from the others.
pub(super) fn has_location(declaration: &Declaration, status: u16) -> bool {
    status == 201 || declaration.other_statuses().next().is_none()
}

/// Writes what was said. A dry run leaves nothing behind, so it sets no cookie.
pub(super) fn write(shared: &Shared, request: &HttpRequest, outcome: &Outcome, response: &mut HttpResponseBuilder) {
    let Some(head) = outcome.head() else { return };
    fields(head, response);
    if !outcome.is_dry_run() {
        cookies(shared, request, head, response);
    }
}

/// The same, of what is no outcome yet.
pub(super) fn say(shared: &Shared, request: &HttpRequest, head: Option<&Head>, response: &mut HttpResponseBuilder) {
    let Some(head) = head else { return };
    fields(head, response);
    cookies(shared, request, head, response);
}

fn fields(head: &Head, response: &mut HttpResponseBuilder) {
    let mut names = Vec::new();
    for (name, value) in head.headers() {
        response.insert_header((name, value));
        names.push(name);
    }
    if !names.is_empty() {
        // For pages that may read the answer; `edge/cors.rs` takes it away from others.
        response.append_header((ACCESS_CONTROL_EXPOSE_HEADERS, names.join(", ")));
    }
}

fn cookies(shared: &Shared, request: &HttpRequest, head: &Head, response: &mut HttpResponseBuilder) {
    let encrypted = !is_on_this_machine(shared, request);
    for cookie in head.cookies() {
        response.append_header((SET_COOKIE, cookie.header(encrypted)));
    }
}

/// Whether the request is one of a developer's browser on the same machine, where nothing is encrypted. Something in front of the
/// server may call it by a loopback name as well, so only a server for development is believed to be.
fn is_on_this_machine(shared: &Shared, request: &HttpRequest) -> bool {
    shared.authenticator.is_for_development() && !local::is_tls(request) && host::is_loopback(request)
}
