//! From a reply of the protocol to a response.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::StatusCode,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING},
};
use diptych_mcp::{Event, Reply};

/// The response to one that has no stream. Without a body there is no content type either.
pub(super) fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    if reply.body.is_empty() {
        return response.finish();
    }
    if reply.is_event {
        events(&mut response);
        let mut out = Vec::with_capacity(reply.body.len() + 16);
        event(&Event { id: None, retry: None, data: reply.body }, &mut out);
        return response.body(out);
    }
    response.content_type("application/json");
    response.body(reply.body)
}

/// The head of an event stream: nothing on the way may hold it back.
pub(super) fn events(response: &mut HttpResponseBuilder) {
    response
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache, no-store, no-transform"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"));
}

/// One event (HTML, section 9.2.6).
pub(super) fn event(event: &Event, out: &mut Vec<u8>) {
    if let Some(id) = &event.id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    if let Some(retry) = event.retry {
        out.extend_from_slice(format!("retry: {}\n", retry.as_millis()).as_bytes());
    }
    // An event without data is not seen by clients; with an id it has to be, so that they know where they are.
    if !event.data.is_empty() || event.id.is_some() {
        out.extend_from_slice(b"data: ");
        // A line break in JSON is white space, and in an event stream it would end the field.
        out.extend(event.data.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        out.push(b'\n');
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn events_are_framed() {
        let second = Some(Duration::from_secs(1));
        for (id, retry, data, framed) in [
            (None, None, "{}", "data: {}\n\n"),
            (Some("0-1"), None, "{\"a\":\n\r1}", "id: 0-1\ndata: {\"a\":  1}\n\n"),
            (Some("0-0"), second, "", "id: 0-0\nretry: 1000\ndata: \n\n"),
            (None, second, "", "retry: 1000\n\n"),
        ] {
            let mut out = Vec::new();
            event(&Event { id: id.map(str::to_owned), retry, data: data.into() }, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), framed);
        }
    }
}
