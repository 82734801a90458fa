//! A list whole, as NDJSON or CSV, sent as it is read.
//!
//! The status is sent before the last row is known. A stream that fails after that breaks off the connection, without the last chunk
//! (HTTP/1.1) or with a reset (HTTP/2): the client can tell what it has from a whole list.

use super::{accept::Format, head};
use crate::{quota, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{CONTENT_DISPOSITION, VARY},
    },
};
use bytes::Bytes;
use diptych_pipeline::RowStream;
use diptych_spec::{CsvRows, Declaration, Quota};
use futures_util::stream;
use std::fmt;

/// The response, whose body takes rows as the client takes bytes.
pub(super) fn response(
    shared: &Shared,
    declaration: &Declaration,
    request: &HttpRequest,
    format: Format,
    rows: RowStream,
    quotas: &[Quota],
) -> HttpResponse {
    let status = rows.head().and_then(diptych_spec::Head::status).unwrap_or_else(|| declaration.status());
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for field in quota::fields(quotas) {
        response.insert_header(field);
    }
    head::say(shared, request, rows.head(), &mut response);
    response.append_header((VARY, "Accept"));
    // Nothing on the way is to collect what is sent bit by bit.
    response.insert_header(("x-accel-buffering", "no"));
    let csv = match format {
        Format::Json(name) => {
            response.content_type(name);
            None
        }
        Format::Csv => {
            response.content_type("text/csv; charset=utf-8; header=present");
            let name = format!("attachment; filename=\"{}\"", declaration.stream_file_name());
            response.insert_header((CONTENT_DISPOSITION, name));
            let quotes = declaration.streaming().is_none_or(diptych_spec::Streaming::quotes_formulas);
            Some(CsvRows::new(declaration.csv_columns(rows.hidden()).unwrap_or_default()).quoting_formulas(quotes))
        }
    };
    if request.method() == Method::HEAD {
        return response.streaming(stream::empty::<Result<Bytes, BrokenOff>>());
    }
    let header = csv.as_ref().map(|csv| {
        let mut header = String::new();
        csv.header(&mut header);
        Bytes::from(header)
    });
    response.streaming(stream::unfold(Some(Sending { rows, csv, header }), |sending| async {
        let mut sending = sending?;
        match sending.next().await? {
            Ok(part) => Some((Ok(part), Some(sending))),
            Err(broken) => Some((Err(broken), None)),
        }
    }))
}

/// What is left to send.
struct Sending {
    rows: RowStream,
    csv: Option<CsvRows>,
    header: Option<Bytes>,
}

impl Sending {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        let Ok(lines) = self.rows.next().await? else { return Some(Err(BrokenOff)) };
        let Some(csv) = &self.csv else { return Some(Ok(lines)) };
        let mut table = String::with_capacity(lines.len());
        let text = str::from_utf8(&lines).unwrap_or_default();
        // A row that is no object is a fault of the declaration, which says that all are.
        let all = text.lines().all(|line| csv.row(&mut table, line).is_some());
        Some(if all { Ok(table.into()) } else { Err(BrokenOff) })
    }
}

/// A stream that ends before its end. Why is in the log already.
#[derive(Debug)]
struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream was broken off")
    }
}

impl std::error::Error for BrokenOff {}
