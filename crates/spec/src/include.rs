//! Related rows that a caller can ask for: each row is shown with those of another list that belong to it.

use crate::{
    Answer, ArgumentSet, Call, Cardinality, Declaration, Error, FieldError, Handler, Owner, Permission, Result,
    SelectorSpec, StateMap, answer::OfRows, schema,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    any::Any,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The most rows that related ones are looked for at a time: the key of each is a bound parameter.
const MOST_ROWS: u32 = 10_000;

/// What `.include(…)` takes: an `Include` of rows like these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shown with rows of `{Row}`",
    label = "not what belongs to a `{Row}`",
    note = "write `Include::one(\"name\", |row: &{Row}| row.key, related_list::spec().allow(…), \"column\")`, or `Include::many(…)`"
)]
pub trait IntoIncluded<Row> {
    /// What is declared.
    #[doc(hidden)]
    fn into_included(self) -> Included;
}

/// A related list, as it was declared.
pub struct Included {
    name: &'static str,
    column: &'static str,
    many: bool,
    /// The list itself.
    related: Declaration,
    switch: Switch,
    /// How one of its rows is shown.
    shown: Value,
    /// What finds the rows; whoever made it knows its type.
    loader: Option<Box<dyn Any + Send + Sync>>,
}

/// Whether a related list is there: as it was declared, and as the operation of its name is, if there is one.
#[derive(Clone)]
struct Switch {
    own: Arc<AtomicBool>,
    operation: Arc<OnceLock<Arc<AtomicBool>>>,
}

impl Switch {
    fn is_on(&self) -> bool {
        let is_on = |switch: &AtomicBool| switch.load(Ordering::Relaxed);
        is_on(&self.own) && self.operation.get().is_none_or(|operation| is_on(operation))
    }
}

/// Which of the related lists a caller asks for, by their place; left in the call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Includes(pub Vec<usize>);

impl Included {
    /// A related list, whose rows are shown as `View` under `name`, found by `column`.
    #[doc(hidden)]
    #[must_use]
    pub fn new<View: JsonSchema>(
        name: &'static str,
        column: &'static str,
        mut related: Declaration,
        columns: (&'static [&'static str], &'static [bool]),
        loader: Box<dyn Any + Send + Sync>,
    ) -> Self {
        related.finish_list(columns.0, columns.1);
        if !columns.0.contains(&column) {
            related.mistakes.push(format!(
                "is found by the column `{column}`, which is not in its row; the row has {}",
                columns.0.join(", ")
            ));
        }
        let switch = Switch { own: Arc::clone(&related.enabled), operation: Arc::default() };
        Self { name, column, many: true, related, switch, shown: schema::shown::<View>(), loader: Some(loader) }
    }

    /// The same, of which one row is shown.
    #[doc(hidden)]
    #[must_use]
    pub fn only_one(mut self) -> Self {
        self.many = false;
        self
    }

    /// Whether all of its rows are shown that belong to one, or the first.
    #[must_use]
    pub fn is_many(&self) -> bool {
        self.many
    }

    /// The column that has the key.
    #[must_use]
    pub fn column(&self) -> &'static str {
        self.column
    }

    /// The list itself.
    #[must_use]
    pub fn related(&self) -> &Declaration {
        &self.related
    }

    /// What it is called on every surface.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&mut self) -> Value {
        let shown = self.shown.take();
        let description = "There when `include` asks for it.";
        match self.many {
            true => json!({"type": "array", "items": shown, "description": description}),
            false => json!({"anyOf": [shown, {"type": "null"}], "description": description}),
        }
    }

    fn mistakes(&self, state: &StateMap) -> impl Iterator<Item = String> {
        let mut found: Vec<_> =
            self.related.mistakes(state).into_iter().map(|mistake| mistake.message().to_owned()).collect();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if self.name.is_empty() || !self.name.chars().all(is_name) {
            found.push("needs a name of letters, digits and `_`".to_owned());
        }
        let arguments = self.related.arguments().arguments().iter();
        let taken = arguments.filter(|argument| matches!(argument.owner, Owner::Arg | Owner::Input));
        found.extend(taken.map(|argument| {
            format!("takes the argument `{}`, but nobody gives it one; name a list that takes none", argument.name)
        }));
        if self.related.signature.responds {
            found.push("takes a `ResponseHead`, and has no response of its own here; name a list without".to_owned());
        }
        if self.related.hides_fields() {
            found.push(
                "hides fields, which it would show here; name a list that shows only what is for everybody".to_owned(),
            );
        }
        if !self.related.includes.is_empty() {
            found.push("has an `.include(…)` of its own, which nobody can ask for; leave it out".to_owned());
        }
        let Self { name, related, .. } = self;
        let list = related.name().to_owned();
        found.into_iter().map(move |why| format!("includes `{name}` of `{list}`: {why}"))
    }
}

impl<H: Handler, V> SelectorSpec<H, V> {
    /// Lets the caller ask, with the argument `include`, for the rows of another list that belong to these. They are found in one query
    /// for all rows of the answer, by whoever may use that list. May be called several times.
    pub fn include(mut self, related: impl IntoIncluded<<H::Out as Answer>::Item>) -> Self
    where
        H::Out: OfRows,
    {
        self.declaration_mut().includes.push(related.into_included());
        self
    }
}

impl Declaration {
    /// The related lists that a caller can ask for.
    #[must_use]
    pub fn includes(&self) -> &[Included] {
        &self.includes
    }

    /// Its own permission, and those of the related lists.
    pub fn permissions(&self) -> impl Iterator<Item = &dyn Permission> {
        self.permission().into_iter().chain(self.includes.iter().filter_map(|included| included.related.permission()))
    }

    /// Finds the operation of each related list's name: one that is switched off is not included, either.
    pub(crate) fn bind_includes<'d>(&self, find: impl Fn(&str) -> Option<&'d Self>) {
        for included in &self.includes {
            if let Some(operation) = find(included.related.name()) {
                let _ = included.switch.operation.set(Arc::clone(&operation.enabled));
            }
        }
    }

    /// Those that this call asks for.
    pub fn asked_includes(&self, call: &Call) -> impl Iterator<Item = &Included> {
        let asked = call.get::<Includes>().map_or(&[][..], |Includes(asked)| asked);
        asked.iter().filter_map(|&at| self.includes.get(at))
    }

    /// What finds the rows of each, for whatever makes the operation runnable.
    #[doc(hidden)]
    pub fn take_loaders(&mut self) -> Vec<Box<dyn Any + Send + Sync>> {
        self.includes.iter_mut().filter_map(|included| included.loader.take()).collect()
    }

    /// Whether the caller may use the lists that they ask for.
    ///
    /// # Errors
    /// As [`Declaration::authorize`] of the list.
    pub fn check_includes(&self, call: &Call) -> Result<()> {
        for included in self.asked_includes(call) {
            let allowed = included.related.authorize(call.principal());
            allowed.map_err(|error: Error| error.about(format_args!("`include` of `{}`", included.name)))?;
        }
        Ok(())
    }

    /// Adds the argument, and to the answer what it leads to.
    pub(crate) fn finish_includes(&mut self) {
        if self.includes.is_empty() {
            return;
        }
        let mut includes = std::mem::take(&mut self.includes);
        // They run in its calls, and may call others.
        self.signature.calls |= includes.iter().any(|included| included.related.signature.calls);
        let names = includes.iter().map(|included| (included.name, included.switch.clone())).collect();
        self.signature.arguments(Ok(argument(names)));
        let most = match self.cardinality {
            Cardinality::List => self.list.page.map_or(self.list.max_rows(), crate::Pagination::max_size),
            _ => 1,
        };
        if most > MOST_ROWS {
            self.mistakes.push(format!(
                "includes related rows, and can have {most} rows at a time; let it have at most {MOST_ROWS}"
            ));
        }
        for included in &mut includes {
            let name = included.name;
            let mut shown = included.schema();
            let definitions = shown.pointer_mut(if included.many { "/items" } else { "/anyOf/0" });
            let definitions = definitions.and_then(Value::as_object_mut).and_then(|shown| shown.remove("$defs"));
            if let Some(Value::Object(definitions)) = definitions {
                self.define(name, definitions);
            }
            let row = schema::row_mut(&mut self.output, self.cardinality == Cardinality::List);
            match row.and_then(|row| row.get_mut("properties")).and_then(Value::as_object_mut) {
                None => self
                    .mistakes
                    .push(format!("includes `{name}`, but its rows are shown as something else than objects")),
                Some(fields) if fields.contains_key(name) => self.mistakes.push(format!(
                    "includes `{name}`, and its rows have a field of that name already; call one of them otherwise"
                )),
                Some(fields) => drop(fields.insert(name.to_owned(), shown)),
            }
        }
        self.includes = includes;
    }

    fn define(&mut self, name: &str, definitions: Map<String, Value>) {
        let known = self.output.as_object_mut().map(|output| output.entry("$defs").or_insert_with(|| json!({})));
        let Some(known) = known.and_then(Value::as_object_mut) else { return };
        for (definition, schema) in definitions {
            match known.get(&definition) {
                Some(other) if *other != schema => self.mistakes.push(format!(
                    "includes `{name}`, in which `{definition}` is another type than in its rows; rename one with `#[schemars(rename = \"…\")]`"
                )),
                _ => drop(known.insert(definition, schema)),
            }
        }
    }

    pub(crate) fn check_related(&self, state: &StateMap, found: &mut Vec<String>) {
        found.extend(self.includes.iter().flat_map(|included| included.mistakes(state)));
    }
}

fn argument(lists: Vec<(&'static str, Switch)>) -> ArgumentSet {
    #[derive(Deserialize)]
    struct Given {
        include: Option<Vec<String>>,
    }
    let names: Vec<_> = lists.iter().map(|(name, _)| *name).collect();
    let schema = json!({
        "type": "array",
        "description": "What to show with each row besides.",
        "items": {"type": "string", "enum": names},
        "maxItems": names.len(),
    });
    let convert = move |Given { include }: Given| {
        let asked = include.unwrap_or_default();
        if asked.len() > lists.len() {
            let most = format!("must have at most {} elements", lists.len());
            return Err(vec![FieldError::new("/include", "length", most)]);
        }
        let (mut places, mut wrong) = (Vec::new(), Vec::new());
        for (index, asked) in asked.iter().enumerate() {
            match lists.iter().position(|(name, switch)| name == asked && switch.is_on()) {
                None => wrong.push(FieldError::new(format!("/include/{index}"), "type", expected(&lists))),
                Some(place) if places.contains(&place) => {}
                Some(place) => places.push(place),
            }
        }
        if wrong.is_empty() { Ok(Includes(places)) } else { Err(wrong) }
    };
    ArgumentSet::custom(Owner::Include, Map::from_iter([("include".to_owned(), schema)]), convert)
}

/// One that is switched off is told of to nobody.
fn expected(lists: &[(&'static str, Switch)]) -> String {
    let there: Vec<_> = lists.iter().filter(|(_, switch)| switch.is_on()).map(|(name, _)| *name).collect();
    match there.as_slice() {
        [] => "nothing can be included now; leave it out".to_owned(),
        there => format!("expected one of {}", there.join(", ")),
    }
}

impl std::fmt::Debug for Included {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Included").field("name", &self.name).field("column", &self.column).finish_non_exhaustive()
    }
}
