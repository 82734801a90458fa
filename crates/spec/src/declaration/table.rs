//! Whether an answer is a list of flat rows, which can be written as a table.

use super::{Cardinality, Declaration};
use crate::{Form, Included, schema};
use serde_json::{Map, Value};
use std::sync::LazyLock;

static NO_DEFINITIONS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// An answer that is a list of flat rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<'d> {
    /// The member of the answer that has the rows; `None` when the answer is the rows.
    pub member: Option<&'static str>,
    /// The fields of a row, in order of declaration.
    pub columns: Vec<&'d str>,
    /// What rows can have besides, which is no cell of a table.
    pub beside: Vec<&'d str>,
    /// Whether a caller picks the columns.
    pub picked: bool,
}

impl Declaration {
    /// The answer as a table: the items of a list, or an array, of objects whose fields are texts, numbers, booleans or
    /// null. `None` for any other answer.
    #[must_use]
    pub fn table(&self) -> Option<Table<'_>> {
        if self.form() != Form::Json || self.exposed {
            return None;
        }
        let defs = self.output.get("$defs").and_then(Value::as_object).unwrap_or(&NO_DEFINITIONS);
        let (member, rows) = match self.cardinality {
            Cardinality::List => (Some("items"), schema::properties(&self.output, defs)?.get("items")?),
            Cardinality::Value | Cardinality::Row => (None, &self.output),
        };
        let beside: Vec<_> = self.includes.iter().map(Included::name).collect();
        let columns = schema::columns(schema::items(rows, defs)?, &beside, defs)?;
        Some(Table { member, columns, beside, picked: self.list.fields.is_some() })
    }
}
