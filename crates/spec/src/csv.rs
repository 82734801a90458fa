//! Rows as CSV (RFC 4180): a header row, CRLF between rows, quotes where they are needed.
//!
//! Values are as they are for a reader that hands them on, such as a model. A person opens a table in a spreadsheet, where a text
//! that begins with `=` is run; for those it can be put behind a `'`.

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// What a spreadsheet takes for the beginning of a formula, or for white space in front of one (OWASP, CSV Injection).
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Writes objects, given as JSON, as rows of these columns.
#[derive(Debug, Clone)]
pub struct CsvRows {
    columns: Vec<String>,
    quotes_formulas: bool,
}

impl CsvRows {
    /// Rows of these columns, the fields of the objects. Every value is written as it is.
    #[must_use]
    pub fn new<C: Into<String>>(columns: impl IntoIterator<Item = C>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), quotes_formulas: false }
    }

    /// Puts a `'` in front of every text that a spreadsheet would take for a formula. Numbers stay as they are.
    #[must_use]
    pub fn quoting_formulas(mut self, quotes: bool) -> Self {
        self.quotes_formulas = quotes;
        self
    }

    /// Writes the names of the columns.
    pub fn header(&self, out: &mut String) {
        self.cells(out, self.columns.iter().map(|name| Cell::Text(name)));
    }

    /// Writes a row; `None` when it is no object, and then nothing is written. A list or an object in it is written as JSON.
    pub fn row(&self, out: &mut String, json: &str) -> Option<()> {
        let fields = Fields::read(json)?;
        let values: Vec<_> = self.columns.iter().map(|name| fields.get(name).map(RawValue::get)).collect();
        let texts: Vec<_> = values.iter().map(|value| value.and_then(text)).collect();
        let cells = values.iter().zip(&texts).map(|(value, text)| match (value, text) {
            (_, Some(text)) => Cell::Text(text),
            (None | Some("null"), _) => Cell::Nothing,
            (Some(value), _) if value.starts_with(['[', '{']) => Cell::Text(value),
            (Some(value), _) => Cell::Plain(value),
        });
        self.cells(out, cells);
        Some(())
    }

    fn cells<'a>(&self, out: &mut String, cells: impl Iterator<Item = Cell<'a>>) {
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                out.push(',');
            }
            match cell {
                Cell::Nothing => {}
                Cell::Plain(value) => out.push_str(value),
                Cell::Text(text) => {
                    let quoted = self.quotes_formulas && text.starts_with(FORMULA);
                    // An empty text is quoted, so that it is not null. So is what would be trimmed.
                    if text.is_empty() || text.trim() != text || text.contains([',', '"', '\r', '\n']) {
                        out.push_str(if quoted { "\"'" } else { "\"" });
                        out.push_str(&text.replace('"', "\"\""));
                        out.push('"');
                    } else {
                        out.push_str(if quoted { "'" } else { "" });
                        out.push_str(text);
                    }
                }
            }
        }
        out.push_str("\r\n");
    }
}

/// What is between two commas.
enum Cell<'a> {
    /// Null, or a field that the row does not have.
    Nothing,
    /// A number or a boolean.
    Plain(&'a str),
    Text(&'a str),
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// What the JSON says, when it is a string.
fn text(json: &str) -> Option<Cow<'_, str>> {
    json.starts_with('"').then(|| serde_json::from_str::<Name<'_>>(json).ok().map(|Name(text)| text)).flatten()
}

/// The fields of an object, their values untouched.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    fn read(json: &'a str) -> Option<Self> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let fields = deserializer.deserialize_map(Each).ok()?;
        deserializer.end().ok().map(|()| fields)
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &CsvRows, json: &str) -> String {
        let mut out = String::new();
        rows.row(&mut out, json).map_or_else(|| "none".to_owned(), |()| out)
    }

    #[test]
    fn rows_are_written_as_rfc_4180_says() {
        let rows = CsvRows::new(["id", "a \"b\""]);
        let mut header = String::new();
        rows.header(&mut header);
        assert_eq!(header, "id,\"a \"\"b\"\"\"\r\n");
        for (json, row) in [
            (r#"{"id": 9007199254740993, "a \"b\"": "x"}"#, "9007199254740993,x\r\n"),
            (r#"{"a \"b\"": true, "id": 1.50, "more": 1}"#, "1.50,true\r\n"),
            (r#"{"id": null, "a \"b\"": ""}"#, ",\"\"\r\n"),
            (r#"{"id": "a,b"}"#, "\"a,b\",\r\n"),
            (r#"{"id": "say \"hi\"", "a \"b\"": "one\ntwo"}"#, "\"say \"\"hi\"\"\",\"one\ntwo\"\r\n"),
            (r#"{"id": [1, "a"], "a \"b\"": {"b":2}}"#, "\"[1, \"\"a\"\"]\",\"{\"\"b\"\":2}\"\r\n"),
            (r#"{"id": " x", "a \"b\"": "=1+1"}"#, "\" x\",=1+1\r\n"),
            ("[1]", "none"),
            ("{", "none"),
        ] {
            assert_eq!(written(&rows, json), row, "{json}");
        }
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_put_behind_a_quote() {
        let rows = CsvRows::new(["id"]).quoting_formulas(true);
        for (json, row) in [
            (r#"{"id": "=1+1"}"#, "'=1+1\r\n"),
            (r#"{"id": "+49 30"}"#, "'+49 30\r\n"),
            (r#"{"id": "-"}"#, "'-\r\n"),
            (r#"{"id": "@SUM(A1)"}"#, "'@SUM(A1)\r\n"),
            (r#"{"id": "＝1"}"#, "'＝1\r\n"),
            (r#"{"id": "\t=1"}"#, "\"'\t=1\"\r\n"),
            (r#"{"id": "\r\n=1"}"#, "\"'\r\n=1\"\r\n"),
            (r#"{"id": "=a,\"b\""}"#, "\"'=a,\"\"b\"\"\"\r\n"),
            (r#"{"id": -1}"#, "-1\r\n"),
            (r#"{"id": "1=1"}"#, "1=1\r\n"),
        ] {
            assert_eq!(written(&rows, json), row, "{json}");
        }
    }
}
