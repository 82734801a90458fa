//! Whether a value fits a schema, where it does not, and what can be mended in it. Only read when decoding failed.

use super::{Object, escape, expected, resolve, type_of};
use crate::{FieldError, JsonLimits};
use serde_json::Value;
use std::cell::Cell;

/// How many pairs of a value and a schema are looked at. Unions of unions would take a number that doubles with each level of
/// what a caller nests; behind the limit everything fits, and the decoder's own word holds.
const BUDGET: u32 = 20_000;

/// What is mended in a value that did not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// `2.0` → `2`: the same integer to JSON Schema.
    Integers,
    /// Also what a model wrote as a string: `"5"`, `"false"`, `"[1, 2]"`, where the schema forbids strings.
    Strings,
}

/// A look at values of one schema.
pub(crate) struct Fit<'s> {
    defs: &'s Object,
    budget: Cell<u32>,
}

impl<'s> Fit<'s> {
    pub(crate) fn new(defs: &'s Object) -> Self {
        Self { defs, budget: Cell::new(BUDGET) }
    }

    fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    /// Where `value` is not what `schema` expects: types, required and unknown names, enums and formats. All of them, where
    /// the decoder names the first.
    pub(crate) fn mismatches(&self, value: &Value, schema: &Value, pointer: &str, found: &mut Vec<FieldError>) {
        if !self.spend() {
            return;
        }
        let schema = resolve(schema, self.defs);
        let wrong = || FieldError::new(pointer, "type", format!("expected {}", expected(schema, self.defs)));
        if let Some(branches) = branches(schema) {
            if !branches.iter().any(|branch| self.fits(value, branch)) {
                found.push(wrong());
            }
            return;
        }
        if !fits_here(value, schema) {
            found.push(wrong());
            return;
        }
        match value {
            Value::Object(fields) => self.field_mismatches(fields, schema, pointer, found),
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    if let Some(items) = schema.get("items") {
                        self.mismatches(element, items, &format!("{pointer}/{index}"), found);
                    }
                }
            }
            _ => {}
        }
    }

    fn field_mismatches(&self, fields: &Object, schema: &Value, pointer: &str, found: &mut Vec<FieldError>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
            let at = format!("{pointer}/{}", escape(name));
            found.push(FieldError::new(at, "required", "this field is required"));
        }
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in fields {
            let at = format!("{pointer}/{}", escape(name));
            match properties.and_then(|properties| properties.get(name)) {
                Some(schema) => self.mismatches(value, schema, &at, found),
                None if closed => found.push(FieldError::new(at, "unknown", "there is no such field")),
                None => {}
            }
        }
    }

    fn fits(&self, value: &Value, schema: &Value) -> bool {
        let mut found = Vec::new();
        self.mismatches(value, schema, "", &mut found);
        found.is_empty()
    }

    /// Mends what can be mended; says whether there was something.
    pub(crate) fn mend(&self, value: &mut Value, schema: &Value, how: Mend) -> bool {
        if !self.spend() {
            return false;
        }
        let schema = resolve(schema, self.defs);
        if type_of(schema) == Some("integer")
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
        for branch in branches(schema).into_iter().flatten() {
            mended |= self.mend(value, branch, how);
        }
        match value {
            Value::Object(fields) => {
                for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    mended |= fields.get_mut(name).is_some_and(|field| self.mend(field, schema, how));
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    mended |= schema.get("items").is_some_and(|items| self.mend(element, items, how));
                }
            }
            _ => {}
        }
        mended
    }

    /// Whether some string is a value of the schema.
    fn accepts_strings(&self, schema: &Value) -> bool {
        let schema = resolve(schema, self.defs);
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

fn branches(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array())
}

fn fits_here(value: &Value, schema: &Value) -> bool {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.contains(value);
    }
    if let Some(only) = schema.get("const") {
        return only == value;
    }
    let fits = |ty: &str| match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || whole(value).is_some(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    let typed = match schema.get("type") {
        Some(Value::String(ty)) => fits(ty),
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    let format = schema.get("format").and_then(Value::as_str);
    typed
        && match (format, value) {
            (Some("uuid"), Value::String(text)) => uuid::Uuid::parse_str(text).is_ok(),
            (Some("date-time"), Value::String(text)) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            (Some("date"), Value::String(text)) => text.parse::<chrono::NaiveDate>().is_ok(),
            (Some("int32"), Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            (Some("uint32"), Value::Number(number)) => number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
            _ => true,
        }
}

/// The integer that a float is, if it is one.
fn whole(value: &Value) -> Option<i64> {
    /// Beyond 2^53 a float does not tell one integer from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = value.as_f64().filter(|float| value.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is exact")]
    let whole = float as i64;
    Some(whole)
}
