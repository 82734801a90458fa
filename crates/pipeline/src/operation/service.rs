//! `ServiceSpec` → operation.

use super::{Computed, IntoOperation, Kind, Operation, RunService, bulk::Bulk, encode, unbox, wrong_backend};
use crate::{
    db::{Backend, Lent, Record, Row, Rows, Tx},
    scope::Reads,
    select::{Select, in_scope, run},
};
use diptych_spec::{
    Call, Cardinality, Declaration, Error, Filters, Handler, Instance, Instances, NoTarget, Operator, Presenter,
    Reread, Result, Returned, ServiceSpec, Target, Targets,
};
use futures_util::future::BoxFuture;
use std::{future::Future, marker::PhantomData, sync::Arc};

/// Where the answer comes from.
pub trait Source<T>: Send + Sync + 'static {
    /// What is shown.
    type Row: Send + 'static;
    #[doc(hidden)]
    fn reads() -> Option<Reads>;
    #[doc(hidden)]
    fn read(&self, returned: T, tx: &mut Tx) -> impl Future<Output = Result<Self::Row>> + Send;
}

impl<T: Send + 'static> Source<T> for Returned {
    type Row = T;
    fn reads() -> Option<Reads> {
        None
    }
    async fn read(&self, returned: T, _: &mut Tx) -> Result<T> {
        Ok(returned)
    }
}

impl<T: Send + Sync + 'static, R: Record> Source<T> for Reread<T, Select<R>> {
    type Row = R;
    fn reads() -> Option<Reads> {
        Some(Reads::list::<R>(R::COLUMNS))
    }
    async fn read(&self, returned: T, tx: &mut Tx) -> Result<R> {
        let statement = in_scope::<R>(self.select(&returned).base, tx);
        let rows = statement
            .fetch(tx, Rows::First, |row| R::from_row(&Row { row, places: &row.places::<R>()?, left_out: &[] }))
            .await?;
        let row = rows.into_iter().next();
        row.ok_or_else(|| Error::internal("the output selector does not find the row that was written"))
    }
}

/// How the target is found.
pub trait FindTarget: Send + Sync + 'static {
    #[doc(hidden)]
    const BACKEND: Option<Backend>;
    #[doc(hidden)]
    fn reads() -> Option<Reads>;
    #[doc(hidden)]
    fn find(&self, call: &mut Call, tx: &mut Tx) -> impl Future<Output = Result<()>> + Send;
}

impl FindTarget for NoTarget {
    const BACKEND: Option<Backend> = None;
    fn reads() -> Option<Reads> {
        None
    }
    async fn find(&self, _: &mut Call, _: &mut Tx) -> Result<()> {
        Ok(())
    }
}

impl<L: Handler, Row: Send + 'static> FindTarget for Target<L, Row>
where
    L::Connection: Lent,
{
    const BACKEND: Option<Backend> = <L::Connection as Lent>::BACKEND;
    fn reads() -> Option<Reads> {
        Some(Reads::row::<Row>())
    }
    async fn find(&self, call: &mut Call, tx: &mut Tx) -> Result<()> {
        let args = self.handler().extract(call).await?;
        tx.lock_target(true);
        let found = self.handler().invoke(lend(tx)?, args).await;
        tx.lock_target(false);
        tx.settle();
        let row = self.row(found?).filter(|row| tx.shows(row)).ok_or_else(Error::no_such_row)?;
        call.put(Instance(row));
        Ok(())
    }
}

impl<L: Handler, R: Record> FindTarget for Targets<L, R, Select<R>>
where
    L::Connection: Lent,
{
    const BACKEND: Option<Backend> = <L::Connection as Lent>::BACKEND;
    fn reads() -> Option<Reads> {
        Some(Reads::list::<R>(R::COLUMNS))
    }
    async fn find(&self, call: &mut Call, tx: &mut Tx) -> Result<()> {
        let args = self.handler().extract(call).await?;
        let named = named(call, self.declaration().list().unique());
        tx.lock_target(true);
        let found = async {
            let answer = self.handler().invoke(lend(tx)?, args).await;
            tx.settle();
            run(self.query(answer?), self.declaration(), call, tx).await
        };
        let found = found.await;
        tx.lock_target(false);
        let rows = found?.rows;
        if rows.len() < named {
            return Err(Error::no_such_row());
        }
        call.put(Instances(rows));
        Ok(())
    }
}

/// How many rows the caller named, each by its unique column: all of them have to be there.
fn named(call: &Call, unique: &str) -> usize {
    let filters = call.get::<Filters>().map_or(&[][..], |filters| &filters.0);
    let named =
        filters.iter().filter(|one| one.column == unique && matches!(one.operator, Operator::In | Operator::Equal));
    let counts = named.map(|one| {
        let is_first = |at: &usize| !one.values[..*at].contains(&one.values[*at]);
        (0..one.values.len()).filter(is_first).count()
    });
    counts.max().unwrap_or(0)
}

fn lend<C: Lent>(tx: &mut Tx) -> Result<&mut C> {
    C::lend(tx).ok_or_else(wrong_backend)
}

struct Service<H, R, V, T> {
    declaration: Arc<Declaration>,
    handler: H,
    source: R,
    target: T,
    presenter: PhantomData<fn() -> V>,
}

impl<H, R, V, T> IntoOperation for ServiceSpec<H, R, V, T>
where
    H: Handler,
    H::Connection: Lent,
    R: Source<H::Out>,
    V: Presenter<R::Row>,
    T: FindTarget,
{
    fn into_operation(self) -> Operation {
        let (mut declaration, handler, source, target) = self.into_parts();
        declaration.finish::<V::View>(Cardinality::Value);
        let presenter = PhantomData::<fn() -> V>;
        match declaration.divide() {
            (call, None) => {
                let declaration = Arc::new(call);
                Kind::Service(Arc::new(Service { declaration, handler, source, target, presenter })).into()
            }
            (call, Some(declaration)) => {
                let one = Arc::new(Service { declaration, handler, source, target, presenter });
                Kind::Service(Arc::new(Bulk::new(call, one))).into()
            }
        }
    }
}

impl<H, R, V, T> RunService for Service<H, R, V, T>
where
    H: Handler,
    H::Connection: Lent,
    R: Source<H::Out>,
    V: Presenter<R::Row>,
    T: FindTarget,
{
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn backend(&self) -> Option<Backend> {
        <H::Connection as Lent>::BACKEND.or(T::BACKEND)
    }

    fn reads(&self) -> (Option<Reads>, Option<Reads>) {
        (T::reads(), R::reads())
    }

    fn resolve<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.target.find(call, tx))
    }

    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx, _: usize) -> BoxFuture<'a, Result<Computed>> {
        Box::pin(async move {
            let args = self.handler.extract(call).await?;
            let out = self.handler.invoke(lend(tx)?, args).await;
            tx.settle();
            Ok(Box::new(out?) as Computed)
        })
    }

    fn present<'a>(&'a self, computed: Computed, tx: &'a mut Tx) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            let row = self.source.read(unbox::<H::Out>(computed)?, tx).await?;
            if !tx.shows(&row) {
                return Err(Error::internal("the service answers with a row of another scope than the caller's"));
            }
            encode(&self.declaration, &V::present(row))
        })
    }
}
