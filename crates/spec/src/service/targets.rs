//! A service that works on a set of rows: those of a list.

use super::{HasTarget, ServiceSpec, Untargeted};
use crate::{Answer, Call, Declaration, FromCall, Handler, List, Result, SelectorSpec, Signature, call::misplaced};
use std::{fmt, marker::PhantomData, ops::Deref};

/// The rows that `.targets(selector)` found and locked in the same transaction, in the order of their unique column. There may be none.
#[derive(Debug)]
pub struct Instances<T>(pub Vec<T>);

impl<T: Send + 'static> FromCall for Instances<T> {
    fn describe(signature: &mut Signature) {
        signature.instances::<T>();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.take().ok_or_else(|| misplaced::<T>("Instances"))
    }
}

impl<T> Deref for Instances<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// A service works on the rows of a list.
pub struct Targets<L: Handler, Row, Q> {
    selector: L,
    declaration: Declaration,
    query: fn(L::Out) -> Q,
    row: PhantomData<fn() -> Row>,
}

impl<L: Handler, Row, Q> Targets<L, Row, Q> {
    /// The selector's handler.
    pub fn handler(&self) -> &L {
        &self.selector
    }

    /// What is known of the list.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// The list itself, in what the selector answered.
    pub fn query(&self, answer: L::Out) -> Q {
        (self.query)(answer)
    }
}

impl<L: Handler, Row, Q> fmt::Debug for Targets<L, Row, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Targets").field(&self.declaration).finish()
    }
}

impl<L: Handler, Row: Send + 'static, Q> HasTarget for Targets<L, Row, Q> {
    type Row = Row;
    fn every(call: &Call, holds: &dyn Fn(&Row) -> bool) -> bool {
        call.get::<Instances<Row>>().is_some_and(|Instances(rows)| rows.iter().all(holds))
    }
}

/// The spec of a service on the rows of this list.
type OnTargets<H, R, V, L> =
    ServiceSpec<H, R, V, Targets<L, <<L as Handler>::Out as Answer>::Item, <<L as Handler>::Out as List>::Query>>;

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Works on the rows of this list: found first, in the same transaction, locked in the order of their unique column, and
    /// handed to the function as `Instances<Row>`. The selector's `#[arg]`s and its filter become arguments of the service.
    ///
    /// Without rows the function runs all the same, and has nothing to do. Rows that a caller names by the unique column are all there,
    /// or the answer is "not found". More than the list's [`SelectorSpec::max_rows`] are refused.
    pub fn targets<L: Handler, LV>(mut self, selector: SelectorSpec<L, LV>) -> OnTargets<H, R, V, L>
    where
        T: Untargeted,
        L::Out: List,
    {
        let (mut found, handler) = selector.into_parts();
        let mut wanted = Signature::default();
        wanted.instances::<<L::Out as Answer>::Item>();
        self.declaration.targets = wanted.instances;
        if found.list.is_ordered() {
            let mistake = "works on a whole list, locked in an order of its own: leave `.order_by` and `.paginate` out of its `.targets(…)`";
            self.declaration.mistakes.push(mistake.to_owned());
        }
        // Two calls that lock the same rows in the same order wait for each other; in another, they would end each other.
        found.list.ordered = true;
        found.list.default_order.clear();
        found.finish_list(<L::Out as List>::COLUMNS, &[]);
        // Described again rather than moved over, so that shared names are noticed.
        handler.describe(&mut self.declaration.signature);
        if let Some(filter) = found.signature.table.take_filter() {
            self.declaration.signature.arguments(Ok(filter));
        }
        self.declaration.errors.extend_from_slice(handler.errors());
        self.declaration.mistakes.append(&mut found.mistakes);
        self.declaration.check_scope_of_target(&found);
        self.declaration.guard(&mut found);
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: self.source,
            target: Targets { selector: handler, declaration: found, query: List::into_query, row: PhantomData },
            presenter: self.presenter,
        }
    }
}
