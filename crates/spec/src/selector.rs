//! The builder of a selector: a read on a read-only connection.

mod exposure;
mod response;
mod streaming;
mod visibility;

use crate::{
    ArgumentData, AsIs, Completion, Declaration, FieldError, Filter, Handler, IntoHandler, IntoPagination, List,
    Method, OneRow, OperationKind, OrderKey, Ordering, Owner, Permission, Predicate, Principal, Route, Task, Template,
    arguments::ArgumentSet, ordering, presenter::As, schema, service::parse_path,
};
use serde_json::{Map, json};
use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc, time::Duration};

/// The conditions a caller gave, left in the call.
#[derive(Debug, Default)]
pub struct Filters(pub Vec<Predicate>);

/// The order a caller gave, left in the call.
#[derive(Debug, Default)]
pub struct Order(pub Vec<OrderKey>);

/// A selector being declared: what it is called, who may call it, where it is served.
///
/// The type parameters are the handler and how a row is shown; nobody has to write them.
#[must_use = "a spec does nothing until it is added with `Operations::add`"]
pub struct SelectorSpec<H, V = AsIs> {
    declaration: Declaration,
    handler: H,
    presenter: PhantomData<fn() -> V>,
}

impl<H: Handler> SelectorSpec<H> {
    /// A selector with this handler. `#[selector]` writes this call.
    pub fn new(name: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>, handler: H) -> Self {
        let mut declaration = Declaration::new(name, description, OperationKind::Selector);
        handler.describe(&mut declaration.signature);
        declaration.errors = handler.errors().to_vec();
        Self { declaration, handler, presenter: PhantomData }
    }
}

impl SelectorSpec<()> {
    /// A selector from any async function or closure whose first argument is a `&mut` connection.
    pub fn from_fn<F, Shape>(name: impl Into<Cow<'static, str>>, function: F) -> SelectorSpec<F::Handler>
    where
        F: IntoHandler<Shape>,
        F::Handler: Handler,
    {
        SelectorSpec::new(name, "", function.into_handler())
    }
}

impl<H, V> SelectorSpec<H, V> {
    /// The same function as another operation: its name on every surface.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.name = name.into();
        self
    }

    /// What it answers, in a sentence: shown to people in OpenAPI and to models as the tool's description.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.description = description.into();
        self
    }

    /// A short name for people.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.title = Some(title.into());
        self
    }

    /// Whether it is there when the server starts; `Catalogue::enable` makes it so later.
    pub fn enabled(self, enabled: bool) -> Self {
        self.declaration.set_enabled(enabled);
        self
    }

    /// Who may call it. Required; [`crate::Anyone`] opens it to everybody.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.declaration.permission = Some(Arc::new(permission));
        self
    }

    /// Works on the rows of every tenant, although the operations it is added to have a row scope; `why` is shown in the list of
    /// `app scopes`.
    pub fn unscoped(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.unscoped = Some(why.into());
        self
    }

    /// How often it may be called; see [`crate::Limit`]. May be called several times, up to four: all of them hold.
    pub fn limit(mut self, limit: crate::Limit) -> Self {
        self.declaration.limits.push(limit);
        self
    }

    /// How much a call counts for every limit; 1 unless said otherwise. With 0 it is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.declaration.cost = cost;
        self
    }

    /// Serves it under GET and this path, relative to where REST is mounted. May be called several times.
    pub fn rest(mut self, method: Method, path: &str) -> Self {
        match parse_path(path) {
            Ok(path) => self.declaration.routes.push(Route { method, path }),
            Err(mistake) => self.declaration.mistakes.push(mistake),
        }
        self
    }

    /// Makes it an MCP resource under this URI (RFC 6570; see [`Template`]). The variables of its path are `#[arg]`s:
    /// `invoices://{id}`. Those of its query are any arguments, filters, order and page included:
    /// `invoices://list{?status,order,page}`.
    pub fn resource(mut self, uri: &str) -> Self {
        match Template::uri(uri) {
            Ok(uri) => self.declaration.resource = Some(uri),
            Err(mistake) => self.declaration.mistakes.push(mistake),
        }
        self
    }

    /// Offers these values while a variable of the resource's URI is typed (MCP 2026-07-28, server/utilities/completion).
    /// Others are accepted all the same. A variable whose type lists its values, an enum or a `bool`, needs no such word.
    pub fn complete<C: Into<Cow<'static, str>>>(
        mut self,
        argument: &'static str,
        values: impl IntoIterator<Item = C>,
    ) -> Self {
        self.declaration.complete(argument, Completion::values(values));
        self
    }

    /// Offers, for a variable of the resource's URI, what a list selector of this server has in a field of its rows:
    /// `complete_from("id", "customers.list", "id")`. It is called as whoever asks, so that nobody is offered what they may
    /// not list. Variables that are filled in already are passed on where the selector has an argument of the same name.
    pub fn complete_from(mut self, argument: &'static str, selector: &'static str, field: &'static str) -> Self {
        self.declaration.complete(argument, Completion::Field { selector, field });
        self
    }

    /// How long it may take; 30 seconds unless the server says otherwise.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.declaration.deadline = Some(deadline);
        self
    }

    /// May run as a task, for MCP clients that can have one (SEP-2663): the call is answered at once, and the client asks
    /// for the result later.
    pub fn task(mut self, task: Task) -> Self {
        self.declaration.task = Some(task);
        self
    }

    /// Shows each row as a `View`, made with `View::from`.
    pub fn present<View>(self) -> SelectorSpec<H, As<View>> {
        SelectorSpec { declaration: self.declaration, handler: self.handler, presenter: PhantomData }
    }

    pub(crate) fn declaration_mut(&mut self) -> &mut Declaration {
        &mut self.declaration
    }

    /// Takes the spec apart, for whatever makes it runnable.
    #[doc(hidden)]
    pub fn into_parts(self) -> (Declaration, H) {
        (self.declaration, self.handler)
    }
}

impl<H: Handler, V> SelectorSpec<H, V> {
    /// Answers null when there is no row, instead of "not found".
    pub fn allow_none(mut self) -> Self
    where
        H::Out: OneRow,
    {
        self.declaration.allow_none = true;
        self
    }

    /// Lets the caller see this row at all. Where not, the answer is the one for a row that is not there. Holds wherever the row is read
    /// by this selector: also as the target of a service.
    pub fn permit(
        mut self,
        rule: impl Fn(Option<&Principal>, &<H::Out as OneRow>::Row) -> bool + Send + Sync + 'static,
    ) -> Self
    where
        H::Out: OneRow,
    {
        self.declaration.shown_to.push(Arc::new(move |principal, row| {
            row.downcast_ref::<<H::Out as OneRow>::Row>().is_some_and(|row| rule(principal, row))
        }));
        self
    }

    /// Lets the caller choose rows. Each field of `F` is an optional argument.
    pub fn filter<F: Filter + ArgumentData>(mut self) -> Self
    where
        H::Out: List,
    {
        let set = ArgumentSet::of::<F>(Owner::Filter).and_then(|mut set| match set.schema.required.first() {
            Some(name) => Err(format!("the filter's `{name}` has to be an `Option`: a filter can be left out")),
            None => {
                set.schema.properties.values_mut().for_each(schema::bound_operand);
                Ok(set.converted(|filter: F| Ok(Filters(filter.into_predicates()))))
            }
        });
        self.declaration.signature.arguments(set);
        self.declaration.list.filter_columns = F::COLUMNS;
        self
    }

    /// Lets the caller choose the order, with the argument `order`: names of `O`, each with `-` in front for
    /// descending. `default` (such as `"-created"`) holds when the caller does not say. Rows that compare equal are
    /// told apart by the unique column, so an order is always total.
    pub fn order_by<O: Ordering>(mut self, default: &str) -> Self
    where
        H::Out: List,
    {
        let keys: Option<Vec<_>> = default.split(',').map(|name| ordering::parse::<O>(name.trim())).collect();
        let names = ordering::names::<O>();
        match keys {
            Some(keys) => self.declaration.list.default_order = keys,
            None => self
                .declaration
                .mistakes
                .push(format!("the default order `{default}` is not one of {}", names.join(", "))),
        }
        self.declaration.list.ordered = true;
        self.declaration.list.order_columns = O::KEYS.iter().map(|(_, column)| *column).collect();
        let schema = json!({
            "type": "array",
            "description": format!("Sort keys, most significant first; `-` means descending. Default: {default}."),
            "items": {"type": "string", "enum": names},
            "maxItems": O::KEYS.len(),
        });
        let set = ArgumentSet::custom(Owner::Order, Map::from_iter([("order".to_owned(), schema)]), convert_order::<O>);
        self.declaration.signature.arguments(Ok(set));
        self
    }

    /// Answers one page at a time: [`crate::Keyset`] pages begin where another one ended, by the arguments `after`, `before` and
    /// `page_size`; [`crate::PageNumber`] pages are numbered, and come with the total, by `page` and `page_size`.
    pub fn paginate(mut self, pages: impl IntoPagination) -> Self
    where
        H::Out: List,
    {
        let pages = pages.into_pagination();
        if pages.size() == 0 || pages.max_size() < pages.size() {
            self.declaration.mistakes.push(format!(
                "a page has 1 to {} rows, so its default size cannot be {}",
                pages.max_size(),
                pages.size()
            ));
        }
        self.declaration.signature.arguments(Ok(pages.arguments()));
        if pages.keyset().is_some() {
            self.declaration.signature.table.keep_asked();
        }
        self.declaration.list.page = Some(pages);
        self
    }

    /// Reads everything that it reads from one snapshot of the database: what its function reads, the page, and the total. That
    /// takes a transaction, which doubles what a short read costs; without, each statement sees what was committed before it.
    pub fn snapshot(mut self, snapshot: bool) -> Self {
        self.declaration.snapshot = snapshot;
        self
    }

    /// The column that is different in every row; `id` unless said otherwise.
    pub fn unique(mut self, column: &'static str) -> Self
    where
        H::Out: List,
    {
        self.declaration.list.unique = Some(column);
        self
    }

    /// The most rows that a list without pagination may have; 1,000 unless said otherwise. A list with more is refused,
    /// never cut.
    pub fn max_rows(mut self, rows: u32) -> Self
    where
        H::Out: List,
    {
        self.declaration.list.max_rows = Some(rows);
        self
    }

    /// The most bytes of JSON that an answer of this list may have; what the server's settings say otherwise (5 MiB). A keyset page
    /// that would be longer has fewer rows, says `"shortened": true`, and its cursor goes on where it ends. Another page or list is
    /// refused, with the remedy.
    pub fn max_bytes(mut self, bytes: usize) -> Self
    where
        H::Out: List,
    {
        self.declaration.list.max_bytes = Some(bytes);
        self
    }
}

#[derive(serde::Deserialize)]
struct OrderArguments {
    order: Option<Vec<String>>,
}

fn convert_order<O: Ordering>(given: OrderArguments) -> Result<Order, Vec<FieldError>> {
    let mut keys: Vec<OrderKey> = Vec::new();
    let mut wrong = Vec::new();
    let names = given.order.unwrap_or_default();
    if names.len() > O::KEYS.len() {
        let most = format!("must have at most {} elements", O::KEYS.len());
        return Err(vec![FieldError::new("/order", "length", most)]);
    }
    for (index, name) in names.into_iter().enumerate() {
        let at = format!("/order/{index}");
        match ordering::parse::<O>(&name) {
            None => {
                let names = ordering::names::<O>().join(", ");
                wrong.push(FieldError::new(at, "type", format!("expected one of {names}")));
            }
            // Rows that compare equal by a column do so again, so a second time it orders nothing.
            Some(key) if keys.iter().any(|known| known.column == key.column) => {}
            Some(key) => keys.push(key),
        }
    }
    if wrong.is_empty() { Ok(Order(keys)) } else { Err(wrong) }
}

impl<H, V> fmt::Debug for SelectorSpec<H, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SelectorSpec").field(&self.declaration).finish()
    }
}
