//! Related rows: found by the keys of those that they belong to, shown by the serializer of their own list.

use super::{encode, selector::invoke};
use crate::{
    db::{Backend, Column, Conn, Lent, ReadLent, Record},
    select::{Key, Select, related},
};
use diptych_spec::{
    Call, Declaration, Error, Handler, Included, IntoIncluded, IntoValue, Picked, Presenter, Result, SelectorSpec,
    Value,
};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::value::RawValue;
use std::{any::Any, collections::HashMap, fmt, marker::PhantomData, sync::Arc};

/// What can be shown with each `Row` of an answer: rows of another list, which a caller asks for by name. `.include(…)` takes it.
///
/// The list is a selector like any other. Its function says which rows there are for this caller, its permission who may see any, its
/// serializer how they are shown; its filter, its pages and its routes are of no use here. Where it is also an operation, it is there
/// while that is switched on, and counts with its limits. The rows that belong to those of an answer are found in one query, whose
/// condition on `column` is written around the list's own. More than the list's `max_rows` are refused.
#[must_use = "an include does nothing until it is declared with `.include(…)`"]
pub struct Include<Row> {
    included: Included,
    row: PhantomData<fn(&Row)>,
}

impl<Row: Send + 'static> Include<Row> {
    /// The one row of a list whose `column` is the row's `key`; null when there is none. Of several it is the first in the list's order.
    pub fn one<K, R, H, V>(
        name: &'static str,
        key: impl Fn(&Row) -> K + Send + Sync + 'static,
        list: SelectorSpec<H, V>,
        column: &'static str,
    ) -> Self
    where
        K: Column + IntoValue + 'static,
        R: Record,
        H: Handler<Out = Select<R>>,
        H::Connection: ReadLent,
        V: Presenter<R> + 'static,
    {
        let Self { included, row } = Self::many(name, key, list, column);
        Self { included: included.only_one(), row }
    }

    /// The rows of a list whose `column` is the row's `key`, in the list's order; there may be none.
    pub fn many<K, R, H, V>(
        name: &'static str,
        key: impl Fn(&Row) -> K + Send + Sync + 'static,
        list: SelectorSpec<H, V>,
        column: &'static str,
    ) -> Self
    where
        K: Column + IntoValue + 'static,
        R: Record,
        H: Handler<Out = Select<R>>,
        H::Connection: ReadLent,
        V: Presenter<R> + 'static,
    {
        let (related, handler) = list.into_parts();
        let key = move |row: &Row| key(row).into_value();
        let finder = Finder::<H, V, K, _> { handler, key, types: PhantomData };
        let loader: Box<dyn Load<Row>> = Box::new(finder);
        let included = Included::new::<V::View>(name, column, related, (R::COLUMNS, R::NULLABLE), Box::new(loader));
        Self { included, row: PhantomData }
    }
}

impl<Row> IntoIncluded<Row> for Include<Row> {
    fn into_included(self) -> Included {
        self.included
    }
}

impl<Row> fmt::Debug for Include<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Include").field(&self.included).finish()
    }
}

/// Finds what belongs to rows.
pub(super) trait Load<Row>: Send + Sync {
    fn backend(&self) -> Option<Backend>;
    /// What belongs to each of the rows, as JSON. The keys are taken from them at once: the future does not borrow them.
    fn load<'a>(
        &'a self,
        rows: &[Row],
        included: &'a Included,
        call: &'a mut Call,
        conn: &'a mut Conn,
    ) -> BoxFuture<'a, Result<Vec<Arc<str>>>>;
}

struct Finder<H, V, K, F> {
    handler: H,
    key: F,
    types: PhantomData<fn() -> (V, K)>,
}

impl<Row, R, H, V, K, F> Load<Row> for Finder<H, V, K, F>
where
    R: Record,
    H: Handler<Out = Select<R>>,
    H::Connection: ReadLent,
    V: Presenter<R> + 'static,
    K: Column + IntoValue + 'static,
    F: Fn(&Row) -> Value + Send + Sync,
{
    fn backend(&self) -> Option<Backend> {
        <H::Connection as Lent>::BACKEND
    }

    fn load<'a>(
        &'a self,
        rows: &[Row],
        included: &'a Included,
        call: &'a mut Call,
        conn: &'a mut Conn,
    ) -> BoxFuture<'a, Result<Vec<Arc<str>>>> {
        let wanted = Wanted::of(rows.iter().map(&self.key));
        Box::pin(async move {
            let Wanted { keys, values, mut found } = wanted?;
            let (list, many) = (included.related(), included.is_many());
            // What belongs to nothing is not asked for.
            if !values.is_empty() {
                let select = invoke(&self.handler, call, conn).await?;
                for (key, row) in related::<R, K>(select, list, included.column(), values, conn).await? {
                    let of_key = found.get_mut(&key).ok_or_else(|| not_asked_for(included))?;
                    if many || of_key.is_empty() {
                        of_key.push(encode(list, &V::present(row))?);
                    }
                }
            }
            let none: Arc<str> = if many { "[]" } else { "null" }.into();
            let mut shown: HashMap<Key, Arc<str>> = HashMap::with_capacity(found.len());
            for (key, rows) in found.into_iter().filter(|(_, rows)| !rows.is_empty()) {
                let json = if many { array(&rows) } else { rows.concat() };
                shown.insert(key, String::from_utf8(json).map_err(Error::internal)?.into());
            }
            let of_row = |key: Option<Key>| key.and_then(|key| shown.get(&key)).unwrap_or(&none).clone();
            Ok(keys.into_iter().map(of_row).collect())
        })
    }
}

/// The keys of rows, each value once, and room for what is found by each.
struct Wanted {
    keys: Vec<Option<Key>>,
    values: Vec<Value>,
    found: HashMap<Key, Vec<Vec<u8>>>,
}

impl Wanted {
    fn of(all: impl Iterator<Item = Value>) -> Result<Self> {
        let (mut keys, mut values, mut found) = (Vec::new(), Vec::new(), HashMap::new());
        for value in all {
            let key = Key::of(&value)?;
            if let Some(key) = &key
                && found.insert(key.clone(), Vec::new()).is_none()
            {
                values.push(value);
            }
            keys.push(key);
        }
        Ok(Self { keys, values, found })
    }
}

/// To drop such a row would look as if nothing belonged to those that asked for it.
fn not_asked_for(included: &Included) -> Error {
    let (name, list, column) = (included.name(), included.related().name(), included.column());
    Error::internal(format!(
        "`include` of `{name}`: the database found a row of `{list}` by a `{column}` that is not exactly a key that was looked for; \
         compare `{column}` exactly: give the column, or its expression in the list's query, a collation that ignores neither case nor \
         spaces, and the key the column's own type"
    ))
}

fn array(rows: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.iter().map(|row| row.len() + 1).sum::<usize>() + 1);
    out.push(b'[');
    out.extend_from_slice(&rows.join(&b','));
    out.push(b']');
    out
}

/// What is shown with the rows of one answer: the name, and the JSON for each row.
pub(super) type Attached = Vec<(&'static str, Vec<Arc<str>>)>;

/// How the rows of one answer are shown besides.
pub struct Dress {
    pub(super) attached: Attached,
    /// The fields that a caller picked.
    pub(super) fields: Option<Picked>,
}

/// Without what the rows are.
impl fmt::Debug for Dress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attached.iter().map(|(name, _)| name).collect();
        f.debug_struct("Dress").field("attached", &names).field("fields", &self.fields).finish()
    }
}

/// The related lists of one selector.
pub(super) struct Loaders<Row>(Vec<Box<dyn Load<Row>>>);

impl<Row: 'static> Loaders<Row> {
    pub(super) fn of(declaration: &mut Declaration) -> Self {
        let loaders = declaration.take_loaders().into_iter();
        // Each was made for rows of this type, or `.include(…)` would not have taken it.
        Self(loaders.filter_map(|loader: Box<dyn Any + Send + Sync>| Some(*loader.downcast().ok()?)).collect())
    }

    /// The only database that one of them works on.
    pub(super) fn backend(&self) -> Option<Backend> {
        self.0.iter().find_map(|loader| loader.backend())
    }

    /// The one at this place.
    pub(super) fn get(&self, place: usize) -> Option<&dyn Load<Row>> {
        self.0.get(place).map(|loader| &**loader)
    }
}

/// How much longer than its ceiling an answer may get before it is measured, in bytes: a page that is too long has fewer rows.
const MUCH: usize = 4 * 1024 * 1024;

/// Rows as JSON, each with what belongs to it behind its own fields.
pub(super) fn dressed<View: Serialize>(
    views: impl Iterator<Item = View>,
    attached: &Attached,
    max_bytes: usize,
) -> Result<Vec<Box<RawValue>>> {
    // What belongs to many rows is written with each: it is measured before it is.
    let mut total = 0usize;
    let dress = |(row, view): (usize, View)| {
        let mut json = serde_json::to_vec(&view).map_err(Error::internal)?;
        if json.pop() != Some(b'}') {
            return Err(Error::internal("a row that related ones are shown with is no object"));
        }
        let more: usize = attached.iter().filter_map(|(_, of_rows)| of_rows.get(row)).map(|shown| shown.len()).sum();
        total = total.saturating_add(json.len()).saturating_add(more);
        if total > max_bytes.saturating_add(MUCH) {
            let detail = format!(
                "with what is included the answer is much longer than {max_bytes} bytes; ask for fewer rows, or include less"
            );
            return Err(Error::result_too_large(detail));
        }
        for (name, of_rows) in attached {
            if json.last() != Some(&b'{') {
                json.push(b',');
            }
            serde_json::to_writer(&mut json, name).map_err(Error::internal)?;
            json.push(b':');
            json.extend_from_slice(of_rows.get(row).map_or(b"null", |shown| shown.as_bytes()));
        }
        json.push(b'}');
        let json = String::from_utf8(json).map_err(Error::internal)?;
        RawValue::from_string(json).map_err(Error::internal)
    };
    views.enumerate().map(dress).collect()
}
