//! The field that tells the variants of a union apart.

use super::{At, Fit};
use crate::{FieldError, schema::words};
use serde_json::{Value, json};

impl Fit<'_> {
    /// Why an object is none of these variants, when it is its tag that says so.
    pub(super) fn wrong_tag(&self, value: &Value, variants: &[Value], at: &At<'_>) -> Option<FieldError> {
        let given = value.as_object()?;
        let constants = |variant| self.resolve(variant).get("properties")?.as_object();
        let names = constants(variants.first()?)?.keys();
        let of =
            |variant, name: &str| constants(variant)?.get(name)?.get("const").filter(|tag| tag.is_string()).cloned();
        let (tag, values) = names.into_iter().find_map(|name| {
            let values: Option<Vec<_>> = variants.iter().map(|variant| of(variant, name)).collect();
            Some((name, values?))
        })?;
        let pointer = At::Name(at, tag).pointer();
        match given.get(tag) {
            None => Some(FieldError::new(pointer, "required", words::REQUIRED)),
            Some(given) if values.contains(given) => None,
            Some(_) => {
                let expected = words::expected(&json!({"enum": values}), self.defs);
                Some(FieldError::new(pointer, "type", format!("expected {expected}")))
            }
        }
    }
}
