//! In which form a list is wanted (RFC 9110, section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap};
use diptych_spec::{Declaration, Hidden};

/// A list whole, a row on each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// NDJSON, or JSON Lines, which is the same under another name.
    Json(&'static str),
    Csv,
}

/// What is offered, best first where the client does not care. Pages are what everybody gets who asks for none of these.
const OFFERED: [(&str, Option<Format>); 4] = [
    ("application/json", None),
    (NDJSON, Some(Format::Json(NDJSON))),
    (JSON_LINES, Some(Format::Json(JSON_LINES))),
    (CSV, Some(Format::Csv)),
];
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const JSON_LINES: &str = "application/jsonl";
pub(super) const CSV: &str = "text/csv";

/// The form in which the client wants the list whole; `None` for a page, which is also the answer to those who take nothing that there is.
pub(super) fn wanted(declaration: &Declaration, headers: &HeaderMap) -> Option<Format> {
    declaration.streaming()?;
    let has_columns = declaration.csv_columns(Hidden::NOTHING).is_some();
    let (mut best, mut most) = (None, (0, 0));
    for (name, format) in OFFERED {
        let said = weight(headers, name).filter(|_| has_columns || format != Some(Format::Csv));
        if let Some(said) = said.filter(|said| said.0 > 0 && *said > most) {
            (best, most) = (format, said);
        }
    }
    best
}

/// The weight of a media type, in thousandths, and how exactly it was named: the most exact range decides.
fn weight(headers: &HeaderMap, name: &str) -> Option<(u16, u8)> {
    let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim_ascii);
        let named = parts.next()?;
        let exact = match named.split_once('/')? {
            ("*", "*") => 1,
            (kind, "*") if name.split_once('/')?.0.eq_ignore_ascii_case(kind) => 2,
            _ if named.eq_ignore_ascii_case(name) => 3,
            _ => return None,
        };
        let mut weights = parts.filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((exact, weights.next().map_or(Some(1000), thousandths)?))
    });
    ranges.max_by_key(|(exact, _)| *exact).map(|(exact, weight)| (weight, exact))
}

/// A weight (RFC 9110, section 12.4.2); `None` for what is none.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = format!("{part:0<3}").parse::<u16>().ok()?;
    (whole == "0" || part == 0).then_some(if whole == "1" { 1000 } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    /// What is wanted of a list that has columns.
    fn best(accepted: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        accepted.iter().for_each(|value| headers.append(ACCEPT, HeaderValue::from_static(value)));
        let (mut best, mut most) = (None, (0, 0));
        for (name, _) in OFFERED {
            if let Some(said) = weight(&headers, name).filter(|said| said.0 > 0 && *said > most) {
                (best, most) = (Some(name), said);
            }
        }
        best
    }

    #[test]
    fn the_heaviest_is_wanted_then_the_most_exactly_named() {
        for (accepted, wanted) in [
            (&[] as &[&'static str], None),
            (&["*/*"], Some("application/json")),
            (&["application/*"], Some("application/json")),
            (&["text/*"], Some(CSV)),
            (&["text/csv"], Some(CSV)),
            (&["TEXT/CSV; charset=utf-8; q=0.1"], Some(CSV)),
            (&["text/csv, */*"], Some(CSV)),
            (&["application/json, text/csv"], Some("application/json")),
            (&["application/json;q=0.5, text/csv;q=0.6"], Some(CSV)),
            (&["application/json;q=0.5", "application/x-ndjson;q=0.501"], Some(NDJSON)),
            (&["application/jsonl"], Some(JSON_LINES)),
            (&["*/*;q=0.9, application/json;q=0"], Some(NDJSON)),
            (&["text/csv;q=0"], None),
            (&["text/csv;q=2, application/jsonl;q=0.2"], Some(JSON_LINES)),
            (&["image/png, nothing"], None),
        ] {
            assert_eq!(best(accepted), wanted, "{accepted:?}");
        }
    }

    #[test]
    fn weights_are_read_as_the_rfc_says() {
        for (text, weight) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0", Some(0)),
            ("0.5", Some(500)),
            ("0.", Some(0)),
            ("0.125", Some(125)),
            ("1.001", None),
            ("0.1234", None),
            ("2", None),
            (".5", None),
            ("-0.5", None),
            ("", None),
        ] {
            assert_eq!(thousandths(text), weight, "{text}");
        }
    }
}
