//! The rows of an answer as CSV.
//!
//! Values are as they are: no `'` is put in front of a text that begins with `=`, `+`, `-` or `@`. The reader is a model, which
//! may hand a value on as an argument, and a value that was changed would be handed on changed. Whoever opens text of callers in
//! a spreadsheet has to import it as text.

use crate::object::Members;
use diptych_spec::{CsvRows, Table};
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
    let members = rows.iter().map(|row| Members::read(row.get()).ok()).collect::<Option<Vec<_>>>()?;
    if members.iter().any(|row| table.beside.iter().any(|name| row.get(name).is_some())) {
        return None;
    }
    let is_shown = |name: &&&str| !table.picked || rows.is_empty() || members.iter().any(|row| row.get(name).is_some());
    let csv = CsvRows::new(table.columns.iter().filter(is_shown).copied());
    csv.header(&mut out);
    for fields in rows {
        csv.row(&mut out, fields.get())?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_the_table_says() {
        let table =
            Table { member: Some("items"), columns: vec!["id", "a \"b\""], beside: vec!["more"], picked: false };
        let header = "id,\"a \"\"b\"\"\"\r\n";
        for (items, rows) in [
            ("", ""),
            (r#"{"a \"b\"": true, "id": 1.50}"#, "1.50,true\r\n"),
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
