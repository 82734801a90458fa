//! What can be mended in a value that did not decode.

use super::{Fit, branches, is_integer, list};
use crate::JsonLimits;
use serde_json::Value;

/// What is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// `2.0` → `2`: the same integer to JSON Schema.
    Integers,
    /// Also what a model wrote as a string: `"5"`, `"false"`, `"[1, 2]"`, where the schema forbids strings.
    Strings,
}

impl Fit<'_> {
    /// Mends what can be mended; says whether there was something.
    pub(crate) fn mend(&self, value: &mut Value, schema: &Value, how: Mend) -> bool {
        if !self.spend() {
            return false;
        }
        let schema = self.resolve(schema);
        if is_integer(schema)
            && let Some(integer) = whole(value)
        {
            *value = integer.into();
            return true;
        }
        if how == Mend::Strings
            && let Value::String(text) = &*value
            && !self.accepts_strings(schema)
            && JsonLimits::default().check(text).is_ok()
            && let Ok(mut meant) = serde_json::from_str::<Value>(text)
        {
            self.mend(&mut meant, schema, how);
            let mends = self.fits(&meant, schema);
            if mends {
                *value = meant;
            }
            return mends;
        }
        let mut mended = false;
        for part in ["allOf", "anyOf", "oneOf"].iter().flat_map(|keyword| list(schema, keyword)) {
            mended |= self.may_be(value, part) && self.mend(value, part, how);
        }
        match value {
            Value::Object(fields) => {
                let (properties, others) = (schema.get("properties"), schema.get("additionalProperties"));
                for (name, field) in fields {
                    let schema = properties.and_then(|properties| properties.get(name)).or(others);
                    mended |= schema.is_some_and(|schema| self.mend(field, schema, how));
                }
            }
            Value::Array(elements) => {
                let (prefix, items) = (list(schema, "prefixItems"), schema.get("items"));
                for (index, element) in elements.iter_mut().enumerate() {
                    mended |= prefix.get(index).or(items).is_some_and(|schema| self.mend(element, schema, how));
                }
            }
            _ => {}
        }
        mended
    }

    /// Whether some string is a value of the schema.
    fn accepts_strings(&self, schema: &Value) -> bool {
        let schema = self.resolve(schema);
        if !self.spend() {
            return true;
        }
        if let Some(branches) = branches(schema) {
            return branches.iter().any(|branch| self.accepts_strings(branch));
        }
        match (schema.get("type"), schema.get("enum"), schema.get("const")) {
            (Some(Value::String(ty)), ..) => ty == "string",
            (Some(Value::Array(types)), ..) => types.iter().any(|ty| ty == "string"),
            (_, Some(Value::Array(values)), _) => values.iter().any(Value::is_string),
            (_, _, Some(only)) => only.is_string(),
            _ => true,
        }
    }
}

/// The integer that a float is, if it is one and no other.
pub(super) fn whole(value: &Value) -> Option<i64> {
    /// Beyond 2^53 a float does not tell one integer from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = value.as_f64().filter(|float| value.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is exact")]
    let whole = float as i64;
    Some(whole)
}
