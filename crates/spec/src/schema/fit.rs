//! Whether a value is what a schema says, and where it is not. The one reader of schemas: it explains what did not decode, holds
//! what decoded to what is published, and in debug builds answers, too.
//!
//! Of a keyword that is not here (`contains`, `dependentSchemas`, …) nothing is said: the value passes.

mod at;
mod formats;
mod mend;
mod rules;
mod tag;

pub(crate) use mend::Mend;
pub(crate) use rules::{has_rules, keyword};

use super::{Object, expected, type_of, words};
use crate::FieldError;
use at::At;
use serde_json::Value;
use std::{cell::Cell, collections::HashSet, sync::LazyLock};

/// How many pairs of a value and a schema are looked at. Unions of unions would take a number that doubles with each level of
/// what a caller nests; behind the limit everything fits, and the decoder's own word holds.
const BUDGET: u32 = 20_000;
/// The same for what the server made itself.
const MUCH: u32 = 200_000;

/// How closely a value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What a decoder looks at: types, names, variants, and formats that are types, such as a UUID.
    Form,
    /// Also the rules: lengths, bounds, patterns, formats of texts.
    Rules,
}

/// A look at values of one schema.
pub(crate) struct Fit<'s> {
    root: Option<&'s Value>,
    defs: &'s Object,
    look: Look,
    /// Whether names that are not declared are left out of pointers: in a map they are data.
    discreet: bool,
    budget: Cell<u32>,
}

impl<'s> Fit<'s> {
    /// A look at the form of what a caller gave.
    pub(crate) fn new(defs: &'s Object) -> Self {
        Self { root: None, defs, look: Look::Form, discreet: false, budget: Cell::new(BUDGET) }
    }

    /// A look at all that the schema says.
    pub(crate) fn by_the_rules(defs: &'s Object) -> Self {
        Self { look: Look::Rules, ..Self::new(defs) }
    }

    /// Where `value` is not what a whole schema says, for the log: without names that are data.
    pub(crate) fn whole(value: &Value, schema: &'s Value) -> Vec<FieldError> {
        static NONE: LazyLock<Object> = LazyLock::new(Object::new);
        let defs = schema.get("$defs").and_then(Value::as_object).unwrap_or(&NONE);
        let fit = Self { root: Some(schema), discreet: true, budget: Cell::new(MUCH), ..Self::by_the_rules(defs) };
        let mut found = Vec::new();
        fit.mismatches(value, schema, "", &mut found);
        found
    }

    /// Where `value`, which is at `pointer`, is not what `schema` expects. All of it, where a decoder names the first.
    pub(crate) fn mismatches(&self, value: &Value, schema: &Value, pointer: &str, found: &mut Vec<FieldError>) {
        self.walk(value, schema, At::Root(pointer), found);
    }

    fn strictly(&self) -> Self {
        Self { look: Look::Rules, budget: self.budget.clone(), ..*self }
    }

    fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// What a reference leads to.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match (schema.get("$ref").and_then(Value::as_str), self.root) {
            (Some("#"), Some(root)) => root,
            _ => super::resolve(schema, self.defs),
        }
    }

    fn walk(&self, value: &Value, schema: &Value, at: At<'_>, found: &mut Vec<FieldError>) {
        if !self.spend() {
            return;
        }
        let before = found.len();
        let target = self.resolve(schema);
        if !std::ptr::eq(target, schema) {
            self.walk(value, target, at, found);
        }
        for part in list(schema, "allOf") {
            self.walk(value, part, at, found);
        }
        if found.len() > before {
            return;
        }
        let wrong = || FieldError::new(at.pointer(), "type", format!("expected {}", expected(schema, self.defs)));
        if !fits_here(value, schema) {
            found.push(wrong());
            return;
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = list(schema, keyword);
            let candidates: Vec<_> = branches.iter().filter(|branch| self.may_be(value, branch)).collect();
            match candidates[..] {
                [] if branches.is_empty() => {}
                // What is wrong inside of the one thing that it can be is told where it is.
                [only] => self.walk(value, only, at, found),
                _ if !self.is_one_of(value, &candidates, keyword == "oneOf") => {
                    found.push(self.wrong_tag(value, branches, &at).unwrap_or_else(wrong));
                }
                _ => {}
            }
        }
        if self.look == Look::Rules {
            self.rules(value, schema, at, found);
        }
        match value {
            Value::Object(fields) => self.members(fields, schema, at, found),
            Value::Array(elements) => self.elements(elements, schema, at, found),
            _ => {}
        }
    }

    /// Whether a value can be what a branch says, by what tells branches apart: its type, its tag.
    fn may_be(&self, value: &Value, branch: &Value) -> bool {
        let branch = self.resolve(branch);
        let properties = branch.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut tags = properties.filter_map(|(name, schema)| Some((value.get(name)?, schema.get("const")?)));
        fits_here(value, branch) && tags.all(|(tag, only)| tag == only)
    }

    fn is_one_of(&self, value: &Value, branches: &[&Value], alone: bool) -> bool {
        let fitting = |fit: &Self| branches.iter().filter(|branch| fit.fits(value, branch)).count();
        let count = fitting(self);
        if count > 1 && alone && self.look == Look::Form {
            // By their rules they may be told apart; that none of these is kept is not for here to say.
            let strictly = self.strictly();
            let count = fitting(&strictly);
            self.budget.set(strictly.budget.get());
            return count <= 1 || self.is_spent();
        }
        count == 1 || (count > 1 && !alone) || self.is_spent()
    }

    fn members(&self, fields: &Object, schema: &Value, at: At<'_>, found: &mut Vec<FieldError>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in list(schema, "required").iter().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                found.push(FieldError::new(At::Name(&at, name).pointer(), "required", words::REQUIRED));
            }
        }
        let others = ["additionalProperties", "unevaluatedProperties"].iter().find_map(|keyword| schema.get(keyword));
        let others = others.filter(|_| schema.get("patternProperties").is_none());
        for (name, value) in fields {
            if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                self.walk(value, schema, At::Name(&at, name), found);
                continue;
            }
            let at = At::Name(&at, if self.discreet { "*" } else { name });
            match others {
                Some(Value::Bool(false)) if self.is_named(schema, name) => {}
                Some(Value::Bool(false)) => {
                    found.push(FieldError::new(at.pointer(), "unknown", "there is no such field"));
                }
                Some(others) => self.walk(value, others, at, found),
                None => {}
            }
        }
    }

    /// Whether a schema that says no other names has this one in a part of it, where `unevaluatedProperties` sees it.
    fn is_named(&self, schema: &Value, name: &str) -> bool {
        if schema.get("additionalProperties").is_some() || !self.spend() {
            return false;
        }
        let target = self.resolve(schema);
        let refers = !std::ptr::eq(target, schema);
        let mut parts = ["allOf", "anyOf", "oneOf"].iter().flat_map(|keyword| list(schema, keyword));
        let has = |part: &Value| part.get("properties").is_some_and(|properties| properties.get(name).is_some());
        refers && (has(target) || self.is_named(target, name))
            || parts.any(|part| has(part) || self.is_named(part, name))
    }

    fn elements(&self, elements: &[Value], schema: &Value, at: At<'_>, found: &mut Vec<FieldError>) {
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) && has_twice(elements) {
            found.push(FieldError::new(at.pointer(), "unique", "must not have an element twice"));
        }
        let prefix = list(schema, "prefixItems");
        for (index, element) in elements.iter().enumerate() {
            if let Some(items) = prefix.get(index).or_else(|| schema.get("items")) {
                self.walk(element, items, At::Index(&at, index), found);
            }
        }
    }

    fn fits(&self, value: &Value, schema: &Value) -> bool {
        let mut found = Vec::new();
        self.mismatches(value, schema, "", &mut found);
        found.is_empty()
    }
}

/// Whether an element is there twice. Objects whose members are in another order are taken for others.
fn has_twice(elements: &[Value]) -> bool {
    let mut seen = HashSet::new();
    let text = |element: &Value| mend::whole(element).map_or_else(|| element.to_string(), |whole| whole.to_string());
    !elements.iter().all(|element| seen.insert(text(element)))
}

/// The schemas, or names, in a list under a keyword.
fn list<'a>(schema: &'a Value, keyword: &str) -> &'a [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn fits_here(value: &Value, schema: &Value) -> bool {
    if *schema == Value::Bool(false) {
        return false;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.contains(value);
    }
    if let Some(only) = schema.get("const") {
        return only == value;
    }
    let fits = |ty: &str| match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
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
    typed && schema.get("format").and_then(Value::as_str).is_none_or(|format| formats::is_of_type(format, value))
}

/// Whether what decodes may still be something else than is published: serde takes a struct written as an array, a variant
/// written as an object, an element of a set twice, `uuid` and `chrono` more than one form.
pub(crate) fn is_loose(schema: &Value) -> bool {
    let keywords = ["properties", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "uniqueItems"];
    let mut loose = keywords.iter().any(|keyword| schema.get(keyword).is_some())
        || schema.get("format").and_then(Value::as_str).is_some_and(formats::has_forms);
    super::each_subschema(schema, |inner| loose |= is_loose(inner.schema));
    loose
}

/// The branches of a union.
fn branches(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array())
}

/// Whether what a value has to be is an integer.
fn is_integer(schema: &Value) -> bool {
    type_of(schema) == Some("integer")
}
