//! What an argument can be completed to while it is typed (MCP 2026-07-28, server/utilities/completion): where the values
//! come from, and what can be wrong with that.

use crate::{Cardinality, Declaration, Mistake, OperationKind, schema};
use serde_json::Value;
use std::borrow::Cow;

/// Where the values of an argument come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// These.
    Values(Vec<Cow<'static, str>>),
    /// What a list selector has in a field of its rows.
    Field {
        /// The selector's name.
        selector: &'static str,
        /// The field of its rows, as shown.
        field: &'static str,
    },
}

impl Completion {
    pub(crate) fn values<V: Into<Cow<'static, str>>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Values(values.into_iter().map(Into::into).collect())
    }
}

impl Declaration {
    pub(crate) fn complete(&mut self, argument: &'static str, completion: Completion) {
        if self.completions.iter().any(|(name, _)| *name == argument) {
            self.mistakes.push(format!("says twice how `{argument}` is completed; say it once"));
        }
        self.completions.push((argument, completion));
    }

    /// The arguments that a client can ask to have completed: all of a prompt, of a resource the variables of its URI.
    pub fn completable(&self) -> impl Iterator<Item = &str> {
        let all = self.kind == OperationKind::Prompt;
        let names = self.arguments().arguments().iter().filter(move |_| all).map(|argument| argument.name.as_str());
        names.chain(self.resource.iter().flat_map(|uri| uri.variables()))
    }

    /// Where the values of an argument come from: as declared, else from its type, when that lists its values.
    #[must_use]
    pub fn completion(&self, argument: &str) -> Option<Cow<'_, Completion>> {
        if let Some((_, declared)) = self.completions.iter().find(|(name, _)| *name == argument) {
            return Some(Cow::Borrowed(declared));
        }
        let argument = self.arguments().argument(argument)?;
        let values = schema::closed(&argument.schema, &self.arguments().definitions())?;
        Some(Cow::Owned(Completion::values(values)))
    }

    /// What is wrong with its completions, given the other operations.
    pub fn completion_mistakes<'d>(&self, find: impl Fn(&str) -> Option<&'d Self>) -> Vec<Mistake> {
        let mut found = Vec::new();
        for (argument, completion) in &self.completions {
            if !self.completable().any(|name| name == *argument) {
                let what = match self.kind {
                    OperationKind::Prompt => "no argument of the prompt",
                    _ => "no variable of the URI of its `.resource(…)`",
                };
                found.push(format!("completes `{argument}`, which is {what}"));
            }
            if let Completion::Field { selector, field } = completion
                && let Err(why) = self.check_source(find(selector), selector, field)
            {
                found.push(format!("completes `{argument}` from `{selector}`, {why}"));
            }
        }
        found.into_iter().map(|message| Mistake::new(self.name(), message)).collect()
    }

    fn check_source(&self, source: Option<&Self>, name: &str, field: &str) -> Result<(), String> {
        let source = source.ok_or("but no operation has that name")?;
        if source.cardinality != Cardinality::List {
            return Err("which is not a list; name a selector that returns `Select<Row>`".to_owned());
        }
        let arguments = source.arguments().arguments().iter();
        let given = |name: &str| self.completable().any(|own| own == name);
        if let Some(missing) = arguments.filter(|argument| argument.required).find(|argument| !given(&argument.name)) {
            return Err(format!(
                "which needs `{}`; name a list that needs no argument, or only arguments that this operation has too",
                missing.name
            ));
        }
        let none = serde_json::Map::new();
        let defs = source.output.get("$defs").and_then(Value::as_object).unwrap_or(&none);
        let rows = schema::properties(&source.output, defs).and_then(|list| list.get("items"));
        let row = rows.and_then(|rows| schema::items(rows, defs)).and_then(|row| schema::properties(row, defs));
        match row.and_then(|row| row.get(field)) {
            Some(schema) if schema::is_one_text(schema, defs) => Ok(()),
            Some(_) => Err(format!("whose `{field}` is neither text nor a number")),
            None => {
                let known: Vec<_> = row.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                Err(format!("whose rows have no `{field}`; `{name}` shows {}", known.join(", ")))
            }
        }
    }
}
