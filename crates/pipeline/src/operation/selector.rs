//! `SelectorSpec` → operation.

use super::{Computed, IntoOperation, Kind, Operation, RunSelector, encode, no_list, unbox, wrong_backend};
use crate::{
    db::{Backend, Conn, Lent, ReadLent, Record, Sink},
    select::{Listed, Select, Shown, keyset_page, numbered_page, pour, run},
};
use diptych_spec::{
    Answer, AnswerValue, Call, Cardinality, Declaration, Error, Handler, Items, KeysetPage, Page, PageRequest,
    Pagination, Presenter, Result, SelectorSpec,
};
use futures_util::future::BoxFuture;
use std::{future::Future, marker::PhantomData, sync::Arc};

/// How each kind of answer is fetched and shown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a selector returns",
    label = "not a selector's answer",
    note = "a selector returns `Result<Select<Row>>` (a list), `Result<Option<Row>>` (one row, 404 when `None`) or `Result<AnswerValue<T>>` (any other value; `#[selector]` adds the `AnswerValue` itself)"
)]
pub trait Deliver<V: Presenter<Self::Item>>: Answer {
    #[doc(hidden)]
    type Fetched: Send + 'static;
    #[doc(hidden)]
    fn describe(declaration: &mut Declaration);
    #[doc(hidden)]
    fn fetch(
        self,
        declaration: &Declaration,
        call: &mut Call,
        conn: &mut Conn,
    ) -> impl Future<Output = Result<Self::Fetched>> + Send;
    #[doc(hidden)]
    fn pour(self, _: &Declaration, _: &mut Call, _: &mut Conn, _: &Sink) -> impl Future<Output = Result<()>> + Send
    where
        Self: Sized,
    {
        async { Err(no_list()) }
    }
    #[doc(hidden)]
    fn show(fetched: Self::Fetched, declaration: &Declaration, max_bytes: usize) -> Result<Vec<u8>>;
}

impl<T: Send + 'static, V: Presenter<T>> Deliver<V> for AnswerValue<T> {
    type Fetched = T;
    fn describe(declaration: &mut Declaration) {
        declaration.finish::<V::View>(Cardinality::Value);
    }
    async fn fetch(self, _: &Declaration, _: &mut Call, _: &mut Conn) -> Result<T> {
        Ok(self.0)
    }
    fn show(fetched: T, declaration: &Declaration, _: usize) -> Result<Vec<u8>> {
        encode(declaration, &V::present(fetched))
    }
}

impl<T: Send + 'static, V: Presenter<T>> Deliver<V> for Option<T> {
    type Fetched = Self;
    fn describe(declaration: &mut Declaration) {
        declaration.finish::<V::View>(Cardinality::Row);
    }
    async fn fetch(self, declaration: &Declaration, call: &mut Call, _: &mut Conn) -> Result<Self> {
        let shown = self.filter(|row| declaration.shows(call.principal(), row));
        if shown.is_none() && !declaration.allows_none() {
            return Err(Error::not_found("there is no such row"));
        }
        Ok(shown)
    }
    fn show(fetched: Self, declaration: &Declaration, _: usize) -> Result<Vec<u8>> {
        encode(declaration, &fetched.map(V::present))
    }
}

impl<T: Record, V: Presenter<T>> Deliver<V> for Select<T> {
    type Fetched = Listed<T>;
    fn describe(declaration: &mut Declaration) {
        match declaration.list().page() {
            Some(Pagination::PageNumber(_)) => declaration.finish::<Page<V::View>>(Cardinality::List),
            Some(Pagination::Keyset(_)) => declaration.finish::<KeysetPage<V::View>>(Cardinality::List),
            None => declaration.finish::<Items<V::View>>(Cardinality::List),
        }
        declaration.finish_list(T::COLUMNS, T::NULLABLE);
    }
    async fn fetch(self, declaration: &Declaration, call: &mut Call, conn: &mut Conn) -> Result<Listed<T>> {
        run(self, declaration, call, conn).await
    }
    async fn pour(self, declaration: &Declaration, call: &mut Call, conn: &mut Conn, sink: &Sink) -> Result<()> {
        pour::<T, V>(self, declaration, call, conn, sink).await
    }
    fn show(fetched: Listed<T>, declaration: &Declaration, max_bytes: usize) -> Result<Vec<u8>> {
        let items: Vec<_> = fetched.rows.into_iter().map(V::present).collect();
        match fetched.shown {
            Shown::Number(PageRequest { page, page_size }, total) => {
                numbered_page(&Page { items, total, page, page_size }, declaration, max_bytes)
            }
            Shown::Keyset(ends) => keyset_page(items, ends, declaration, max_bytes),
            Shown::All => encode(declaration, &Items { items }),
        }
    }
}

/// Runs a function that reads.
pub(super) async fn invoke<H: Handler>(handler: &H, call: &mut Call, conn: &mut Conn) -> Result<H::Out>
where
    H::Connection: ReadLent,
{
    let args = handler.extract(call).await?;
    let lent = <H::Connection as ReadLent>::lend_read(conn).ok_or_else(wrong_backend)?;
    let answer = handler.invoke(lent, args).await;
    conn.settle();
    answer
}

struct Selector<H, V> {
    declaration: Declaration,
    handler: H,
    presenter: PhantomData<fn() -> V>,
}

impl<H, V> IntoOperation for SelectorSpec<H, V>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: Answer + Deliver<V>,
    V: Presenter<<H::Out as Answer>::Item>,
{
    fn into_operation(self) -> Operation {
        let (mut declaration, handler) = self.into_parts();
        <H::Out as Deliver<V>>::describe(&mut declaration);
        Operation(Kind::Selector(Arc::new(Selector::<H, V> { declaration, handler, presenter: PhantomData })))
    }
}

impl<H, V> RunSelector for Selector<H, V>
where
    H: Handler,
    H::Connection: ReadLent,
    H::Out: Answer + Deliver<V>,
    V: Presenter<<H::Out as Answer>::Item>,
{
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn backend(&self) -> Option<Backend> {
        <H::Connection as Lent>::BACKEND
    }

    fn run<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn) -> BoxFuture<'a, Result<Computed>> {
        Box::pin(async move {
            let answer = invoke(&self.handler, call, conn).await?;
            let fetched = answer.fetch(&self.declaration, call, conn).await?;
            Ok(Box::new(fetched) as Computed)
        })
    }

    fn pour<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn, sink: &'a Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let answer = invoke(&self.handler, call, conn).await?;
            answer.pour(&self.declaration, call, conn, sink).await
        })
    }

    fn present(&self, computed: Computed, max_bytes: usize) -> Result<Vec<u8>> {
        <H::Out as Deliver<V>>::show(unbox(computed)?, &self.declaration, max_bytes)
    }
}
