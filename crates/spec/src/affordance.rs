//! What can be done with a row now: the operations that a selector's answer names with each row, and why one of them is refused.

use crate::{Answer, Declaration, Handler, Mistake, SelectorSpec, answer::OfRows, schema, signature::Needed};
use serde_json::{Map, Value, json};
use std::any::Any;

/// The name under which they stand in a row.
pub const ACTIONS: &str = "actions";

/// The operations that are told with each row.
pub(crate) struct Affordances {
    names: Vec<&'static str>,
    /// The type of what they are called on.
    row: Needed,
    /// What of a row they are called on.
    of: Box<Of>,
}

type Of = dyn Fn(&dyn Any) -> Option<&dyn Any> + Send + Sync;

impl<H: Handler, V> SelectorSpec<H, V> {
    /// Tells with each row, under `actions`, which of these services can be called on it now, and why the others cannot: as their
    /// `.permit` and `.require` see the row that was read, without another query. A service that the caller may not use at all is left out.
    ///
    /// It is a hint: the row may change before the call, which checks again, in its transaction. Each service has a target (or targets) of this
    /// selector's row type.
    ///
    /// ```text
    /// "actions": {"invoices.send": {"available": true}, "invoices.pay": {"available": false, "code": "not_sent", "detail": "…"}}
    /// ```
    pub fn affordances<const N: usize>(self, services: [&'static str; N]) -> Self
    where
        H::Out: OfRows,
        <H::Out as Answer>::Item: 'static,
    {
        self.affordances_of(|row| row, services)
    }

    /// As [`SelectorSpec::affordances`], for services whose target is only a part of what this selector answers with:
    /// `.affordances_of(|detail: &Detail| &detail.invoice, ["invoices.send"])`.
    pub fn affordances_of<T: 'static, const N: usize>(
        mut self,
        part: impl Fn(&<H::Out as Answer>::Item) -> &T + Send + Sync + 'static,
        services: [&'static str; N],
    ) -> Self
    where
        H::Out: OfRows,
        <H::Out as Answer>::Item: 'static,
    {
        let of: Box<Of> = Box::new(move |row| row.downcast_ref().map(|row| part(row) as &dyn Any));
        let declaration = self.declaration_mut();
        if declaration.affordances.is_some() {
            declaration.mistakes.push("has affordances twice; name all of the services in one".to_owned());
        }
        declaration.affordances = Some(Affordances { names: services.to_vec(), row: Needed::of::<T>(), of });
        self
    }
}

impl Declaration {
    /// The services that an answer tells of with each row, by name.
    #[must_use]
    pub fn affordances(&self) -> &[&'static str] {
        self.affordances.as_ref().map_or(&[], |affordances| &affordances.names)
    }

    /// What of this row, which is one of the answer, they are called on.
    #[must_use]
    pub fn afforded<'r>(&self, row: &'r dyn Any) -> Option<&'r dyn Any> {
        (self.affordances.as_ref()?.of)(row)
    }

    /// What is wrong with the affordances, given the other operations.
    #[must_use]
    pub fn affordance_mistakes<'d>(&self, find: impl Fn(&str) -> Option<&'d Self>) -> Vec<Mistake> {
        let Some(Affordances { names, row, .. }) = &self.affordances else { return Vec::new() };
        let mut found = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let mut wrong = |why: String| found.push(Mistake::new(self.name(), why));
            if names[..at].contains(name) {
                wrong(format!("has the affordance `{name}` twice; leave one out"));
                continue;
            }
            let Some(service) = find(name) else {
                wrong(format!("has the affordance `{name}`, and there is no such operation"));
                continue;
            };
            match service.target.as_ref().or(service.targets.as_ref()) {
                None => wrong(format!(
                    "has the affordance `{name}`, which has no target; add `.target(…)` to it, or leave it out here"
                )),
                Some(target) if target.id() != row.id() => wrong(format!(
                    "has the affordance `{name}`, whose target is {}, not {}; where that is a part of the row, write `.affordances_of(|row| &row.part, [\"{name}\"])`",
                    target.name(),
                    row.name()
                )),
                Some(_) => {}
            }
        }
        found
    }

    /// Says in the schema of the answer what is told with each row.
    pub(crate) fn describe_affordances(&mut self, is_list: bool) {
        let Some(Affordances { names, .. }) = &self.affordances else { return };
        let of_one = |name: &&'static str| ((*name).to_owned(), action(name));
        let properties: Map<_, _> = names.iter().map(of_one).collect();
        let actions = json!({
            "type": "object",
            "description": "Which operations can be called on this now, of those that the caller may use.",
            "properties": properties,
            "additionalProperties": false,
        });
        let row = schema::row_mut(&mut self.output, is_list);
        match row.and_then(|row| row.get_mut("properties")?.as_object_mut()) {
            None => self.mistakes.push(
                "has affordances, but its rows are shown as something else than objects; present them as a struct".to_owned(),
            ),
            Some(fields) if fields.contains_key(ACTIONS) => self.mistakes.push(format!(
                "has affordances, which are shown as `{ACTIONS}`, and its rows have a field of that name already; call that one otherwise"
            )),
            Some(fields) => drop(fields.insert(ACTIONS.to_owned(), actions)),
        }
    }
}

fn action(name: &str) -> Value {
    json!({
        "type": "object",
        "description": format!("Whether `{name}` can be called."),
        "properties": {
            "available": {"type": "boolean"},
            "code": {"type": "string", "description": "What it would be refused with."},
            "detail": {"type": "string", "description": "Why, in a sentence."},
        },
        "required": ["available"],
        "additionalProperties": false,
    })
}
