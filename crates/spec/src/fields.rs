//! Sparse rows: which fields of a row a caller wants to see.

use crate::{ACTIONS, ArgumentSet, Cardinality, Declaration, FieldError, Handler, List, Owner, SelectorSpec, schema};
use serde::Deserialize;
use serde_json::{Map, json};
use std::sync::Arc;

/// What fields of a row are made of, where it is not the column of the same name.
///
/// ```
/// use diptych_spec::Fields;
/// // The field `excerpt` is made of the column `body`.
/// let fields = Fields::default().needs("excerpt", ["body"]);
/// # let _ = fields;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "fields do nothing until they are declared with `.fields(…)`"]
pub struct Fields {
    needs: Vec<(&'static str, Vec<&'static str>)>,
}

/// The fields that a caller picked, left in the call; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    names: Arc<[String]>,
    places: Arc<[usize]>,
}

impl Picked {
    /// Whether this field is one of them.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.places.iter().any(|&place| self.names[place] == field)
    }
}

impl Fields {
    /// This field is made of these columns, each an `OnDemand<T>` of the row.
    pub fn needs<const N: usize>(mut self, field: &'static str, columns: [&'static str; N]) -> Self {
        self.needs.push((field, columns.to_vec()));
        self
    }

    /// Whether one of the fields that were picked is made of this column.
    #[must_use]
    pub fn reads(&self, picked: &Picked, column: &str) -> bool {
        picked.has(column) || self.needs.iter().any(|(field, columns)| picked.has(field) && columns.contains(&column))
    }

    fn mistakes(&self, names: &[String], columns: &[&str], on_demand: &[bool]) -> Vec<String> {
        let mut found = Vec::new();
        let is_field = |name: &str| names.iter().any(|known| known == name);
        let on_demand: Vec<_> =
            columns.iter().zip(on_demand).filter(|(_, is)| **is).map(|(column, _)| *column).collect();
        for (field, needed) in &self.needs {
            if !is_field(field) {
                found.push(format!("says what `{field}` needs, but its rows are shown with {}", names.join(", ")));
            }
            for column in needed.iter().filter(|column| !on_demand.contains(column)) {
                found.push(format!("says that `{field}` needs `{column}`, which is no `OnDemand<…>` of the row"));
            }
        }
        let is_needed = |column: &str| self.needs.iter().any(|(_, columns)| columns.contains(&column));
        for column in on_demand.iter().filter(|column| !is_field(column) && !is_needed(column)) {
            found.push(format!(
                "reads the column `{column}` on demand, but no field is made of it; say which is with `.fields(Fields::default().needs(\"…\", [\"{column}\"]))`"
            ));
        }
        found
    }
}

impl<H: Handler, V> SelectorSpec<H, V> {
    /// Lets the caller pick, with the argument `fields`, which fields of each row are shown. Columns that are `OnDemand<T>` in the row
    /// are not read where no field that was picked is made of them.
    pub fn fields(mut self, fields: Fields) -> Self
    where
        H::Out: List,
    {
        self.declaration_mut().list.fields = Some(fields);
        self
    }
}

impl Declaration {
    /// Adds the argument, once it is known what a row is and how it is shown.
    #[doc(hidden)]
    pub fn finish_fields(&mut self, columns: &[&str], on_demand: &[bool]) {
        let Some(fields) = &self.list.fields else { return };
        let Some(row) = schema::row_mut(&mut self.output, self.cardinality == Cardinality::List) else {
            self.mistakes
                .push("lets callers pick fields, but its rows are shown as something else than objects".to_owned());
            return;
        };
        let names = row.get("properties").and_then(serde_json::Value::as_object).into_iter().flat_map(Map::keys);
        let is_own = |name: &&String| {
            self.includes.iter().all(|included| included.name() != name.as_str()) && name.as_str() != ACTIONS
        };
        let names: Arc<[String]> = names.filter(is_own).cloned().collect();
        // Any of them can be left out.
        row.shift_remove("required");
        self.mistakes.extend(fields.mistakes(&names, columns, on_demand));
        self.signature.arguments(Ok(argument(names)));
    }
}

fn argument(names: Arc<[String]>) -> ArgumentSet {
    #[derive(Deserialize)]
    struct Given {
        fields: Option<Vec<String>>,
    }
    let schema = json!({
        "type": "array",
        "description": "Which fields to show of each row; all unless said.",
        "items": {"type": "string", "enum": &*names},
        "maxItems": names.len(),
    });
    let convert = move |Given { fields }: Given| {
        let asked = fields.unwrap_or_default();
        if asked.len() > names.len() {
            let most = format!("must have at most {} elements", names.len());
            return Err(vec![FieldError::new("/fields", "length", most)]);
        }
        let (mut places, mut wrong) = (Vec::new(), Vec::new());
        for (index, asked) in asked.iter().enumerate() {
            match names.iter().position(|name| name == asked) {
                Some(place) => places.push(place),
                None => {
                    let expected = format!("expected one of {}", names.join(", "));
                    wrong.push(FieldError::new(format!("/fields/{index}"), "type", expected));
                }
            }
        }
        let picked = || Picked { names: Arc::clone(&names), places: places.as_slice().into() };
        if wrong.is_empty() { Ok((!places.is_empty()).then(picked)) } else { Err(wrong) }
    };
    ArgumentSet::custom(Owner::Fields, Map::from_iter([("fields".to_owned(), schema)]), convert)
}
