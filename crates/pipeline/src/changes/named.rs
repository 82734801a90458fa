//! Which resources a call has changed: what its declaration says, filled in from what it was called with and what it answered.

use super::Changes;
use crate::Outcome;
use diptych_spec::{Arguments, Bulk, Declaration, Template, scalar_to_text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

/// What a service that declares `.changes(…)` was called with, as far as its URIs name it: once, or for each of its items.
pub(crate) struct Named(Vec<Given>);

/// Names and values.
type Given = Vec<(String, String)>;

/// The answers to the items of a call.
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// The answer to an item that stands for itself.
#[derive(Deserialize)]
struct Done<'a> {
    index: usize,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    problem: Option<&'a RawValue>,
}

impl Named {
    pub(crate) fn of(declaration: &Declaration, arguments: &Arguments<'_>) -> Self {
        match declaration.bulk().and_then(Bulk::item) {
            None => Self(vec![given(declaration, arguments)]),
            Some(item) if item.changes().is_empty() => Self(Vec::new()),
            Some(item) => {
                let items = arguments.items().unwrap_or_default();
                Self(items.iter().map(|own| given(item, &Arguments::named(own))).collect())
            }
        }
    }

    /// Tells what was declared to change, to those whose rows it was about. Called after COMMIT; a dry run changes nothing. A call that is sent again tells it again: the
    /// first time may have ended before it was told. Of items, those that were done are told, each URI once.
    pub(crate) fn tell(&self, declaration: &Declaration, outcome: &Outcome, changes: &Changes) {
        let bulk = declaration.bulk().filter(|bulk| bulk.item().is_some());
        let one = bulk.and_then(|bulk| bulk.item()).map_or(declaration, |item| item);
        if one.changes().is_empty() || !changes.are_heard() || outcome.is_dry_run() {
            return;
        }
        let Some(bulk) = bulk else {
            return self.tell_one(0, one, outcome.json(), |uri| changes.resource_of(uri, outcome.whose()));
        };
        let mut told = HashSet::new();
        let mut tell = |uri: String| {
            if told.insert(uri.clone()) {
                changes.resource_of(uri, outcome.whose());
            }
        };
        if one.is_empty() && !bulk.is_per_item() {
            (0..self.0.len()).for_each(|index| self.tell_one(index, one, "null", &mut tell));
            return;
        }
        let answered = serde_json::from_str::<Answered<'_>>(outcome.json());
        for (index, answer) in answered.map(|answered| answered.items).unwrap_or_default().iter().enumerate() {
            if !bulk.is_per_item() {
                self.tell_one(index, one, answer.get(), &mut tell);
            } else if let Ok(Done { index, value, problem: None }) = serde_json::from_str(answer.get()) {
                self.tell_one(index, one, value.map_or("null", RawValue::get), &mut tell);
            }
        }
    }

    /// Tells the changes of one call, or of one item.
    fn tell_one(&self, index: usize, declaration: &Declaration, answer: &str, mut tell: impl FnMut(String)) {
        let answer: HashMap<String, &RawValue> = serde_json::from_str(answer).unwrap_or_default();
        let value = |name: &str| {
            let answered = answer.get(name).and_then(|value| scalar_to_text(value.get())).map(Cow::into_owned);
            let given = || self.0.get(index)?.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
            answered.or_else(given)
        };
        for uri in declaration.changes() {
            match uri.expand(value) {
                Some(uri) => tell(uri),
                None => {
                    tracing::warn!(operation = declaration.name(), %uri, "a change was not told: a value is missing")
                }
            }
        }
    }
}

fn given(declaration: &Declaration, arguments: &Arguments<'_>) -> Given {
    let variables = declaration.changes().iter().flat_map(Template::variables);
    variables.filter_map(|name| Some((name.to_owned(), arguments.text(name)?.into_owned()))).collect()
}
