//! Rows as CSV (RFC 4180): a header row, CRLF between rows, quotes where they are needed.
//!
//! Values are as they are: no `'` is put in front of a text that begins with `=`, `+`, `-` or `@`. The reader is a model, which
//! may hand a value on as an argument, and a value that was changed would be handed on changed. Whoever opens text of callers in
//! a spreadsheet has to import it as text.

use crate::object::{self, Members};
use diptych_spec::Table;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The rows of an answer; `None` when they are not where the table says, or have more than cells.
pub(crate) fn write(table: &Table<'_>, json: &str) -> Option<String> {
    let whole;
    let rows = match table.member {
        Some(member) => {
            whole = Members::read(json).ok()?;
            whole.get(member)?.get()
        }
        None => json,
    };
    let rows = Vec::<&RawValue>::deserialize(&mut serde_json::Deserializer::from_str(rows)).ok()?;
    let mut out = String::with_capacity(json.len());
    let rows = rows.into_iter().map(|row| Members::read(row.get()).ok()).collect::<Option<Vec<_>>>()?;
    let is_shown = |name: &&&str| !table.picked || rows.is_empty() || rows.iter().any(|row| row.get(name).is_some());
    let columns: Vec<&str> = table.columns.iter().filter(is_shown).copied().collect();
    row(&mut out, columns.iter().map(|name| Cell::Text(name)));
    for fields in rows.iter() {
        if table.beside.iter().any(|name| fields.get(name).is_some()) {
            return None;
        }
        let texts: Vec<_> = columns.iter().map(|name| fields.get(name)).collect();
        let decoded: Vec<_> = texts.iter().map(|value| value.and_then(object::text)).collect();
        let cells = texts.iter().zip(&decoded).map(|(value, text)| match (value.map(RawValue::get), text) {
            (_, Some(text)) => Cell::Text(text),
            (None | Some("null"), _) => Cell::Nothing,
            (Some(value), _) => Cell::Plain(value),
        });
        row(&mut out, cells);
    }
    Some(out)
}

/// What is between two commas.
enum Cell<'a> {
    /// Null, or a field that the row does not have.
    Nothing,
    /// A number or a boolean.
    Plain(&'a str),
    Text(&'a str),
}

fn row<'a>(out: &mut String, cells: impl Iterator<Item = Cell<'a>>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        match cell {
            Cell::Nothing => {}
            Cell::Plain(value) => out.push_str(value),
            // An empty text is quoted, so that it is not null. So is what would be trimmed.
            Cell::Text(text) => match text.is_empty() || text.trim() != text || text.contains([',', '"', '\r', '\n']) {
                true => {
                    out.push('"');
                    out.push_str(&text.replace('"', "\"\""));
                    out.push('"');
                }
                false => out.push_str(text),
            },
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_rfc_4180_says() {
        let table =
            Table { member: Some("items"), columns: vec!["id", "a \"b\""], beside: vec!["more"], picked: false };
        let header = "id,\"a \"\"b\"\"\"\r\n";
        for (items, rows) in [
            ("", ""),
            (r#"{"id": 9007199254740993, "a \"b\"": "x"}"#, "9007199254740993,x\r\n"),
            (r#"{"a \"b\"": true, "id": 1.50}"#, "1.50,true\r\n"),
            (r#"{"id": null, "a \"b\"": ""}"#, ",\"\"\r\n"),
            (r#"{"id": "a,b"}"#, "\"a,b\",\r\n"),
            (r#"{"id": "say \"hi\"", "a \"b\"": "one\ntwo"}"#, "\"say \"\"hi\"\"\",\"one\ntwo\"\r\n"),
            (r#"{"id": " x"}, {"id": "=1+1"}"#, "\" x\",\r\n=1+1,\r\n"),
        ] {
            let json = format!(r#"{{"items": [{items}], "total": 9}}"#);
            assert_eq!(write(&table, &json), Some(format!("{header}{rows}")), "{items}");
        }
        let bare = Table { member: None, columns: vec!["id"], beside: Vec::new(), picked: false };
        assert_eq!(write(&bare, r#"[{"id": 1}]"#).as_deref(), Some("id\r\n1\r\n"));
        for wrong in [r#"{"items": 1}"#, "[]", "{}", r#"{"items": [1]}"#, r#"{"items": [{"id": 1, "more": []}]}"#] {
            assert_eq!(write(&table, wrong), None, "{wrong}");
        }
    }
}
