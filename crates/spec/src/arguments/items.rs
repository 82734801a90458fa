//! The argument `items` of a bulk: a list, each element of which is read and checked like the arguments of a call of its own.

use super::{
    Arguments,
    json::object_fields,
    set::{ArgumentSet, Fields, Refused},
    table::{ArgumentTable, Owner},
};
use crate::{
    Call, Declaration, Error, FieldError, Result,
    error::MOST_FIELDS,
    schema::{self, words},
};
use serde_json::{Map, Value, json, value::RawValue};
use std::{fmt, sync::Arc};

/// The name of the argument.
pub(crate) const ITEMS: &str = "items";

/// The items of a call, in order: each a call with its own arguments, or why its arguments are none.
pub struct ItemCalls(pub Vec<Result<Call>>);

/// Without what was given.
impl fmt::Debug for ItemCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemCalls({})", self.0.len())
    }
}

impl Arguments<'_> {
    /// The items of a list of them, each as JSON; also where a model wrote the list, or an item, as a text.
    #[must_use]
    pub fn items(&self) -> Option<Vec<String>> {
        let (object, _) = self.object?;
        let (_, list) = object_fields(object).ok()?.into_iter().rfind(|(own, _)| own == ITEMS)?;
        let meant = |json: &str| serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
        let list = meant(list.get());
        let items: Vec<&RawValue> = serde_json::from_str(&list).ok()?;
        Some(items.into_iter().map(|item| meant(item.get())).collect())
    }
}

/// What says what an item is.
pub(crate) trait ItemShape: Send + Sync + 'static {
    /// The arguments of one item.
    fn table(&self) -> &ArgumentTable;
}

impl ItemShape for ArgumentTable {
    fn table(&self) -> &ArgumentTable {
        self
    }
}

impl ItemShape for Declaration {
    fn table(&self) -> &ArgumentTable {
        self.arguments()
    }
}

impl ArgumentSet {
    /// A list of items of this shape. Where `keeps_refused`, an item that is not what was declared is kept as such, for whoever answers each;
    /// otherwise it refuses the call, with every wrong field of every item.
    pub(crate) fn items(shape: Arc<dyn ItemShape>, bounds: (usize, usize), keeps_refused: bool) -> Self {
        let mut item = shape.table().schema();
        let defs = match item.as_object_mut().and_then(|item| item.remove("$defs")) {
            Some(Value::Object(defs)) => defs,
            _ => Map::new(),
        };
        let (least, most) = bounds;
        let what = match keeps_refused {
            true => "Each of these is done or not for itself; the answer says which.",
            false => "All of these are done, or none.",
        };
        let list = json!({"type": "array", "items": item, "minItems": least, "maxItems": most, "description": what});
        let properties = Map::from_iter([(ITEMS.to_owned(), list)]);
        let required = vec![ITEMS.to_owned()];
        let (rules, own) = (Arc::clone(&shape), Arc::clone(&shape));
        let parse = move |fields: Fields<'_, '_>, call: &mut Call| {
            let items = read(&*own, fields, call, keeps_refused)?;
            call.put(ItemCalls(items));
            Ok(())
        };
        let check = move |call: &Call, _: &Self, found: &mut Vec<FieldError>| {
            let items = call.get::<ItemCalls>().filter(|_| !keeps_refused).map_or(&[][..], |items| &items.0);
            check_rules(rules.table(), items, found);
        };
        Self {
            owner: Owner::Input,
            type_name: "items",
            schema: schema::InputSchema { properties, required, defs, ..schema::InputSchema::default() },
            whole: None,
            parse: Box::new(parse),
            locate: Box::new(|_: Fields<'_, '_>| format!("/{ITEMS}")),
            check: Some(Box::new(check)),
            members: Vec::new(),
            items: Some(shape),
        }
    }
}

fn read(
    shape: &dyn ItemShape,
    fields: Fields<'_, '_>,
    call: &Call,
    keeps_refused: bool,
) -> Result<Vec<Result<Call>>, Refused> {
    let given: Vec<&RawValue> = serde_json::from_str(fields.text().unwrap_or("null"))?;
    bounded(fields.set, given.len())?;
    if !given.iter().all(|item| item.get().starts_with('{')) {
        return Err(Refused::Decode);
    }
    let mut found = Vec::new();
    let count = given.len();
    let mut items = Vec::with_capacity(count);
    for (index, item) in given.into_iter().enumerate() {
        let arguments = Arguments { mend: fields.given.mend, ..Arguments::named(item.get()) };
        let mut own = call.item(index, count);
        let parsed = shape.table().parse(&arguments.limited(fields.given.limits), &mut own);
        match parsed.as_ref().map_err(|error| (error, error.fields())) {
            Err((error, [])) => {
                found.push(FieldError::new(format!("/{ITEMS}/{index}"), error.code().to_owned(), error.detail()));
            }
            Err((_, fields)) => found.extend(fields.iter().map(|field| of_item(index, field))),
            Ok(()) => {}
        }
        items.push(parsed.map(|()| own));
    }
    if keeps_refused || items.iter().all(Result::is_ok) {
        return Ok(items);
    }
    // The rules as well, of what did decode: the caller mends everything in one go.
    check_rules(shape.table(), &items, &mut found);
    Err(Refused::Fields(found))
}

/// How many there are is looked at before what they are.
fn bounded(set: &ArgumentSet, count: usize) -> Result<(), Refused> {
    let bound = |keyword| set.schema.properties.get(ITEMS)?.get(keyword)?.as_u64();
    let (least, most) = (bound("minItems").unwrap_or(0), bound("maxItems").unwrap_or(u64::MAX));
    if (least..=most).contains(&(count as u64)) {
        return Ok(());
    }
    let detail = words::length(None, Some(least.to_string()), Some(most.to_string()), "elements");
    Err(Refused::Fields(vec![FieldError::new(format!("/{ITEMS}"), "length", detail)]))
}

fn check_rules(table: &ArgumentTable, items: &[Result<Call>], found: &mut Vec<FieldError>) {
    for (index, item) in items.iter().enumerate() {
        if let Ok(item) = item
            && let Err(error) = table.validate(item)
        {
            found.extend(error.fields().iter().map(|field| of_item(index, field)));
        }
    }
}

/// A wrong field of an item, seen from the call.
fn of_item(index: usize, field: &FieldError) -> FieldError {
    FieldError { pointer: format!("/{ITEMS}/{index}{}", field.pointer), ..field.clone() }
}

impl Error {
    /// The same error, said of one item of the list `items`: for a function that takes a list ([`crate::Many`]) and knows which item
    /// is at fault. The caller finds the item in `errors`, as `/items/3`, and in the detail.
    ///
    /// What is no item's fault (a lost connection, a deadline, a fault of the server) stays as it is.
    ///
    /// ```
    /// use diptych_spec::Error;
    ///
    /// let error = Error::conflict("number_taken", "there is an invoice with this number").at_item(3);
    /// assert_eq!(error.fields()[0].pointer, "/items/3");
    /// assert_eq!(error.detail(), "items/3: there is an invoice with this number");
    /// ```
    #[must_use]
    pub fn at_item(self, index: usize) -> Self {
        if self.kind().is_of_the_call() {
            return self;
        }
        let fields: Vec<_> = match self.fields() {
            [] => vec![FieldError::new(format!("/{ITEMS}/{index}"), self.code().to_owned(), self.detail())],
            fields => fields.iter().map(|field| of_item(index, field)).collect(),
        };
        let detail = match (self.fields(), fields.as_slice()) {
            ([], _) | (_, []) => format!("{ITEMS}/{index}: {}", self.detail()),
            // The detail names the fields.
            _ if self.code() == "invalid" && fields.len() <= MOST_FIELDS => {
                Self::invalid(fields.clone()).detail().to_owned()
            }
            _ => format!("{ITEMS}/{index}: {}", self.detail()),
        };
        self.redirected(detail, fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn an_error_of_an_item_names_it() {
        let field = |pointer: &str| FieldError::new(pointer, "range", "too large");
        for (error, pointers, detail) in [
            (Error::conflict("taken", "it is taken"), &["/items/3"][..], "items/3: it is taken"),
            (Error::invalid(vec![field("/a")]), &["/items/3/a"], "items/3/a: too large"),
            (
                Error::invalid(vec![field("/l/10"), field("/l/9"), field("")]),
                &["/items/3", "/items/3/l/9", "/items/3/l/10"],
                "3 fields are not valid: items/3, items/3/l/9, items/3/l/10",
            ),
            (
                Error::new(ErrorKind::Invalid, "own", "words").redirected("words".to_owned(), vec![field("/a")]),
                &["/items/3/a"],
                "items/3: words",
            ),
            (Error::new(ErrorKind::Unavailable, "serialization", "again"), &[], "again"),
        ] {
            let error = error.at_item(3);
            let at: Vec<_> = error.fields().iter().map(|field| &*field.pointer).collect();
            assert_eq!((at.as_slice(), error.detail()), (pointers, detail));
        }
    }

    #[test]
    fn items_are_found_however_they_are_written() {
        let items = vec!["{\"n\":1}".to_owned(), "{\"n\":2}".to_owned()];
        for given in [
            r#"{"items": [{"n":1}, {"n":2}]}"#,
            r#"{"items": ["{\"n\":1}", {"n":2}]}"#,
            r#"{"items": "[{\"n\":1},{\"n\":2}]"}"#,
        ] {
            assert_eq!(Arguments::named(given).items().as_ref(), Some(&items), "{given}");
        }
        assert_eq!(Arguments::named(r#"{"items": 7}"#).items(), None);
    }
}
