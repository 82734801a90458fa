//! Where the rows of a resource template come from, so that clients are listed one resource for each.

use super::{Cardinality, Declaration};
use crate::{Mistake, schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A list selector whose rows are resources of a template.
#[derive(Debug)]
pub struct Enumeration {
    pub(crate) list: Cow<'static, str>,
    pub(crate) name: Option<Cow<'static, str>>,
}

impl Enumeration {
    /// The name of the list selector.
    #[must_use]
    pub fn list(&self) -> &str {
        &self.list
    }

    /// The field of a row that names its resource; the URI does where there is none.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Declaration {
    /// Where the rows of its template come from.
    #[must_use]
    pub fn enumeration(&self) -> Option<&Enumeration> {
        self.exposure.enumeration.as_ref()
    }

    /// What is wrong with that, among the operations that `find` knows by name.
    #[doc(hidden)]
    pub fn enumeration_mistakes<'d>(&self, find: impl Fn(&str) -> Option<&'d Self>) -> Vec<Mistake> {
        let Some(rows) = self.enumeration() else { return Vec::new() };
        let list = &rows.list;
        let mut found = Vec::new();
        let template = self.resource.as_ref().filter(|uri| uri.variables().next().is_some());
        if template.is_none() {
            found.push(format!(
                "has `.enumerate(\"{list}\", …)`, but is no resource with variables; add `.resource(\"…://{{id}}\")`"
            ));
        }
        match find(list) {
            None => found.push(format!("has `.enumerate(\"{list}\", …)`, but no operation has that name")),
            Some(selector) if selector.cardinality != Cardinality::List => {
                found.push(format!(
                    "is enumerated by `{list}`, which is no list; name a selector that returns `Select<Row>`"
                ));
            }
            Some(selector) => {
                let variables = template.into_iter().flat_map(|uri| uri.variables());
                for field in variables.chain(rows.name()) {
                    if !selector.rows_have(field) {
                        found.push(format!("is enumerated by `{list}`, whose rows have no field `{field}`"));
                    }
                }
                let arguments = selector.arguments().arguments().iter();
                for argument in arguments.filter(|argument| argument.required) {
                    found.push(format!(
                        "is enumerated by `{list}`, which cannot be called without `{}`; name a list without required arguments",
                        argument.name
                    ));
                }
            }
        }
        found.into_iter().map(|message| Mistake::new(&*self.name, message)).collect()
    }

    /// Whether the rows of the list have this field.
    fn rows_have(&self, field: &str) -> bool {
        let none = Map::new();
        let defs = self.output.get("$defs").and_then(Value::as_object).unwrap_or(&none);
        let rows = schema::properties(&self.output, defs).and_then(|list| list.get("items"));
        let row = rows.and_then(|rows| schema::items(rows, defs)).and_then(|row| schema::properties(row, defs));
        row.is_some_and(|row| row.contains_key(field))
    }
}
