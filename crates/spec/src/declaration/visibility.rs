//! Which fields of an answer which callers are shown: in the answer, in its schema, and in what can be asked about them.

use super::{Cardinality, Declaration};
use crate::{
    Audience, Call, FieldSet, Filters, Form, Hidden, Order, Principal, Result,
    json::without,
    schema,
    visibility::{ShownTo, Visibility},
};
use serde_json::Value;
use std::borrow::Cow;

/// How many rules with a permission an operation has at most: a list of tools has an entry for each set of them that a caller can meet.
const MOST: usize = 4;

impl Declaration {
    /// Says for whom these fields are.
    pub(crate) fn show(&mut self, fields: FieldSet, shown_to: ShownTo) {
        self.visibility.push(Visibility { fields, shown_to });
    }

    /// Keeps those who are not shown fields of this list from finding the rows that it works on by them.
    pub(crate) fn guard(&mut self, list: &mut Self) {
        if !list.list.filter_columns.is_empty() {
            list.visibility.iter().for_each(|rule| list.check_columns(rule, &mut self.mistakes));
        }
        self.guards.append(&mut list.visibility);
    }

    /// Whether any field is not for everybody.
    #[must_use]
    pub fn hides_fields(&self) -> bool {
        !self.visibility.is_empty()
    }

    /// What this caller is not shown; `audience` is `None` for the application itself.
    #[must_use]
    pub fn hidden_from(&self, principal: Option<&Principal>, audience: Option<Audience>) -> Hidden {
        self.hidden_where(|rule| rule.check(principal, audience).is_err())
    }

    /// Each set of fields that some caller of this audience is not shown; that of whoever is allowed everything comes first.
    #[must_use]
    pub fn hidden_sets(&self, audience: Audience) -> Vec<Hidden> {
        let fixed = self.hidden_where(|rule| matches!(rule.shown_to, ShownTo::Only(only) if only != audience));
        let mut sets = vec![fixed];
        for (at, rule) in self.visibility.iter().enumerate() {
            if matches!(rule.shown_to, ShownTo::Allowed(_)) {
                let more: Vec<_> = sets.iter().map(|set| Hidden(set.0 | 1 << at)).collect();
                sets.extend(more);
            }
        }
        sets
    }

    fn hidden_where(&self, is_hidden: impl Fn(&Visibility) -> bool) -> Hidden {
        let rules = self.visibility.iter().enumerate().filter(|(_, rule)| is_hidden(rule));
        Hidden(rules.fold(0, |set, (at, _)| set | 1 << at))
    }

    fn rules(&self, hidden: Hidden) -> impl Iterator<Item = &Visibility> {
        self.visibility.iter().enumerate().filter(move |(at, _)| hidden.0 & (1 << at) != 0).map(|(_, rule)| rule)
    }

    /// The names of the fields that are hidden.
    pub fn hidden_fields(&self, hidden: Hidden) -> impl Iterator<Item = &'static str> {
        self.rules(hidden).flat_map(|rule| rule.fields.names.iter().copied())
    }

    /// The answer, JSON, without what is hidden.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn shown(&self, json: &str, hidden: Hidden) -> Result<Vec<u8>> {
        let names: Vec<_> = self.hidden_fields(hidden).collect();
        without(json, &names, (self.cardinality == Cardinality::List).then_some("items"))
    }

    /// One row of the answer, JSON, without what is hidden.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn shown_row(&self, json: &str, hidden: Hidden) -> Result<Vec<u8>> {
        let names: Vec<_> = self.hidden_fields(hidden).collect();
        without(json, &names, None)
    }

    /// The JSON Schema of the answer, for whoever is not shown these fields.
    #[must_use]
    pub fn output_without(&self, hidden: Hidden) -> Cow<'_, Value> {
        if hidden.is_nothing() {
            return Cow::Borrowed(&self.output);
        }
        let mut output = self.output.clone();
        if let Some(row) = self.row_in(&mut output) {
            for name in self.hidden_fields(hidden) {
                if let Some(Value::Object(properties)) = row.get_mut("properties") {
                    properties.shift_remove(name);
                }
                not_required(row, name);
            }
        }
        Cow::Owned(output)
    }

    /// The JSON Schema of the answer for everybody of an audience: with what only some are shown, which it says.
    #[must_use]
    pub fn output_for(&self, audience: Audience) -> Cow<'_, Value> {
        let mut output = self.output_without(self.hidden_sets(audience).first().copied().unwrap_or_default());
        let some = self.visibility.iter().filter_map(|rule| match &rule.shown_to {
            ShownTo::Allowed(permission) => Some((&rule.fields, permission)),
            ShownTo::Only(_) => None,
        });
        for (fields, permission) in some {
            let Some(row) = self.row_in(output.to_mut()) else { continue };
            let scopes: Vec<_> = permission.scopes().iter().map(|scope| format!("`{scope}`")).collect();
            let note = match scopes.is_empty() {
                true => "Shown to some callers only.".to_owned(),
                false => format!("Shown only with {}.", scopes.join(", ")),
            };
            for name in &fields.names {
                not_required(row, name);
                if let Some(Value::Object(field)) = row.get_mut("properties").and_then(|all| all.get_mut(*name)) {
                    let said = field.get("description").and_then(Value::as_str).map(|said| format!("{said}\n\n{note}"));
                    field.insert("description".to_owned(), said.unwrap_or(note.clone()).into());
                }
            }
        }
        output
    }

    /// Whether the caller may ask what was asked: whoever is not shown a field learns nothing of it by a filter or an order.
    ///
    /// # Errors
    /// Why not.
    pub fn check_asked(&self, call: &Call, audience: Option<Audience>) -> Result<()> {
        for rule in self.visibility.iter().chain(&self.guards) {
            let guarded = rule.fields.guarded();
            let filtered =
                call.get::<Filters>().is_some_and(|all| all.0.iter().any(|one| guarded.contains(&one.column)));
            let ordered = call.get::<Order>().is_some_and(|all| all.0.iter().any(|key| guarded.contains(&key.column)));
            if filtered || ordered {
                rule.check(call.principal(), audience)?;
            }
        }
        Ok(())
    }

    /// The schema of a row, or of the one answer.
    fn row_in<'s>(&self, output: &'s mut Value) -> Option<&'s mut Value> {
        let at = self.row_pointer()?;
        output.pointer_mut(&at)
    }

    /// Whether it has a field that a step of it hides, and does not hide it itself.
    pub(super) fn shows_what_is_hidden_by(&self, step: &Self) -> bool {
        let own = self.row_pointer().and_then(|at| self.output.pointer(&at)?.get("properties"));
        // Not an object itself, but there may be some in it.
        let may_have = ["items", "anyOf", "oneOf", "$ref"].iter().any(|keyword| self.output.get(keyword).is_some());
        let shows = |name: &str| own.map_or(may_have, |fields| fields.get(name).is_some());
        let hides = |name: &str| self.visibility.iter().any(|rule| rule.fields.names.contains(&name));
        let mut hidden = step.visibility.iter().flat_map(|rule| &rule.fields.names);
        hidden.any(|name| shows(name) && !hides(name))
    }

    /// Where the schema of a row is. Not where it is a definition: what is hidden there would be hidden wherever that is used.
    fn row_pointer(&self) -> Option<String> {
        let at = schema::row_at(&self.output, self.cardinality == Cardinality::List, true);
        at.filter(|at| !at.starts_with("/$defs"))
    }

    pub(super) fn check_visibility(&self, found: &mut Vec<String>) {
        if self.visibility.is_empty() {
            return;
        }
        if self.form() != Form::Json {
            found
                .push("hides fields, but its answer is no JSON; leave out `.visible(…)` and `.audience(…)`".to_owned());
            return;
        }
        let allowed = self.visibility.iter().filter(|rule| matches!(rule.shown_to, ShownTo::Allowed(_))).count();
        if allowed > MOST || self.visibility.len() > 16 {
            found.push(format!("has more than {MOST} rules `.visible(…)`; give fields with the same permission together: `.visible([\"a\", \"b\"], …)`"));
        }
        if self.bulk.is_some() {
            found.push(
                "hides fields, and answers with a list of items, in which nothing can be hidden; show another view with `.present::<…>()`"
                    .to_owned(),
            );
            return;
        }
        let row = self.row_pointer().and_then(|at| self.output.pointer(&at)?.get("properties"));
        let nests = self.output.to_string().contains("\"$ref\":\"#\"");
        let Some(row) = row.filter(|_| !nests) else {
            found.push(
                "hides fields of an answer that is no object, or has itself in it; show it as a view of its own"
                    .to_owned(),
            );
            return;
        };
        let told =
            |name: &str, by: &str| format!("hides `{name}`, which {by} tells; leave it out there, or show the field");
        for rule in &self.visibility {
            if let ShownTo::Allowed(permission) = &rule.shown_to {
                found.extend(permission.mistake());
            }
            for name in &rule.fields.names {
                if row.get(name).is_none() {
                    let known = row.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>().join("`, `"));
                    found.push(format!("hides `{name}`, which is no field; there are `{}`", known.unwrap_or_default()));
                }
                if self.creates.iter().any(|path| path.variables().any(|own| own == *name)) {
                    found.push(told(name, "`.creates(…)`"));
                }
                if self.changes.iter().any(|uri| uri.variables().any(|own| own == *name)) {
                    found.push(told(name, "`.changes(…)`"));
                }
                if self.version_field() == Some(*name) {
                    found.push(told(name, "the entity tag"));
                }
            }
            self.check_guarded(rule, found);
        }
    }

    /// A list can be asked about columns; which of them tell of a field has to be known.
    fn check_guarded(&self, rule: &Visibility, found: &mut Vec<String>) {
        let list = &self.list;
        let searched = list.search.iter().flat_map(|search| search.in_columns());
        for column in searched.filter(|column| rule.fields.guarded().contains(column)) {
            found.push(format!("hides `{column}`, which `.search(…)` looks in; leave it out there, or show the field"));
        }
        if list.filter_columns.is_empty() && list.order_columns.is_empty() && list.search.is_none() {
            return;
        }
        self.check_columns(rule, found);
        let guarded = rule.fields.guarded();
        if let Some(key) = list.default_order.iter().find(|key| guarded.contains(&key.column)) {
            found.push(format!(
                "hides `{}`, and orders by it unless it is said otherwise; choose another default order",
                key.column
            ));
        }
        if list.is_ordered() && guarded.contains(&list.unique()) {
            found.push(format!(
                "hides `{}`, which every order ends in; name another column with `.unique(\"…\")`",
                list.unique()
            ));
        }
    }

    /// The columns that tell of hidden fields are those of the list.
    fn check_columns(&self, rule: &Visibility, found: &mut Vec<String>) {
        let list = &self.list;
        let is_known = |column: &&str| list.columns.contains(column) || list.order_columns.contains(column);
        for column in rule.fields.guarded().iter().filter(|column| !is_known(column)) {
            found.push(match rule.fields.columns {
                None => format!(
                    "hides `{column}`, which is no column of the row; say which columns it is made of, so that nobody filters or orders by them: `FieldSet::of([\"{column}\"]).columns([\"…\"])`"
                ),
                Some(_) => format!(
                    "hides `{}`, made of `{column}`, which is no column of the row; there are `{}`",
                    rule.fields.names.join("`, `"),
                    list.columns.join("`, `")
                ),
            });
        }
    }
}

fn not_required(row: &mut Value, name: &str) {
    if let Some(Value::Array(required)) = row.get_mut("required") {
        required.retain(|own| own != name);
        if required.is_empty()
            && let Some(row) = row.as_object_mut()
        {
            row.shift_remove("required");
        }
    }
}
