//! A declaration of one item, made one of many: the call, and what is said of each item.

use super::{Bulk, USUAL};
use crate::{ArgumentSet, Declaration, ErrorKind, OperationKind, arguments::ITEMS, arguments::ItemShape, schema};
use serde_json::{Map, Value, json};
use std::{mem, sync::Arc};

impl Declaration {
    /// Whether its function is one of one item, and its calls have many.
    pub(crate) fn is_lifted(&self) -> bool {
        self.bulk.is_some() && !self.signature.takes_many
    }

    /// Says how many items a function takes that takes a list itself.
    pub(crate) fn finish_items(&mut self) {
        if self.signature.takes_many {
            let bulk = self.bulk.get_or_insert_with(|| Bulk::new(USUAL.0..=USUAL.1, false));
            self.signature.table.bound(ITEMS, bulk.least, bulk.most);
        }
    }

    /// The declaration of the call, and that of each item where its function is one of one item. Called once, when all else is known.
    #[doc(hidden)]
    #[must_use]
    pub fn divide(mut self) -> (Self, Option<Arc<Self>>) {
        let Some(bulk) = self.bulk.take_if(|_| !self.signature.takes_many) else { return (self, None) };
        let mut call = Self::new(self.name.clone(), self.description.clone(), OperationKind::Service);
        call.title = self.title.take();
        call.permission.clone_from(&self.permission);
        call.routes = mem::take(&mut self.routes);
        call.limits = mem::take(&mut self.limits);
        call.cost = mem::replace(&mut self.cost, 1);
        call.deadline = self.deadline.take();
        call.task = self.task.take();
        call.idempotent = self.idempotent;
        call.idempotency = self.idempotency.take();
        call.destructive = self.destructive;
        call.set_enabled(self.is_enabled());
        call.lock = self.lock;
        call.terms = mem::take(&mut self.terms);
        call.exposure = mem::take(&mut self.exposure);
        self.exposure.shown = mem::replace(&mut call.exposure.shown, crate::form::Shown::Json);
        call.signature.talk = self.signature.talk;
        call.signature.calls = self.signature.calls;
        call.signature.scoped.clone_from(&self.signature.scoped);
        call.signature.reads_apart = self.signature.reads_apart;
        call.unscoped.clone_from(&self.unscoped);
        if bulk.is_per_item {
            call.status = Some(207);
        } else {
            call.status = self.status;
            call.errors.clone_from(&self.errors);
            call.errors.extend(self.requirements().map(|code| (ErrorKind::Conflict, code)));
        }
        call.output = answer(&self, &bulk);
        let item = Arc::new(self);
        let shape = Arc::clone(&item) as Arc<dyn ItemShape>;
        let items = ArgumentSet::items(shape, (bulk.least, bulk.most), bulk.is_per_item);
        call.signature.arguments(Ok(items));
        call.bulk = Some(Bulk { item: Some(Arc::clone(&item)), ..bulk });
        call.finish_terms();
        (call, Some(item))
    }
}

/// The schema of the answer to all items.
fn answer(item: &Declaration, bulk: &Bulk) -> Value {
    if item.is_empty() && !bulk.is_per_item {
        return item.output.clone();
    }
    let mut one = item.output.clone();
    schema::hoist(&mut one, &format!("{}.item", item.name()));
    let defs = one.as_object_mut().and_then(|one| one.remove("$defs"));
    let items = |items: Value| json!({"type": "array", "items": items, "minItems": bulk.least, "maxItems": bulk.most});
    let mut answer = if bulk.is_per_item {
        let count = |what: &str| json!({"type": "integer", "minimum": 0, "description": what});
        let outcomes = json!({"oneOf": [done(item, one), failed(item)]});
        json!({
            "type": "object",
            "properties": {
                "succeeded": count("How many items were done."),
                "failed": count("How many items were not done: nothing of those is kept."),
                "items": items(outcomes),
            },
            "required": ["succeeded", "failed", "items"],
        })
    } else {
        json!({"type": "object", "properties": {"items": items(one)}, "required": ["items"]})
    };
    if let Some(defs) = defs {
        answer["$defs"] = defs;
    }
    answer
}

fn outcome(what: &str, status: Value, name: Option<(&str, Value)>) -> Value {
    let index = json!({"type": "integer", "minimum": 0, "description": "Which of the items that were sent, from 0."});
    let mut properties = Map::from_iter([("index".to_owned(), index), ("status".to_owned(), status)]);
    let mut required = vec!["index", "status"];
    if let Some((name, schema)) = name {
        properties.insert(name.to_owned(), schema);
        required.push(name);
    }
    json!({"type": "object", "description": what, "properties": properties, "required": required, "additionalProperties": false})
}

fn done(item: &Declaration, one: Value) -> Value {
    let status = json!({"type": "integer", "const": item.status()});
    outcome("An item that was done.", status, (!item.is_empty()).then_some(("value", one)))
}

fn failed(item: &Declaration) -> Value {
    let own = item.errors().iter().map(|(_, code)| *code).chain(item.requirements());
    let mut codes: Vec<String> = Vec::new();
    for code in own.map(|code| format!("`{code}`")) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let mut code = "What a program switches on; never changes.".to_owned();
    if !codes.is_empty() {
        code.push_str(&format!(" Of this operation: {}.", codes.join(", ")));
    }
    let text = |what: &str| json!({"type": "string", "description": what});
    let field = json!({
        "type": "object",
        "properties": {"pointer": text("Which field of the item."), "code": text("The rule that it breaks."), "detail": text("What was expected.")},
        "required": ["pointer", "code", "detail"],
    });
    let problem = json!({
        "type": "object",
        "description": "Why: what a call of this item alone would have answered (RFC 9457).",
        "properties": {
            "code": text(&code),
            "detail": text("What is wrong this time, in a sentence."),
            "errors": {"type": "array", "items": field, "description": "Every wrong field."},
        },
        "required": ["code", "detail"],
    });
    let status = json!({"type": "integer", "minimum": 400, "maximum": 499});
    outcome("An item that was not done.", status, Some(("problem", problem)))
}
